// viewer-trend.mjs draws a series as the person's own page does (httpapi/web/chart): to
// scale in time, in the one unit they share, with the laboratory's range as a band, and a
// shape of its own for what is outside. The same numbers stand beside it as text.

import { day, quantity } from './viewer-line.mjs';
import { t } from './viewer-words.mjs';

const W = 240, H = 130, LEFT = 8, RIGHT = 8, TOP = 22, BOTTOM = 26, MOST = 100;

function svg(name, attributes, ...children) {
  const e = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  e.append(...children);
  return e;
}

const one = (v) => v.toFixed(1);

// span is the time that a date covers, as precise as it is and no more; undefined for none.
export function span(text) {
  const from = Date.parse(text), m = /^(\d{4})(?:-(\d\d))?(-\d\d)?(T)?/.exec(text ?? '');
  if (!m || !Number.isFinite(from)) return undefined;
  const [, y, mo, d, time] = m;
  const end = new Date(from);
  if (!mo) end.setUTCFullYear(Number(y) + 1);
  else if (!d) end.setUTCMonth(end.getUTCMonth() + 1);
  else if (!time) end.setUTCDate(end.getUTCDate() + 1);
  const to = end.getTime();
  return { from, to, at: (from + to) / 2, partial: !d };
}

// rangeOf is the range that came with a value: the only one, for everyone, in its own unit.
function rangeOf(r) {
  const ranges = r.referenceRange, x = Array.isArray(ranges) && ranges.length === 1 ? ranges[0] : undefined;
  if (!x || x.appliesTo || x.age || x.type) return {};
  const end = (q) => (q && fits(q.value) && q.unit === r.valueQuantity.unit && q.code === r.valueQuantity.code ? Number(q.value) : undefined);
  return { low: end(x.low), high: end(x.high) };
}

const fits = (v) => v !== null && v !== '' && Number.isFinite(Number(v)) && Math.abs(Number(v)) <= 1e12 && (Number(v) === 0 || Math.abs(Number(v)) >= 1e-12);

// thinned keeps of each column the first, the lowest, the highest and the last.
function thinned(points, x) {
  const columns = new Map();
  for (const p of points) {
    const c = Math.floor(x(p.at)), k = columns.get(c);
    if (!k) columns.set(c, { first: p, low: p, high: p, last: p });
    else Object.assign(k, { low: p.y < k.low.y ? p : k.low, high: p.y > k.high.y ? p : k.high, last: p });
  }
  const kept = new Set([...columns.values()].flatMap((k) => [k.first, k.low, k.high, k.last]));
  return points.filter((p) => kept.has(p));
}

// scale is from the lowest to the highest. A range widens it, unless that would make the
// values a flat line.
function scale(points) {
  const ys = points.map((p) => p.y), least = ys.reduce((a, b) => Math.min(a, b)), most = ys.reduce((a, b) => Math.max(a, b));
  let low = least, high = most;
  for (const v of points.flatMap((p) => [p.low, p.high])) {
    if (v === undefined || most > least && (v < least - 4 * (most - least) || v > most + 4 * (most - least))) continue;
    low = Math.min(low, v);
    high = Math.max(high, v);
  }
  if (low !== high) return { low, high };
  const tenth = Math.abs(low) / 10 || 1;
  return { low: low - tenth, high: high + tenth };
}

// bands are the ranges, each from half way to the point before to half way to the one after.
function bands(points, x, y, { low, high }) {
  const out = [];
  for (let i = 0, j; i < points.length; i = j) {
    const a = points[i];
    for (j = i + 1; j < points.length && points[j].low === a.low && points[j].high === a.high;) j++;
    const bottom = a.low ?? low, top = a.high ?? high;
    if (a.low === undefined && a.high === undefined || bottom > top || bottom > high || top < low) continue;
    const from = i > 0 ? x((points[i - 1].at + a.at) / 2) : LEFT, to = j < points.length ? x((points[j - 1].at + points[j].at) / 2) : W - RIGHT;
    out.push(svg('rect', { class: 'band', x: one(from), y: one(y(top)), width: one(to - from), height: one(y(bottom) - y(top)) }));
  }
  return out;
}

