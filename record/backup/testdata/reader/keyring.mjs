// The keyring (docs/format.md §8), and how a credential leads to it (§7).
import { equal, hex, refuse, u64 } from './notation.mjs';
import { b16, b32, bytes, decode, key, msg, num, string, table, time } from './messages.mjs';
import { kdf } from './kdf.mjs';
import { context, openPadded } from './seal.mjs';
import { pair, unbox } from './box.mjs';
import { publicOf } from './sign.mjs';
import { capsuleId, kek } from './credentials.mjs';
import { readGrant } from './grants.mjs';

// Unknown fields are kept, in every message inside too.
const kept = (name, fields) => table(name, fields, 'keep');

const generation = kept('generation of keys', {
  1: ['audit', key, '1'],
  2: ['boxSeed', key, '1'],
  3: ['identity', key, '?'],
  4: ['grants', key, '?'],
});
const slot = kept('slot', {
  1: ['kind', num, '1'],
  2: ['id', b16, '1'],
  3: ['public', bytes, '1'],
  4: ['label', string, '?'],
  5: ['made', time, '?'],
});
const token = kept('token', {
  1: ['id', b16, '1'],
  2: ['label', string, '?'],
  3: ['ends', time, '?'],
  4: ['made', time, '?'],
  5: ['kind', num, '?'],
  6: ['flags', num, '?'],
});
const grant = kept('grant', {
  1: ['message', bytes, '1'],
  2: ['generation', num, '1'],
  3: ['tokens', msg(token), '*'],
  4: ['ended', time, '?'],
  5: ['why', num, '?'],
  6: ['suspended', time, '?'],
});
const address = kept('address', {
  1: ['secret', key, '1'],
  2: ['label', string, '?'],
  3: ['closes', time, '?'],
  4: ['made', time, '?'],
  5: ['closed', time, '?'],
});
const origin = kept('store it came from', {
  1: ['store', b16, '1'],
  2: ['verifier', string, '1'],
  3: ['sequence', num, '1'],
  4: ['seenSize', num, '1'],
  5: ['seenRoot', b32, '1'],
  6: ['time', time, '1'],
  7: ['size', num, '1'],
  8: ['newest', num, '1'],
});
const moved = kept('where it moved', { 1: ['url', string, '1'], 2: ['time', time, '1'] });
export const keyring = kept('keyring', {
  1: ['major', num, '1'],
  2: ['person', b16, '1'],
  3: ['store', b16, '1'],
  4: ['verifier', string, '?'],
  5: ['sequence', num, '1'],
  6: ['before', b32, '*'],
  7: ['trail', b32, '1'],
  8: ['seenSize', num, '1'],
  9: ['seenRoot', b32, '1'],
  10: ['origins', msg(origin), '*'],
  11: ['moved', msg(moved), '?'],
  20: ['ID', key, '1'],
  21: ['epochs', key, '*'],
  22: ['generations', msg(generation), '*'],
  23: ['slots', msg(slot), '*'],
  24: ['grants', msg(grant), '*'],
  25: ['addresses', msg(address), '*'],
});
export const whys = [, 'revoked', 'ran out', 'stopped from a session', 'evicted', 'the server no longer had it',
  'the record was restored or moved']; // prettier-ignore

// readKeyring holds a keyring to what §8 says around the tables.
export function readKeyring(b) {
  const k = decode(keyring, b);
  k.readOnly = k.major > 1;
  if (k.major < 1) refuse('8', 'the keyring has no version');
  if (!k.epochs.length || !k.generations.length || !k.slots.length) refuse('8', 'the keyring lacks epochs, generations or slots');
  k.last = k.generations.at(-1);
  k.generations.forEach((g, i) => {
    const last = i === k.generations.length - 1;
    if ((g.identity !== undefined) !== last || (g.grants !== undefined) !== last)
      refuse('8', 'identity and K_grants are not those of the last generation alone');
  });
  const known = k.before.length;
  if (known > Math.min(64, k.sequence - 1) || (k.sequence > 1 && !known)) refuse('8', 'the keyring knows other statements than it should');
  for (const g of k.grants) {
    g.grant = readGrant(g.message);
    if (!equal(g.grant.person, k.person)) refuse('8', "the keyring has a grant of somebody else's");
    if (g.generation >= k.generations.length) refuse('8', 'a grant is of a generation there is none of');
    if ((g.ended === undefined) !== (g.why === undefined)) refuse('8', 'a grant that ended lacks why, or the other way round');
    g.auditKey = kdf(k.generations[g.generation].audit, 'audit', g.grant.grant);
  }
  const own = k.grants.filter((g) => g.grant.self && g.ended === undefined);
  if (own.length !== 1 || own[0].generation !== k.generations.length - 1) refuse('8', 'there is not exactly one live grant of their own');
  k.own = own[0];
  k.identity = publicOf(k.last.identity);
  k.boxes = k.generations.map((g) => pair(g.boxSeed));
  return k;
}

// unlock goes §7's way from a credential to the keyring, by the ring row.
export function unlock(c, person, ring) {
  const id = capsuleId(c);
  const wrap = ring.wraps.get(hex(id)) ?? refuse('7', 'the ring row has no wrap for this slot', 'r');
  const keys = pair(kek(c));
  const root = unbox(keys, context('root', person, id), wrap);
  if (root.length !== 32) refuse('7', 'a wrap holds no key', 'r');
  const k = readKeyring(openPadded(kdf(root, 'ring'), context('ring', person, u64(ring.sequence)), ring.keyring));
  const mine = k.slots.find((s) => equal(s.id, id)) ?? refuse('8', 'the keyring does not know this slot', 'r');
  if (!equal(mine.public, keys.public)) refuse('8', "the keyring has another public key for this slot", 'r');
  if (!equal(k.person, person) || k.sequence !== ring.sequence) refuse('8', 'the keyring is of another person or sequence', 'r');
  return k;
}
