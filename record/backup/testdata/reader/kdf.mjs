// Deriving, docs/format.md §3.
import { createCipheriv, createHmac } from 'node:crypto';
import { concat, lp, refuse, u8, u64, zeros } from './notation.mjs';

export const hmac512 = (key, ...parts) => createHmac('sha512', key).update(concat(...parts)).digest();

// expand is HKDF-Expand with SHA-512 (RFC 5869 §2.3).
export function expand(prk, info, length) {
  let block = Buffer.alloc(0);
  let out = Buffer.alloc(0);
  for (let i = 1; out.length < length; i++) {
    block = hmac512(prk, block, info, u8(i));
    out = concat(out, block);
  }
  return out.subarray(0, length);
}

// extract is HKDF-Extract in full, 64 bytes; an empty salt and one of 64 zeros are the same to HMAC.
export const extract = (salt, ...input) => hmac512(salt, ...input);

// Extract(salt, input) of §3 keeps 32 bytes of it.
export const extract32 = (salt, input) => extract(salt ?? zeros(64), input).subarray(0, 32);

export function kdf(k, label, ...fields) {
  if (k.length !== 32 || k.every((x) => x === 0)) refuse('2', 'a key is not 32 bytes, or zeros');
  return expand(k, lp('carehold-v1', label, ...fields), 32);
}

export const id = (k, label, ...fields) => kdf(k, label, ...fields).subarray(0, 16);

export const mac = (k, label, ...fields) => expand(k, lp('carehold-v1 mac', label, ...fields), 32);

function block(k, label, name, n) {
  const input = concat(name);
  const low = concat(zeros(8), u64(n));
  for (let i = 0; i < 16; i++) input[i] ^= low[i];
  const aes = createCipheriv('aes-128-ecb', kdf(k, label).subarray(0, 16), null).setAutoPadding(false);
  return concat(aes.update(input), aes.final());
}

export const tag = (k, label, name, n) => block(k, label, name, n).subarray(0, 8);

// mask hides a number, or shows a hidden one: it is its own inverse.
export const mask = (k, label, name, n, v) => (v ^ block(k, label, name, n).readUInt32BE(12)) >>> 0;
