// The directory, docs/format.md §10: which entries there are, and the hash of the newest version of each.
import { compare, concat, equal, isZero, refuse, sha256, u64 } from './notation.mjs';
import { keys, name } from './rows.mjs';

const lineSize = 56;

export const line = (entry, stamp, hash) => concat(entry, u64(stamp), hash);

function segment(value, n, where) {
  if (!value.length || value.length % lineSize) refuse('10', 'a segment is cut off', where);
  const lines = [];
  for (let i = 0; i < value.length; i += lineSize) {
    const l = { entry: value.subarray(i, i + 16), stamp: value.readBigUInt64BE(i + 16), hash: value.subarray(i + 24, i + 56) };
    if (l.entry[0] >> 2 !== n) refuse('10', 'an entry is in another segment', where);
    if (lines.length && compare(lines.at(-1).entry, l.entry) >= 0) refuse('10', 'the lines of a segment are out of order', where);
    if (!(l.stamp & ((1n << 40n) - 1n))) refuse('10', 'an entry has no version', where);
    lines.push(l);
  }
  return lines;
}

// read gives every line, in order, once root, row and segments are those that the head names; visit learns
// the keys of the segments.
export function read(rows, person, root, visit = () => {}) {
  const row = rows.must(person, keys.directory, 'the directory');
  const where = name(person, keys.directory);
  if (row.length !== 2048) refuse('13', 'the directory has another length', where);
  if (!equal(sha256('carehold/directory', row), root)) refuse('14', "the directory is not the head's", where);
  const lines = [];
  for (let n = 0; n < 64; n++) {
    const hash = row.subarray(32 * n, 32 * n + 32);
    if (isZero(hash)) continue;
    const key = keys.segment(n, hash);
    const value = rows.must(person, key, 'a segment');
    if (!equal(sha256(value), hash)) refuse('14', "a segment is not the directory's", name(person, key));
    visit(key);
    lines.push(...segment(value, n, name(person, key)));
  }
  return lines;
}
