// Signatures, docs/format.md §4: Ed25519 over lp(purpose) || message.
import { createPrivateKey, createPublicKey, sign as nodeSign, verify as nodeVerify } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { concat, lp, refuse } from './notation.mjs';

const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const spki = Buffer.from('302a300506032b6570032100', 'hex');

export const publicOf = (seed) => Buffer.from(ed25519.getPublicKey(seed));

// strict refuses public keys of low order or with y >= 2^255 - 19.
function strict(pub) {
  try {
    if (!ed25519.Point.fromBytes(pub, false).isSmallOrder()) return;
  } catch {
    // no point of the curve, or y is too large
  }
  refuse('4', 'a public key is not one to trust');
}

// verifyRaw has no purpose in front: signed notes (§12) are the one use of it.
export function verifyRaw(pub, message, signature) {
  if (signature.length !== 64) refuse('4', 'a signature is not 64 bytes');
  strict(pub);
  const k = createPublicKey({ key: concat(spki, pub), format: 'der', type: 'spki' });
  if (!nodeVerify(null, message, k, signature)) refuse('4', 'a signature does not verify');
}

export function signRaw(seed, message) {
  return nodeSign(null, message, createPrivateKey({ key: concat(pkcs8, seed), format: 'der', type: 'pkcs8' }));
}

export const verify = (pub, purpose, message, signature) => verifyRaw(pub, concat(lp(purpose), message), signature);
export const sign = (seed, purpose, message) => signRaw(seed, concat(lp(purpose), message));
