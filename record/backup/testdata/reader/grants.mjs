// Sections, epochs and grants, docs/format.md §9.
import { refuse, u8, u32 } from './notation.mjs';
import { b16, b32, bytes, decode, flag, key, listed, num, string, table, time } from './messages.mjs';
import { kdf } from './kdf.mjs';
import { context, open, openPadded } from './seal.mjs';
import { verify } from './sign.mjs';
import { filling } from './capsule.mjs';

export const sectionNames = [
  , 'identity', 'providers', 'about-me', 'allergies', 'medicines', 'conditions', 'vaccinations', 'results',
  'measurements', 'visits', 'documents', 'support', 'plan', 'budget', 'mental-health', 'sexual-health',
  'substance-use', 'safeguarding', 'private',
]; // prettier-ignore
export const allSections = 0xffffe;
export const setOf = (n) => sectionNames.map((_, s) => s).filter((s) => s && (n >>> s) & 1);

export const sectionKey = (epochKey, s) => kdf(epochKey, 'section', u8(s));
const linkSize = 105;

// far is the epoch that the far links of an epoch's back row lead to.
export function far(e) {
  const to = [0, 1];
  for (let x = 2; x <= e; x++) {
    const leap = to[x - 1];
    to[x] = x - 1 - leap === leap - to[leap] ? to[leap] : x - 1;
  }
  return to[e];
}

// steps are the epochs that a back row leads to, the nearest first.
export function steps(row, e) {
  if (!row) refuse('13', `the back row of epoch ${e} is missing`);
  const half = 19 * linkSize;
  if (row.length === half) return [e - 1];
  if (far(e) !== e - 1 && row.length === 2 * half) return [e - 1, far(e)];
  return refuse('9', `the back row of epoch ${e} has another length`);
}

// back opens SK_{s,to} out of the back row of epoch e; without to, of the epoch before.
export function back(row, person, s, e, sk, to = e - 1) {
  const i = steps(row, e).indexOf(to);
  if (i < 0) refuse('9', `the back row of epoch ${e} does not lead to ${to}`);
  const ctx = i ? context('prev', person, u8(s), u32(e), u32(to)) : context('prev', person, u8(s), u32(e));
  const at = (i * 19 + s - 1) * linkSize;
  const k = open(kdf(sk, 'prev'), ctx, row.subarray(at, at + linkSize));
  return k.length === 32 ? k : refuse('9', 'a back row holds no key');
}

export const purposes = ['TREAT', 'ETREAT', 'CAREMGT', 'COC', 'FAMRQT', 'PATRQT', 'SUPNWK', 'HRESCH'];
export const certificate = table('certificate', {
  1: ['person', b16, '1'],
  2: ['grant', b16, '1'],
  3: ['self', flag, '?'],
  4: ['name', string, '1'],
  5: ['organisation', string, '?'],
  6: ['role', string, '?'],
  7: ['sections', num, '1'],
  8: ['scopes', listed, '*'],
  9: ['purpose', string, '1'],
  10: ['from', time, '1'],
  11: ['until', time, '?'],
  12: ['perDay', num, '1'],
  13: ['number', string, '?'],
  14: ['register', string, '?'],
  15: ['client', string, '?'],
  16: ['bound', key, '?'],
  17: ['asked', b16, '?'],
});
export const maxClient = 300;

// addsOnly tells a grant that shows nothing: no scope of it has another letter than c.
export const addsOnly = (g) => g.scopes.every((s) => lettersOf(s) === 'c');
export const lettersOf = (scope) => scope.slice(scope.indexOf('.') + 1).split('?')[0];

// readGrant reads a grant's message and holds it to the rules below the table.
export function readGrant(b) {
  const g = decode(certificate, b);
  if (BigInt(g.sections) & ~BigInt(allSections) || (Number(g.sections) & 6) !== 6) refuse('9', 'a grant has sections there are none of');
  if (g.self && g.sections !== allSections) refuse('9', "the person's own grant lacks a section");
  if (!g.scopes.length) refuse('9', 'a grant has no scope');
  for (const s of g.scopes)
    if (!/^patient\/(\*|[A-Z][A-Za-z]*)\.(?=.)c?r?u?d?s?(\?[^\s]+)?$/.test(s)) refuse('9', 'a grant has a scope that is none');
  if (!purposes.includes(g.purpose)) refuse('9', 'a grant has a purpose that is none');
  if (g.until !== undefined && g.until <= g.from) refuse('9', 'a grant ends before it begins');
  if (g.register !== undefined && g.number === undefined) refuse('9', 'a grant has a register without a number');
  if (g.client !== undefined && Buffer.byteLength(g.client) > maxClient) refuse('9', "a grant's client is too long");
  for (const t of [g.name, g.organisation, g.role, g.number, g.register])
    if (t !== undefined && (Buffer.byteLength(t) > 200 || /[\p{Cc}\p{Cf}\p{Bidi_Control}]/u.test(t)))
      refuse('9', "a grant's name, organisation, role, number or register is too long or has control characters");
  return g;
}

export function readCertificate(b, identity) {
  if (b.length < 64) refuse('9', 'a certificate is cut off');
  verify(identity, 'carehold-v1 certificate', b.subarray(64), b.subarray(0, 64));
  return readGrant(b.subarray(64));
}

export const rowFilled = 2032; // with its heads, the size of 2,048 (§2)
export const rowWrapper = table('grant row', { 1: ['row', bytes, '1'], 2: ['zeros', bytes, '1'] });
export const grantRow = table('grant row', {
  1: ['epoch', num, '?'],
  2: ['ID', key, '?'],
  3: ['keys', bytes, '*'],
  4: ['auditKey', b32, '1'],
  5: ['certificate', bytes, '?'],
  6: ['stopped', flag, '?'],
  7: ['adds', flag, '?'],
});

export function openGrantRow(grantKey, person, grant, value) {
  const ctx = context('grant-row', person, grant);
  const r = decode(grantRow, filling(rowWrapper, openPadded(kdf(grantKey, 'wrap'), ctx, value), rowFilled));
  const rest = [r.epoch, r.ID, r.certificate].filter((x) => x !== undefined).length;
  const wrong = r.stopped ? rest || r.adds || r.keys.length : r.adds ? rest !== 2 || r.ID || r.keys.length : rest !== 3;
  if (wrong) refuse('9', "a grant's row has other fields than it should");
  r.sections = new Map();
  for (const k of r.keys) {
    if (k.length !== 33 || k[0] < 1 || k[0] > 19 || r.sections.has(k[0])) refuse('9', "a grant's row has a key that is none");
    r.sections.set(k[0], key.read(k.subarray(1)));
  }
  return r;
}

export const flags = (f) => {
  if (f & ~7) refuse('13', 'the live list has a flag that is not known');
  return { self: (f & 1) !== 0, struck: (f & 2) !== 0, suspended: (f & 4) !== 0 };
};
