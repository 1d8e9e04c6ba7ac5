// Capsules, docs/format.md §6: what is stored for a credential, and the row it lies in (§13).
import { equal, refuse, u8, u32, zeros } from './notation.mjs';
import { b16, b32, bytes, decode, encode, flag, key, msg, num, string, table, time } from './messages.mjs';
import { mac } from './kdf.mjs';
import { context, open, openPadded } from './seal.mjs';
import { capsuleId, kek, linkKey } from './credentials.mjs';
import { maxClient, readGrant } from './grants.mjs';
import { keys, name } from './rows.mjs';

export const wrapper = table('capsule', { 1: ['payload', bytes, '1'], 2: ['zeros', bytes, '1'] });
export const slot = table('slot', { 1: ['person', b16, '1'] });
const tokenFields = {
  1: ['person', b16, '1'],
  2: ['grant', b16, '1'],
  3: ['grantKey', key, '1'],
  4: ['auditKey', key, '1'],
  5: ['end', time, '?'],
};
// What a client was given it on; without a client there is none of it.
const terms = (n) => ({ 7: ['client', string, n], 8: ['bound', key, '?'], 9: ['scope', string, '?'] });
export const token = table('token', { ...tokenFields, ...terms('?') });
export const refresh = table('refresh token', { ...tokenFields, ...terms('1'), 10: ['place', num, '?'], 11: ['backend', flag, '?'] });
export const code = table('code', { ...tokenFields, ...terms('1'), 12: ['redirect', string, '1'], 13: ['challenge', b32, '1'], 14: ['nonce', string, '?'] });
export const address = table('address', { 1: ['person', b16, '1'], 5: ['end', time, '?'] });

function readTerms(t) {
  if (t.client === undefined && t.scope !== undefined) refuse('6', 'a token has the scopes of a client, and no client');
  if (Buffer.byteLength(t.client ?? '') > maxClient || Buffer.byteLength(t.scope ?? '') > 2048) refuse('6', "a token's client or scopes are too long");
  if (t.place === 0) refuse('6', "a refresh token's place is none");
}

// A session may have a reading: the keys that open the log.
const readGeneration = table('generation of a reading', { 1: ['audit', key, '1'], 2: ['boxSeed', key, '1'] });
const readGrants = table('grant of a reading', {
  1: ['message', bytes, '1'],
  2: ['generation', num, '1'],
  3: ['ended', time, '?'],
  4: ['why', num, '?'],
});
export const reading = table('reading', { 1: ['generations', msg(readGeneration), '*'], 2: ['grants', msg(readGrants), '*'] });
export const session = table('session', { ...tokenFields, 6: ['reading', msg(reading), '?'] });

function readReading(r) {
  if (!r.generations.length) refuse('6', 'a reading has no generation of keys');
  for (const g of r.grants) {
    if (g.generation >= r.generations.length) refuse('6', 'a grant of a reading is of a generation that is not there');
    if ((g.ended === undefined) !== (g.why === undefined)) refuse('6', 'a grant of a reading ended for no reason, or did not');
    readGrant(g.message);
  }
}

// A link has an outer half, and an inner one that needs the passcode too.
export const link = table('link', {
  1: ['person', b16, '1'],
  2: ['grant', b16, '1'],
  4: ['auditKey', key, '1'],
  5: ['end', time, '?'],
  6: ['flags', num, '1'],
  7: ['tries', num, '1'],
  8: ['salt', b16, '1'],
  9: ['inner', bytes, '1'],
});
export const linkInner = table('inner half of a link', { 1: ['key', key, '1'], 2: ['grantKey', key, '?'], 3: ['outer', key, '?'] });
export const linkFlags = { passcode: 1, direct: 2, summary: 4 };
export const linkContext = (id) => context('link', id);

