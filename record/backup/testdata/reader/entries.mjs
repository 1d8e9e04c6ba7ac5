// Entries, docs/format.md §10: rows of a version, recognising, the chain of versions, the plaintext.
import { concat, equal, hex, isZero, refuse, sha256, u32, u64, u8, utf8, zeros } from './notation.mjs';
import { b16, b32, bytes, decode, flag, ms, num, string, table } from './messages.mjs';
import { id, kdf, mask, tag } from './kdf.mjs';
import { context, open, seal } from './seal.mjs';
import { pad, unpad } from './padding.mjs';
import { keys, name } from './rows.mjs';

const fields = {
  1: ['type', string, '?'],
  2: ['id', string, '?'],
  3: ['written', ms, '1'],
  4: ['deleted', flag, '?'],
  5: ['grant', b16, '1'],
  6: ['self', flag, '?'],
  7: ['name', string, '?'],
  8: ['import', b16, '?'],
  9: ['source', string, '?'],
  10: ['rule', string, '?'],
  11: ['filed', flag, '?'],
};
const author = { 18: ['organisation', string, '?'], 19: ['role', string, '?'], 20: ['number', string, '?'], 21: ['register', string, '?'], 22: ['taken', flag, '?'] };
export const header = table('header', { ...fields, ...author });
export const contentHeader = table('header with a content', {
  ...fields,
  12: ['jsonLength', num, '1'],
  13: ['at', num, '1'],
  14: ['length', num, '1'],
  15: ['sha256', b32, '1'],
  16: ['lead', bytes, '1'],
  17: ['trail', bytes, '1'],
  ...author,
});
const headers = { 1: header, 2: contentHeader };
export const firstPart = 65536;
export const otherParts = 262144;
const most = 16384; // parts of a version
const versionBits = (1n << 40n) - 1n;

export const entryId = (ID, type, fhirId) => id(ID, 'entry-id', type, fhirId);

export function hint(ID, sk, entry, stamp, epoch) {
  return concat(u32(mask(ID, 'epoch-mask', entry, stamp, epoch)), tag(sk, 'view-tag', entry, stamp));
}

// A hold is what somebody has of a record: ID, the newest epoch, and key(section, epoch) or undefined.
// recognise gives section and epoch, or undefined for "not one of the sections held".
export function recognise(hold, entry, stamp, h, where) {
  const epoch = mask(hold.ID, 'epoch-mask', entry, stamp, h.readUInt32BE(0));
  if (epoch < 1 || epoch > hold.epoch) refuse('10', "a hint's epoch is none of the record's", where);
  for (const s of hold.sections) {
    const k = hold.key(s, epoch);
    if (equal(tag(k, 'view-tag', entry, stamp), h.subarray(4))) return { section: s, epoch, key: k };
  }
  if (hold.sections.length === 19) refuse('10', 'no section recognises a version', where);
  return undefined;
}

export function row0(value, where) {
  if (value.length < 48) refuse('10', 'row 0 of a version is cut off', where);
  const count = value.readUInt32BE(44);
  if (count < 1 || count > most || value.length < 48 + 32 * (count - 1)) refuse('10', 'row 0 has another count', where);
  const hashes = [];
  for (let i = 1; i < count; i++) hashes.push(value.subarray(16 + 32 * i, 48 + 32 * i));
  return { prev: value.subarray(0, 32), hint: value.subarray(32, 44), count, hashes, blob: value.subarray(16 + 32 * count) };
}

const partContext = (person, at, entry, stamp, i, count) =>
  context('entry', person, u8(at.section), u32(at.epoch), entry, u64(stamp), u32(i), u32(count));

// makeRow0 writes a version of one part: the examples of §17 are made with it.
export function makeRow0(person, ID, at, entry, stamp, plain, how) {
  const blob = seal(kdf(at.key, 'seal-entry'), partContext(person, at, entry, stamp, 0, 1), pad(plain), how);
  return concat(zeros(32), hint(ID, at.key, entry, stamp, at.epoch), u32(1), blob);
}

