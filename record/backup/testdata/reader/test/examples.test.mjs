import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { compareWith } from '../examples.mjs';

const page = readFileSync(new URL('../../../../../docs/format.md', import.meta.url), 'utf8');

test('every example of format.md §17 comes out', () => {
  const r = compareWith(page);
  assert.deepEqual([r.differ, r.not_computed, r.not_in_the_page], [[], [], []]);
  assert.ok(r.same >= 31);
});

test('a changed digit of an example is noticed', () => {
  const r = compareWith(page.replace('  66a58d74506c', '  66a58d74506d'));
  assert.deepEqual(r.differ, ['KDF(41^32, entry-id, Patient, p1)']);
});
