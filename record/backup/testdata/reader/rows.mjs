// The rows of a store, docs/format.md §13: where they are, and the messages in them.
import { equal, hex, refuse, sha256, u16, u32, u64, unhex } from './notation.mjs';
import { b16, b32, bytes, decode, ms, num, string, table, time } from './messages.mjs';
import { mac } from './kdf.mjs';
import { flags } from './grants.mjs';
import { publicSize } from './box.mjs';

// Rows maps a partition to its rows; both are kept by their hexadecimal names.
export class Rows {
  constructor() {
    this.partitions = new Map();
  }

  put(partition, key, value) {
    const p = hex(partition);
    if (!this.partitions.has(p)) this.partitions.set(p, new Map());
    this.partitions.get(p).set(hex(key), value);
  }

  remove(partition, key) {
    this.partitions.get(hex(partition))?.delete(hex(key));
  }

  get(partition, key) {
    return this.partitions.get(hex(partition))?.get(hex(key));
  }

  // must is for a row that something names: a missing one is damage, never "none" (§14).
  must(partition, key, what) {
    return this.get(partition, key) ?? refuse('14', `${what} is missing`, name(partition, key));
  }

  people() {
    return [...this.partitions].filter(([, rows]) => rows.has('68')).map(([p]) => unhex(p)).sort(Buffer.compare);
  }

  clone() {
    const out = new Rows();
    for (const [p, rows] of this.partitions) out.partitions.set(p, new Map(rows));
    return out;
  }
}

const letter = (c, ...rest) => Buffer.concat([Buffer.from(c), ...rest]);
const not = (stamp) => u64(~BigInt(stamp) & 0xffffffffffffffffn);
export const keys = {
  head: letter('h'),
  account: letter('a'),
  live: letter('v'),
  ring: letter('r'),
  directory: letter('d'),
  capsule: letter('c'),
  slot: (id) => letter('c', id), // in a backup only: the capsule of a person's slot
  grant: (g) => letter('g', g),
  back: (e) => letter('b', u32(e)),
  segment: (n, hash) => letter('s', Buffer.from([n]), hash),
  entry: (entry, stamp) => letter('e', entry, not(stamp)),
  part: (entry, stamp, i) => letter('x', entry, not(stamp), u32(i)),
  leaf: (i) => letter('l', u64(i)),
  sent: (id) => letter('u', id),
  sentPart: (id, i) => letter('w', id, u32(i)),
  file: (link, n, i) => letter('f', link, u16(n), u16(i)),
  tries: (link) => letter('t', link),
  made: (link) => letter('n', link),
};

// name of a row in a report: its letter, and the rest in hexadecimal.
export const name = (partition, key) => `${hex(partition)}/${String.fromCharCode(key[0])}${hex(key.subarray(1))}`;

export const headTable = table('head', {
  1: ['time', ms, '1'],
  2: ['leaves', num, '1'],
  3: ['peaks', bytes, '1'],
  4: ['account', b32, '1'],
  5: ['live', b32, '1'],
  6: ['ring', b32, '1'],
  7: ['directory', b32, '1'],
  8: ['bytes', num, '1'],
});
export const accountTable = table('account', {
  1: ['identity', b32, '1'],
  2: ['box', bytes, '1'],
  3: ['sequence', num, '1'],
  4: ['statement', b32, '1'],
  5: ['quota', num, '1'],
  6: ['since', time, '?'],
  7: ['from', b16, '?'],
  8: ['note', bytes, '?'],
  9: ['moved', string, '?'],
});
export const ringTable = table('ring row', { 1: ['sequence', num, '1'], 2: ['slots', bytes, '*'], 3: ['keyring', bytes, '1'] });
export const liveTable = table('live list', { 1: ['epoch', num, '1'], 2: ['grants', bytes, '*'] });
export const storeTable = table('store', { 1: ['store', b16, '1'], 2: ['format', num, '1'] });

export const hashOf = (value) => sha256(value);

// head reads MAC || message; the MAC can be checked by whoever has node.key.
export function head(rows, person, nodeKey, store) {
  const value = rows.must(person, keys.head, 'the head');
  if (value.length < 32) refuse('13', 'the head is cut off', name(person, keys.head));
  const message = value.subarray(32);
  if (nodeKey && !equal(mac(nodeKey, 'head-mac', store, person, message), value.subarray(0, 32)))
    refuse('14', "the head's MAC fails", name(person, keys.head));
  const h = decode(headTable, message);
  if (h.peaks.length % 32) refuse('13', 'the peaks are cut off', name(person, keys.head));
  return { ...h, hash: sha256(value) };
}

function hashed(rows, person, key, hash, what) {
  const value = rows.must(person, key, what);
  if (!equal(sha256(value), hash)) refuse('14', `${what} is not the head's`, name(person, key));
  return value;
}

export function account(rows, person, h) {
  const a = decode(accountTable, hashed(rows, person, keys.account, h.account, 'the account'));
  if (a.box.length !== publicSize) refuse('13', 'an X-Wing key is not 1,216 bytes', name(person, keys.account));
  if (a.note && !a.from) refuse('13', 'an account has a note and waits for nothing', name(person, keys.account));
  return a;
}

export function ring(rows, person, h) {
  const r = decode(ringTable, hashed(rows, person, keys.ring, h.ring, 'the ring row'));
  r.wraps = new Map();
  for (const s of r.slots) {
    const id = hex(s.subarray(0, 16));
    if (s.length !== 16 + 1225 || r.wraps.has(id)) refuse('13', 'the ring row has a slot that is none', name(person, keys.ring));
    r.wraps.set(id, s.subarray(16));
  }
  return r;
}

export function live(rows, person, h) {
  const l = decode(liveTable, hashed(rows, person, keys.live, h.live, 'the live list'));
  const grants = new Map();
  for (const g of l.grants) {
    const id = hex(g.subarray(0, 16));
    if (g.length !== 57 || grants.has(id)) refuse('13', 'the live list has a line that is none', name(person, keys.live));
    grants.set(id, { until: Number(g.readBigUInt64BE(16)), ...flags(g[24]), hash: g.subarray(25) });
  }
  return { epoch: l.epoch, grants };
}

export function store(rows) {
  const s = decode(storeTable, rows.must(Buffer.alloc(16), Buffer.from('ms'), 'the row of the store'));
  return s.format === 2 ? s : refuse('14', "the store's format is not known", 'ms');
}
