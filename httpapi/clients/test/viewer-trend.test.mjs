// What the viewer draws of a series: inside its picture, with range, shapes and words, and
// nothing that is no number. It needs no server.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../tinydom.mjs';

const { trend, span } = await import(new URL('../../web/ui/viewer-trend.mjs', import.meta.url));

const line = (date, value, more = {}) => ({ when: { sort: date }, flag: more.flag ?? '', r: { valueQuantity: { value, unit: 'mmol/L' }, ...more.r } });
const range = { referenceRange: [{ low: { value: 3.5, unit: 'mmol/L' }, high: { value: 5.1, unit: 'mmol/L' } }] };
const named = (svg, name, cls = '') => [...svg.all()].filter((e) => e.name === name && (e.attributes.class ?? '').startsWith(cls));

function holds(svg) {
  for (const e of svg.all()) {
    for (const key of ['d', 'points', 'x', 'y', 'width', 'height']) {
      const text = e.attributes[key] ?? '';
      assert.doesNotMatch(text, /NaN|Infinity|undefined|e[+-]/);
      for (const v of text.match(/-?[\d.]+/g) ?? []) assert.ok(v >= 0 && v <= 240, `${e.name} ${key}=${text.slice(0, 200)}`);
    }
    assert.equal(e.attributes.style, undefined);
  }
}

test('a series is drawn with its range, its shapes and its dates', () => {
  const svg = trend('Potassium\u202e', [line('2023', 4.8), line('2022-02-03T10:00:00Z', 5.9, { flag: 'above', r: range }), line('2021-02-03', 4.1, { r: range })]);
  holds(svg);
  assert.equal(svg.attributes.role, 'img');
  assert.equal(named(svg, 'title')[0].textContent, 'Potassium');
  assert.equal(named(svg, 'rect', 'band').length, 1);
  assert.equal(named(svg, 'path', 'mark above').length, 1);
  assert.equal(named(svg, 'path', 'span').length, 1); // of 2023 all of it
  const [, ...points] = named(svg, 'polyline')[0].attributes.points.match(/^([\d.]+),([\d.]+) ([\d.]+),([\d.]+) ([\d.]+),([\d.]+)$/).map(Number);
  assert.ok(points[0] < points[2] && points[2] < points[4] && points[3] < points[5] && points[5] < points[1]);
});

test('what is no number, or no date, is not drawn', () => {
  const svg = trend('x', [line('2021', 1), line('2022', 2), line('2023', null), line('2024', 'abc'), line('2025', '1e400'), line('nonsense', 3), line(undefined, 4), line('2021-13', 5)]);
  holds(svg);
  assert.equal(named(svg, 'path', 'mark').length, 2);
  assert.equal(trend('x', [line('2021', 1)]), undefined);
  assert.equal(trend('x', [line('2021', 1), line('2021', 2)]), undefined);
  assert.equal(trend('x', [line('', 1), line('', 2)]), undefined);
});

test('equal values, and very many', () => {
  holds(trend('x', [line('2021', 0), line('2022', 0)]));
  holds(trend('x', [line('2021', 1e12), line('2022', -1e12), line('9999', 1e-12)]));
  const many = Array.from({ length: 10_000 }, (_, i) => line(new Date(1e12 + i * 864e5).toISOString(), i === 5000 ? -50 : i % 10));
  const svg = trend('x', many.reverse());
  holds(svg);
  const drawn = named(svg, 'polyline')[0].attributes.points.split(' ');
  assert.ok(drawn.length < 4 * 241);
  assert.ok(drawn.some((p) => Number(p.split(',')[1]) > 103)); // the lowest of all is there
  assert.match(svg.attributes['aria-label'], /trend\.thinned/);
});

test('a date covers what is known of it', () => {
  const days = (text) => (span(text).to - span(text).from) / 864e5;
  assert.deepEqual(['2024', '2024-02', '2024-02-29', '2024-02-29T10:00:00+02:00'].map(days), [366, 29, 1, 0]);
  assert.equal(span('soon'), undefined);
});
