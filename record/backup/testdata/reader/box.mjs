// Boxes, docs/format.md §4: X-Wing (ML-KEM-768 with X25519), HPKE's exporter, and a seal.
import { randomBytes } from 'node:crypto';
import { x25519 } from '@noble/curves/ed25519.js';
import { sha3_256, shake256 } from '@noble/hashes/sha3.js';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { concat, isZero, refuse, u16, zeros } from './notation.mjs';
import { expand, extract } from './kdf.mjs';
import { open, seal } from './seal.mjs';

export const encSize = 1120;
export const publicSize = 1216;
const label = Buffer.from('5c2e2f2f5e5c', 'hex');
const hpke = concat('HPKE', Buffer.from('647a0003ffff', 'hex'));
const info = 'carehold-v1 box';

export function pair(seed) {
  const s = shake256(seed, { dkLen: 96 });
  const kem = ml_kem768.keygen(s.subarray(0, 64)); // d || z
  const x = s.subarray(64);
  return { kem, x, public: concat(kem.publicKey, x25519.getPublicKey(x)) };
}

// shared is X25519, where a secret of zeros is refused whatever the library does.
function shared(secret, point) {
  try {
    const out = x25519.getSharedSecret(secret, point);
    if (!isZero(out)) return out;
  } catch {
    // noble refuses zeros by itself, and says so with an error of its own
  }
  return refuse('4', 'an X25519 secret is zero');
}

const combine = (m, x, enc, pub) => sha3_256(concat(m, x, enc.subarray(1088), pub.subarray(1184), label));

const lExtract = (salt, name, x) => extract(salt, 'HPKE-v1', hpke, name, x);
const lExpand = (prk, name, x, n) => expand(prk, concat(u16(n), 'HPKE-v1', hpke, name, x), n);

// exported is HPKE's (RFC 9180 §5.1, §5.3) in mode Base, export only, for 32 bytes.
export function exported(ss) {
  const none = zeros(0);
  const schedule = concat(zeros(1), lExtract(none, 'psk_id_hash', none), lExtract(none, 'info_hash', info));
  const secret = lExtract(ss, 'secret', none);
  const exporter = lExpand(secret, 'exp', schedule, 64);
  return lExpand(exporter, 'sec', info, 32);
}

export function box(pub, ctx, m) {
  const eph = randomBytes(32);
  const { cipherText, sharedSecret } = encapsulate(pub);
  const enc = concat(cipherText, x25519.getPublicKey(eph));
  const ss = combine(sharedSecret, shared(eph, pub.subarray(1184)), enc, pub);
  return concat(enc, seal(exported(ss), ctx, m));
}

// reduced is FIPS 203 §7.2: every 12-bit coefficient of an encapsulation key is below q. The library's own
// check lets larger ones through.
function reduced(kem) {
  for (let i = 0; i < 1152; i += 3) {
    const low = kem[i] | ((kem[i + 1] & 15) << 8);
    const high = (kem[i + 1] >> 4) | (kem[i + 2] << 4);
    if (low >= 3329 || high >= 3329) refuse('4', 'an ML-KEM key is not reduced');
  }
}

function encapsulate(pub) {
  if (pub.length !== publicSize) refuse('4', 'an X-Wing public key is not 1,216 bytes');
  reduced(pub);
  return ml_kem768.encapsulate(pub.subarray(0, 1184));
}

export function unbox(keys, ctx, b) {
  if (b.length < encSize) refuse('4', 'a box is cut off');
  const enc = b.subarray(0, encSize);
  const m = ml_kem768.decapsulate(enc.subarray(0, 1088), keys.kem.secretKey);
  const ss = combine(m, shared(keys.x, enc.subarray(1088)), enc, keys.public);
  return open(exported(ss), ctx, b.subarray(encSize));
}
