// viewer-doc.mjs makes of the FHIR JSON that a link led to what the viewer shows: whose it
// is, sections in the order in which a clinician reads, of each its entries or why there
// are none. It touches no page, and decides what is left out:
//
//   never two people  what has two Patients, or another than was shown, is not shown
//   somebody else's   an entry whose subject is another is not listed, and is counted
//   entered in error  likewise

import { Failure } from './shl.mjs';
import { textOf } from './viewer-text.mjs';

// The sections, in their order. loinc is the section's code in a patient summary (HL7 IPS
// 2.0), types what is in it of a bundle that has no sections.
export const SECTIONS = [
  { id: 'allergies', loinc: '48765-2', types: ['AllergyIntolerance'], always: true },
  { id: 'alerts', loinc: '104605-1', types: ['Flag'] },
  { id: 'problems', loinc: '11450-4', types: ['Condition', 'ClinicalImpression'], always: true },
  { id: 'medicines', loinc: '10160-0', types: ['MedicationRequest', 'MedicationStatement', 'MedicationDispense', 'MedicationAdministration'], always: true },
  { id: 'results', loinc: '30954-2', types: ['Observation', 'DiagnosticReport'], always: true },
  { id: 'measurements', loinc: '8716-3', types: [] },
  { id: 'vaccinations', loinc: '11369-6', types: ['Immunization', 'ImmunizationRecommendation'], always: true },
  { id: 'procedures', loinc: '47519-4', types: ['Procedure'], always: true },
  { id: 'devices', loinc: '46264-8', types: ['DeviceUseStatement', 'Device'] },
  { id: 'past', loinc: '11348-0', types: [] },
  { id: 'pregnancy', loinc: '10162-6', types: [] },
  { id: 'daily', loinc: '29762-2', types: [] },
  { id: 'abilities', loinc: '47420-5', types: [] },
  { id: 'decisions', loinc: '42348-3', types: ['Consent'] },
  { id: 'plan', loinc: '18776-5', always: true,
    types: ['CarePlan', 'CareTeam', 'Goal', 'ServiceRequest', 'RelatedPerson', 'NutritionOrder', 'Appointment', 'Task', 'Account', 'Coverage'] },
  { id: 'matters', loinc: '81338-6', types: ['QuestionnaireResponse'] },
  { id: 'visits', types: ['Encounter', 'EpisodeOfCare'] },
  { id: 'documents', types: ['DocumentReference', 'Media', 'Composition', 'Communication', 'Binary'], always: true },
  { id: 'other', types: [] },
];

// What is never listed by itself: who, where, with what, and where from.
const COMPANIONS = new Set(['Patient', 'Practitioner', 'PractitionerRole', 'Organization', 'Location', 'HealthcareService', 'Medication', 'Substance', 'Specimen', 'Provenance',
  'AuditEvent', 'Endpoint', 'Questionnaire', 'List', 'OperationOutcome', 'BodyStructure', 'ImagingStudy']);

// parse reads FHIR JSON. A decimal that JavaScript would shorten stays as it was written:
// 5.0 is not 5 to whoever measured it.
export function parse(text) {
  try {
    return JSON.parse(text, (key, value, context) => (typeof value === 'number' && context?.source && String(value) !== context.source ? context.source : value));
  } catch {
    throw new Failure('damaged');
  }
}

