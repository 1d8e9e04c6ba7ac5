// viewer-line.mjs says an entry in one line of the viewer's tables: what, details, value
// and range, when it happened, and who says so. Everything it gives is text.

import { list } from './viewer-doc.mjs';
import { t } from './viewer-words.mjs';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

// day writes a FHIR date as precisely as it is and no more: dd-Mmm-yyyy, Mmm-yyyy, yyyy. A
// time is as it was where it was written.
export function day(text, withTime = true) {
  const m = /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}:\d{2})[^Zz+-]*(Z|[+-]\d{2}:\d{2})?)?)?)?$/.exec(String(text ?? ''));
  if (!m || m[2] && !MONTHS[m[2] - 1]) return String(text ?? '');
  const [, y, mo, d, time, zone] = m;
  const date = [d, mo && MONTHS[mo - 1], y].filter(Boolean).join('-');
  return time && withTime && time !== '00:00' ? `${date} ${time}${zone === 'Z' ? ' UTC' : ''}` : date;
}

// concept is what a CodeableConcept says: its text, else what one of its codings shows.
export function concept(c) {
  if (!c) return '';
  const shown = list(c.coding).find((x) => x?.display)?.display ?? list(c.coding).find((x) => x?.code)?.code;
  return String(c.text ?? shown ?? '');
}

const concepts = (x) => list(x).map(concept).filter(Boolean).join(', ');

export function personName(name) {
  const n = list(name).find((x) => x?.use === 'official') ?? list(name)[0];
  if (!n) return '';
  return String(n.text ?? [...list(n.prefix), ...list(n.given), n.family].filter(Boolean).join(' '));
}

// named is what a reference points to, by its name.
export function named(ref, refs, from) {
  if (!ref) return '';
  if (ref.display) return String(ref.display);
  const r = refs.get(ref, from);
  if (!r) return String(ref.identifier?.value ?? '');
  if (r.resourceType === 'PractitionerRole') return named(r.practitioner, refs, r) || named(r.organization, refs, r) || concepts(r.code);
  return typeof r.name === 'string' ? r.name : personName(r.name) || list(r.deviceName)[0]?.name || concept(r.code) || concept(r.type) || '';
}

const number = (q) => q && q.value !== undefined ? [q.comparator, q.value].filter(Boolean).join(' ') : '';

// quantity is written with its unit as it came; without one that is said by nobody here.
export function quantity(q) {
  const unit = q?.unit ?? q?.code ?? '';
  return [number(q), unit].filter((x) => x !== '').join(unit === '%' ? '' : ' ');
}

function valueOf(o, refs) {
  const q = o.valueQuantity;
  if (q) return quantity(q);
  if (o.valueCodeableConcept) return concept(o.valueCodeableConcept);
  if (o.valueRange) return range(o.valueRange);
  if (o.valueRatio) return [quantity(o.valueRatio.numerator), quantity(o.valueRatio.denominator)].filter(Boolean).join(' / ');
  if (o.valuePeriod) return period(o.valuePeriod);
  if (o.valueSampledData) return String(o.valueSampledData.data ?? '');
  for (const key of ['valueString', 'valueInteger', 'valueDateTime', 'valueTime', 'valueDate', 'valueDecimal', 'valueUri']) {
    if (o[key] !== undefined) return key.startsWith('valueDate') ? day(o[key]) : String(o[key]);
  }
  if (typeof o.valueBoolean === 'boolean') return String(o.valueBoolean);
  return concept(o.dataAbsentReason);
}

// range is low to high, of a Range or a reference range; told in its own words if it has some.
function range(r) {
  if (r?.text) return String(r.text);
  const low = quantity(r?.low), high = quantity(r?.high);
  if (low && high) return r.low.unit === r.high.unit ? `${number(r.low)} to ${high}` : `${low} to ${high}`;
  return low ? `\u2265 ${low}` : high ? `\u2264 ${high}` : '';
}

