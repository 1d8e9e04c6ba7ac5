// What a token opens, docs/format.md §9: every condition that a grant has to meet, one after another.
import { equal, hex, at as place, Refused } from './notation.mjs';
import * as rowsOf from './rows.mjs';
import * as directory from './directory.mjs';
import * as entries from './entries.mjs';
import { belongs, openCapsule, row as capsuleRow } from './capsule.mjs';
import { capsuleId, parseToken } from './credentials.mjs';
import { addsOnly, back, lettersOf, openGrantRow, readCertificate, setOf, steps } from './grants.mjs';

const { keys, name } = rowsOf;

// grantHold walks back from the epoch of the grant's row, along the links of each of its sections: by the
// farthest that does not lead past the epoch that is wanted.
function grantHold(rows, person, row) {
  const known = new Map();
  const walk = (s, e) => {
    let [at, k] = [row.epoch, row.sections.get(s)];
    while (at > e) {
      const value = rows.get(person, keys.back(at));
      const to = steps(value, at).filter((x) => x >= e).at(-1);
      [at, k] = [to, back(value, person, s, at, k, to)];
    }
    return k;
  };
  const key = (s, e) => {
    const id = `${s}/${e}`;
    if (!known.has(id)) known.set(id, walk(s, e));
    return known.get(id);
  };
  return { ID: row.ID, epoch: row.epoch, sections: [...row.sections.keys()].sort((a, b) => a - b), key };
}

// remains says what a grant that is not on the live list left: a stopped row under its key, or nothing.
function remains(rows, t) {
  const row = rows.get(t.person, keys.grant(t.grant));
  if (!row) return 'gone';
  return openGrantRow(t.grantKey, t.person, t.grant, row).stopped ? 'stopped' : 'not stopped';
}

// conditions gives { condition, holds } one by one, and stops at the first that does not hold.
function* conditions(src, c, now, out) {
  yield ['the token is of a kind that opens records', 'as'.includes(c.kind)];
  const id = capsuleId(c);
  const value = src.rows.get(id, keys.capsule);
  yield ['the store has its capsule', value !== undefined];
  const r = capsuleRow(value, name(id, keys.capsule));
  if (src.nodeKey) belongs(src.nodeKey, src.store, id, r, undefined, name(id, keys.capsule));
  yield ["the capsule's hour has not come", r.hour === 0 || now < r.hour * 3600];
  const t = place(name(id, keys.capsule), () => openCapsule(c, r));
  Object.assign(out, { capsule: hex(id), person: hex(t.person), grant: hex(t.grant), token_end: t.end });
  if (src.nodeKey) belongs(src.nodeKey, src.store, id, r, t.person, name(id, keys.capsule));
  yield ["the token's own end has not come", t.end === undefined || now < t.end];
  if (t.reading) out.reading = { generations: t.reading.generations.length, grants: t.reading.grants.length };
  Object.assign(out, { client: t.client, bound: t.bound && hex(t.bound), scope: t.scope });
  yield* listed(src, t, now, out);
  yield* granted(src, t, now, out);
}

// listed are the conditions that need no key of the grant: person, grant and end are those of a capsule.
export function* listed(src, t, now, out) {
  const h = rowsOf.head(src.rows, t.person, src.nodeKey, src.store);
  const account = rowsOf.account(src.rows, t.person, h);
  const live = rowsOf.live(src.rows, t.person, h);
  const l = live.grants.get(hex(t.grant));
  if (!l && t.grantKey) out.row = remains(src.rows, t);
  yield ['the grant is on the live list', l !== undefined];
  yield ['the grant is not struck', !l.struck];
  yield ['the grant is not suspended', !l.suspended];
  yield ["the grant's until has not passed", l.until === 0 || now < l.until];
  Object.assign(out, { head: h, account, live, listed: l });
}

