// viewer-add.mjs is a small form: where the person lets who opens the link add to their
// record, a note or a measurement can be sent.

import { Failure } from './shl.mjs';
import { $, el, t } from './viewer-words.mjs';

// What can be measured here, with the code and the one unit of each (LOINC, UCUM).
const MEASURES = {
  weight: ['29463-7', 'Body weight', 'kg'],
  pulse: ['8867-4', 'Heart rate', '/min'],
  temperature: ['8310-5', 'Body temperature', 'Cel'],
  oxygen: ['59408-5', 'Oxygen saturation in Arterial blood by Pulse oximetry', '%'],
  glucose: ['15074-8', 'Glucose [Moles/volume] in Blood', 'mmol/L'],
};
const UNITS = { '/min': '/min', Cel: '\u00b0C', kg: 'kg', '%': '%', 'mmol/L': 'mmol/L' };

const field = (id, input, hint) => el('div', { class: 'field' }, el('label', { for: id }, t(`add.${id}`)), hint ? el('p', { class: 'hint' }, hint) : '', input);

// resourceOf makes what is sent. Who sends it is in the grant, and in their own words here.
export function resourceOf({ kind, title, text, measure, value, by, patient, now = new Date() }) {
  const subject = { reference: `Patient/${patient}` };
  if (kind === 'note') {
    return { resourceType: 'DocumentReference', status: 'current', subject, date: now.toISOString(), author: [{ display: by }], description: title,
      type: { coding: [{ system: 'http://loinc.org', code: '34109-9', display: 'Note' }], text: 'Note' },
      content: [{ attachment: { contentType: 'text/plain; charset=utf-8', title, data: base64(text) } }] };
  }
  const [code, display, unit] = MEASURES[measure];
  return { resourceType: 'Observation', status: 'final', subject, effectiveDateTime: now.toISOString(), performer: [{ display: by }],
    category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' }] }],
    code: { coding: [{ system: 'http://loinc.org', code, display }], text: display },
    valueQuantity: { value: Number(value), unit: UNITS[unit], system: 'http://unitsofmeasure.org', code: unit } };
}

const base64 = (text) => btoa(Array.from(new TextEncoder().encode(text), (b) => String.fromCharCode(b)).join(''));

export function form(session, by) {
  const kind = el('select', { id: 'kind' }, el('option', { value: 'note' }, t('add.note')), el('option', { value: 'measure' }, t('add.measurement')));
  const title = el('input', { id: 'title', type: 'text', maxlength: '120', required: true });
  const text = el('textarea', { id: 'text', rows: '6', maxlength: '20000', required: true });
  const measure = el('select', { id: 'measure' }, Object.entries(MEASURES).map(([key, [, , unit]]) => el('option', { value: key }, `${t(`measure.${key}`)} (${UNITS[unit]})`)));
  const value = el('input', { id: 'value', type: 'text', inputmode: 'decimal', pattern: '[0-9]{1,5}([.][0-9]{1,3})?', required: true, class: 'short' });
  const note = el('div', { id: 'add-note' }, field('title', title), field('text', text));
  const number = el('div', { id: 'add-measure', hidden: true }, field('measure', measure), field('value', value));
  const status = el('p', { id: 'add-status', role: 'status', class: 'note', hidden: true });
  const change = () => {
    const measured = kind.value === 'measure';
    note.hidden = measured;
    number.hidden = !measured;
    title.disabled = text.disabled = measured;
    measure.disabled = value.disabled = !measured;
  };
  kind.addEventListener('change', change);
  const f = el('form', { id: 'add-form', method: 'post', action: '/v' }, field('kind', kind), note, number, el('button', { class: 'btn', id: 'add-send' }, t('add.send')));
  change();
  let busy = false;
  f.addEventListener('submit', async (e) => {
    e.preventDefault();
    if (busy) return;
    busy = true;
    status.hidden = false;
    status.textContent = t('add.sending');
    try {
      await session.add(resourceOf({ kind: kind.value, title: title.value, text: text.value, measure: measure.value, value: value.value, by, patient: session.patient }));
      status.textContent = t('add.sent');
      f.reset();
      change();
    } catch (err) { // what was typed stays
      status.textContent = t('add.failed', { why: t(`failed.${err instanceof Failure ? err.code : 'away'}`) });
    } finally {
      busy = false;
    }
  });
  return el('section', { id: 'section-add', class: 'noprint', 'aria-labelledby': 'add-h' }, el('h2', { id: 'add-h' }, t('add')), el('p', {}, t('add.how', { by })), f, status);
}
