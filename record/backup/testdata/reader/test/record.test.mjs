// A written record, read back: the reader has to take it whole, and to refuse it with any row altered.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refused, concat, hex } from '../notation.mjs';
import { frame, frames, read } from '../backup.mjs';
import { lay } from '../chain.mjs';
import { damage } from '../damage.mjs';
import { load } from '../live.mjs';
import { opened } from '../report.mjs';
import { pack } from '../pack.mjs';
import { recovery } from '../credentials.mjs';
import { grant } from '../token.mjs';
import { deviceLeaf, leaf, lines, write } from '../write.mjs';
import { encode } from '../messages.mjs';
import { event, sealLeaf } from '../log.mjs';
import { publicOf } from '../sign.mjs';

const now = 1795269720;
const day = 86400;
const w = write({ now });
const packed = pack(w);
const credential = recovery(w.code);

test('a backup and a live store with the same record show the same', () => {
  const [a, b] = [opened(lay([read(packed)]), credential), opened(load(lines(w), w.nodeKey), credential)];
  for (const k of ['person', 'entries', 'log', 'root', 'slots', 'grants']) assert.deepEqual(a[k], b[k]);
  assert.deepEqual(a.entries.map((e) => [e.ref.split('/')[0], e.version, e.section, e.epoch, e.deleted]).sort(), [
    ['AllergyIntolerance', 1, 4, 1, false],
    ['AllergyIntolerance', 2, 4, 2, false],
    ['AllergyIntolerance', 3, 4, 2, false],
    ['Binary', 1, 11, 2, false],
    ['Binary', 2, 11, 2, false],
    ['DocumentReference', 1, 11, 2, false],
    ['Immunization', 1, 7, 1, false],
    ['Immunization', 2, 7, 1, true],
    ['Patient', 1, 1, 1, false],
  ]);
  assert.deepEqual(a.log.map((l) => l.writer), ['device', 'node', 'device', 'grant', 'grant']);
});

test('every row altered or missing is refused', () => {
  const rows = [...lay([read(packed)]).rows.partitions].flatMap(([partition, r]) => [...r.keys()].map((key) => ({ partition, key })));
  const alterations = rows.flatMap((row) => [{ row, value: null }, { row, flip: 0 }, { row, flip: -1, xor: 0x80 }]);
  const r = damage([packed], credential, { alterations });
  assert.deepEqual(r.results.filter((x) => !x.refused), []);
  // Each by the rule that is its own, and not by what would have noticed later.
  const own = {
    h: 'a person has another head than the backup says', a: "the account is not the head's", r: "the ring row is not the head's",
    d: "the directory is not the head's", s: "a segment is not the directory's", e: 'a version is not the hash that names it',
    x: "a part is not its version's", l: "the log is not the head's", b: 'a sealed value does not open', c: 'a sealed value does not open',
  }; // prettier-ignore
  const letter = (x) => String.fromCharCode(parseInt(x.row.key.slice(0, 2), 16));
  for (const x of r.results.filter((x) => x.flip === -1)) assert.equal(x.why, own[letter(x)], letter(x));
});

test('every altered byte of the frames, and every cut between them, is refused', () => {
  const starts = [...frames(packed)].map((f) => f.at);
  const last = starts.at(-1);
  const alterations = [...starts, ...starts.map((s) => s + 2), ...starts.map((s) => s + 4), ...starts.map((s) => s + 30)].filter((flip) => flip < packed.length).map((flip) => ({ flip }));
  for (let flip = last; flip < packed.length; flip++) alterations.push({ flip });
  assert.deepEqual(damage([packed], undefined, { alterations }).results.filter((x) => !x.refused), []);
  for (const cut of [...starts.slice(1), packed.length - 1]) assert.throws(() => read(packed.subarray(0, cut)), Refused);
  assert.throws(() => read(concat(packed, frame('K', Buffer.alloc(0)))), Refused);
  assert.throws(() => read(concat(packed, packed)), Refused);
});

test('a copy of one record has no row that nothing names; in a backup one is left out', () => {
  const stray = write({ now, spoil: (x) => x.put(Buffer.concat([Buffer.from('e'), Buffer.alloc(24)]), Buffer.alloc(100)) });
  for (const [record, copy, why] of [[w, true], [stray, false], [stray, true, 'a copy of one record has a row that nothing names']]) {
    const f = () => opened(lay([read(pack(record, { copy }))]), recovery(record.code));
    if (why) assert.throws(f, { message: why });
    else assert.equal(f().entries.length, 9);
  }
});

test('another recovery code opens nothing', () => {
  assert.throws(() => opened(lay([read(packed)]), recovery(write({ now }).code)), Refused);
});

