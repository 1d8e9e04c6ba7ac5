// The notation of docs/format.md §2: bytes are Uint8Array (Buffer is one), numbers are big endian.
import { createHash, timingSafeEqual } from 'node:crypto';

// Refused is the one error of this reader: what a reader must refuse, with the section that says so.
// Its text names rows and rules, and never a key or a plaintext (§14).
export class Refused extends Error {
  constructor(section, message, where) {
    super(message);
    this.section = section;
    this.where = where;
  }
}

export function refuse(section, message, where) {
  throw new Refused(section, message, where);
}

// at adds the place to a refusal that came from deeper down, where only bytes were known.
export function at(where, f) {
  try {
    return f();
  } catch (e) {
    if (e instanceof Refused && e.where === undefined) e.where = where;
    throw e;
  }
}

export const hex = (b) => Buffer.from(b).toString('hex');

export function unhex(s, what = 'value') {
  if (typeof s !== 'string' || !/^([0-9a-f]{2})*$/i.test(s)) refuse('2', `${what} is not hexadecimal`);
  return Buffer.from(s, 'hex');
}

// text makes bytes of a text, and leaves bytes as they are.
export const text = (x) => (typeof x === 'string' ? Buffer.from(x, 'utf8') : x);

export const concat = (...parts) => Buffer.concat(parts.map(text));

export const u8 = (n) => Buffer.from([n]);

export function u16(n) {
  const b = Buffer.alloc(2);
  b.writeUInt16BE(n);
  return b;
}

export function u32(n) {
  const b = Buffer.alloc(4);
  b.writeUInt32BE(n);
  return b;
}

export function u64(n) {
  const b = Buffer.alloc(8);
  b.writeBigUInt64BE(BigInt(n));
  return b;
}

export const zeros = (n) => Buffer.alloc(n);

export const isZero = (b) => b.every((x) => x === 0);

// lp(x, y, …) = u32(len x) || x || u32(len y) || y …
export const lp = (...parts) => concat(...parts.map(text).flatMap((p) => [u32(p.length), p]));

export const equal = (a, b) => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

export const compare = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));

export const sha256 = (...parts) => createHash('sha256').update(concat(...parts)).digest();

export const sha512 = (...parts) => createHash('sha512').update(concat(...parts)).digest();

// utf8 reads a text strictly: bytes that are not UTF-8 are refused, not replaced.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
export function utf8(b) {
  try {
    return decoder.decode(b);
  } catch {
    return refuse('2', 'a text is not UTF-8');
  }
}

// number makes an exact JavaScript number of a u64, or keeps the bigint that is none.
export const number = (n) => (n <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(n) : n);

// ascii base32 of §2 (ids, small letters) and §6 (device keys, capitals): RFC 4648 without padding.
export const base32Alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export function toBase32(bytes, alphabet = base32Alphabet) {
  let bits = 0n;
  for (const b of bytes) bits = (bits << 8n) | BigInt(b);
  const digits = Math.ceil((bytes.length * 8) / 5);
  bits <<= BigInt(digits * 5 - bytes.length * 8);
  let out = '';
  for (let i = digits - 1; i >= 0; i--) out += alphabet[Number((bits >> BigInt(i * 5)) & 31n)];
  return out;
}

// fromBase32 reads exactly n bytes; bits that belong to no byte must be zero.
export function fromBase32(s, n, alphabet = base32Alphabet) {
  if (s.length !== Math.ceil((n * 8) / 5)) refuse('6', 'a code has the wrong length');
  let bits = 0n;
  for (const c of s) {
    const v = alphabet.indexOf(c);
    if (v < 0) refuse('6', 'a code has a character that does not belong');
    bits = (bits << 5n) | BigInt(v);
  }
  const spare = BigInt(s.length * 5 - n * 8);
  if (bits & ((1n << spare) - 1n)) refuse('6', 'the last bits of a code are not zero');
  return unhex((bits >> spare).toString(16).padStart(n * 2, '0'));
}
