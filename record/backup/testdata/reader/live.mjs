// A live store, docs/format.md §13: a dump of its rows, its capsules, and the anchor over all heads.
import { createHmac } from 'node:crypto';
import { at as place, concat, equal, hex, refuse, u16, u64, u8, unhex } from './notation.mjs';
import { kdf } from './kdf.mjs';
import { Rows, head, keys, name, ring, store as storeRow } from './rows.mjs';
import { belongs, openCapsule, row as capsuleRow } from './capsule.mjs';
import { nodeSeed, verifierKey } from './tree.mjs';
import { publicOf } from './sign.mjs';
import { capsuleId, parseToken } from './credentials.mjs';

// load reads JSON lines { partition, key, value } in hexadecimal, and { engine: "a" | "anchor", value }
// for what lies beside the rows: Badger's key "a", and the file anchor.
export function load(lines, nodeKey) {
  const rows = new Rows();
  const engine = {};
  for (const l of lines.split('\n').filter((x) => x.trim())) {
    const r = JSON.parse(l);
    if (r.engine) engine[r.engine] = unhex(r.value);
    else rows.put(unhex(r.partition), unhex(r.key), unhex(r.value));
  }
  const { store } = storeRow(rows);
  const verifier = nodeKey && verifierKey(store, publicOf(nodeSeed(nodeKey, store)));
  return { rows, engine, nodeKey, store, verifier, live: true };
}

// What the sum of an anchor is over: of version 1 the heads, of version 2 every row of kind h, c or m.
const summed = {
  'carehold anchor1': (partition, key, value) => key === '68' && ['head', partition, value],
  'carehold anchor2': (partition, key, value) => /^6[38d]/.test(key) && ['row', partition, u16(key.length / 2), unhex(key), value],
};

function anchorRecord(b, h) {
  const magic = b?.subarray(0, 16).toString('latin1');
  if (!summed[magic] || b.length < 96 || !equal(h('slot', b.subarray(0, 64)), b.subarray(64, 96))) return undefined;
  return { magic, number: b.readBigUInt64BE(16), time: b.readBigUInt64BE(24), state: b.subarray(32, 64) };
}

// anchor says whether the store is as it was left.
export function anchor(src) {
  const k = kdf(src.nodeKey, 'anchor');
  const h = (label, ...x) => createHmac('sha256', k).update(concat(label, u8(0), ...x)).digest();
  const db = anchorRecord(src.engine.a, h) ?? refuse('13', "the database's anchor record is not valid", 'a');
  let sum = 0n;
  for (const [p, rows] of src.rows.partitions)
    for (const [key, value] of rows) {
      const part = summed[db.magic](unhex(p), key, value);
      if (part) sum += BigInt('0x' + hex(h(...part)));
    }
  sum %= 1n << 256n;
  const state = h('state', u64(db.number), unhex(sum.toString(16).padStart(64, '0')));
  if (!equal(state, db.state)) refuse('13', "the anchor's state is not that of the rows there are", 'a');
  const out = { number: Number(db.number), state: true };
  if (src.engine.anchor) {
    const slots = [0, 4096].map((i) => anchorRecord(src.engine.anchor.subarray(i, i + 96), h));
    const valid = slots.filter((x, i) => x && Number(x.number % 2n) === i).sort((a, b) => Number(b.number - a.number))[0];
    if (!valid) refuse('13', 'the anchor has no valid record', 'anchor');
    if (db.number !== valid.number && db.number !== valid.number + 1n) refuse('13', 'the database is not where the anchor has it', 'anchor');
    if (db.number === valid.number && !equal(db.state, valid.state)) refuse('13', 'the database and the anchor differ', 'anchor');
    out.file = Number(valid.number);
  }
  return out;
}

// capsules checks the MACs of all of them; the owner, where a ring row or a person's name shows it.
export function capsules(src) {
  const people = src.rows.people();
  const owners = new Map();
  for (const p of people) for (const id of ring(src.rows, p, head(src.rows, p)).wraps.keys()) owners.set(id, p);
  const out = { checked: 0, slots: 0, invites: 0, tokens: 0 };
  for (const [p, rows] of src.rows.partitions) {
    const value = rows.get(hex(keys.capsule));
    if (!value) continue;
    const id = unhex(p);
    const where = name(id, keys.capsule);
    const r = capsuleRow(value, where);
    belongs(src.nodeKey, src.store, id, r, owners.get(p), where);
    out.checked++;
    if (owners.has(p)) out.slots++;
    else if (mine(src, id, r, Buffer.alloc(16))) out.invites++;
    else if (people.some((x) => mine(src, id, r, x))) out.tokens++;
    else refuse('13', 'a capsule belongs to nobody', where);
  }
  return out;
}

function mine(src, id, r, person) {
  try {
    belongs(src.nodeKey, src.store, id, r, person);
    return true;
  } catch {
    return false;
  }
}

// invited opens an invite, and says whom it admitted.
export function invited(src, text) {
  const c = parseToken(text);
  if (c.kind !== 'i') refuse('6', 'this token is no invite');
  const id = capsuleId(c);
  const r = capsuleRow(src.rows.must(id, keys.capsule, 'the capsule of an invite'), name(id, keys.capsule));
  const { bytes, until } = place(name(id, keys.capsule), () => openCapsule(c, r));
  return { bytes, until, admitted: r.admitted && hex(r.admitted) };
}

// node checks everything that node.key authenticates: heads, capsules, the anchor.
export function node(src) {
  const heads = src.rows.people().map((p) => head(src.rows, p, src.nodeKey, src.store)).length;
  return { heads, capsules: capsules(src), anchor: src.engine.a || src.engine.anchor ? anchor(src) : undefined };
}
