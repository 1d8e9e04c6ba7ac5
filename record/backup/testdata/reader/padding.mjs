// Padding, docs/format.md §2. Unpad refuses everything that Pad does not write.
import { concat, isZero, refuse, u32, zeros } from './notation.mjs';

// padded is P(n): 512, a power of two to 65,536, then Padmé.
export function padded(n) {
  if (n <= 512) return 512;
  const e = 31 - Math.clz32(n);
  if (n <= 65536) return n === 2 ** e ? n : 2 ** (e + 1);
  const s = 31 - Math.clz32(e) + 1;
  const unit = 2 ** (e - s);
  return Math.ceil(n / unit) * unit;
}

export function pad(m) {
  const size = padded(m.length + 4);
  return concat(u32(m.length), m, zeros(size - m.length - 4));
}

export function unpad(b) {
  if (b.length < 4) refuse('2', 'a padded message is cut off');
  const n = b.readUInt32BE(0);
  if (n > b.length - 4 || padded(n + 4) !== b.length) refuse('2', 'a padded message has another size');
  if (!isZero(b.subarray(4 + n))) refuse('2', 'the filling of a padded message is not zero');
  return b.subarray(4, 4 + n);
}
