import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, Refused, unhex } from '../notation.mjs';
import { bytes, decode, encode, flag, listed, num, same, string, table, time } from '../messages.mjs';
import { pad, padded, unpad } from '../padding.mjs';

const t = table('example', {
  1: ['n', num, '1'],
  2: ['on', flag, '?'],
  3: ['words', listed, '*'],
  5: ['word', string, '?'],
  4: ['when', time, '?'],
  9: ['rest', bytes, '?'],
});
// Laid out by hand from §2: tag, length, value.
const one = '0001' + '00000008' + '0000000000000007';
const on = '0002' + '00000008' + '0000000000000001';
const ab = '0003' + '00000002' + '6162';
const c = '0003' + '00000001' + '63';

test('a message is read and written as §2 has it', () => {
  const v = { n: 7, on: true, words: ['ab', 'c'] };
  assert.deepEqual({ ...decode(t, unhex(one + on + ab + c)) }, v);
  assert.equal(encode(t, v).toString('hex'), one + on + ab + c);
  assert.deepEqual(decode(t, unhex(one + '0003' + '00000000')).words, ['']);
  assert.equal(encode(t, { n: 7, on: false, words: [] }).toString('hex'), one);
});

test('what is not the one encoding is refused', () => {
  const refused = {
    'cut off in a tag': one + '00',
    'cut off in a value': one.slice(0, -2),
    'tags that decrease': on + one,
    'twice where one belongs': one + one,
    'an unknown tag': one + '0008' + '00000000',
    'no tag that belongs': on,
    'a number of seven bytes': '0001' + '00000007' + '00000000000007',
    'a flag of 2': one + '0002' + '00000008' + '0000000000000002',
    'a flag of 0': one + '0002' + '00000008' + '0000000000000000',
    'an empty text': one + '0005' + '00000000',
    'no UTF-8': one + '0005' + '00000001' + 'ff',
    'a surrogate in UTF-8': one + '0005' + '00000003' + 'eda080',
    'a time in the year 10000': one + '0004' + '00000008' + '0000003afff44180',
    'a length beyond the end': one + '0009' + 'ffffffff' + '00',
  };
  for (const [what, b] of Object.entries(refused)) assert.throws(() => decode(t, unhex(b)), Refused, what);
  assert.equal(decode(t, unhex(one + '0004' + '00000008' + '0000003afff4417f')).when, 253402300799);
});

test('unknown fields are kept in the place their tag gives them, where a table says so', () => {
  const keep = table('kept', { 1: ['n', num, '1'], 9: ['rest', bytes, '?'] }, 'keep');
  const b = unhex(one + '0005' + '00000001' + 'aa' + '0009' + '00000000');
  assert.ok(same(keep, b));
  assert.equal(decode(table('passed', { 1: ['n', num, '1'] }, 'pass'), b).n, 7);
});

test('P(n) is 512, powers of two, then Padmé', () => {
  const sizes = [[4, 512], [512, 512], [513, 1024], [1024, 1024], [1025, 2048], [65535, 65536], [65536, 65536],
    // 65537: e = 16, s = 5, so multiples of 2^11. 2^20+1: e = 20, s = 5, multiples of 2^15.
    [65537, 67584], [67584, 67584], [67585, 69632], [1048577, 1081344]]; // prettier-ignore
  for (const [n, want] of sizes) assert.equal(padded(n), want, `P(${n})`);
});

test('Unpad refuses what Pad does not write', () => {
  const m = Buffer.from('hello');
  const b = pad(m);
  assert.equal(b.length, 512);
  assert.deepEqual(unpad(b), m);
  assert.equal(pad(Buffer.alloc(508)).length, 512);
  assert.equal(pad(Buffer.alloc(509)).length, 1024);
  const dirty = Buffer.from(b);
  dirty[511] = 1;
  for (const bad of [dirty, b.subarray(0, 511), concat(b, Buffer.alloc(512)), Buffer.alloc(3), Buffer.alloc(512, 0xff)])
    assert.throws(() => unpad(bad), Refused);
});

// Whatever comes, the reader gives a message or refuses: nothing else is thrown.
test('random messages are read or refused', () => {
  const start = unhex(one + on + ab + c);
  let seed = 1;
  const next = (n) => (seed = (seed * 48271) % 2147483647) % n;
  for (let i = 0; i < 20000; i++) {
    const b = Buffer.from(start.subarray(0, next(start.length + 1)));
    for (let j = next(4); j > 0 && b.length; j--) b[next(b.length)] = next(256);
    try {
      assert.ok(same(t, b), b.toString('hex'));
    } catch (e) {
      if (!(e instanceof Refused)) throw e;
    }
  }
});
