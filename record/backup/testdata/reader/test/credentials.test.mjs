import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refused } from '../notation.mjs';
import { formatRecovery, formatToken, parseDeviceKey, parseRecovery, parseToken, passkey } from '../credentials.mjs';

// Both from the page, §17.
const token = 'chda_0El6XFXwsUFD8J2vGxsaboW7rZYnQRBP5d9erwRwd291JwOdo';
const code = '04106-1050R-3GG28-A1C60-T3GF2-08H44-RMVY5-B08K7';
const twenty = Buffer.from([...Array(20).keys()].map((i) => i + 1));

// withCheck makes a token whose check is right, so that what is refused is the number or the kind.
const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
async function withCheck(front) {
  const { crc32 } = await import('node:zlib');
  let n = crc32(front);
  let out = '';
  for (; out.length < 6; n = Math.floor(n / 62)) out = digits[n % 62] + out;
  return front + out;
}

test('a token is read, and nothing else is', async () => {
  assert.deepEqual(parseToken(token), { kind: 'a', secret: Buffer.alloc(32, 1) });
  assert.equal(formatToken(parseToken(token)), token);
  const refused = [
    '', token.slice(0, -1), token + '0', ` ${token}`, token.replace('chda', 'chdb'), token.replace('chda', 'chds'),
    token.slice(0, -1) + 'p', token.replace('_', '-'), `${token.slice(0, 5)}1${token.slice(6)}`,
    await withCheck('chda_' + '0'.repeat(43)), // a secret of zeros
    await withCheck('chda_' + 'z'.repeat(43)), // 2^256 and more
    await withCheck('chde_' + token.slice(5, 48)), // reserved (§15)
  ]; // prettier-ignore
  for (const t of refused) assert.throws(() => parseToken(t), Refused, t);
  assert.equal((await withCheck(token.slice(0, 48))), token);
});

test('a recovery code is read however it was typed', () => {
  assert.equal(formatRecovery(twenty), code);
  const typed = [
    code, code.toLowerCase(), code.replaceAll('-', ''), code.replaceAll('-', ' '), code.replaceAll('0', 'O'), code.replaceAll('0', 'o'),
    code.replaceAll('1', 'I'), code.replaceAll('1', 'l'), `\t${code}\r\n`, code.replaceAll('-', '\u2011'), code.replaceAll('-', '\u00a0'),
  ]; // prettier-ignore
  for (const t of typed) assert.deepEqual(parseRecovery(t), twenty, t);
});

test('another code is refused', () => {
  const refused = [
    '', code.slice(1), code + '0', code.replace('4', '5'), code.replace('G', 'U'), code.replaceAll('-', '_'),
    code.replaceAll('-', '\u2014'), formatRecovery(Buffer.alloc(20)), `é${code.slice(1)}`,
  ]; // prettier-ignore
  for (const t of refused) assert.throws(() => parseRecovery(t), Refused, t);
});

test('a device key has 26 digits whose last two bits are zero', () => {
  // RFC 4648 base32 of 16 bytes 0xff: 25 digits "7", and three bits 111 with two zeros: 28, "4".
  assert.deepEqual(parseDeviceKey('1' + '7'.repeat(25) + '4'), Buffer.alloc(16, 0xff));
  for (const t of ['1' + '7'.repeat(26), '1' + '7'.repeat(25) + '5', '2' + '7'.repeat(25) + '4', '1' + '7'.repeat(25), '1' + 'a'.repeat(26), ''])
    assert.throws(() => parseDeviceKey(t), Refused, t);
});

test("a passkey's output of zeros is none", () => {
  assert.throws(() => passkey(Buffer.alloc(32)), Refused);
  assert.throws(() => passkey(Buffer.alloc(31, 1)), Refused);
});