// Doc is one file that is FHIR.
export function read(text) {
  const root = typeof text === 'string' ? parse(text) : text;
  if (!root || typeof root.resourceType !== 'string') throw new Failure('damaged');
  const entries = root.resourceType === 'Bundle' ? list(root.entry).filter((e) => e?.resource?.resourceType) : [{ resource: root }];
  const refs = new Refs(entries);
  const patients = entries.filter((e) => e.resource.resourceType === 'Patient');
  if (new Set(patients.map((e) => e.fullUrl ?? e.resource.id)).size > 1) throw new Failure('two');
  const patient = patients[0]?.resource;
  const composition = root.type === 'document' && entries[0]?.resource.resourceType === 'Composition' ? entries[0].resource : undefined;
  const doc = { root, patient, composition, refs, elsewhere: 0, mistaken: 0, at: composition?.date ?? root.timestamp ?? root.meta?.lastUpdated, notes: composition ? textOf(composition.text?.div).paragraphs : [] };
  const mine = (r) => {
    if (!about(r, patients[0], refs)) return doc.elsewhere++, false;
    if (mistaken(r)) return doc.mistaken++, false;
    return true;
  };
  doc.sections = composition ? ofDocument(composition, entries, refs, mine) : ofBundle(entries, mine);
  return doc;
}

// Refs finds what an entry points to in the bundle it came in (FHIR R4 §2.36.4.1).
export class Refs {
  constructor(entries) {
    this.by = new Map();
    for (const { fullUrl, resource } of entries) {
      if (fullUrl) this.by.set(fullUrl, resource);
      if (resource.id) this.by.set(`${resource.resourceType}/${resource.id}`, resource);
    }
  }

  get(ref, from) {
    const to = typeof ref === 'string' ? ref : ref?.reference;
    if (typeof to !== 'string' || to === '') return undefined;
    if (to.startsWith('#')) return list(from?.contained).find((c) => c?.id === to.slice(1));
    const local = to.replace(/\/_history\/.*$/, '');
    return this.by.get(local) ?? this.by.get(local.split('/').slice(-2).join('/'));
  }
}

export const list = (x) => (Array.isArray(x) ? x : x === undefined || x === null ? [] : [x]);

