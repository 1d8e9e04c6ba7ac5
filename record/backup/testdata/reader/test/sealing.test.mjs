import assert from 'node:assert/strict';
import { test } from 'node:test';
import { XWing } from '@noble/post-quantum/hybrid.js';
import { Refused, unhex } from '../notation.mjs';
import { context, open, seal } from '../seal.mjs';
import { box, pair, unbox } from '../box.mjs';
import { publicOf, sign, verify } from '../sign.mjs';
import { expand, extract } from '../kdf.mjs';

const k = Buffer.alloc(32, 7);
const ctx = context('ring', 'x');

test('HKDF agrees with the one of node:crypto, at the lengths that are used', async () => {
  const { hkdfSync } = await import('node:crypto');
  for (const n of [1, 32, 64, 65, 76, 200]) {
    const want = Buffer.from(hkdfSync('sha512', k, 'salt', 'info', n));
    assert.deepEqual(expand(extract(Buffer.from('salt'), k), Buffer.from('info'), n), want);
  }
});

test('a seal opens, in both suites and around the ends of chunks', () => {
  for (const suite of [1, 2])
    for (const n of [0, 1, 16383, 16384, 16385, 32768]) {
      const m = Buffer.alloc(n, 5);
      const b = seal(k, ctx, m, { suite });
      assert.equal(b.length, 57 + n + 16 * (Math.floor(n / 16384) + 1)); // §4
      assert.deepEqual(open(k, ctx, b), m);
    }
});

test('every altered byte of a seal, every cut and another context are refused alike', () => {
  const b = seal(k, ctx, Buffer.from('hello'));
  const why = new Set();
  const refused = (f) => assert.throws(f, (e) => e instanceof Refused && why.add(e.message).size === 1);
  for (let i = 0; i < b.length; i++) {
    const bad = Buffer.from(b);
    bad[i] ^= 0x80;
    refused(() => open(k, ctx, bad));
    refused(() => open(k, ctx, b.subarray(0, i)));
  }
  refused(() => open(k, context('ring', 'y'), b));
  refused(() => open(Buffer.alloc(32, 8), ctx, b));
});

test('a blob that ends after a full chunk is refused', () => {
  const b = seal(k, ctx, Buffer.alloc(16384));
  refuses(() => open(k, ctx, b.subarray(0, b.length - 16)));
});

const refuses = (f) => assert.throws(f, Refused);

test("X-Wing's keys are those of another implementation, and a box opens", () => {
  const seed = Buffer.alloc(32, 9);
  const p = pair(seed);
  assert.deepEqual(p.public, Buffer.from(XWing.keygen(seed).publicKey));
  assert.equal(p.public.length, 1216);
  const b = box(p.public, ctx, k);
  assert.equal(b.length, 1225); // a wrap, §7
  assert.deepEqual(unbox(p, ctx, b), k);
  // The ends of a box are the KEM: either changes the secret, and then the seal refuses.
  for (const i of [0, 1088, 1119, 1120, 1224]) {
    const bad = Buffer.from(b);
    bad[i] ^= 1;
    refuses(() => unbox(p, ctx, bad));
  }
  const zero = Buffer.from(b);
  zero.fill(0, 1088, 1120);
  refuses(() => unbox(p, ctx, zero));
  // One coefficient of q = 0xd01 exactly, in the low and in the high place of its three bytes.
  for (const three of ['010d00', '0010d0']) {
    const unreduced = Buffer.from(p.public);
    unhex(three).copy(unreduced, 600);
    refuses(() => box(unreduced, ctx, k));
  }
});

test('signatures are held to RFC 8032, and keys to their canonical form', () => {
  const m = Buffer.from('m');
  const pub = publicOf(k);
  const s = sign(k, 'p', m);
  verify(pub, 'p', m, s);
  refuses(() => verify(pub, 'q', m, s));
  refuses(() => verify(pub, 'p', Buffer.from('n'), s));
  // S + L verifies where S is not held against L.
  const L = 2n ** 252n + 27742317777372353535851937790883648493n;
  const S = BigInt('0x' + Buffer.from(s.subarray(32)).reverse().toString('hex')) + L;
  const high = Buffer.concat([s.subarray(0, 32), unhex(S.toString(16).padStart(64, '0')).reverse()]);
  refuses(() => verify(pub, 'p', m, high));
  // The neutral element, and p + 1, another writing of it: both of low order; the second not canonical.
  const one = Buffer.from([1, ...Buffer.alloc(31)]);
  const p1 = Buffer.from([0xee, ...Buffer.alloc(30, 0xff), 0x7f]);
  // R = B and S = 1 satisfy the equation under the neutral element, for any message.
  const forged = Buffer.concat([Buffer.from([0x58, ...Buffer.alloc(31, 0x66)]), one]);
  refuses(() => verify(one, 'p', m, forged));
  for (const key of [one, p1, Buffer.alloc(32)]) refuses(() => verify(key, 'p', m, s));
});