test('a log that does not hang together is refused, though every hash and seal of it is right', () => {
  const of = (b) => Buffer.alloc(32, b);
  const say = (w, e) => leaf(w, sealLeaf(w.own.audit, w.person, w.own.id, w.tree.size, encode(event, { time: 1, action: 3, outcome: 0, grant: w.own.id, ...e })));
  const cases = {
    "the trail is not the keyring's": (w) => (w.trail = of(1)),
    'the log does not go on from the head that a device saw': (w) => (w.seen.seenRoot = of(1)),
    'a statement followed another than it says': (w) => (w.before = of(1)),
    "the log's newest directory is not the head's": (w) => say(w, { directory: of(1) }),
    "the log's statements are not up to the keyring's": (w) => deviceLeaf(w, 3, { action: 34, before: of(2) }),
    'device leaves are out of sequence': (w) => deviceLeaf(w, 4, { action: 34, before: of(2) }),
    'no key opens a leaf': (w) => leaf(w, sealLeaf(of(9), w.person, w.own.id, w.tree.size, Buffer.alloc(0))),
    'a leaf has a writer that is not known': (w) => leaf(w, Buffer.alloc(100, 4)),
    'an event names another grant than wrote it': (w) => say(w, { grant: Buffer.alloc(16, 9) }),
    "the account's identity is not the keyring's": (w) => (w.shown = publicOf(of(7))),
  };
  for (const [why, spoil] of Object.entries(cases)) {
    const bad = write({ now, spoil });
    assert.throws(() => opened(lay([read(pack(bad))]), recovery(bad.code)), { message: why });
  }
});

const ask = { name: 'Dr Writer', sections: [4], scopes: ['patient/*.rs'], until: day };
const answer = (g, { at = now, token } = {}) => {
  const store = write({ now, grants: [g] });
  return grant(load(lines(store), store.nodeKey), token ?? store.grants[0].token, at);
};

test('a grant opens its sections and the two that are in each, and nothing else', () => {
  const g = answer(ask);
  assert.equal(g.opens, true, g.failed);
  assert.deepEqual([...new Set(g.entries.map((e) => e.section))].sort(), [1, 4]);
  assert.equal(g.entries.length, 4);
  assert.equal(g.entries_closed, 3);
});

test('each condition of §9 alone keeps a grant shut', () => {
  const w2 = write({ now });
  const cases = {
    'the store has its capsule': answer(ask, { token: w2.grants[0].token }),
    "the capsule's hour has not come": answer(ask, { at: now + day + 3600 }),
    "the token's own end has not come": answer({ ...ask, change: { end: now - 1 + 60 } }, { at: now + 60 }),
    "the grant's until has not passed": answer({ ...ask, change: { end: undefined } }, { at: now + day }),
    'the grant is on the live list': answer({ ...ask, change: { unlisted: true } }),
    'the grant is not struck': answer({ ...ask, change: { struck: true } }),
    "its row is of the live list's epoch": answer({ ...ask, change: { row: { epoch: 1 } } }),
    "self and until are the list's": answer({ ...ask, change: { until: now + 2 * day } }),
    'its sections are those with a key in the row': answer({ ...ask, change: { certificate: { sections: 6 | (1 << 5) } } }),
    'from has come': answer({ ...ask, change: { certificate: { from: now + 60 } } }),
    'the certificate names this grant and person': answer({ ...ask, change: { certificate: { grant: Buffer.alloc(16, 1) } } }),
    'a signature does not verify': answer({ ...ask, change: { signer: Buffer.alloc(32, 1) } }),
  };
  for (const [why, g] of Object.entries(cases)) {
    assert.deepEqual([g.opens, g.entries, g.failed], [false, [], why]);
  }
  assert.equal(answer({ ...ask, change: { stopped: true } }).row, 'stopped');
});

