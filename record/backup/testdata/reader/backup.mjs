// Backups, docs/format.md §16: age, frames, and the order and signature of one file. chain.mjs lays files
// over one another.
import { Decrypter } from 'age-encryption';
import { concat, equal, hex, refuse, sha256, text, u32 } from './notation.mjs';
import { b16, b32, bytes, decode, ms, num, string, table } from './messages.mjs';
import { openNote, readVerifier } from './tree.mjs';

export const header = table('header of a backup', {
  1: ['version', num, '1'],
  2: ['store', b16, '1'],
  3: ['format', num, '1'],
  4: ['verifier', string, '1'],
  5: ['time', ms, '1'],
  6: ['from', num, '1'],
  7: ['base', b32, '?'],
  8: ['person', b16, '?'],
});
export const closing = table('end of a person', {
  1: ['person', b16, '1'],
  2: ['head', b32, '?'],
  3: ['epoch', num, '?'],
  4: ['checkpoint', bytes, '?'],
});
export const last = table('end of a backup', {
  1: ['frames', num, '1'],
  2: ['hash', b32, '1'],
  3: ['to', num, '1'],
  4: ['signature', bytes, '1'],
});
const largest = { R: 1 << 20, C: 1 << 20, H: 8 << 10, K: 8 << 10, E: 8 << 10 };
const rowKinds = 'harbdsexl';

// decrypt takes age away; frames that travel between two servers have none.
export async function decrypt(file, identity) {
  const age = text('age-encryption.org/v1\n');
  if (!file.subarray(0, age.length).equals(age)) return file;
  const d = new Decrypter();
  d.addIdentity(identity);
  try {
    return Buffer.from(await d.decrypt(file));
  } catch {
    return refuse('16', 'age does not open this file with this identity');
  }
}

export function* frames(b) {
  for (let i = 0; i < b.length; ) {
    const where = `byte ${i}`;
    if (b.length - i < 5) refuse('16', 'the backup is cut off', where);
    const kind = String.fromCharCode(b[i]);
    const n = b.readUInt32BE(i + 1);
    if (!largest[kind]) refuse('16', 'a frame is of a kind that is not known', where);
    if (n > largest[kind] || n > b.length - i - 5) refuse('16', 'a frame is too long, or cut off', where);
    yield { at: i, where, kind, body: b.subarray(i + 5, i + 5 + n) };
    i += 5 + n;
  }
}

export const frame = (kind, body) => concat(kind, u32(body.length), body);

// read reads one backup, and gives nothing before its end held: { header, end, people }, each person with
// rows, capsules and what K says.
export function read(b) {
  const out = { people: [], frames: 0 };
  let person; // whose rows are being read
  for (const { at, where, kind, body } of frames(b)) {
    if (out.end || (kind === 'H') !== (at === 0)) refuse('16', 'a frame is out of its place', where);
    if (kind === 'H') out.header = readHeader(body, where);
    else if (kind === 'K') {
      out.people.push(end(person, body, out.people.at(-1), where));
      person = undefined;
    } else if (kind === 'E') {
      if (person) refuse('16', 'a person has no end', where);
      out.end = readEnd(b, at, body, out, where);
    } else {
      person ??= { name: body.subarray(0, 16), rows: [], capsules: [] };
      (kind === 'R' ? row : capsule)(person, body, where);
      out.frames++;
    }
  }
  return out.end ? out : refuse('16', 'the backup has no end');
}

function readHeader(body, where) {
  const h = decode(header, body);
  if (h.version !== 1) refuse('16', 'the backup is of a version that is not known', where);
  if (h.format !== 2) refuse('14', "the store's format is not known", where);
  if ((h.from === 0) !== (h.base === undefined)) refuse('16', 'a full backup with a base, or an increment without', where);
  if (h.person && h.from !== 0) refuse('16', 'a copy of one record begins after another', where);
  if (!equal(readVerifier(h.verifier).store, h.store)) refuse('16', 'the verifier key is of another store', where);
  return h;
}

function row(person, body, where) {
  const n = body.length >= 18 ? body.readUInt16BE(16) : 0;
  if (n < 1 || body.length < 18 + n) refuse('16', 'a row is cut off', where);
  if (!equal(body.subarray(0, 16), person.name) || person.capsules.length) refuse('16', 'a row is out of its place', where);
  const r = { key: body.subarray(18, 18 + n), value: body.subarray(18 + n) };
  if (person.rows.length && Buffer.compare(person.rows.at(-1).key, r.key) >= 0) refuse('16', 'the rows are out of order', where);
  if (!rowKinds.includes(String.fromCharCode(r.key[0]))) refuse('16', 'a backup has a row that belongs to one store only', where);
  person.rows.push(r);
}

// A capsule comes after rows, for it comes with the ring row: so the person is known.
function capsule(person, body, where) {
  if (!person.rows.length) refuse('16', 'a capsule is out of its place', where);
  if (body.length < 20 || body.readUInt32BE(16) !== 0) refuse('16', 'a capsule is cut off, or has an hour', where);
  const c = { id: body.subarray(0, 16), value: body.subarray(16) };
  if (person.capsules.length && Buffer.compare(person.capsules.at(-1).id, c.id) >= 0) refuse('16', 'the capsules are out of order', where);
  person.capsules.push(c);
}

function end(person, body, before, where) {
  const k = decode(closing, body);
  if (person && !equal(person.name, k.person)) refuse('16', 'a person ends under another name', where);
  if (before && Buffer.compare(before.person, k.person) >= 0) refuse('16', 'the people are out of order', where);
  const said = [k.head, k.epoch, k.checkpoint].filter((x) => x !== undefined).length;
  if (said !== 0 && said !== 3) refuse('16', 'the end of a person is half there', where);
  return { rows: [], capsules: [], ...person, ...k, whole: said === 3, where };
}

function readEnd(b, at, body, { header: h, frames: n, people }, where) {
  const e = decode(last, body);
  if (e.frames !== n) refuse('16', 'the backup has another number of frames than it says', where);
  if (!equal(e.hash, sha256(b.subarray(0, at)))) refuse('16', 'the frames are not what the end of the backup says', where);
  const signed = `carehold/backup/${hex(h.store)}\n${e.to}\n${e.hash.toString('base64')}\n`;
  if (openNote(e.signature, h.verifier) !== signed) refuse('16', 'the signature is of another backup', where);
  if (h.person && (e.to !== 0 || people.some((p) => !equal(p.person, h.person)))) refuse('16', 'a copy of one record has somebody else', where);
  if (!h.person && e.to <= h.from) refuse('16', 'a backup ends where it begins, or before', where);
  return e;
}