// SHAPES are those of the person's page, smaller.
const SHAPES = {
  above: (x, y) => `M${one(x)} ${one(y - 5)}L${one(x + 4.5)} ${one(y + 4)}L${one(x - 4.5)} ${one(y + 4)}Z`,
  below: (x, y) => `M${one(x)} ${one(y + 5)}L${one(x + 4.5)} ${one(y - 4)}L${one(x - 4.5)} ${one(y - 4)}Z`,
  marked: (x, y) => `M${one(x - 3.5)} ${one(y - 3.5)}H${one(x + 3.5)}V${one(y + 3.5)}H${one(x - 3.5)}Z`,
  plain: (x, y) => `M${one(x - 3)} ${one(y)}A3 3 0 1 0 ${one(x + 3)} ${one(y)}A3 3 0 1 0 ${one(x - 3)} ${one(y)}Z`,
};

const said = (name, text, attributes = {}) => {
  const e = svg(name, attributes);
  e.textContent = text.replace(/\p{Bidi_Control}/gu, '');
  return e;
};

// across is from the lowest to the highest, in their unit.
const across = (low, high) => {
  const text = low.y === high.y ? high.text : `${low.y} \u2013 ${high.text}`;
  return text.length > 34 ? `${text.slice(0, 33)}\u2026` : text;
};

// trend draws lines, the newest first; undefined where there is nothing to draw.
export function trend(title, lines) {
  const points = lines.map((l) => ({ ...span(l.when.sort), y: l.r.valueQuantity?.value, flag: l.flag, ...rangeOf(l.r), text: quantity(l.r.valueQuantity), day: day(l.when.sort, false) }))
    .filter((p) => p.at !== undefined && fits(p.y)).map((p) => ({ ...p, y: Number(p.y) })).sort((a, b) => a.at - b.at);
  if (points.length < 2 || points[0].at === points.at(-1).at) return undefined;
  const from = points.reduce((a, p) => Math.min(a, p.from), Infinity), to = points.reduce((a, p) => Math.max(a, p.to), -Infinity), ends = scale(points);
  const x = (v) => LEFT + (v - from) / (to - from) * (W - LEFT - RIGHT);
  const y = (v) => H - BOTTOM - (Math.min(Math.max(v, ends.low), ends.high) - ends.low) / (ends.high - ends.low) * (H - BOTTOM - TOP);
  const thin = points.length > MOST, drawn = thin ? thinned(points, x) : points;
  const lowest = points.reduce((a, p) => (p.y < a.y ? p : a)), highest = points.reduce((a, p) => (p.y > a.y ? p : a));
  const told = (p) => `${p.text}, ${p.day}`;
  const desc = [t('trend.desc', { n: points.length, first: told(points[0]), last: told(points.at(-1)), low: told(lowest), high: told(highest) }), thin ? t('trend.thinned') : ''].filter(Boolean).join(' ');
  const marks = drawn.flatMap((p) => {
    const kind = p.flag === 'above' || p.flag === 'below' ? p.flag : p.flag ? 'marked' : 'plain';
    if (thin && kind === 'plain') return [];
    const bar = p.partial ? [svg('path', { class: 'span', d: `M${one(x(p.from))} ${one(y(p.y))}H${one(x(p.to))}` })] : [];
    return [...bar, svg('path', { class: `mark ${kind}`, d: SHAPES[kind](x(p.at), y(p.y)) }, said('title', told(p)))];
  });
  return svg('svg', { class: 'chart small', viewBox: `0 0 ${W} ${H}`, width: W, height: H, direction: 'ltr', role: 'img', 'font-size': 12, 'aria-label': `${title}. ${desc}`.replace(/\p{Bidi_Control}/gu, '') },
    said('title', title), said('desc', desc),
    ...bands(points, x, y, ends),
    svg('path', { class: 'grid', d: `M${LEFT} ${one(y(ends.low))}H${W - RIGHT}M${LEFT} ${one(y(highest.y))}H${W - RIGHT}` }),
    svg('polyline', { class: 'trace', fill: 'none', points: drawn.map((p) => `${one(x(p.at))},${one(y(p.y))}`).join(' ') }), ...marks,
    said('text', across(lowest, highest), { x: LEFT, y: 13, class: 'unit' }),
    said('text', points[0].day, { x: LEFT, y: H - 7 }), said('text', points.at(-1).day, { x: W - RIGHT, y: H - 7, 'text-anchor': 'end' }));
}
