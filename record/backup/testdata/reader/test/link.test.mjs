// Links, their files and tries, and uploads, docs/format.md §6 and §13: what lies beside a record.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Refused, concat, hex, u32, u64, unhex } from '../notation.mjs';
import { linkKey, linkToken } from '../credentials.mjs';
import { keys } from '../rows.mjs';
import { load } from '../live.mjs';
import { lay } from '../chain.mjs';
import { read } from '../backup.mjs';
import { pack } from '../pack.mjs';
import { grant as ask } from '../token.mjs';
import * as link from '../link.mjs';
import { opened } from '../report.mjs';
import { recovery } from '../credentials.mjs';
import * as write from '../write.mjs';

const now = 1795269720;
const day = 86400;
const w = write.write({ now });
const plain = await write.link(w, w.grants[0], { content: 'x'.repeat(600000) });
const summary = await write.link(w, w.grants[0], { summary: true });
const guarded = await write.link(w, w.grants[0], { passcode: 'ﬁve 5', summary: true, used: 2 });
const small = write.upload(w, w.own, randomBytes(1000));
const half = write.upload(w, w.grants[0], randomBytes(700000), 524288);
const src = () => load(write.lines(w), w.nodeKey);
const open = (l, more = {}, at = now, s = src()) => link.opened(s, { link: l.link, key: l.key, ...more }, at);
const sha = (x) => createHash('sha256').update(x).digest('hex');

test('a link without a passcode opens its files', async () => {
  const l = await open(plain);
  assert.equal(l.opens, true, l.failed);
  assert.deepEqual([l.passcode, l.summary, l.guarded, l.tries, l.entries], [false, false, false, 5, undefined]);
  assert.deepEqual(l.files.map((f) => [f.type, f.cty, f.sha256, f.bytes]), [['application/fhir+json', 'application/fhir+json', sha(plain.content), 600000]]);
});

test('one that makes a summary opens the sections of its grant', async () => {
  const l = await open(summary);
  assert.equal(l.opens, true, l.failed);
  assert.deepEqual([...new Set(l.entries.map((e) => e.section))].sort(), [1, 4]);
});

test('one with a passcode opens with it, however it was typed, and its files have a seal more', async () => {
  for (const passcode of ['ﬁve 5', 'five 5']) {
    const l = await open(guarded, { passcode });
    assert.equal(l.opens, true, l.failed);
    assert.deepEqual([l.used, l.guarded, l.files[0].sha256, l.entries.length], [2, true, sha('a file'), 4]);
  }
  for (const passcode of [undefined, '', 'five 6'])
    assert.equal((await open(guarded, { passcode })).failed, "the passcode is the link's");
});

test('each condition alone keeps a link shut', async () => {
  const fresh = async (how, g = {}) => {
    const store = write.write({ now, grants: [{ name: 'Dr Link', sections: [4], scopes: ['patient/*.rs'], until: day, change: g }] });
    const l = await write.link(store, store.grants[0], how);
    return [l, load(write.lines(store), store.nodeKey)];
  };
  const cases = {
    'the store has its capsule': [await write.link(write.write({ now }), w.grants[0])],
    "the capsule's hour has not come": [plain, undefined, { now: now + 7 * day + 3600 }],
    "the link's own end has not come": [...(await fresh({ end: now + 60 })), { now: now + 61 }],
    'the grant is on the live list': await fresh({}, { unlisted: true }),
    'the grant is not struck': await fresh({}, { struck: true }),
    'there are tries left': [...(await fresh({ passcode: '1', used: 5 })), { passcode: '1' }],
    "the key is the link's": [{ ...plain, key: '00'.repeat(32) }],
    "its row is of the live list's epoch": await fresh({ summary: true }, { row: { epoch: 1 } }),
    'a sealed value does not open': await fresh({ change: { payload: { inner: Buffer.alloc(100, 2) } } }),
    "a link's key of its grant is there without its flag, or is not there": await fresh({ change: { inner: { grantKey: randomBytes(32) } } }),
    'a link without a passcode has a key of the outer seal': await fresh({ change: { inner: { outer: randomBytes(32) } } }),
    'a link has flags that there are none of, or that exclude each other': await fresh({ change: { payload: { flags: 3 } } }),
    'link lacks tag 8': await fresh({ change: { payload: { salt: undefined } } }).catch((e) => [null, null, null, e.message]),
  };
  for (const [why, [l, s, more = {}, wrote]] of Object.entries(cases)) {
    const failed = wrote ?? (await link.opened(s ?? src(), { link: l.link, key: l.key, ...more }, more?.now ?? now)).failed;
    assert.equal(failed, why);
  }
});

