// viewer-page.mjs puts a summary on the page: the identity banner, then sections. All of
// it is made element by element, and every text that came with the record is text.

import { list } from './viewer-doc.mjs';
import { day, lineOf, trendKey } from './viewer-line.mjs';
import { trend } from './viewer-trend.mjs';
import { $, el, n, own, t } from './viewer-words.mjs';

// banner says whose all of this is (NHS CUI Patient Banner): above everything, as wide as
// the page, and with nothing that hides it.
export function banner(patient, now = new Date()) {
  const name = list(patient?.name).find((x) => x?.use === 'official') ?? list(patient?.name)[0];
  const full = name?.family || name?.given
    ? [String(name.family ?? '').toUpperCase(), [list(name.given).join(' '), list(name.prefix).length && `(${list(name.prefix).join(' ')})`].filter(Boolean).join(' ')].filter(Boolean).join(', ')
    : String(name?.text ?? '');
  const number = list(patient?.identifier).find((x) => /nhs-number|chi-number/.test(x?.system ?? '')) ?? list(patient?.identifier)[0];
  const items = [
    ['name', '', full], ['born', t('banner.born'), born(patient, now)], ['gender', t('banner.gender'), gender(patient?.gender)],
    ['number', /nhs-number/.test(number?.system ?? '') ? t('banner.nhs') : t('banner.number'), grouped(number)],
  ];
  if (patient?.deceasedDateTime || patient?.deceasedBoolean === true) items.push(['died', t('banner.died'), day(patient.deceasedDateTime, false) || t('yes')]);
  return el('div', { id: 'identity', class: 'identity', role: 'region', 'aria-label': t('banner.label') },
    el('dl', {}, items.map(([id, label, value]) => el('div', { 'data-item': id },
      el('dt', { class: id === 'name' ? 'unseen' : undefined }, label || t('banner.name')), el('dd', {}, value ? own(value, 'bdi', 200) : t('banner.unknown'))))));
}

function born(patient, now) {
  const text = patient?.birthDate;
  if (typeof text !== 'string') return '';
  const m = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!m || patient.deceasedDateTime || patient.deceasedBoolean) return day(text);
  const years = now.getFullYear() - m[1] - (now.getMonth() + 1 < m[2] || now.getMonth() + 1 === Number(m[2]) && now.getDate() < m[3] ? 1 : 0);
  return years >= 0 && years < 130 ? `${day(text)} (${t('banner.years', { n: years })})` : day(text);
}

const gender = (g) => (['female', 'male', 'other', 'unknown'].includes(g) ? t(`gender.${g}`) : '');
const grouped = (x) => (/^\d{10}$/.test(x?.value ?? '') ? x.value.replace(/(\d{3})(\d{3})(\d{4})/, '$1 $2 $3') : x?.value ?? '');

// sections makes a doc's sections, and the links that lead to them.
export function sections(doc, download) {
  const made = doc.sections.filter((s) => s.id !== 'other' || s.entries.length || s.rows?.length).map((s, i) => sectionOf(s, i, doc, download));
  const jump = el('nav', { class: 'jump noprint', 'aria-label': t('jump') }, el('details', { open: innerWidth > 640 }, el('summary', {}, t('jump')), el('ul', {}, made.map(({ section, heading, count }) =>
    el('li', {}, el('a', { href: `#${section.id}` }, heading), el('span', { class: 'count' }, count))))));
  return [jump, ...made.map((m) => m.section)];
}

function sectionOf(s, i, doc, download) {
  const heading = s.title ? s.title.slice(0, 120) : t(`section.${s.id}`);
  const id = s.id === 'other' ? `section-other-${i}` : `section-${s.id}`;
  const listed = s.entries.length || (s.rows ?? []).filter((r) => !r.heading).length;
  const section = el('section', { id, class: 'part', 'data-section': s.id, 'data-absence': s.state, 'data-count': String(listed), 'aria-labelledby': `${id}-h` },
    el('h2', { id: `${id}-h`, tabindex: '-1' }, own(heading, 'span'), ' ', el('span', { class: 'count' }, n('count', listed))));
  if (s.state !== 'listed' && s.state !== 'told') section.append(el('p', { class: `absence ${s.state}` }, absence(s)));
  if (s.entries.length) section.append(s.id === 'results' || s.id === 'measurements' ? results(s, doc) : plainTable(s, doc, download));
  else if (s.rows?.length) section.append(told(s, heading));
  const notes = s.notes.filter((x) => /[.!?]$/.test(x));
  if (notes.length) section.append(el('ul', { class: 'notes' }, notes.map((x) => own(x, 'li'))));
  return { section, heading, count: s.state === 'withheld' ? t('short.withheld') : String(listed) };
}

// absence is one of five statements, and never one for another.
function absence(s) {
  const what = t(`section.${s.id}`).toLocaleLowerCase();
  switch (s.state) {
    case 'none': return t('absence.none', { what });
    case 'withheld': return s.said && s.said !== 'Not in what was shared' && /^[\x20-\x7e]{1,120}$/.test(s.said) ? `${s.said}.` : t('absence.withheld', { what });
    case 'untold': return t('absence.untold', { what });
    case 'nothing': return t('absence.nothing', { what });
  }
  return t('absence.unsaid', { what });
}