// openInner opens the inner half; undefined for another passcode than the link's.
export async function openInner(c, l, passcode) {
  const asks = (l.flags & linkFlags.passcode) !== 0;
  if (asks && !passcode) return undefined;
  const k = await linkKey(c, asks ? passcode : undefined, l.salt);
  let plain;
  try {
    plain = open(k, linkContext(capsuleId(c)), l.inner);
  } catch (e) {
    if (asks) return undefined;
    throw e;
  }
  const inner = decode(linkInner, plain);
  if ((inner.grantKey !== undefined) !== ((l.flags & linkFlags.summary) !== 0)) refuse('6', "a link's key of its grant is there without its flag, or is not there");
  if (inner.outer && !asks) refuse('6', 'a link without a passcode has a key of the outer seal');
  return inner;
}
const invite = table('invite', { 1: ['bytes', num, '1'], 2: ['until', time, '1'] });
const payloads = { P: slot, K: slot, R: slot, a: token, s: session, i: invite, l: link, r: refresh, c: code, w: address };
export const filled = 300;

// fill is filling's inverse: a value too long to fill up gets no zeros.
export const fill = (t, first, size) => encode(t, { [[...t.byTag.values()][0].field]: first, zeros: zeros(Math.max(0, size - first.length)) });

// filling reads msg{1: row, 2: zeros}, where both together have a fixed size (§6 and §9).
export function filling(t, b, size) {
  const w = decode(t, b);
  const [first] = Object.values(w);
  if (w.zeros.some((x) => x)) refuse('6', `the filling of a ${t.name} is not zero`);
  if (first.length + w.zeros.length !== Math.max(size, first.length)) refuse('6', `a ${t.name} is not filled up`);
  return first;
}

// row reads state:u8 || hour:u32 || owner(32) || check(32) || rest.
export function row(value, where) {
  if (value.length < 69) refuse('13', "a capsule's row is cut off", where);
  const state = value[0];
  if (state > 2) refuse('13', "a capsule's state is not known", where);
  const rest = value.subarray(69);
  const out = { state, hour: value.readUInt32BE(1), owner: value.subarray(5, 37), check: value.subarray(37, 69), rest };
  out.blob = state === 1 ? rest.subarray(16) : rest;
  if (state === 1) out.admitted = rest.subarray(0, 16);
  return out;
}

// slotOf finds the capsule of a slot: a row of the store, or what a backup has of one under its person (§16).
export function slotOf(src, person, id) {
  const place = src.live ? [id, keys.capsule] : [person, keys.slot(id)];
  const where = name(...place);
  const value = src.rows.must(...place, 'the capsule of a slot');
  const r = src.live ? row(value, where) : { hour: value.readUInt32BE(0), blob: value.subarray(4), where };
  if (src.nodeKey) belongs(src.nodeKey, src.store, id, r, person, where);
  return { ...r, where };
}

// belongs checks a capsule's two MACs under node.key (§5, §13).
export function belongs(nodeKey, store, id, r, person, where) {
  const check = mac(nodeKey, 'belongs', store, id, r.owner, u8(r.state), u32(r.hour), r.rest);
  if (!equal(check, r.check)) refuse('13', "a capsule's check is wrong", where);
  if (person && !equal(mac(nodeKey, 'belongs', store, id, person), r.owner))
    refuse('13', 'a capsule belongs to somebody else', where);
}

// openCapsule gives the payload of the capsule of a credential.
export function openCapsule(c, r) {
  const id = capsuleId(c);
  const ctx = context('capsule', c.kind, id, u32(r.hour));
  const payload = filling(wrapper, openPadded(kek(c), ctx, r.blob), filled);
  const out = decode(payloads[c.kind] ?? refuse('15', 'a capsule of a reserved kind'), payload);
  if ('PKR'.includes(c.kind) && r.hour !== 0) refuse('6', "a slot's capsule has an hour");
  if (out.reading) readReading(out.reading);
  if ('arc'.includes(c.kind)) readTerms(out);
  if (c.kind === 'l' && (out.flags & ~7 || (out.flags & 2 && out.flags !== 2))) refuse('6', "a link has flags that there are none of, or that exclude each other");
  return out;
}
