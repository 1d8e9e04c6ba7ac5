// The log, docs/format.md §12: leaves, events, and the checking of all of it.
import { concat, equal, hex, refuse, sha256, u8, u64, zeros } from './notation.mjs';
import { b16, b32, decode, listed, ms, num, string, table } from './messages.mjs';
import { kdf, tag } from './kdf.mjs';
import { context, openPadded, sealPadded } from './seal.mjs';
import { unbox } from './box.mjs';
import { unpad } from './padding.mjs';
import { Tree, leafHash } from './tree.mjs';
import { keys, name } from './rows.mjs';

export const event = table(
  'event',
  {
    1: ['time', ms, '1'],
    2: ['action', num, '1'],
    3: ['outcome', num, '1'],
    4: ['reason', num, '?'],
    5: ['grant', b16, '?'],
    6: ['token', num, '?'],
    7: ['entries', listed, '*'],
    8: ['more', num, '?'],
    9: ['search', string, '?'],
    10: ['text', string, '?'],
    11: ['directory', b32, '?'],
    12: ['before', b32, '?'],
    13: ['grants', b16, '*'],
  },
  'pass',
);
const noEntries = sha256('carehold/directory', zeros(2048)); // the root while nothing was written
export const writers = [, 'device', 'grant', 'node'];

export const ownerKey = (audit) => kdf(kdf(audit, 'owner'), 'leaf');
const grantContext = (person, grant, i) => context('leaf-grant', person, grant, u64(i));

// sealLeaf writes a leaf of a grant's: the example of §17 is made with it.
export function sealLeaf(auditKey, person, grant, i, plain, how) {
  const blob = sealPadded(kdf(auditKey, 'leaf'), grantContext(person, grant, i), plain, how);
  return concat(u8(2), tag(auditKey, 'hint', person, i), blob);
}

// first gives what the first of several keys opens; a leaf no key opens is refused (§14).
function first(list, f) {
  for (const x of list) {
    try {
      return f(x);
    } catch {
      // of another generation
    }
  }
  return refuse('14', 'no key opens a leaf');
}

// openLeaf gives writer, sequence or grant, and event.
export function openLeaf(k, person, i, leaf) {
  if (leaf[0] === 1 && leaf.length > 9) {
    const sequence = leaf.subarray(1, 9);
    const ctx = context('leaf-owner', person, sequence);
    const plain = first(k.generations, (g) => openPadded(ownerKey(g.audit), ctx, leaf.subarray(9)));
    return { writer: 1, sequence: Number(sequence.readBigUInt64BE()), event: decode(event, plain) };
  }
  if (leaf[0] === 2 && leaf.length > 9) {
    const fits = k.grants.filter((x) => equal(tag(x.auditKey, 'hint', person, i), leaf.subarray(1, 9)));
    const [g, plain] = first(fits, (x) => [x, openPadded(kdf(x.auditKey, 'leaf'), grantContext(person, x.grant.grant, i), leaf.subarray(9))]);
    const e = decode(event, plain);
    if (!e.grant || !equal(e.grant, g.grant.grant)) refuse('12', 'an event names another grant than wrote it');
    return { writer: 2, grant: g, event: e };
  }
  if (leaf[0] === 3) {
    const ctx = context('leaf-node', person, u64(i));
    const plain = first(k.boxes, (p) => unpad(unbox(p, ctx, leaf.subarray(1))));
    return { writer: 3, event: decode(event, plain) };
  }
  return refuse('14', 'a leaf has a writer that is not known');
}

// tree is what can be checked without a key: no gap, and the head's peaks.
export function tree(rows, person, h, visit = () => {}) {
  const t = new Tree();
  for (let i = 0; i < h.leaves; i++) {
    const leaf = rows.must(person, keys.leaf(i), 'a leaf of the log');
    visit(i, leaf, t.add(leaf));
  }
  if (!equal(t.row(), h.peaks)) refuse('14', "the log is not the head's", name(person, keys.head));
  return t;
}

// check goes through the whole log as §12's "Checking" has it, and gives every event. more are heads that
// were seen, beside the keyring's.
export function check(rows, person, h, k, more = []) {
  let [trail, sequence, newest] = [zeros(32), 0, noEntries];
  if (k.seenSize === 0 && !equal(k.seenRoot, zeros(32))) refuse('8', 'the keyring has a root of no log', name(person, keys.ring));
  const seen = [{ size: k.seenSize, root: k.seenRoot }, ...more].filter((x) => x.size);
  const oldest = k.sequence - k.before.length; // the statement whose hash before[0] is
  const out = [];
  const t = tree(rows, person, h, (i, leaf, grown) => {
    const where = name(person, keys.leaf(i));
    let l;
    try {
      l = openLeaf(k, person, i, leaf);
    } catch (e) {
      e.where ??= where;
      throw e;
    }
    for (const x of seen) if (x.size === grown.size) x.met = equal(grown.root(), x.root);
    if (l.writer === 1) {
      if (l.sequence !== ++sequence) refuse('14', 'device leaves are out of sequence', where);
      trail = sha256(trail, leafHash(leaf));
      const known = k.before[sequence - 1 - oldest];
      if (known && (!l.event.before || !equal(l.event.before, known))) refuse('12', 'a statement followed another than it says', where);
      if (sequence === 1 && l.event.before && !equal(l.event.before, zeros(32))) refuse('12', 'a first statement followed one', where);
    }
    if (l.event.directory) newest = l.event.directory;
    out.push({ index: i, ...l });
  });
  if (sequence !== k.sequence) refuse('14', "the log's statements are not up to the keyring's", name(person, keys.head));
  if (!equal(trail, k.trail)) refuse('12', "the trail is not the keyring's", name(person, keys.head));
  if (!seen.every((x) => x.met)) refuse('12', 'the log does not go on from the head that a device saw', name(person, keys.head));
  if (!equal(newest, h.directory)) refuse('12', "the log's newest directory is not the head's", name(person, keys.head));
  return { events: out, root: t.root(), size: t.size };
}

// report is what reader.mjs prints of a leaf.
export function report({ index, writer, sequence, grant: by, event: e }) {
  return {
    index,
    writer: writers[writer],
    sequence,
    grant: e.grant && hex(e.grant),
    name: by?.grant.name,
    action: e.action,
    outcome: e.outcome,
    reason: e.reason,
    time: e.time,
    token: e.token,
    text: e.text ?? '',
    search: e.search,
    entries: e.entries,
    more: e.more,
    grants: e.grants.map(hex),
  };
}
