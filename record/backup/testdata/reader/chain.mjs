// A chain of backups, docs/format.md §16: a full one and its increments, laid over one another.
import { concat, equal, hex, refuse } from './notation.mjs';
import { Rows, keys, name } from './rows.mjs';

function follows(before, b) {
  if (b.header.from === 0) refuse('16', 'a full backup stands after another');
  if (!equal(b.header.store, before.header.store) || b.header.verifier !== before.header.verifier) refuse('16', 'an increment is of another store');
  if (b.header.from !== before.end.to || !equal(b.header.base, before.end.hash)) refuse('16', 'an increment follows another backup');
}

// lay makes a source (record.mjs) of backups in their order: the newest row of each key, for the people whom
// the last file has a whole K of. Capsules lie under the person they came with, as "c" id.
export function lay(list) {
  if (list[0].header.from !== 0) refuse('16', 'the first file is an increment');
  list.forEach((b, i) => i && follows(list[i - 1], b));
  const { header, end, people } = list.at(-1);
  const ends = new Map(people.filter((p) => p.whole).map((p) => [hex(p.person), p]));
  const rows = new Rows();
  for (const b of list)
    for (const p of b.people) {
      if (!ends.has(hex(p.person))) continue;
      for (const r of p.rows) rows.put(p.person, r.key, r.value);
      for (const c of p.capsules) rows.put(p.person, keys.slot(c.id), c.value);
    }
  return { rows, header, end, ends, store: header.store, verifier: header.verifier, live: false, copy: header.person !== undefined };
}

// unnamed refuses, in a copy of one record, the rows that nothing of the record names. What waits in the inbox
// nothing names, and is there all the same.
export function unnamed(src, v) {
  if (!src.copy) return;
  const named = new Set([keys.head, keys.account, keys.ring, keys.directory, ...v.named].map(hex));
  for (let e = 2; e <= v.end.epoch; e++) named.add(hex(keys.back(e)));
  for (let i = 0; i < v.head.leaves; i++) named.add(hex(keys.leaf(i)));
  for (const id of v.ring.wraps.keys()) named.add(hex(concat('c', Buffer.from(id, 'hex'))));
  for (const k of src.rows.partitions.get(hex(v.person)).keys())
    if (!named.has(k) && k.slice(0, 2) !== '69') refuse('16', 'a copy of one record has a row that nothing names', name(v.person, Buffer.from(k, 'hex')));
}