const newestFirst = (a, b) => (a.when.sort < b.when.sort ? 1 : a.when.sort > b.when.sort ? -1 : 0);
const head = (...keys) => el('thead', {}, el('tr', {}, keys.map((k) => el('th', { scope: 'col' }, t(`column.${k}`)))));
const cell = (key, ...children) => el('td', { 'data-label': t(`column.${key}`) }, el('div', {}, ...children));

const dated = (line) => (line.when.text ? date(line.when.text) : t('undated'));

// date keeps a day on one line.
function date(text) {
  const e = own(text, 'bdi', 200);
  if (text.length < 24) e.classList.add('date');
  return e;
}

const earlier = (line) => el('div', { class: 'soft' }, own(line.value, 'bdi'), ', ', dated(line), line.flag ? `, ${t(`flag.${line.flag}`)}` : '');

function sourceCell(line) {
  const at = cell('source', line.who ? own(line.who, 'div') : '', line.host ? soft(line.host) : '', line.who || line.host ? '' : t('unknown'));
  at.classList.add('from');
  return at;
}

// soft is what is said beside the point.
function soft(text) {
  const e = own(text, 'div');
  e.classList.add('soft');
  return e;
}

// named is what an entry is, with what turns it into its opposite right beside it.
const named = (line) => el('th', { scope: 'row' }, own(line.title, 'div'), line.warning ? el('div', {}, el('span', { class: 'tag bad', 'data-warning': '' }, line.warning)) : '', line.status ? soft(line.status) : '');

function plainTable(s, doc, download) {
  const body = el('tbody');
  // Allergies stay in the order of the summary, which puts the grave ones first.
  const lines = s.entries.map((r) => ({ r, ...lineOf(r, doc.refs) }));
  if (!doc.composition) lines.sort(newestFirst);
  for (const line of lines) {
    body.append(el('tr', { class: 'entry', 'data-type': line.r.resourceType },
      named(line),
      cell('details', line.value ? own(line.value, 'div') : '', line.details.map((d) => own(d, 'div')), download(line.r)),
      cell('when', dated(line)), sourceCell(line)));
  }
  return el('div', { class: 'scroll' }, el('table', { class: 'stack dense' }, head('what', 'details', 'when', 'source'), body));
}

// results puts what was measured more than once together: the newest, its range, and how
// it was before, as numbers and as a line.
function results(s, doc) {
  const groups = new Map();
  for (const r of s.entries) {
    const line = { r, ...lineOf(r, doc.refs) };
    const key = trendKey(r) || Symbol('alone');
    groups.set(key, [...(groups.get(key) ?? []), line]);
  }
  const body = el('tbody');
  for (const lines of [...groups.values()].map((g) => g.sort(newestFirst)).sort((a, b) => newestFirst(a[0], b[0]))) {
    const [first, ...before] = lines;
    body.append(el('tr', { class: 'entry', 'data-type': first.r.resourceType },
      named(first),
      cell('result', first.value ? own(first.value, 'strong') : '', first.flag ? el('div', {}, el('span', { class: 'tag warn', 'data-flag': first.flag }, t(`flag.${first.flag}`))) : '', first.details.map((d) => own(d, 'div'))),
      cell('range', first.range ? own(first.range, 'bdi') : first.r.valueQuantity ? t('norange') : '\u2013'),
      cell('when', dated(first)),
      sourceCell(first),
      cell('before', before.length ? trend(first.title, lines) : '\u2013', before.slice(0, 20).map(earlier))));
  }
  return el('div', { class: 'scroll' }, el('table', { class: 'stack dense' }, head('test', 'result', 'range', 'when', 'source', 'before'), body));
}

// told is a section that has words alone: its table, cell by cell.
function told(s, heading) {
  const [first, ...rest] = s.rows[0]?.heading ? s.rows : [null, ...s.rows];
  return el('div', { class: 'scroll' }, el('table', { class: 'stack dense' }, el('caption', { class: 'unseen' }, heading),
    first ? el('thead', {}, el('tr', {}, first.map((c) => own(c, 'th')))) : '',
    el('tbody', {}, rest.map((row) => el('tr', { class: 'entry' }, row.map((c, i) => el(i ? 'td' : 'th', { scope: i ? undefined : 'row', 'data-label': first?.[i] }, own(c, 'div'))))))));
}

// search hides what has not all of the words, and says how many are left.
export function search(root, text) {
  const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const part of root.querySelectorAll('section.part')) {
    let here = 0;
    for (const row of part.querySelectorAll('.entry')) {
      const said = row.textContent.toLocaleLowerCase();
      const hit = words.every((w) => said.includes(w));
      row.hidden = !hit;
      if (hit) here++;
    }
    found += here;
    part.hidden = words.length > 0 && here === 0;
  }
  $('found').textContent = words.length ? n('found', found) : '';
}
