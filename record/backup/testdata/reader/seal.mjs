// Sealing, docs/format.md §4: key-committing, chunked encryption.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { concat, equal, lp, refuse, u8, u64 } from './notation.mjs';
import { expand } from './kdf.mjs';
import { pad, unpad } from './padding.mjs';

const suites = {
  1: { aead: 'AEAD_CHACHA20_POLY1305', node: 'chacha20-poly1305' },
  2: { aead: 'AEAD_AES_256_GCM', node: 'aes-256-gcm' },
};
const chunk = 16384;
const tagged = chunk + 16;

// ctx = lp(kind, f1, f2, …), §4; the kinds are §5's.
export const context = (kind, ...fields) => lp(kind, ...fields);

function schedule(k, suite, salt, ctx) {
  const okm = expand(k, concat('c2sp.org/chunked-encryption@v1+', suite.aead, u8(0), salt, ctx), 76);
  return { key: okm.subarray(0, 32), base: okm.subarray(32, 44), commitment: okm.subarray(44) };
}

function nonce(base, i) {
  const n = Buffer.from(base);
  u64(i).forEach((x, j) => (n[4 + j] ^= x));
  return n;
}

export function seal(k, ctx, m, { suite = 2, salt = randomBytes(24) } = {}) {
  const s = suites[suite];
  const { key, base, commitment } = schedule(k, s, salt, ctx);
  const out = [u8(suite), salt, commitment];
  // A length that is a multiple of the chunk's ends on an empty chunk: hence <=.
  for (let i = 0; i * chunk <= m.length; i++) {
    const c = createCipheriv(s.node, key, nonce(base, i), { authTagLength: 16 });
    out.push(c.update(m.subarray(i * chunk, (i + 1) * chunk)), c.final(), c.getAuthTag());
  }
  return concat(...out);
}

// Every failure is the same (§4): what is wrong with a blob is nobody's to learn.
const shut = () => refuse('4', 'a sealed value does not open');

export function open(k, ctx, blob) {
  const s = suites[blob[0]];
  if (!s || blob.length < 73) shut();
  const { key, base, commitment } = schedule(k, s, blob.subarray(1, 25), ctx);
  if (!equal(commitment, blob.subarray(25, 57))) shut();
  const body = blob.subarray(57);
  if (body.length % tagged < 16) shut(); // cut off, or ended after a full chunk
  const out = [];
  for (let i = 0; i * tagged < body.length; i++) {
    const c = body.subarray(i * tagged, (i + 1) * tagged);
    const d = createDecipheriv(s.node, key, nonce(base, i), { authTagLength: 16 });
    d.setAuthTag(c.subarray(-16));
    try {
      out.push(d.update(c.subarray(0, -16)), d.final());
    } catch {
      shut();
    }
  }
  return concat(...out);
}

export const sealPadded = (k, ctx, m, how) => seal(k, ctx, pad(m), how);
export const openPadded = (k, ctx, blob) => unpad(open(k, ctx, blob));
