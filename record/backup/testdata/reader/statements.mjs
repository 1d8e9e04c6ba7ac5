// Statements, docs/format.md §11: the message, its hash and its signatures. They are not kept at rest;
// what they leave is read in keyring.mjs and log.mjs, and held against them here if somebody kept them.
import { equal, refuse, sha256, sha512, zeros } from './notation.mjs';
import { b16, b32, b64, bytes, decode, encode, flag, msg, num, string, table, time } from './messages.mjs';
import { verify } from './sign.mjs';
import { keys } from './rows.mjs';

const sent = table('statement', { 1: ['body', bytes, '1'], 2: ['signature', b64, '1'], 3: ['fresh', b64, '?'] });
const grant = table('grant of a statement', {
  1: ['grant', b16, '1'],
  2: ['until', time, '?'],
  3: ['self', flag, '?'],
  4: ['row', bytes, '1'],
});
export const body = table('body of a statement', {
  1: ['person', b16, '1'],
  2: ['store', b16, '1'],
  3: ['sequence', num, '1'],
  4: ['before', b32, '1'],
  5: ['seenSize', num, '1'],
  6: ['seenRoot', b32, '1'],
  7: ['time', time, '?'],
  8: ['from', b16, '?'],
  9: ['verifier', string, '?'],
  10: ['fromSize', num, '?'],
  11: ['fromRoot', b32, '?'],
  12: ['moved', string, '?'],
  20: ['identity', bytes, '?'],
  21: ['slots', bytes, '*'],
  22: ['removed', b16, '*'],
  23: ['epoch', bytes, '?'],
  24: ['grants', msg(grant), '*'],
  25: ['ended', bytes, '*'],
  26: ['tokens', bytes, '*'],
  27: ['suspended', bytes, '*'],
  40: ['wraps', bytes, '*'],
  41: ['keyring', bytes, '1'],
  42: ['leaf', bytes, '1'],
});

export const write = (s) => encode(body, s);
export const hash = (b) => sha256(b);
export const personOf = (identity) => sha512('carehold/person', identity).subarray(0, 16);

// readStatement checks what the bytes alone show: signatures, who is named, and which tags go together.
// identity is the key that was valid before; for the first statement, nothing.
export function readStatement(b, identity) {
  if (b.length > 1 << 20) refuse('11', 'a statement is over 1 MiB');
  const s = decode(sent, b);
  const r = decode(body, s.body);
  const first = r.sequence === 1;
  const held = r.suspended.map((s) => (s.length > 16 ? s.subarray(0, 16).toString('hex') : refuse('11', 'a suspended grant is cut off')));
  const others = [...r.ended.map((s) => s.subarray(0, 16)), ...r.grants.map((g) => g.grant)].map((g) => g.toString('hex'));
  if (new Set(held).size !== held.length || held.some((g) => others.includes(g))) refuse('11', 'a statement has a grant twice');
  const brought = r.identity?.subarray(0, 32);
  if (r.identity && r.identity.length !== 1248) refuse('11', 'a new identity has another length');
  if (first && !(brought && r.epoch && equal(personOf(brought), r.person))) refuse('11', 'the first statement lacks its identity or epoch');
  verify(first ? brought : identity, 'carehold-v1 statement', s.body, s.signature);
  if ((s.fresh !== undefined) !== (brought !== undefined)) refuse('14', 'a signature too many or too few');
  if (s.fresh) verify(brought, 'carehold-v1 identity', s.body, s.fresh);
  return { ...r, hash: hash(s.body) };
}

// chain checks all statements of a record, from its first to the account's last: each follows the one before,
// is signed by the identity valid then, and left the leaf it brought. hashes are theirs, in their order.
export function chain(list, rows, v, k) {
  let [identity, before] = [undefined, zeros(32)];
  const leaves = [];
  for (let i = 0; i < v.head.leaves; i++) leaves.push(rows.get(v.person, keys.leaf(i)));
  const own = leaves.filter((l) => l[0] === 1);
  const hashes = list.map((b, i) => {
    const s = readStatement(b, identity);
    if (s.sequence !== i + 1 || !equal(s.before, before)) refuse('11', 'a statement does not follow the one before');
    if (!equal(s.person, v.person) || !equal(s.store, k.store)) refuse('11', 'a statement is for another person or store');
    if (!own[i] || !equal(s.leaf, own[i])) refuse('11', 'a statement left another leaf');
    if (s.identity) identity = s.identity.subarray(0, 32);
    return (before = s.hash);
  });
  const a = v.account;
  if (a.sequence !== list.length || !equal(a.statement, before) || !equal(a.identity, identity)) refuse('11', "the account's statement is not the last");
  k.before.forEach((h, i) => equal(h, hashes[k.sequence - 1 - k.before.length + i]) || refuse('8', 'the keyring knows other statements'));
  return hashes;
}
