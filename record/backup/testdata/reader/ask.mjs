// Asking and being answered, and the inbox, docs/format.md §6 and §13: what is sealed to the key of a request,
// or to the person's own.
import { at as place, hex, refuse, sha256, toBase32, u32, unhex } from './notation.mjs';
import { b16, bytes, decode, flag, key, listed, ms, num, string, table, time } from './messages.mjs';
import { kdf, mac } from './kdf.mjs';
import { context } from './seal.mjs';
import { pair, publicSize, unbox } from './box.mjs';
import { unpad } from './padding.mjs';
import { capsuleId } from './credentials.mjs';
import { allSections, purposes, readGrant } from './grants.mjs';
import { name } from './rows.mjs';

export const requestPair = (c) => pair(kdf(c.secret, 'ask-box', 'q'));
export const answerContext = (id, hour) => context('answer', id, u32(hour));
export const askedContext = (person, id) => context('asked', person, id);
export const inboxContext = (person, id) => context('inbox', person, id);

export const answer = table('answer', {
  1: ['person', b16, '1'],
  2: ['grant', b16, '?'],
  3: ['grantKey', key, '?'],
  4: ['auditKey', key, '?'],
  5: ['fetched', time, '1'],
  6: ['end', time, '?'],
  7: ['words', string, '?'],
  9: ['scope', string, '?'],
});
export const question = table('question', {
  1: ['box', bytes, '1'],
  2: ['name', string, '1'],
  3: ['organisation', string, '?'],
  4: ['role', string, '?'],
  5: ['number', string, '?'],
  6: ['register', string, '?'],
  7: ['purpose', string, '?'],
  8: ['scope', string, '?'],
  9: ['sections', num, '?'],
  10: ['lasts', num, '?'],
  11: ['words', string, '?'],
  12: ['client', string, '?'],
  13: ['bound', key, '?'],
  14: ['verified', flag, '?'],
  15: ['time', time, '?'],
  16: ['address', b16, '?'],
});
export const contribution = table('something in the inbox', {
  1: ['grant', b16, '1'],
  2: ['time', ms, '1'],
  3: ['entries', listed, '*'],
  4: ['type', string, '?'],
  5: ['json', bytes, '?'],
  6: ['section', num, '?'],
  7: ['rule', string, '?'],
  8: ['certificate', bytes, '?'],
  9: ['more', num, '?'],
  10: ['opening', key, '?'],
  11: ['noRoom', flag, '?'],
});

// openAnswer opens the capsule of a request: a box, and no seal under the credential's KEK.
export function openAnswer(c, r) {
  const a = decode(answer, unpad(unbox(requestPair(c), answerContext(capsuleId(c), r.hour), r.blob)));
  const has = [a.grant, a.grantKey, a.auditKey].filter((x) => x !== undefined).length;
  if (has !== 0 && has !== 3) refuse('6', 'an answer has a part of a yes');
  return { ...a, yes: has === 3 };
}

export function readQuestion(b) {
  const q = decode(question, b);
  if (q.box.length !== publicSize) refuse('6', "a question's key is not 1,216 bytes");
  if (q.register !== undefined && q.number === undefined) refuse('6', 'a question has a register without a number');
  if (q.purpose !== undefined && !purposes.includes(q.purpose)) refuse('6', 'a question has a purpose that is none');
  if (BigInt(q.sections ?? 0) & ~BigInt(allSections)) refuse('6', 'a question has sections there are none of');
  if (Buffer.byteLength(q.words ?? '') > 1000) refuse('6', 'the words of a question are too many');
  return q;
}

export const openAsked = (box, person, id, sealed) => readQuestion(unpad(unbox(box, askedContext(person, id), sealed)));

// openWaiting opens what waits in the inbox: entries that are there already, or a resource.
export function openWaiting(box, person, id, sealed) {
  const c = decode(contribution, unpad(unbox(box, inboxContext(person, id), sealed)));
  const notice = c.entries.length > 0;
  const rest = [c.type, c.json, c.section, c.certificate, c.opening].filter((x) => x !== undefined).length;
  if (notice ? rest || c.rule !== undefined : rest !== 5 || c.more !== undefined || c.noRoom) refuse('6', 'what waits is neither entries nor a resource, or both');
  if (!notice && !(c.section >= 1 && c.section <= 19)) refuse('6', 'what waits is for a section there is none of');
  if ((id[0] >> 7 === 1) !== notice) refuse('6', 'the name of what waits says something else');
  if (c.certificate) {
    if (c.certificate.length < 64) refuse('6', 'the certificate of what waits is cut off');
    const g = readGrant(c.certificate.subarray(64));
    if (!g.grant.equals(c.grant) || !g.person.equals(person)) refuse('6', 'what waits was written under another grant than its certificate is of');
    c.by = g;
  }
  return { ...c, notice };
}

// commitment is what stands beside a resource that waits.
export const commitment = (person, id, c) => mac(c.opening, 'contribution', person, id, c.grant, Buffer.from(c.type), c.json, c.certificate);

// each opens a kind of row with the first of the person's X-Wing keys that does.
function each(src, person, k, letter, f) {
  const out = [];
  for (const [key, value] of src.rows.partitions.get(hex(person))) {
    if (!key.startsWith(hex(Buffer.from(letter)))) continue;
    const id = unhex(key).subarray(1);
    out.push(place(name(person, unhex(key)), () => f(id, value, (open) => firstOf(k.boxes, open))));
  }
  return out;
}

function firstOf(boxes, open) {
  let last;
  for (const b of boxes.toReversed()) {
    try {
      return open(b);
    } catch (e) {
      last = e;
    }
  }
  throw last;
}

// waiting is the inbox: rows of a live store and of a backup.
export const waiting = (src, person, k) =>
  each(src, person, k, 'i', (id, value, first) => {
    const notice = id[0] >> 7 === 1;
    const c = first((box) => openWaiting(box, person, id, value.subarray(notice ? 8 : 40)));
    if (!notice && !commitment(person, id, c).equals(value.subarray(8, 40))) refuse('6', 'beside what waits stands the commitment to something else');
    return {
      id: hex(id), grant: hex(c.grant), time: c.time, notice: c.notice, entries: c.entries, more: c.more, type: c.type, section: c.section, rule: c.rule,
      sha256: c.json && hex(sha256(c.json)), name: c.by?.name, number: c.by?.number, becomes: c.notice ? undefined : toBase32(id).toLowerCase(),
    }; // prettier-ignore
  });

// asked are the questions that came in at addresses, of a live store.
export const asked = (src, person, k) =>
  each(src, person, k, 'q', (id, value, first) => {
    if (value.length < 4) refuse('13', 'a question is cut off');
    const q = first((box) => openAsked(box, person, id, value.subarray(4)));
    const { box, bound, address, ...rest } = q;
    return { id: hex(id), hour: value.readUInt32BE(0), ...rest, bound: bound && hex(bound), address: address && hex(address) };
  });

// place of the refresh tokens of a grant, row o.
export const placeTable = table('place of refresh tokens', { 1: ['place', num, '1'], 2: ['id', b16, '1'], 3: ['time', time, '1'] });
