// One person's record: what can be verified without their keys (docs/format.md §16), and with them (§14).
import { equal, hex, refuse, at as place } from './notation.mjs';
import { kdf } from './kdf.mjs';
import * as directory from './directory.mjs';
import * as entries from './entries.mjs';
import * as log from './log.mjs';
import * as tree from './tree.mjs';
import * as rowsOf from './rows.mjs';
import { openCapsule, slotOf } from './capsule.mjs';
import { unnamed } from './chain.mjs';
import { shapes, uploads } from './beside.mjs';
import { capsuleId } from './credentials.mjs';
import { addsOnly, back, openGrantRow, readCertificate, sectionKey, sectionNames, steps } from './grants.mjs';
import { unlock } from './keyring.mjs';
import { asked, waiting } from './ask.mjs';

const { keys, name } = rowsOf;

// A source is { rows, store, live } and, of a backup, verifier, ends and copy; of a live store perhaps nodeKey.

// verify demands all of §16 of one person, and gives what it read.
export function verify(src, person) {
  const { rows } = src;
  const h = rowsOf.head(rows, person, src.nodeKey, src.store);
  const end = src.ends?.get(hex(person));
  if (end && !equal(h.hash, end.head)) refuse('16', 'a person has another head than the backup says', name(person, keys.head));
  const account = rowsOf.account(rows, person, h);
  const ring = rowsOf.ring(rows, person, h);
  const named = [];
  const lines = directory.read(rows, person, h.directory, (key) => named.push(key));
  const chains = lines.map((l) => entries.versions(rows, person, l));
  named.push(...chains.flat().flatMap((v) => v.rowKeys));
  const root = log.tree(rows, person, h).root();
  for (const id of ring.wraps.keys()) slotOf(src, person, Buffer.from(id, 'hex'));
  if (end) closed(src, person, end, h, root);
  const live = src.live ? rowsOf.live(rows, person, h) : undefined;
  const beside = shapes(src, person);
  const v = { person, head: h, account, ring, chains, live, root, end, named, beside };
  unnamed(src, v);
  return v;
}

// closed holds a person against the end that the backup has of them.
function closed(src, person, end, h, root) {
  for (let e = 2; e <= end.epoch; e++) src.rows.must(person, keys.back(e), 'a back row');
  const c = place(end.where, () => tree.openCheckpoint(end.checkpoint, src.verifier, src.store, person));
  if (c.size !== h.leaves || !equal(c.root, root)) refuse('16', "a checkpoint is not of the person's head", end.where);
}

// find opens the capsule of a slot's credential: it names the person, who has to be the one it lies with.
export function find(src, credential) {
  const id = capsuleId(credential);
  // Only what a ring row names is there: an older file of a chain may have the capsule of a removed slot.
  const names = (p) => rowsOf.ring(src.rows, p, rowsOf.head(src.rows, p)).wraps.has(hex(id));
  const person = src.rows.people().find(names) ?? refuse('7', 'nobody has a slot for this code or passphrase');
  const r = slotOf({ ...src, nodeKey: undefined }, person, id);
  const said = place(r.where, () => openCapsule(credential, r)).person;
  if (!equal(said, person)) refuse('7', 'a capsule lies with another person than it names', r.where);
  return said;
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
  if (v.end && v.end.epoch !== k.epochs.length) refuse('14', "the backup's epoch is not the keyring's", v.end.where);
  const slots = new Set(k.slots.map((s) => hex(s.id)));
  if (slots.size !== v.ring.wraps.size || [...v.ring.wraps.keys()].some((id) => !slots.has(id)))
    refuse('14', "the ring row's slots are not the keyring's", name(v.person, keys.ring));
  for (let e = 2; e <= k.epochs.length; e++)
    for (let s = 1; s <= 19; s++)
      place(name(v.person, keys.back(e)), () => {
        const row = src.rows.get(v.person, keys.back(e));
        for (const to of steps(row, e))
          if (!equal(back(row, v.person, s, e, sectionKey(k.epochs[e - 1], s), to), sectionKey(k.epochs[to - 1], s)))
            refuse('9', "a back row leads to another key than the keyring's");
      });
}

// waits gives the head that the node there signed, for a record that waits for a carry-on (§11): a log that
// came from elsewhere goes on from it.
function waits(v, k) {
  if (!v.account.from) return [];
  const where = name(v.person, keys.account);
  if (!v.account.note) refuse('13', 'a record waits, and the account has no note', where);
  const c = place(where, () => tree.openCheckpoint(v.account.note, k.verifier, v.account.from, v.person));
  return c.size < k.seenSize ? refuse('11', 'the note is of a smaller log than a device saw', where) : [c];
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
    if ((g.suspended !== undefined) !== l.suspended) refuse('8', 'a grant is suspended on the live list or in the keyring alone', where);
    if (l.suspended) {
      if (!r.stopped || !equal(r.auditKey, g.auditKey)) refuse('9', 'a grant that is suspended has a row that is not stopped', where);
      continue;
    }
    if (r.stopped) refuse('9', 'a live grant has a stopped row', where);
    if (r.epoch !== v.live.epoch) refuse('14', "a grant's row is of another epoch", where);
    place(where, () => readCertificate(r.certificate, v.account.identity));
    if ((r.adds === true) !== addsOnly(g.grant)) refuse('9', "a grant's row is of one to add only, and the grant is not, or the other way round", where);
    if (!equal(r.certificate.subarray(64), g.message)) refuse('9', "a grant's certificate is not of the keyring's grant", where);
    if (!equal(r.auditKey, g.auditKey) || (r.ID && !equal(r.ID, k.ID))) refuse('14', "a grant's row has other keys than the keyring", where);
  }
}

// liveKeys are the live grants and their keys.
const liveKeys = (v, k) => [...v.live.grants.keys()].map((g) => Buffer.from(g, 'hex')).map((id) => ({ id, key: kdf(k.last.grants, 'grant', id) }));

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
  const l = log.check(src.rows, person, v.head, k, waits(v, k));
  return { ...v, keyring: k, versions, log: l, uploads: src.live ? uploads(src, person, liveKeys(v, k)) : [], inbox: waiting(src, person, k), questions: asked(src, person, k) };
}
