// What lies beside a record and is no part of it, docs/format.md §13: uploads (u, w), and of links their
// files (f), how often they were tried (t) and since when they are there (n); the inbox (i), questions (q)
// and how far refresh tokens have come (o). Nothing in the head names it. Of these a backup has the inbox.
import { equal, hex, refuse, sha256, u32, unhex } from './notation.mjs';
import { decode, msg, num, string, table, time } from './messages.mjs';
import { kdf, mac } from './kdf.mjs';
import { context, open } from './seal.mjs';
import { keys, name } from './rows.mjs';

const part = 262144;
const mostFiles = 16;
const state = 0xffffffff;

export const sentState = table('upload', { 1: ['size', num, '1'], 2: ['there', num, '1'], 3: ['until', time, '1'] });
const file = table('file of a link', { 1: ['type', string, '?'], 2: ['length', num, '1'], 3: ['made', time, '?'] });
export const fileList = table('files of a link', { 1: ['files', msg(file), '*'] });

export const sentKey = (grantKey) => kdf(grantKey, 'upload');
export const sentContext = (person, grant, id, i = state) => context('upload', person, grant, id, u32(i));

// Kinds of rows in a person's partition.
const partition = 'havrgbdsexluwftniqo';
const lengths = { u: 17, w: 21, f: 21, t: 17, n: 17, i: 17, q: 17, o: 17 };
const boxSize = 8 + 1120 + 73 + 32; // of the least that waits for a person: whose, an X-Wing ciphertext, a seal's overhead, the smallest padding

function split(key) {
  const letter = String.fromCharCode(key[0]);
  return { letter, id: key.subarray(1, 17), rest: key.subarray(17) };
}

// shapes holds what can be told without anybody's key: no row of a kind that there is none of, and these
// as long as they are. With node.key, the count of tries is the node's word.
export function shapes(src, person) {
  const out = { uploads: 0, inbox: 0, links: new Map() };
  for (const [k, value] of src.rows.partitions.get(hex(person))) {
    const key = unhex(k);
    const where = name(person, key);
    const { letter, id, rest } = split(key);
    if (letter === 'c' && (!src.live || key.length === 1)) continue; // a slot's, in a backup; or somebody named a capsule as a record is
    if (!partition.includes(letter)) refuse('13', 'a row is of a kind that there is none of', where);
    if (!lengths[letter]) continue;
    if (!src.live && letter !== 'i') refuse('16', 'a backup has a row that belongs to one store only', where);
    if (key.length !== lengths[letter]) refuse('13', "a row's key has another length", where);
    if (letter === 'i') {
      if (value.length < boxSize) refuse('13', 'something in the inbox is cut off', where);
      out.inbox++;
      continue;
    }
    const link = () => {
      if (!out.links.has(hex(id))) out.links.set(hex(id), { id, used: 0, files: new Set() });
      return out.links.get(hex(id));
    };
    if (letter === 'u') {
      if (value.length < 12 + 73) refuse('13', 'an upload is cut off', where);
      out.uploads++;
    }
    if (letter === 'f') {
      if (rest.readUInt16BE(0) > mostFiles || value.length > part) refuse('13', 'a file of a link is none', where);
      link().files.add(rest.readUInt16BE(0));
    }
    if (letter === 't') link().used = triesOf(src, id, value, where);
    if (letter === 'n') {
      if (value.length !== 4) refuse('13', 'the hour of a link is none', where);
      link().hour = value.readUInt32BE(0);
    }
  }
  return out;
}

function triesOf(src, id, value, where) {
  if (value.length !== 36) refuse('13', 'the tries of a link are cut off', where);
  const count = value.subarray(0, 4);
  if (src.nodeKey && !equal(mac(src.nodeKey, 'tries', src.store, id, count), value.subarray(4))) refuse('13', "the MAC of a link's tries fails", where);
  return count.readUInt32BE(0);
}

// used is how many tries of a link are taken.
export function used(src, person, id) {
  const value = src.rows.get(person, keys.tries(id));
  return value ? triesOf(src, id, value, name(person, keys.tries(id))) : 0;
}

// uploads opens those that were sent under one of the grants: { id, key } each. The others stay shut.
export function uploads(src, person, grants) {
  const out = [];
  for (const [k, value] of src.rows.partitions.get(hex(person))) {
    const key = unhex(k);
    if (key[0] !== 'u'.charCodeAt(0)) continue;
    const id = key.subarray(1);
    const where = name(person, key);
    const by = grants.map((g) => ({ ...g, plain: tried(() => open(sentKey(g.key), sentContext(person, g.id, id), value.subarray(12))) })).find((g) => g.plain);
    if (!by) {
      out.push({ id: hex(id), size: Number(value.readBigUInt64BE(4)) });
      continue;
    }
    const s = decode(sentState, by.plain);
    if (BigInt(s.size) !== value.readBigUInt64BE(4) || Math.ceil(s.until / 3600) !== value.readUInt32BE(0)) refuse('13', 'an upload says another size or hour outside its seal', where);
    if (s.there > s.size || (s.there % part && s.there !== s.size)) refuse('13', 'of an upload a part is there that is not whole', where);
    out.push({ id: hex(id), grant: hex(by.id), size: s.size, there: s.there, until: s.until, sha256: hex(sha256(sent(src, person, by, id, s))) });
  }
  return out;
}

function sent(src, person, by, id, s) {
  const parts = [];
  for (let i = 0; i * part < s.there; i++) {
    const key = keys.sentPart(id, i);
    const p = open(sentKey(by.key), sentContext(person, by.id, id, i), src.rows.must(person, key, 'a part of an upload'));
    if (p.length !== Math.min(part, s.size - i * part)) refuse('13', 'a part of an upload has another length', name(person, key));
    parts.push(p);
  }
  return Buffer.concat(parts);
}

function tried(f) {
  try {
    return f();
  } catch {
    return undefined;
  }
}

// whole joins the parts of a file of a link; undefined if it is not there.
export function whole(src, person, link, n) {
  const parts = [];
  for (let i = 0; ; i++) {
    const p = src.rows.get(person, keys.file(link, n, i));
    if (p) parts.push(p);
    if (!p || p.length < part) return parts.length ? Buffer.concat(parts) : undefined;
  }
}

// files is the list of a link's files, which is file 0; empty if it has none.
export function files(src, person, link) {
  const list = whole(src, person, link, 0);
  if (!list) return [];
  const { files: out } = decode(fileList, list);
  if (out.length > mostFiles) refuse('13', 'a link has more files than there may be', name(person, keys.file(link, 0, 0)));
  return out;
}
