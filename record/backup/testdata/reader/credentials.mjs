// Credentials, docs/format.md §6: tokens, recovery codes, device keys, and what they derive.
import { crc32 } from 'node:zlib';
import { argon2id } from 'hash-wasm';
import { concat, equal, fromBase32, isZero, refuse, sha512, text, toBase32, unhex } from './notation.mjs';
import { extract32, id, kdf } from './kdf.mjs';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

// credential has what every use needs: the kind and the 32 bytes.
const credential = (kind, secret) => ({ kind, secret });

export const capsuleId = (c) => id(c.secret, 'capsule-id', c.kind);
export const kek = (c) => kdf(c.secret, 'capsule-kek', c.kind);

function toBase62(n, size) {
  let out = '';
  for (; out.length < size; n /= 62n) out = digits[Number(n % 62n)] + out;
  return out;
}

function fromBase62(s) {
  let n = 0n;
  for (const c of s) n = n * 62n + BigInt(digits.indexOf(c));
  return n;
}

const check = (front) => toBase62(BigInt(crc32(text(front))), 6);

export function formatToken({ kind, secret }) {
  const front = `chd${kind}_${toBase62(BigInt('0x' + Buffer.from(secret).toString('hex')), 43)}`;
  return front + check(front);
}

// parseToken refuses the reserved kind too (§15: e).
export function parseToken(s) {
  if (!/^chd[arcsielqw]_[0-9A-Za-z]{49}$/.test(s)) refuse('6', 'this is not a token');
  if (check(s.slice(0, 48)) !== s.slice(48)) refuse('6', "the token's check is wrong");
  const n = fromBase62(s.slice(5, 48));
  if (n >= 1n << 256n || n === 0n) refuse('6', "the token's number is none");
  if (!'arcsilqw'.includes(s[3])) refuse('15', 'the token is of a reserved kind');
  return credential(s[3], unhex(n.toString(16).padStart(64, '0')));
}

const recoveryCheck = (b) => sha512('carehold/recovery', b).subarray(0, 5);

export function formatRecovery(b) {
  return toBase32(concat(b, recoveryCheck(b)), crockford).replace(/.{5}(?=.)/g, '$&-');
}

export function parseRecovery(s) {
  const typed = s
    .replace(/[ \t\r\n\u00a0\u2010\u2011\u2013-]/g, '')
    .replace(/[a-z]/g, (c) => c.toUpperCase())
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1');
  const all = fromBase32(typed, 25, crockford);
  const b = all.subarray(0, 20);
  if (!equal(all.subarray(20), recoveryCheck(b))) refuse('6', "the recovery code's check is wrong");
  if (isZero(b)) refuse('6', 'a recovery code of zeros is none');
  return b;
}

export const recovery = (s) => credential('R', kdf(extract32(null, parseRecovery(s)), 'recovery'));

// deviceKey reads "version character and 16 bytes in base32"; only version 1 is known.
export function parseDeviceKey(s) {
  if (s[0] !== '1') refuse('6', 'the device key is of a version that is not known');
  return fromBase32(s.slice(1), 16);
}

// Costs are the version's, and taken from nowhere else (§6, §14).
const argon1 = { iterations: 3, memorySize: 65536, parallelism: 4, hashLength: 32, outputType: 'binary' };

export async function passphrase(phrase, deviceKey) {
  const key = parseDeviceKey(deviceKey);
  const salt = sha512('carehold/device', key).subarray(0, 16);
  const stretched = await argon2id({ password: text(phrase.normalize('NFKC')), salt, ...argon1 });
  return credential('P', kdf(extract32(key, stretched), 'passphrase', deviceKey[0]));
}

// linkSecret of the URL of a link: its token without what says that it is one (§6).
export const linkToken = (segment) => parseToken(`chdl_${segment}`);

const argonLink = { iterations: 2, memorySize: 19456, parallelism: 1, hashLength: 32, outputType: 'binary' };

// linkKey seals the inner half of a link's capsule.
export async function linkKey(c, passcode, salt) {
  if (passcode === undefined) return kdf(c.secret, 'link');
  const stretched = await argon2id({ password: text(passcode.normalize('NFKC')), salt, ...argonLink });
  return kdf(extract32(c.secret, stretched), 'link', salt);
}

export function passkey(output) {
  if (output.length !== 32 || isZero(output)) refuse('6', "a passkey's output is 32 bytes, and not zeros");
  return credential('K', kdf(extract32(null, output), 'prf-output'));
}
