// One person's record: what can be verified without their keys (docs/format.md §16), and with them (§14).
import { equal, hex, refuse, at as place } from './notation.mjs';
import { kdf } from './kdf.mjs';
import * as directory from './directory.mjs';
import * as entries from './entries.mjs';
import * as log from './log.mjs';
import * as tree from './tree.mjs';
import * as rowsOf from './rows.mjs';
import { belongs, openCapsule, row as capsuleRow } from './capsule.mjs';
import { capsuleId } from './credentials.mjs';
import { back, openGrantRow, sectionKey, sectionNames } from './grants.mjs';
import { unlock } from './keyring.mjs';

const { keys, name } = rowsOf;

// A source is { rows, store, verifier?, checkpoints?, nodeKey?, live }: a backup, or the rows of a live store.

// verify demands all of §16 of one person, and gives what it read.
export function verify(src, person) {
  const { rows } = src;
  const h = rowsOf.head(rows, person, src.nodeKey, src.store);
  const a = rowsOf.account(rows, person, h);
  const ring = rowsOf.ring(rows, person, h);
  const lines = directory.read(rows, person, h.directory);
  const chains = lines.map((l) => entries.versions(rows, person, l));
  const t = log.tree(rows, person, h);
  for (const id of ring.wraps.keys()) {
    const slot = Buffer.from(id, 'hex');
    const r = capsuleRow(rows.must(slot, keys.capsule, 'the capsule of a slot'), name(slot, keys.capsule));
    if (src.nodeKey) belongs(src.nodeKey, src.store, slot, r, person, name(slot, keys.capsule));
  }
  if (src.checkpoints) {
    const note = src.checkpoints.get(hex(person)) ?? refuse('16', 'a person has no checkpoint', hex(person));
    const c = place(`${hex(person)}/K`, () => tree.openCheckpoint(note, src.verifier, src.store, person));
    if (c.size !== h.leaves || !equal(c.root, t.root())) refuse('16', "a checkpoint is not of the person's head", `${hex(person)}/K`);
  }
  const l = src.live ? rowsOf.live(rows, person, h) : undefined;
  return { person, head: h, account: a, ring, chains, live: l, root: t.root() };
}

// find opens the capsule of a slot's credential: it names the person.
export function find(src, credential) {
  const id = capsuleId(credential);
  const value = src.rows.must(id, keys.capsule, 'the capsule of this code or passphrase');
  return place(name(id, keys.capsule), () => openCapsule(credential, capsuleRow(value))).person;
}

// ownHold is the hold of whoever has the keyring: every section in every epoch.
const ownHold = (k) => ({
  ID: k.ID,
  epoch: k.epochs.length,
  sections: sectionNames.map((_, s) => s).filter(Boolean),
  key: (s, e) => sectionKey(k.epochs[e - 1], s),
});

// agree holds account, live list and store against the keyring (§14).
function agree(src, v, k) {
  const where = name(v.person, keys.account);
  if (!equal(v.account.identity, k.identity)) refuse('14', "the account's identity is not the keyring's", where);
  if (!equal(v.account.box, k.boxes.at(-1).public)) refuse('14', "the account's X-Wing key is not the keyring's", where);
  if (v.account.sequence !== k.sequence) refuse('14', "the account's sequence is not the keyring's", where);
  // A record that waits for a carry-on has the keyring it had where it came from (§11).
  if (!equal(k.store, v.account.from ?? src.store)) refuse('14', 'the keyring is of another store', where);
  if (!v.account.from && src.verifier && k.verifier !== src.verifier) refuse('14', 'the keyring has pinned another node', where);
  if (v.live && v.live.epoch !== k.epochs.length) refuse('14', "the live list's epoch is not the keyring's", name(v.person, keys.live));
  const slots = new Set(k.slots.map((s) => hex(s.id)));
  if (slots.size !== v.ring.wraps.size || [...v.ring.wraps.keys()].some((id) => !slots.has(id)))
    refuse('14', "the ring row's slots are not the keyring's", name(v.person, keys.ring));
  for (let e = 2; e <= k.epochs.length; e++)
    for (let s = 1; s <= 19; s++)
      place(name(v.person, keys.back(e)), () => {
        const was = back(src.rows.get(v.person, keys.back(e)), v.person, s, e, sectionKey(k.epochs[e - 1], s));
        if (!equal(was, sectionKey(k.epochs[e - 2], s))) refuse('9', "a back row leads to another key than the keyring's");
      });
}

// stopped checks that a grant which ended opens nothing: the row it keeps, under the last K_grants, is a
// stopped one. Of earlier generations nobody has the key.
function stopped(src, v, k) {
  for (const g of k.grants) {
    const value = src.rows.get(v.person, keys.grant(g.grant.grant));
    if (!value || g.ended === undefined || g.generation !== k.generations.length - 1 || v.live.grants.has(hex(g.grant.grant))) continue;
    place(name(v.person, keys.grant(g.grant.grant)), () => {
      const r = openGrantRow(kdf(k.last.grants, 'grant', g.grant.grant), v.person, g.grant.grant, value);
      if (!r.stopped || !equal(r.auditKey, g.auditKey)) refuse('9', 'a grant that ended has a row that is not stopped');
    });
  }
}

// listed checks the row of every grant on the live list (§14).
function listed(src, v, k) {
  if (!v.live) return;
  stopped(src, v, k);
  for (const [id, l] of v.live.grants) {
    const grant = Buffer.from(id, 'hex');
    const value = src.rows.must(v.person, keys.grant(grant), "a live grant's row");
    const where = name(v.person, keys.grant(grant));
    if (!equal(rowsOf.hashOf(value), l.hash)) refuse('14', "a grant's row is not the live list's", where);
    const g = k.grants.find((x) => equal(x.grant.grant, grant)) ?? refuse('14', 'the live list has a grant of nobody', where);
    const r = place(where, () => openGrantRow(kdf(k.last.grants, 'grant', grant), v.person, grant, value));
    if (r.epoch !== v.live.epoch) refuse('14', "a grant's row is of another epoch", where);
    if (!equal(r.auditKey, g.auditKey) || !equal(r.ID, k.ID)) refuse('14', "a grant's row has other keys than the keyring", where);
  }
}

// open unlocks a record, checks all of it, and only then gives anything (§14).
export function open(src, credential) {
  const person = find(src, credential);
  const v = verify(src, person);
  const k = place(name(person, keys.ring), () => unlock(credential, person, v.ring));
  agree(src, v, k);
  listed(src, v, k);
  const hold = ownHold(k);
  const versions = v.chains.flatMap((chain) =>
    chain.map((x) =>
      place(x.where, () => {
        const at = entries.recognise(hold, x.entry, x.stamp, x.hint, x.where);
        return entries.report(x, at, entries.openVersion(hold, person, x, at));
      }),
    ),
  );
  const l = log.check(src.rows, person, v.head, k);
  return { ...v, keyring: k, versions, log: l };
}
