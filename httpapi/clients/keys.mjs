// Keys of clients, as WebCrypto makes them.

const made = {
  RS384: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-384', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
  ES384: { name: 'ECDSA', namedCurve: 'P-384' },
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  Ed25519: { name: 'Ed25519' },
};

// clientKey is a key for an algorithm: what the client signs with, and what its
// operator hands to the server.
export async function clientKey(alg, kid = `${alg}-1`) {
  const pair = await crypto.subtle.generateKey(made[alg], true, ['sign', 'verify']);
  const { ext, key_ops, ...jwk } = await crypto.subtle.exportKey('jwk', pair.publicKey);
  return { signs: { key: pair.privateKey, kid }, jwk: { ...jwk, kid, alg, use: 'sig' } };
}
