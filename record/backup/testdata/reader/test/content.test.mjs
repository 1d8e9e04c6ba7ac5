// Contents behind the JSON, docs/format.md §10: given back byte for byte, and every rule broken alone.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { hex, text } from '../notation.mjs';
import { read } from '../backup.mjs';
import { lay } from '../chain.mjs';
import { load } from '../live.mjs';
import { opened } from '../report.mjs';
import { pack } from '../pack.mjs';
import { recovery } from '../credentials.mjs';
import { binary, lines, version, write } from '../write.mjs';
import { resource } from '../entries.mjs';

const now = 1795269720;

// made gives what the reader says of a record that has one more Binary.
function made(make) {
  const w = write({ now, more: make });
  const live = opened(load(lines(w), w.nodeKey), recovery(w.code));
  const copy = opened(lay([read(pack(w, { copy: true }))]), recovery(w.code));
  assert.deepEqual(live.entries, copy.entries);
  return live.entries.filter((e) => e.ref === 'Binary/b');
}

test('the two halves are what came, wherever the data stood', () => {
  const data = Buffer.from('hello').toString('base64');
  const cases = [
    ['{"resourceType":"Binary"}', 24, ',"data":"', '"', `{"resourceType":"Binary","data":"${data}"}`],
    ['{"resourceType":"Binary"}', 1, '"data" : "', '" , ', `{"data" : "${data}" , "resourceType":"Binary"}`],
    ['{"a":1,\n "b":2}', 7, '\n"data":"', '",', `{"a":1,\n"data":"${data}",\n "b":2}`],
  ];
  for (const [json, at, lead, trail, want] of cases)
    assert.equal(resource({ at, lead: text(lead), trail: text(trail) }, text(json), text('hello')).toString(), want);
});

test('contents of one row and of many, and an empty one, in versions of one entry', () => {
  const contents = [0, 1, 64 << 10, 300 << 10, 3 << 20, 5].map((n, i) => Buffer.alloc(n, `content ${i} `));
  const list = made((w) => binary(w, 'b', contents));
  assert.deepEqual(list.map((e) => [e.version, e.content.bytes]).sort(), contents.map((c, i) => [i + 1, c.length]));
  for (const e of list) {
    const c = contents[e.version - 1];
    assert.equal(e.content.sha256, createHash('sha256').update(c).digest('hex'));
    const json = `{"resourceType":"Binary","id":"b","meta":{"versionId":"${e.version}","lastUpdated":"${new Date((now + e.version) * 1000).toISOString()}"},"contentType":"application/pdf","data":"${c.toString('base64')}"}`;
    assert.equal(e.sha256, createHash('sha256').update(json).digest('hex'));
    assert.equal(e.bytes, json.length);
  }
});

const content = Buffer.alloc(300000, 'x');
const one = (header, c = content) => (w) => binary(w, 'b', [c], header);
const json = text('{"resourceType":"Condition"}');
const whole = { at: json.length - 1, lead: text(',"data":"'), trail: text('"') };
const refused = {
  'a content is not the hash in its header': one({ sha256: Buffer.alloc(32, 1) }),
  'a content has another length or place': one({ length: content.length - 1 }),
  'a content has another length or place ': one({ length: content.length + 1 }),
  'a content has another length or place  ': one({ jsonLength: 10 }),
  'a content has another length or place   ': one({ at: 1 << 20 }),
  'a content does not fit into its JSON': one({ lead: text(',"date":"') }),
  'a deleted version has a content': one({ deleted: true }),
  'the header names another entry': one({ id: 'c' }),
  'header with a content lacks tag 16': one({ lead: undefined }),
  'a content is in an entry that is no Binary': (w) => version(w, { type: 'Condition', fhirId: 'b', v: 1, s: 6, e: 2, json, content, header: whole }),
  'header has the unknown tag 12': (w) => version(w, { type: 'Binary', fhirId: 'b', v: 1, s: 11, e: 2, json, content, header: whole, number: 1 }),
  'the header is of a version that is not known': (w) => version(w, { type: 'Binary', fhirId: 'b', v: 1, s: 11, e: 2, json, content, header: whole, number: 3 }),
  'the parts of a version with a content have other sizes': (w) => version(w, { type: 'Binary', fhirId: 'b', v: 1, s: 11, e: 2, json: text('{"resourceType":"Binary"}'), content, header: { ...whole, at: 24 }, sizes: [65536, 200000] }),
  'what stands before a content is not all in the first row': (w) => {
    const long = text(`{"resourceType":"Binary","x":"${'y'.repeat(70000)}"}`);
    return version(w, { type: 'Binary', fhirId: 'b', v: 1, s: 11, e: 2, json: long, content, header: { ...whole, at: long.length - 1 } });
  },
};
for (const [why, make] of Object.entries(refused))
  test(`refused: ${why.trim()}`, () => {
    assert.throws(() => made(make), { message: why.trim() });
  });

test('a byte of a row of a content that was altered is refused, whatever holds the hashes', () => {
  const w = write({ now, more: one({}) });
  const parts = [...w.rows.partitions.get(hex(w.person)).keys()].filter((k) => k.startsWith('78'));
  assert.ok(parts.length >= 4);
  for (const k of parts)
    for (const at of [0, 30, 1000, -1]) {
      const src = load(lines(w), w.nodeKey);
      const value = Buffer.from(src.rows.get(w.person, Buffer.from(k, 'hex')));
      value[at < 0 ? value.length + at : at] ^= 1;
      src.rows.put(w.person, Buffer.from(k, 'hex'), value);
      assert.throws(() => opened(src, recovery(w.code)), { message: "a part is not its version's" });
    }
});
