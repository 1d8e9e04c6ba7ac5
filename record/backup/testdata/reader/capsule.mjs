// Capsules, docs/format.md §6: what is stored for a credential, and the row it lies in (§13).
import { equal, refuse, u8, u32, zeros } from './notation.mjs';
import { b16, bytes, decode, encode, key, num, table, time } from './messages.mjs';
import { mac } from './kdf.mjs';
import { context, openPadded } from './seal.mjs';
import { capsuleId, kek } from './credentials.mjs';
import { keys, name } from './rows.mjs';

export const wrapper = table('capsule', { 1: ['payload', bytes, '1'], 2: ['zeros', bytes, '1'] });
export const slot = table('slot', { 1: ['person', b16, '1'] });
export const token = table('token', {
  1: ['person', b16, '1'],
  2: ['grant', b16, '1'],
  3: ['grantKey', key, '1'],
  4: ['auditKey', key, '1'],
  5: ['end', time, '?'],
});
const invite = table('invite', { 1: ['bytes', num, '1'], 2: ['until', time, '1'] });
const payloads = { P: slot, K: slot, R: slot, a: token, s: token, i: invite };
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
  if (state > 1) refuse('13', "a capsule's state is not known", where);
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
  return out;
}
