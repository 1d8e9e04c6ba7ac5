// viewer-trend.mjs draws a series as a small line: to scale in time, each point in the
// one unit they share. The same numbers stand beside it as text.

import { t } from './viewer-words.mjs';

const W = 160, H = 44, EDGE = 6, MOST = 100;

function svg(name, attributes, ...children) {
  const e = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  e.append(...children);
  return e;
}

// trend draws lines, the newest first; undefined where there is nothing to draw.
export function trend(title, lines) {
  const points = lines.slice(0, MOST).map((l) => ({ at: Date.parse(l.when.sort), y: Number(l.r.valueQuantity?.value), flag: l.flag }))
    .filter((p) => Number.isFinite(p.at) && Number.isFinite(p.y)).sort((a, b) => a.at - b.at);
  if (points.length < 2 || points[0].at === points.at(-1).at) return undefined;
  const xs = points.map((p) => p.at), ys = points.map((p) => p.y);
  const low = Math.min(...ys), high = Math.max(...ys);
  const x = (v) => EDGE + (v - xs[0]) / (xs.at(-1) - xs[0]) * (W - 2 * EDGE);
  const y = (v) => (high === low ? H / 2 : H - EDGE - (v - low) / (high - low) * (H - 2 * EDGE));
  const at = points.map((p) => [x(p.at).toFixed(1), y(p.y).toFixed(1), p.flag]);
  const name = svg('title', {});
  name.textContent = t('trend', { what: title.replace(/\p{Bidi_Control}/gu, ''), n: points.length, low, high });
  return svg('svg', { class: 'trend', viewBox: `0 0 ${W} ${H}`, width: W, height: H, role: 'img' }, name,
    svg('polyline', { points: at.map(([a, b]) => `${a},${b}`).join(' ') }),
    ...at.map(([a, b, flag]) => (flag ? svg('rect', { x: a - 3.5, y: b - 3.5, width: 7, height: 7 }) : svg('circle', { cx: a, cy: b, r: 3 }))));
}