test('files of a link that are not whole are refused', async () => {
  const spoil = async (l, key, change, passcode) => {
    const s = src();
    const value = s.rows.get(w.person, key);
    const changed = change(value && Buffer.from(value));
    if (changed) s.rows.put(w.person, key, changed);
    else s.rows.remove(w.person, key);
    return (await link.opened(s, { link: l.link, passcode }, now)).failed;
  };
  const flip = (b) => (b[b.length >> 1]++, b);
  assert.equal(await spoil(plain, keys.file(plain.id, 1, 0), flip), 'a file of a link does not open');
  assert.equal(await spoil(plain, keys.file(plain.id, 1, 2), () => undefined), 'a file of a link has another length than the list says');
  assert.equal(await spoil(plain, keys.file(plain.id, 1, 0), () => undefined), 'a file of a link is not there');
  assert.equal(await spoil(guarded, keys.file(guarded.id, 1, 0), flip, 'five 5'), 'a sealed value does not open');
  assert.equal(await spoil(guarded, keys.tries(guarded.id), flip, 'five 5'), "the MAC of a link's tries fails");
});

test('uploads show how far they came, and what is there', () => {
  const r = opened(src(), recovery(w.code));
  const by = new Map(r.uploads.map((u) => [u.id, u]));
  assert.deepEqual([by.get(hex(small)).size, by.get(hex(small)).there], [1000, 1000]);
  assert.deepEqual([by.get(hex(half)).size, by.get(hex(half)).there], [700000, 524288]);
  assert.equal(by.get(hex(small)).grant, hex(w.own.id));
  assert.deepEqual(r.links.map((l) => l.used).sort(), [0, 0, 2]);
});

test('each row beside a record is held by its own seal or MAC', () => {
  const own = [...w.rows.partitions.get(hex(w.person)).keys()].filter((k) => '75 77 74'.includes(k.slice(0, 2)));
  assert.ok(own.length >= 6);
  for (const k of own)
    for (const at of [0, 4, 13, 30, -1]) {
      const s = src();
      const value = Buffer.from(s.rows.get(w.person, unhex(k)));
      value[at < 0 ? value.length + at : at] ^= 1;
      s.rows.put(w.person, unhex(k), value);
      if (k.startsWith('75')) {
        // What does not open is an upload of somebody's whose grant ended: nothing of it is shown.
        let r;
        try {
          r = opened(s, recovery(w.code));
        } catch (e) {
          assert.ok(e instanceof Refused);
          continue;
        }
        assert.equal(r.uploads.find((u) => u.id === k.slice(2)).there, undefined);
      } else assert.throws(() => opened(s, recovery(w.code)), Refused, `${k} at ${at}`);
    }
});

test('what there is no kind of, or has another shape, is refused', () => {
  const id = Buffer.alloc(16, 9);
  const bad = {
    'a row is of a kind that there is none of': [Buffer.from('z'), Buffer.alloc(10)],
    'something in the inbox is cut off': [concat('i', id), Buffer.alloc(100)],
    "a row's key has another length": [concat('u', id, 'x'), Buffer.alloc(100)],
    'an upload is cut off': [keys.sent(id), concat(u32(1), u64(1))],
    'a file of a link is none': [keys.file(id, 17, 0), Buffer.alloc(10)],
    'the hour of a link is none': [keys.made(id), Buffer.alloc(5)],
    'the tries of a link are cut off': [keys.tries(id), Buffer.alloc(35)],
  };
  for (const [why, [key, value]] of Object.entries(bad)) {
    const s = src();
    s.rows.put(w.person, key, value);
    assert.throws(() => opened(s, recovery(w.code)), { message: why });
  }
});

test('none of it is in a backup', () => {
  const r = opened(lay([read(pack(w))]), recovery(w.code));
  assert.deepEqual([r.uploads, r.links], [[], []]);
  for (const key of [keys.sent(small), keys.sentPart(small, 0), keys.file(plain.id, 1, 0), keys.tries(guarded.id), keys.made(plain.id)])
    assert.throws(() => read(pack(w, { kinds: 'harbdsexl' + String.fromCharCode(key[0]) })), { message: 'a backup has a row that belongs to one store only' });
});

test('the key of a link is another with a passcode, with another salt, and without one', async () => {
  const c = linkToken(plain.link);
  const [a, b] = [Buffer.alloc(16, 1), Buffer.alloc(16, 2)];
  const all = await Promise.all([linkKey(c), linkKey(c, undefined, b), linkKey(c, '1', a), linkKey(c, '1', b), linkKey(c, '2', a)]);
  assert.equal(new Set(all.map(hex)).size, 4);
  assert.deepEqual(all[0], all[1]);
});

test('a session shows the reading in its capsule; another kind has none', () => {
  const [a] = w.grants;
  const reading = { generations: [{ audit: w.audit, boxSeed: w.boxSeed }], grants: [{ message: w.own.message, generation: 0 }, { message: a.message, generation: 0, ended: now, why: 1 }] };
  const session = (kind, r) => {
    const token = write.token(w, w.own, kind, r);
    return ask(src(), token, now);
  };
  assert.deepEqual(session('s', reading).reading, { generations: 1, grants: 2 });
  assert.equal(session('a', reading).failed, 'token has the unknown tag 6');
  assert.equal(session('s', { ...reading, generations: [] }).failed, 'a reading has no generation of keys');
  assert.equal(session('s', { ...reading, grants: [{ message: w.own.message, generation: 1 }] }).failed, 'a grant of a reading is of a generation that is not there');
  assert.equal(session('s', { ...reading, grants: [{ message: w.own.message, generation: 0, ended: now }] }).failed, 'a grant of a reading ended for no reason, or did not');
});