// granted are the others, with the grant's key.
export function* granted(src, t, now, out) {
  const { account, live, listed: l } = out;
  const row = src.rows.must(t.person, keys.grant(t.grant), "a live grant's row");
  const where = name(t.person, keys.grant(t.grant));
  yield ["its row is the live list's", equal(rowsOf.hashOf(row), l.hash)];
  const g = place(where, () => openGrantRow(t.grantKey, t.person, t.grant, row));
  yield ['its row is not stopped', !g.stopped];
  yield ["its row is of the live list's epoch", g.epoch === live.epoch];
  yield ["the capsule's key of the log is the row's", equal(g.auditKey, t.auditKey)];
  const cert = place(where, () => readCertificate(g.certificate, account.identity));
  yield ['the certificate names this grant and person', equal(cert.grant, t.grant) && equal(cert.person, t.person)];
  yield ["self and until are the list's", (cert.self === true) === l.self && (cert.until ?? 0) === l.until];
  const set = setOf(cert.sections);
  const adds = addsOnly(cert);
  yield ['its row is of one to add only, exactly where the grant is', (g.adds === true) === adds];
  yield ['its sections are those with a key in the row', adds || set.length === g.sections.size && set.every((s) => g.sections.has(s))];
  yield ['from has come', now >= cert.from];
  yield ["the token's client is the certificate's", t.client === cert.client];
  yield ["the token is bound to the certificate's key", !cert.bound || (t.bound !== undefined && equal(t.bound, cert.bound))];
  yield ['who asked and reads what is sensitive has a bound token', !(cert.client || cert.asked) || adds || !set.some((s) => s >= 15) || t.bound !== undefined];
  Object.assign(out, {
    name: cert.name, organisation: cert.organisation, role: cert.role, self: cert.self === true,
    sections: set, scopes: cert.scopes, purpose: cert.purpose, from: cert.from, until: cert.until, per_day: cert.perDay, epoch: g.epoch,
    number: cert.number, register: cert.register, asked: cert.asked && hex(cert.asked), adds: adds || undefined,
  }); // prettier-ignore
  if (!adds) out.hold = grantHold(src.rows, t.person, g);
}

// scoped gives the letters of cruds that the scopes have for a type. Seals know sections only.
const scoped = (scopes, type) =>
  [...'cruds'].filter((l) => scopes.some((s) => [`patient/${type}.`, 'patient/*.'].some((x) => s.startsWith(x)) && lettersOf(s).includes(l))).join('');

// opens lists the versions that the hold recognises, and counts the entries that it does not.
export function opens(src, person, out) {
  const list = [];
  let closed = 0;
  for (const line of directory.read(src.rows, person, out.head.directory)) {
    const chain = entries.versions(src.rows, person, line).map((v) => [v, entries.recognise(out.hold, v.entry, v.stamp, v.hint, v.where)]);
    const held = chain.filter(([, at]) => at);
    if (!held.length) closed++;
    else if (held.length < chain.length) throw new Refused('10', 'one version of an entry is recognised, and another is not', chain[0][0].where);
    for (const [v, at] of held) {
      const e = entries.openVersion(out.hold, person, v, at);
      list.push({ ...entries.report(v, at, e), letters: scoped(out.scopes, e.type) });
    }
  }
  return { entries: list, entries_closed: closed };
}

// shown leaves out what the answer was found with.
export const shown = ({ hold, head, account, live, listed, ...rest }) => rest;

// grant is the whole answer: what holds, what does not, and which entries are open then.
export function grant(src, token, now) {
  const out = {};
  const held = [];
  const closed = (failed, section) => {
    return { ...shown(out), opens: false, failed, section, held, entries: [] };
  };
  try {
    for (const [condition, holds] of conditions(src, parseToken(token), now, out)) {
      if (!holds) return closed(condition, '9');
      held.push(condition);
    }
    if (out.adds) return { ...shown(out), opens: true, held, entries: [] };
    const list = opens(src, Buffer.from(out.person, 'hex'), out);
    return { ...shown(out), opens: true, held, ...list };
  } catch (e) {
    if (!(e instanceof Refused)) throw e;
    return { ...closed(e.message, e.section), where: e.where };
  }
}