// flag is what the laboratory says of a value, else what its one range says, in one unit.
export function flag(o) {
  for (const c of list(o.interpretation).flatMap((i) => list(i?.coding)).map((x) => x?.code)) {
    if (['H', 'HH', 'HU', '>', 'HX'].includes(c)) return 'above';
    if (['L', 'LL', 'LU', '<', 'LX'].includes(c)) return 'below';
    if (['A', 'AA'].includes(c)) return 'unusual';
    if (['POS', 'DET'].includes(c)) return 'found';
    if (c === 'N') return '';
  }
  const q = o.valueQuantity, [r, ...more] = list(o.referenceRange);
  if (!q || !r || more.length || q.comparator || r.appliesTo || r.age) return '';
  const same = (x) => x && (x.code ?? x.unit) === (q.code ?? q.unit);
  if (same(r.high) && Number(q.value) > Number(r.high.value)) return 'above';
  if (same(r.low) && Number(q.value) < Number(r.low.value)) return 'below';
  return '';
}

const period = (p) => [day(p?.start), p?.end ? `\u2013 ${day(p.end)}` : p?.start ? '\u2013' : ''].filter(Boolean).join(' ');

// when is when it happened; what is only when it was written down comes last.
export function when(r) {
  for (const key of ['effectiveDateTime', 'effectiveInstant', 'performedDateTime', 'occurrenceDateTime', 'onsetDateTime', 'whenHandedOver', 'authoredOn', 'start', 'startDate',
    'authored', 'date', 'created', 'recordedDate', 'dateAsserted', 'issued', 'assertedDate', 'sent', 'recorded', 'indexed']) {
    if (typeof r[key] === 'string') return { text: day(r[key]), sort: r[key] };
  }
  for (const key of ['effectivePeriod', 'performedPeriod', 'occurrencePeriod', 'onsetPeriod', 'period', 'createdPeriod']) {
    if (r[key]?.start || r[key]?.end) return { text: period(r[key]), sort: r[key].start ?? r[key].end };
  }
  const told = r.onsetString ?? r.performedString ?? r.occurrenceString ?? (r.onsetAge && quantity(r.onsetAge));
  return { text: told ? String(told) : '', sort: '' };
}

// source is who says so, and from where it came into the record.
export function source(r, refs) {
  const refsOf = [r.performer, r.recorder, r.asserter, r.requester, r.author, r.informationSource, r.custodian, r.location, r.serviceProvider].flatMap(list);
  let who = '';
  for (const x of refsOf) {
    who = named(x?.actor ?? x, refs, r);
    if (who) break;
  }
  let host = '';
  try {
    host = new URL(r.meta?.source).host;
  } catch { /* it says none */ }
  return { who, host };
}

const said = (s) => (s ? s[0].toLocaleUpperCase() + s.slice(1).replaceAll('-', ' ') : '');
const coded = (c, code) => list(c?.coding).some((x) => x?.code === code);

const status = (r) => [concept(r.clinicalStatus), coded(r.verificationStatus, 'confirmed') ? '' : concept(r.verificationStatus), typeof r.status === 'string' ? r.status : concept(r.statusReason)]
  .filter(Boolean).map(said).join(', ');

// warning is what turns an entry into its opposite, and must not be read over.
function warning(r) {
  if (r.doNotPerform === true) return t('warning.donot');
  if (coded(r.verificationStatus, 'refuted')) return t('warning.refuted');
  return r.status === 'not-done' || r.status === 'not-taken' ? t('warning.notdone') : '';
}

