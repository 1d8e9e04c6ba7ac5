// Backups, docs/format.md §16: age, frames, a chain laid over one another, and what must hold of it.
import { Decrypter } from 'age-encryption';
import { concat, equal, hex, refuse, sha256, text, u32 } from './notation.mjs';
import { b16, b32, bytes, decode, ms, num, string, table } from './messages.mjs';
import { Rows, name } from './rows.mjs';
import { openNote } from './tree.mjs';

const largest = 2 << 20;
const first = table('header of a backup', {
  1: ['version', num, '1'],
  2: ['store', b16, '1'],
  3: ['format', num, '1'],
  4: ['verifier', string, '1'],
  5: ['time', ms, '1'],
  6: ['from', num, '1'],
  7: ['to', num, '1'],
  8: ['base', b32, '?'],
});
const last = table('end of a backup', {
  1: ['rows', num, '1'],
  2: ['hash', b32, '1'],
  3: ['people', bytes, '*'],
  4: ['signature', bytes, '1'],
});
const rowKinds = 'harbdsexlc';

// decrypt takes age away; frames that travel between two servers have none.
export async function decrypt(file, identity) {
  if (!file.subarray(0, 22).equals(text('age-encryption.org/v1\n'))) return file;
  const d = new Decrypter();
  d.addIdentity(identity);
  try {
    return Buffer.from(await d.decrypt(file));
  } catch {
    return refuse('16', 'age does not open this file with this identity');
  }
}

function* frames(b) {
  for (let i = 0; i < b.length; ) {
    if (b.length - i < 5) refuse('16', 'the backup is cut off', `byte ${i}`);
    const n = b.readUInt32BE(i + 1);
    if (n > largest || n > b.length - i - 5) refuse('16', 'a frame is too long, or cut off', `byte ${i}`);
    yield { at: i, kind: String.fromCharCode(b[i]), body: b.subarray(i + 5, i + 5 + n) };
    i += 5 + n;
  }
}

// read reads the frames of one backup: order, count, hash, signature. Nothing is given before E held.
export function read(b) {
  const out = { rows: [], checkpoints: new Map() };
  const order = { H: 0, R: 1, K: 2, E: 3 };
  let reached = -1;
  for (const { at, kind, body } of frames(b)) {
    const where = `byte ${at}`;
    const turn = order[kind] ?? refuse('16', 'a frame is of a kind that is not known', where);
    if (turn < reached || reached === 3 || (reached === -1) !== (turn === 0) || (turn === 0 && out.header)) refuse('16', 'a frame is out of its place', where);
    reached = turn;
    if (kind === 'H') out.header = head(body, where);
    if (kind === 'R') out.rows.push(row(body, out.rows.at(-1), where));
    if (kind === 'K') checkpoint(out.checkpoints, body, where);
    if (kind === 'E') out.end = end(b, at, body, out);
  }
  return out.end ? out : refuse('16', 'the backup has no end');
}

function head(body, where) {
  const h = decode(first, body);
  if (h.version !== 1) refuse('16', 'the backup is of a version that is not known', where);
  if (h.format !== 2) refuse('14', "the store's format is not known", where);
  if ((h.from === 0) !== (h.base === undefined)) refuse('16', 'a full backup with a base, or an increment without', where);
  if (h.to < h.from) refuse('16', 'a backup ends before it begins', where);
  return h;
}

function row(body, before, where) {
  const n = body.length >= 18 ? body.readUInt16BE(16) : 0;
  if (n < 1 || body.length < 18 + n) refuse('16', 'a row is cut off', where);
  const r = { partition: body.subarray(0, 16), key: body.subarray(18, 18 + n), value: body.subarray(18 + n), where };
  if (before && compareRows(before, r) >= 0) refuse('16', 'the rows are out of order', where);
  if (!rowKinds.includes(String.fromCharCode(r.key[0]))) refuse('16', 'a backup has a row that belongs to one store only', where);
  return r;
}

const compareRows = (a, b) => Buffer.compare(a.partition, b.partition) || Buffer.compare(a.key, b.key);

function checkpoint(all, body, where) {
  const person = hex(body.subarray(0, 16));
  if (body.length < 16 || all.has(person)) refuse('16', 'a checkpoint is cut off, or there twice', where);
  all.set(person, body.subarray(16));
}

function end(b, at, body, { header: h, rows }) {
  const e = decode(last, body);
  const where = `byte ${at}`;
  if (e.rows !== rows.length) refuse('16', 'the backup has another number of rows than it says', where);
  if (!equal(e.hash, sha256(b.subarray(0, at)))) refuse('16', 'the frames are not what the end of the backup says', where);
  const signed = `carehold/backup/${hex(h.store)}\n${h.to}\n${e.hash.toString('base64')}\n`;
  if (openNote(e.signature, h.verifier) !== signed) refuse('16', 'the signature is of another backup', where);
  const people = new Map();
  for (const p of e.people) {
    if (p.length !== 48 || people.has(hex(p.subarray(0, 16)))) refuse('16', 'a person is cut off, or there twice', where);
    people.set(hex(p.subarray(0, 16)), p.subarray(16));
  }
  return { ...e, people };
}

// chain lays backups over one another, and makes a source of them (record.mjs).
export function chain(list) {
  const rows = new Rows();
  list.forEach((b, i) => {
    const before = list[i - 1];
    if (!before && b.header.from !== 0) refuse('16', 'the first file is an increment');
    if (before) {
      if (b.header.from === 0) refuse('16', 'a full backup stands after another');
      if (!equal(b.header.store, before.header.store) || b.header.verifier !== before.header.verifier) refuse('16', 'an increment is of another store');
      if (b.header.from !== before.header.to || !equal(b.header.base, before.end.hash)) refuse('16', 'an increment follows another backup');
    }
    for (const r of b.rows) rows.put(r.partition, r.key, r.value);
  });
  const { header: h, end: e, checkpoints } = list.at(-1);
  return { rows, store: h.store, verifier: h.verifier, checkpoints, people: e.people, header: h, live: false };
}

// everybody demands that each person of the last list has the head of that hash, and gives their names.
export function everybody(src, verify) {
  const out = [];
  for (const [p, hash] of src.people) {
    const person = Buffer.from(p, 'hex');
    const v = verify(src, person);
    if (!equal(v.head.hash, hash)) refuse('16', 'a person has another head than the backup says', name(person, Buffer.from('h')));
    out.push(v);
  }
  return out;
}

// frame is for tests: a frame as §16 writes it.
export const frame = (kind, body) => concat(kind, u32(body.length), body);