// about reports whether an entry is about the patient of the bundle. What names nobody is;
// what names somebody who is not there, and is not them, is not.
function about(r, entry, refs) {
  for (const ref of [...list(r.subject), ...list(r.patient), ...list(r.for), ...list(r.beneficiary)]) {
    const to = ref?.reference;
    if (typeof to !== 'string' || !entry) continue;
    const found = refs.get(ref, r);
    if (found ? found.resourceType === 'Patient' && found !== entry.resource : /(^|\/)Patient\//.test(to)) return false;
  }
  return true;
}

const mistaken = (r) => r.status === 'entered-in-error' || list(r.verificationStatus?.coding).some((c) => c?.code === 'entered-in-error');

function section(def, more = {}) {
  return { id: def.id, entries: [], notes: [], said: '', state: 'listed', ...more };
}

// ofDocument are the sections of a patient summary: its own, and what it does not have.
function ofDocument(composition, entries, refs, mine) {
  const used = new Set(), out = new Map();
  for (const s of list(composition.section)) {
    const def = SECTIONS.find((x) => x.loinc && list(s?.code?.coding).some((c) => c?.code === x.loinc));
    const text = textOf(s?.text?.div);
    const made = section(def ?? { id: 'other' }, { title: def ? undefined : String(s?.title ?? ''), notes: text.paragraphs });
    for (const ref of list(s?.entry)) {
      const r = refs.get(ref);
      if (r && !used.has(r)) {
        used.add(r);
        if (mine(r)) made.entries.push(r);
      }
    }
    if (made.entries.length === 0) {
      made.rows = text.rows; // told in words alone
      made.state = made.rows.length ? 'told' : absence(s?.emptyReason);
      made.said = String(s?.emptyReason?.text ?? '');
    }
    const key = def?.id ?? `other-${out.size}`;
    if (out.has(key)) merge(out.get(key), made);
    else out.set(key, made);
  }
  for (const s of ofBundle(entries.filter(({ resource: r }) => r !== composition && !used.has(r) && isLoose(r, entries)), mine)) {
    if (s.state !== 'listed') continue;
    if (out.has(s.id)) merge(out.get(s.id), s);
    else out.set(s.id, s);
  }
  return inOrder(out, 'untold');
}

// isLoose reports whether an entry of a document that no section lists is to be listed all
// the same: a document or file. What other entries point to comes with those.
const isLoose = (r) => SECTIONS.find((s) => s.id === 'documents').types.includes(r.resourceType);

function merge(a, b) {
  if (b.entries.length) a.state = 'listed';
  a.entries.push(...b.entries);
  a.notes.push(...b.notes);
}

function ofBundle(entries, mine) {
  const out = new Map();
  for (const { resource: r } of entries) {
    if (COMPANIONS.has(r.resourceType) || !mine(r)) continue;
    const id = home(r);
    if (!out.has(id)) out.set(id, section({ id }));
    out.get(id).entries.push(r);
  }
  return inOrder(out, 'unsaid');
}

// home is the section of an entry, by what it says it is.
export function home(r) {
  const says = (code) => list(r.category).some((c) => list(c?.coding).some((x) => x?.code === code));
  switch (r.resourceType) {
    case 'Observation':
      return says('vital-signs') ? 'measurements' : says('social-history') ? 'daily' : 'results';
    case 'Condition':
      return list(r.clinicalStatus?.coding).some((c) => ['inactive', 'resolved', 'remission'].includes(c?.code)) ? 'past' : 'problems';
  }
  return SECTIONS.find((s) => s.types.includes(r.resourceType))?.id ?? 'other';
}

// inOrder puts sections in their order, and says of those that a reader looks for that
// they are not there.
function inOrder(found, missing) {
  const out = [];
  for (const def of SECTIONS) {
    if (found.has(def.id)) out.push(found.get(def.id));
    else if (def.always) out.push(section(def, { state: missing }));
  }
  out.push(...[...found].filter(([key]) => key.startsWith('other-')).map(([, s]) => s));
  for (const s of out) if (s.state === 'listed' && s.entries.length && s.entries.every(saysNone)) s.state = s.entries.some(unknown) ? 'nothing' : 'none';
  return out;
}

// absence is what a section's emptyReason says: three things that are never one.
function absence(reason) {
  const code = list(reason?.coding).map((c) => c?.code).find(Boolean);
  return code === 'withheld' ? 'withheld' : code === 'nilknown' ? 'none' : 'nothing';
}

// codes that state that there is none: of IPS, and of SNOMED CT.
const NONE = /^no-known-|^(716186003|409137002|428607008|429625007|428197003|160245001|787481004|1287211007)$/;
const UNKNOWN = /^no-[a-z]+-info$/;
const codes = (r) => list((r.code ?? r.medicationCodeableConcept ?? r.vaccineCode ?? r.type)?.coding).map((c) => String(c?.code ?? ''));
const unknown = (r) => codes(r).some((c) => UNKNOWN.test(c));
export const saysNone = (r) => unknown(r) || codes(r).some((c) => NONE.test(c));

// withAbsences takes over from a summary why a section of everything has nothing: only that
// knows whether it was shared.
export function withAbsences(all, summary) {
  for (const s of all.sections) {
    const said = summary.sections.find((x) => x.id === s.id);
    if (s.entries.length === 0 && said && ['withheld', 'nothing'].includes(said.state)) Object.assign(s, { state: said.state, said: said.said });
  }
  for (const s of summary.sections) if (s.state === 'withheld' && !all.sections.some((x) => x.id === s.id)) all.sections.push({ ...s, notes: [] });
  const place = (s) => SECTIONS.findIndex((x) => x.id === s.id);
  all.sections.sort((a, b) => place(a) - place(b));
  all.notes = summary.notes;
  return all;
}

// samePerson reports whether two files name one person: the same id here, or the same
// name and day of birth. Where one of them says neither, they do not.
export function samePerson(a, b) {
  if (a?.id && a.id === b?.id) return true;
  const who = (p) => [p?.birthDate, ...list(p?.name).slice(0, 1).flatMap((x) => [x?.family, list(x?.given)[0]])].map((x) => String(x ?? '').toLowerCase());
  const x = who(a), y = who(b);
  return x.length === 3 && x.every((v, i) => v !== '' && v === y[i]);
}
