// The vectors of clients' tokens, requests and the inbox, which a third implementation made (docs/format.md §6).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Refused, hex, sha256, unhex, utf8 } from '../notation.mjs';
import { capsuleId, parseToken } from '../credentials.mjs';
import { openCapsule } from '../capsule.mjs';
import { commitment, openAnswer, openAsked, openWaiting, requestPair } from '../ask.mjs';
import { verify } from '../sign.mjs';
import { publicOf } from '../sign.mjs';
import { pair } from '../box.mjs';

const vectors = (name) => JSON.parse(readFileSync(new URL(`../../../../../crypto/testdata/vectors/${name}.json`, import.meta.url), 'utf8'));
const [terms, request] = ['terms', 'request'].map(vectors);
const snake = { grantKey: 'grant_key', auditKey: 'audit_key' };
const shown = (x) => (x instanceof Uint8Array ? hex(x) : x === true ? 1 : x);

// same compares what was opened with what the vector says, field for field.
function same(got, v, without) {
  for (const [field, x] of Object.entries(got))
    if (!without.includes(field)) assert.deepEqual(shown(x), v[snake[field] ?? field], `${v.name}: ${field}`);
  const known = Object.keys(got).filter((f) => got[f] !== undefined).map((f) => snake[f] ?? f);
  const said = Object.keys(v).filter((f) => !['expect', 'name', 'kind', 'token', 'id', 'hour', 'blob', 'seed', 'public_sha256', 'sealed', 'box_sha256'].includes(f) || known.includes(f));
  for (const f of said) assert.ok(known.includes(f) || v[f] === null, `${v.name}: ${f} is not there`);
}

test('capsules of clients, refresh tokens, codes and addresses', () => {
  for (const v of terms.opens) {
    const c = parseToken(v.token);
    assert.deepEqual([c.kind, hex(capsuleId(c))], [v.kind, v.id]);
    same(openCapsule(c, { hour: v.hour, blob: unhex(v.blob) }), v, []);
  }
  for (const v of terms.refused) assert.throws(() => openCapsule(parseToken(v.token), { hour: v.hour, blob: unhex(v.blob) }), Refused, v.name);
  assert.deepEqual([terms.opens.length, terms.refused.length], [15, 20]);
});

test('answers to requests', () => {
  for (const v of request.answers) {
    const c = parseToken(v.token);
    assert.deepEqual([hex(capsuleId(c)), hex(sha256(requestPair(c).public))], [v.id, v.public_sha256]);
    const a = openAnswer(c, { hour: v.hour, blob: unhex(v.blob) });
    assert.equal(a.yes, v.grant !== undefined);
    same(a, v, ['yes']);
  }
  for (const v of request.answers_refused) assert.throws(() => openAnswer(parseToken(v.token), { hour: v.hour, blob: unhex(v.blob) }), Refused, v.name);
  assert.deepEqual([request.answers.length, request.answers_refused.length], [5, 9]);
});

const [{ person, seed }] = request.person;
const own = pair(unhex(seed));

test('questions', () => {
  for (const v of request.questions) {
    const q = openAsked(own, unhex(person), unhex(v.id), unhex(v.sealed));
    assert.equal(hex(sha256(q.box)), v.box_sha256);
    same(q, v, ['box']);
  }
  for (const v of request.questions_refused) assert.throws(() => openAsked(own, unhex(person), unhex(v.id), unhex(v.sealed)), Refused, v.name);
  assert.deepEqual([request.questions.length, request.questions_refused.length], [3, 8]);
});

test('what waits in the inbox', () => {
  for (const v of request.waiting) {
    const c = openWaiting(own, unhex(person), unhex(v.id), unhex(v.sealed));
    if (c.json) c.json = utf8(c.json);
    const { no_room, opening, commitment: stands, ...listed } = v;
    same({ ...c, opening: undefined, noRoom: undefined }, listed, ['notice', 'by', 'certificate', 'rule', 'json', 'type', 'section', 'more', 'opening', 'noRoom']);
    assert.deepEqual([c.rule, c.json, c.type, c.section, c.more, c.certificate && hex(c.certificate)].map((x) => x ?? null), [v.rule, v.json, v.type, v.section, v.more, v.certificate]);
    assert.equal(c.noRoom === true || c.noRoom === 1, no_room);
    if (!c.certificate) continue;
    assert.deepEqual([hex(c.opening), hex(commitment(unhex(person), unhex(v.id), { ...c, json: Buffer.from(c.json) }))], [opening, stands]);
    assert.deepEqual([c.by.name, c.by.number, c.by.register, c.by.scopes], ['Lin Mei', '12A3456E', 'NMC', ['patient/*.c']]);
    verify(publicOf(Buffer.alloc(32, 0x65)), 'carehold-v1 certificate', c.certificate.subarray(64), c.certificate.subarray(0, 64));
  }
  for (const v of request.waiting_refused) assert.throws(() => openWaiting(own, unhex(person), unhex(v.id), unhex(v.sealed)), Refused, v.name);
  assert.deepEqual([request.waiting.length, request.waiting_refused.length], [5, 11]);
});
