// The vectors of links, contents and uploads in crypto/testdata/vectors, which a third implementation made.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Refused, hex, sha256, unhex, utf8 } from '../notation.mjs';
import { formatToken, linkKey, linkToken } from '../credentials.mjs';
import { capsuleId } from '../credentials.mjs';
import { linkFlags, openCapsule, openInner } from '../capsule.mjs';
import { Rows, keys } from '../rows.mjs';
import { sectionKey } from '../grants.mjs';
import { openJWE } from '../jwe.mjs';
import { open } from '../seal.mjs';
import { decode } from '../messages.mjs';
import { fileContext } from '../link.mjs';
import * as beside from '../beside.mjs';
import * as entries from '../entries.mjs';

const vectors = (name) => JSON.parse(readFileSync(new URL(`../../../../../crypto/testdata/vectors/${name}.json`, import.meta.url), 'utf8'));
const [link, content, upload] = ['link', 'content', 'upload'].map(vectors);
const of = (byte, n = 32) => Buffer.alloc(n, byte);
const optional = (b) => (b === undefined ? null : hex(b));

test('keys of links', async () => {
  for (const v of link.keys) {
    const c = { kind: 'l', secret: unhex(v.secret) };
    assert.equal(hex(await linkKey(c, v.passcode ?? undefined, unhex(v.salt))), v.key, String(v.passcode));
  }
  assert.equal(link.keys.length, 18);
});

const capsuleOf = (v) => {
  const c = linkToken(v.segment);
  assert.equal(hex(capsuleId(c)), v.id);
  return [c, () => openCapsule(c, { hour: v.hour, blob: unhex(v.blob) })];
};

test('capsules and files of links', async () => {
  for (const v of link.opens) {
    const [c, openOuter] = capsuleOf(v);
    assert.equal(formatToken(c), `chdl_${v.segment}`);
    const l = openOuter();
    assert.deepEqual(
      [hex(l.person), hex(l.grant), hex(l.auditKey), l.end, l.flags, l.tries, hex(l.salt)],
      [v.person, v.grant, v.audit_key, v.end, v.flags, v.tries, v.salt],
    );
    for (const passcode of v.flags & linkFlags.passcode ? v.passcodes : [undefined]) {
      const inner = await openInner(c, l, passcode);
      assert.deepEqual([hex(inner.key), optional(inner.grantKey), optional(inner.outer)], [v.key, v.grant_key, v.outer]);
      const row = unhex(v.file.row);
      const jwe = inner.outer ? open(inner.outer, fileContext(unhex(v.id), v.file.number), row) : row;
      assert.equal(jwe.toString(), v.file.jwe);
      assert.equal(openJWE(inner.key, jwe).plain.toString(), v.file.plain);
      if (inner.outer) assert.throws(() => open(inner.outer, fileContext(unhex(v.id), 2), row), Refused);
    }
  }
});

test('capsules of links that open nothing', async () => {
  for (const v of link.refused) {
    const [c, openOuter] = capsuleOf(v);
    for (const passcode of v.passcodes.length ? v.passcodes : [undefined]) {
      let inner;
      try {
        inner = await openInner(c, openOuter(), passcode);
      } catch (e) {
        assert.ok(e instanceof Refused, `${v.name}: ${e}`);
      }
      assert.equal(inner, undefined, v.name);
    }
  }
});

test('lists of files, and rows that count tries', () => {
  for (const v of link.lists) {
    const { files } = decode(beside.fileList, unhex(v.row));
    assert.deepEqual(files.map((f) => ({ type: f.type, length: f.length, made: f.made ?? 0 })), v.files);
  }
  for (const v of link.tries) {
    const rows = new Rows();
    const src = { rows, nodeKey: unhex(v.node_key), store: unhex(v.store) };
    rows.put(of(1, 16), keys.tries(unhex(v.id)), unhex(v.row));
    assert.equal(beside.used(src, of(1, 16), unhex(v.id)), v.count);
    rows.put(of(2, 16), keys.tries(unhex(v.id)), Buffer.concat([unhex(v.row).subarray(0, 35), of(0, 1)]));
    assert.throws(() => beside.used(src, of(2, 16), unhex(v.id)), Refused);
  }
});

const hold = { ID: of(0x41), epoch: 1, sections: [11], key: (s) => sectionKey(of(0x51), s) };
const person = unhex(upload.opens[0].person);

function version(v) {
  const rows = v.rows.map((r) => unhex(r));
  const r = entries.row0(rows[0]);
  r.hashes.forEach((h, i) => assert.equal(hex(sha256(rows[i + 1])), hex(h)));
  const x = { ...r, entry: unhex(v.entry), stamp: BigInt(v.stamp), blobs: [r.blob, ...rows.slice(1)] };
  assert.equal(hex(entries.entryId(hold.ID, v.type, v.id)), v.entry);
  const at = entries.recognise(hold, x.entry, x.stamp, x.hint);
  assert.deepEqual([at.section, at.epoch], [11, 1]);
  return () => entries.openVersion(hold, person, x, at);
}

test('versions with a content', () => {
  for (const v of content.opens) {
    const h = version(v)();
    assert.deepEqual([h.jsonLength, h.at, utf8(h.lead), utf8(h.trail), h.length, hex(h.sha256)], [v.json.length, v.at, v.lead, v.trail, v.length, v.content_sha256], v.name);
    assert.deepEqual([hex(sha256(h.content)), hex(sha256(h.json)), h.json.length], [v.content_sha256, v.resource_sha256, v.resource_length], v.name);
  }
});

test('versions with a content that are refused', () => {
  for (const v of [...content.refused, ...content.refused_whole]) assert.throws(version(v), Refused, v.name);
});

test('uploads', () => {
  for (const v of upload.opens) {
    const rows = new Rows();
    const id = unhex(v.upload);
    rows.put(person, keys.sent(id), unhex(v.row));
    v.parts.forEach((p, i) => rows.put(person, keys.sentPart(id, i), unhex(p)));
    const [u] = beside.uploads({ rows }, person, [{ id: unhex(v.grant), key: unhex(v.grant_key) }]);
    const there = Buffer.from([...Array(v.there).keys()].map((i) => i % 251));
    assert.deepEqual([u.size, u.there, u.until, u.sha256], [v.size, v.there, v.until, hex(sha256(there))]);
  }
});