test("a client's token opens what its certificate lets it, and no other's does", () => {
  const [mine, other] = [Buffer.alloc(32, 7), Buffer.alloc(32, 8)];
  const shut = "the token's client is the certificate's";
  const key = "the token is bound to the certificate's key";
  const cases = [
    [[4], { client: 'app' }, { client: 'app' }, undefined],
    [[4], { client: 'app' }, { client: 'app', bound: mine, scope: 'patient/*.rs' }, undefined],
    [[4], { client: 'app', bound: mine }, { client: 'app', bound: mine }, undefined],
    [[15], { client: 'app' }, { client: 'app', bound: mine }, undefined],
    [[4], { client: 'app' }, {}, shut],
    [[4], {}, { client: 'app' }, shut],
    [[4], { client: 'app' }, { client: 'App' }, shut],
    [[4], { client: 'app', bound: mine }, { client: 'app' }, key],
    [[4], { client: 'app', bound: mine }, { client: 'app', bound: other }, key],
    [[15], { client: 'app' }, { client: 'app' }, 'who asked and reads what is sensitive has a bound token'],
    [[15], {}, {}, undefined],
    [[15], { asked: Buffer.alloc(16, 3) }, {}, 'who asked and reads what is sensitive has a bound token'],
    [[15], { asked: Buffer.alloc(16, 3), bound: mine }, { bound: mine }, undefined],
    [[4], { bound: mine }, {}, key],
    [[4], {}, { scope: 'patient/*.rs' }, 'a token has the scopes of a client, and no client'],
    [[4], { register: 'GMC' }, {}, 'a grant has a register without a number'],
    [[4], { client: 'c'.repeat(301) }, { client: 'app' }, "a grant's client is too long"],
  ];
  for (const [sections, certificate, token, why] of cases) {
    const g = answer({ ...ask, sections, change: { certificate, token } });
    assert.deepEqual([g.opens, g.failed], [why === undefined, why], JSON.stringify([certificate, token]));
  }
  assert.equal(answer({ ...ask, change: { certificate: { client: 'app' }, token: { client: 'app', bound: mine } } }).bound, hex(mine));
});

test('a suspended grant opens nothing, and one to add only no entry', () => {
  assert.equal(answer({ ...ask, change: { suspended: true } }).failed, 'the grant is not suspended');
  const adds = answer({ ...ask, scopes: ['patient/*.c'] });
  assert.deepEqual([adds.opens, adds.adds, adds.entries], [true, true, []]);
  const wrong = 'its row is of one to add only, exactly where the grant is';
  assert.equal(answer({ ...ask, change: { row: { adds: true, ID: undefined, keys: [] } } }).failed, wrong);
  assert.equal(answer({ ...ask, scopes: ['patient/*.c'], change: { row: { adds: undefined, ID: Buffer.alloc(32, 1) } } }).failed, wrong);
  assert.equal(answer({ ...ask, scopes: ['patient/*.c'], change: { row: { ID: Buffer.alloc(32, 1) } } }).failed, "a grant's row has other fields than it should");
});

test('with the keyring open, what is suspended is so in both, and its row is a stopped one', () => {
  const shown = (g, spoil) => {
    const store = write({ now, grants: [{ ...ask, ...g }], spoil });
    return opened(load(lines(store), store.nodeKey), recovery(store.code));
  };
  const own = (r) => r.grants.find((g) => !g.self);
  assert.deepEqual([own(shown({})).suspended, own(shown({ change: { suspended: true } })).suspended], [undefined, now]);
  assert.equal(own(shown({ scopes: ['patient/*.c'] })).live, true);
  assert.throws(() => shown({ scopes: ['patient/*.c'], change: { row: { adds: undefined, ID: Buffer.alloc(32, 1) } } }), Refused);
});

test('with the keyring open, the certificate of every live grant has to be signed, and statements to be a chain', () => {
  const shown = (change, also) => {
    const store = write({ now, grants: [{ ...ask, change }] });
    return opened(load(lines(store), store.nodeKey), recovery(store.code), also);
  };
  assert.equal(shown({}).listed.length, 2);
  assert.throws(() => shown({ signer: Buffer.alloc(32, 1) }), { message: 'a signature does not verify' });
  assert.throws(() => shown({}, { statements: [] }), { message: "the account's statement is not the last" });
});

test('what lies beside the rows of a live store is altered too', () => {
  const src = load(`${lines(w)}\n${JSON.stringify({ engine: 'a', value: '00'.repeat(96) })}`, w.nodeKey);
  assert.throws(() => opened(src, credential), { message: "the database's anchor record is not valid" });
  assert.throws(() => opened({ ...src, engine: { anchor: Buffer.alloc(8192) } }, credential), { message: "the database's anchor record is not valid" });
});

test('a row of a live store that was altered is refused, by its MAC, its hash or its seal', () => {
  const src = load(lines(w), w.nodeKey);
  for (const [p, rows] of src.rows.partitions)
    for (const [k, v] of rows) {
      if (p === hex(Buffer.alloc(16))) continue; // the store's own name: everything rests on it
      const bad = Buffer.from(v);
      bad[bad.length - 1] ^= 1;
      const altered = { ...src, rows: src.rows.clone() };
      altered.rows.put(Buffer.from(p, 'hex'), Buffer.from(k, 'hex'), bad);
      assert.throws(() => opened(altered, credential), Refused, `${p}/${k}`);
    }
});