// versions walks an entry's chain from the newest to version 1, every row held against the hash
// that the directory, or the version after it, has. Nothing is opened here (§10, "The past").
export function versions(rows, person, line) {
  const out = [];
  const generation = line.stamp & ~versionBits;
  let want = line.hash;
  for (let v = line.stamp & versionBits; v >= 1n; v--) {
    const stamp = generation | v;
    const key = keys.entry(line.entry, stamp);
    const where = name(person, key);
    const value = rows.must(person, key, 'a version');
    if (!equal(sha256(value), want)) refuse('14', 'a version is not the hash that names it', where);
    const r = row0(value, where);
    const parts = r.hashes.map((h, i) => {
      const partKey = keys.part(line.entry, stamp, i + 1);
      const part = rows.must(person, partKey, 'a part of a version');
      return equal(sha256(part), h) ? part : refuse('14', "a part is not its version's", name(person, partKey));
    });
    const rowKeys = [key, ...r.hashes.map((_, i) => keys.part(line.entry, stamp, i + 1))];
    out.push({ ...r, entry: line.entry, stamp, version: Number(v), where, blobs: [r.blob, ...parts], rowKeys });
    want = r.prev;
  }
  if (!isZero(want)) refuse('14', 'a version 1 has one before it', out.at(-1).where);
  return out;
}

// resource puts a content back into its JSON: byte for byte what is served.
export const resource = (h, json, content) => concat(json.subarray(0, h.at), h.lead, content.toString('base64'), h.trail, json.subarray(h.at));

// apart reads what is behind a header of version 2: JSON without data, and the content.
function apart(h, rest, start, parts, where) {
  if (h.type !== 'Binary') refuse('10', 'a content is in an entry that is no Binary', where);
  if (h.deleted) refuse('10', 'a deleted version has a content', where);
  if (h.at > h.jsonLength || rest.length !== h.jsonLength + h.length) refuse('10', 'a content has another length or place', where);
  const other = parts.some((p, i) => (i < parts.length - 1 ? p.length !== (i ? otherParts : firstPart) : p.length > (i ? otherParts : firstPart)));
  if (other) refuse('10', 'the parts of a version with a content have other sizes', where);
  if (start + h.jsonLength > firstPart) refuse('10', 'what stands before a content is not all in the first row', where);
  const content = rest.subarray(h.jsonLength);
  if (!equal(sha256(content), h.sha256)) refuse('10', 'a content is not the hash in its header', where);
  const json = resource(h, rest.subarray(0, h.jsonLength), content);
  if (JSON.parse(utf8(json)).data !== content.toString('base64')) refuse('10', 'a content does not fit into its JSON', where);
  return { ...h, json, content };
}

// openVersion opens what recognise found, and reads versions 1 and 2 of the header.
export function openVersion(hold, person, v, at) {
  const k = kdf(at.key, 'seal-entry');
  const parts = v.blobs.map((b, i) => open(k, partContext(person, at, v.entry, v.stamp, i, v.count), b));
  const plain = unpad(concat(...parts));
  const known = plain.length >= 6 && headers[plain.readUInt16BE(0)];
  if (!known) refuse('14', 'the header is of a version that is not known', v.where);
  const n = plain.readUInt32BE(2);
  if (n > plain.length - 6) refuse('10', 'the header is cut off', v.where);
  const h = decode(known, plain.subarray(6, 6 + n));
  if (!equal(entryId(hold.ID, h.type ?? '', h.id ?? ''), v.entry)) refuse('14', "the header names another entry", v.where);
  const json = plain.subarray(6 + n);
  if (known === contentHeader) return apart(h, json, 4 + 6 + n, parts, v.where);
  if ((h.deleted === true) !== (json.length === 0)) refuse('10', 'a deleted version has JSON, or another has none', v.where);
  return { ...h, json };
}

export const ref = (h) => `${h.type}/${h.id}`;

// report is what reader.mjs prints of a version.
export function report(v, at, h) {
  return {
    ref: ref(h),
    version: v.version,
    section: at.section,
    epoch: at.epoch,
    deleted: h.deleted === true,
    author: { grant: hex(h.grant), self: h.self === true, name: h.name ?? '' },
    time: h.written,
    source: h.source ?? '',
    filed: h.filed === true,
    sha256: h.deleted ? '' : hex(sha256(h.json)),
    bytes: h.json.length,
    content: h.content && { sha256: hex(sha256(h.content)), bytes: h.content.length, rows: v.count },
    resourceType: h.deleted ? '' : (JSON.parse(utf8(h.json)).resourceType ?? ''),
  };
}