// details are what a reader wants beside the name, by the type.
function details(r, refs) {
  const out = [];
  const say = (...words) => { const s = words.filter(Boolean).join(' '); if (s) out.push(s); };
  say(['low', 'high', 'unable-to-assess'].includes(r.criticality) && t(`criticality.${r.criticality}`));
  for (const x of list(r.reaction)) say(concepts(x?.manifestation), x?.severity && `(${x.severity})`, x?.description);
  for (const d of [...list(r.dosageInstruction), ...list(r.dosage)]) say(typeof d?.text === 'string' ? d.text : [quantity(list(d?.doseAndRate)[0]?.doseQuantity ?? d?.dose), concept(d?.route), concept(d?.timing?.code), concept(d?.asNeededCodeableConcept)].filter(Boolean).join(', '));
  for (const p of list(r.protocolApplied)) say(concepts(p?.targetDisease), (p?.doseNumberPositiveInt ?? p?.doseNumberString) && t('dose', { n: p.doseNumberPositiveInt ?? p.doseNumberString }));
  say(r.lotNumber && t('batch', { n: r.lotNumber }));
  say(concepts(r.bodySite));
  say(concepts(r.reasonCode));
  say(typeof r.conclusion === 'string' && r.conclusion);
  say(typeof r.description === 'string' && r.resourceType !== 'Goal' && r.description);
  for (const a of list(r.activity)) say(concept(a?.detail?.code), a?.detail?.description, named(a?.reference, refs, r));
  for (const g of list(r.goal)) say(named(g, refs, r) || concept(refs.get(g, r)?.description));
  for (const m of list(r.participant)) say(concepts(m?.role) || concepts(m?.type), named(m?.member ?? m?.actor ?? m?.individual, refs, r));
  for (const i of list(r.item).slice(0, 200)) say(i?.text ?? i?.linkId, list(i?.answer).map((a) => valueOf(Object.fromEntries(Object.entries(a ?? {}).map(([k, v]) => [k === 'valueCoding' ? 'valueCodeableConcept' : k, k === 'valueCoding' ? { coding: [v] } : v])), refs)).filter(Boolean).join(', '));
  for (const n of list(r.note)) say(typeof n?.text === 'string' && n.text);
  return out;
}

// lineOf is one entry, told.
export function lineOf(r, refs) {
  const medication = r.medicationReference ? named(r.medicationReference, refs, r) : '';
  const title = concept(r.code) || concept(r.medicationCodeableConcept) || medication || concept(r.vaccineCode) || (r.resourceType === 'Goal' ? concept(r.description) : '') ||
    (typeof r.title === 'string' ? r.title : '') || concept(r.type) || (typeof r.description === 'string' ? r.description : '') || personName(r.name) || concepts(r.relationship) ||
    concepts(r.category) || named(r.device, refs, r) || list(r.deviceName)[0]?.name || (typeof r.name === 'string' ? r.name : '') || (r.questionnaire ?? '') || r.resourceType;
  const line = { title: String(title), details: details(r, refs), status: status(r), warning: warning(r), ...source(r, refs), when: when(r), value: '', range: '', flag: '' };
  if (r.resourceType === 'Observation') {
    line.value = valueOf(r, refs);
    const parts = list(r.component).map((c) => [concept(c?.code), valueOf(c ?? {}, refs), flag(c ?? {})]).filter(([, v]) => v);
    if (parts.length) line.value = [line.value, ...parts.map(([name, v]) => `${name} ${v}`)].filter(Boolean).join('; ');
    line.range = list(r.referenceRange).map(range).filter(Boolean).join('; ');
    line.flag = flag(r) || parts.map((p) => p[2]).find(Boolean) || '';
    if (r.status === 'final') line.status = '';
  }
  return line;
}

// trendKey says which observations are of one kind, in one unit: those are told as a series.
export function trendKey(r) {
  const c = list(r.code?.coding).find((x) => x?.system && x?.code);
  const q = r.valueQuantity;
  if (r.resourceType !== 'Observation' || !q || !Number.isFinite(Number(q.value)) || q.comparator) return '';
  return `${c ? `${c.system}|${c.code}` : concept(r.code).toLowerCase()} ${q.code ?? q.unit ?? ''}`;
}
