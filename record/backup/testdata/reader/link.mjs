// What a link opens, docs/format.md §6 and §13: every condition one after another, its files, and where it
// has the grant's key the entries.
import { equal, hex, at as place, Refused, refuse, sha256, u32 } from './notation.mjs';
import { keys, name } from './rows.mjs';
import { belongs, linkFlags, openCapsule, openInner, row as capsuleRow } from './capsule.mjs';
import { capsuleId, linkToken } from './credentials.mjs';
import { context, open } from './seal.mjs';
import { granted, listed, opens, shown } from './token.mjs';
import { openJWE } from './jwe.mjs';
import * as beside from './beside.mjs';

export const fileContext = (link, n) => context('file', link, u32(n));

async function* conditions(src, c, { passcode, key }, now, out) {
  const id = capsuleId(c);
  const where = name(id, keys.capsule);
  const value = src.rows.get(id, keys.capsule);
  yield ['the store has its capsule', value !== undefined];
  const r = capsuleRow(value, where);
  yield ["the capsule's hour has not come", r.hour === 0 || now < r.hour * 3600];
  const l = place(where, () => openCapsule(c, r));
  if (src.nodeKey) belongs(src.nodeKey, src.store, id, r, l.person, where);
  Object.assign(out, {
    capsule: hex(id), person: hex(l.person), grant: hex(l.grant), link_end: l.end, tries: l.tries,
    passcode: (l.flags & linkFlags.passcode) !== 0, direct: (l.flags & linkFlags.direct) !== 0, summary: (l.flags & linkFlags.summary) !== 0,
  }); // prettier-ignore
  yield ["the link's own end has not come", l.end === undefined || now < l.end];
  yield* listed(src, l, now, out);
  if (out.passcode) {
    out.used = beside.used(src, l.person, id);
    yield ['there are tries left', out.used < l.tries];
  }
  const inner = await openInner(c, l, passcode);
  yield ["the passcode is the link's", inner !== undefined];
  out.guarded = inner.outer !== undefined;
  if (key) yield ["the key is the link's", equal(Buffer.from(key, 'hex'), inner.key)];
  out.files = filesOf(src, l.person, id, inner);
  if (inner.grantKey) {
    const t = { ...l, grantKey: inner.grantKey };
    yield* granted(src, t, now, out);
    Object.assign(out, opens(src, l.person, out));
  }
}

// filesOf opens every file that the list has.
function filesOf(src, person, id, inner) {
  return beside.files(src, person, id).map((f, i) => {
    const where = name(person, keys.file(id, i + 1, 0));
    return place(where, () => {
      const kept = beside.whole(src, person, id, i + 1) ?? refuse('13', 'a file of a link is not there');
      const jwe = inner.outer ? open(inner.outer, fileContext(id, i + 1), kept) : kept;
      if (jwe.length !== f.length) refuse('13', 'a file of a link has another length than the list says');
      const { type, plain } = openJWE(inner.key, jwe);
      return { type: f.type, made: f.made, length: f.length, cty: type, sha256: hex(sha256(plain)), bytes: plain.length };
    });
  });
}

// opened is the whole answer: what holds, what does not, and what the link shows then.
export async function opened(src, input, now) {
  const out = {};
  const held = [];
  try {
    for await (const [condition, holds] of conditions(src, linkToken(input.link), input, now, out)) {
      if (!holds) return { ...shown(out), opens: false, failed: condition, held };
      held.push(condition);
    }
    return { ...shown(out), opens: true, held };
  } catch (e) {
    if (!(e instanceof Refused)) throw e;
    return { ...shown(out), opens: false, failed: e.message, section: e.section, where: e.where, held };
  }
}
