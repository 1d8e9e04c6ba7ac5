// What the command prints of a record that was opened.
import { hex } from './notation.mjs';
import * as record from './record.mjs';
import * as live from './live.mjs';
import { setOf } from './grants.mjs';
import { report as event } from './log.mjs';
import { whys } from './keyring.mjs';

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
});

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

export function opened(src, credential) {
  const people = all(src).map(personOf);
  const out = { store: hex(src.store), verifier: src.verifier, people };
  if (src.header) Object.assign(out, { from: src.header.from, to: src.end.to, time: src.header.time });
  if (src.nodeKey) out.node = live.node(src);
  if (!credential) return out;
  const r = record.open(src, credential);
  const k = r.keyring;
  return {
    ...out,
    person: hex(r.person),
    sequence: k.sequence,
    epochs: k.epochs.length,
    generations: k.generations.length,
    slots: k.slots.map(slotOf),
    grants: k.grants.map(grantOf),
    entries: r.versions,
    log: r.log.events.map(event),
    size: r.log.size,
    root: hex(r.log.root),
    bytes: Number(r.head.bytes),
  };
}
