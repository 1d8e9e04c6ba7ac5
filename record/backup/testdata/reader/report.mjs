// What the command prints of a record that was opened.
import { equal, hex, refuse, toBase32, unhex } from './notation.mjs';
import { id } from './kdf.mjs';
import * as record from './record.mjs';
import * as live from './live.mjs';
import { setOf } from './grants.mjs';
import { report as event } from './log.mjs';
import { whys } from './keyring.mjs';
import { chain } from './statements.mjs';
import { openCheckpoint } from './tree.mjs';
import { files } from './beside.mjs';
import { capsuleId } from './credentials.mjs';

const grantOf = (g) => ({
  grant: hex(g.grant.grant),
  name: g.grant.name,
  self: g.grant.self === true,
  sections: setOf(g.grant.sections),
  scopes: g.grant.scopes,
  purpose: g.grant.purpose,
  from: g.grant.from,
  until: g.grant.until,
  generation: g.generation,
  tokens: g.tokens.map((t) => hex(t.id)),
  live: g.ended === undefined,
  ended: g.ended,
  why: g.why,
  why_text: whys[g.why],
  suspended: g.suspended,
  client: g.grant.client,
  number: g.grant.number,
  register: g.grant.register,
});

const addressOf = (a) => ({ id: hex(capsuleId({ kind: 'w', secret: a.secret })), label: a.label ?? '', closes: a.closes, made: a.made, closed: a.closed });

const slotOf = (s) => ({ kind: String.fromCharCode(Number(s.kind)), id: hex(s.id), label: s.label ?? '', made: s.made });

const personOf = (v) => ({
  person: hex(v.person),
  entries: v.chains.length,
  versions: v.chains.flat().length,
  log: v.head.leaves,
  root: hex(v.root),
  waiting: v.account.from !== undefined,
});

// all verifies everybody there is, with what the source allows.
const all = (src) => (src.live ? src.rows.people() : [...src.ends.values()].map((e) => e.person)).map((p) => record.verify(src, p));

// kept are things that a device may have beside a store: the statements it sent, and a checkpoint.
function kept(src, r, { statements, checkpoint }) {
  const out = {};
  if (statements) out.statements = chain(statements.map((s) => unhex(s)), src.rows, r, r.keyring).map(hex);
  if (checkpoint) {
    const c = openCheckpoint(Buffer.from(checkpoint), r.keyring.verifier, r.keyring.store, r.person);
    if (c.size !== r.log.size || !equal(c.root, r.log.root)) refuse('12', 'the checkpoint is not of this log');
    out.checkpoint = c.size;
  }
  return out;
}

export function opened(src, credential, also = {}) {
  const people = all(src).map(personOf);
  const out = { store: hex(src.store), verifier: src.verifier, people };
  if (src.header) Object.assign(out, { from: src.header.from, to: src.end.to, time: src.header.time });
  if (src.nodeKey) out.node = live.node(src);
  if (also.invite) out.invite = live.invited(src, also.invite);
  if (!credential) return out;
  const r = record.open(src, credential);
  const k = r.keyring;
  return {
    ...out,
    person: hex(r.person),
    patient: toBase32(id(k.ID, 'patient-id')).toLowerCase(),
    sequence: k.sequence,
    epochs: k.epochs.length,
    generations: k.generations.length,
    slots: k.slots.map(slotOf),
    grants: k.grants.map(grantOf),
    listed: r.live && [...r.live.grants.keys()],
    entries: r.versions,
    log: r.log.events.map(event),
    uploads: r.uploads,
    inbox: r.inbox,
    questions: r.questions,
    addresses: k.addresses.map(addressOf),
    links: [...r.beside.links.values()].map((l) => ({ id: hex(l.id), used: l.used, hour: l.hour, files: l.files.size, list: files(src, r.person, l.id) })),
    size: r.log.size,
    root: hex(r.log.root),
    bytes: Number(r.head.bytes),
    ...kept(src, r, also),
  };
}
