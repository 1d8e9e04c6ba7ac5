// The other direction: a store with one record in it, written from the page alone, as rows of a live store
// and as a backup that a server can restore. What is random here is random there.
import { randomBytes } from 'node:crypto';
import { concat, hex, sha256, text, toBase32, u32, u64, u8, zeros } from './notation.mjs';
import { encode } from './messages.mjs';
import { id, kdf, mac } from './kdf.mjs';
import { context, seal, sealPadded } from './seal.mjs';
import { box, pair } from './box.mjs';
import { publicOf, sign } from './sign.mjs';
import { pad } from './padding.mjs';
import { capsuleId, formatRecovery, formatToken, kek, linkKey, recovery } from './credentials.mjs';
import { fileList, sentContext, sentKey, sentState } from './beside.mjs';
import { fileContext } from './link.mjs';
import { sealJWE } from './jwe.mjs';
import * as capsule from './capsule.mjs';
import * as grants from './grants.mjs';
import * as entries from './entries.mjs';
import { line } from './directory.mjs';
import { event, ownerKey, sealLeaf } from './log.mjs';
import { keyring } from './keyring.mjs';
import { personOf } from './statements.mjs';
import { Tree, leafHash, nodeSeed, verifierKey } from './tree.mjs';
import { Rows, accountTable, headTable, keys, liveTable, ringTable, storeTable } from './rows.mjs';

const day = 86400;

// begin makes keys and slot of somebody whose record has two epochs.
function begin(now) {
  const w = { now, store: randomBytes(16), nodeKey: randomBytes(32), rows: new Rows(), tree: new Tree(), trail: zeros(32) };
  for (const k of ['identity', 'ID', 'audit', 'grantKeys', 'boxSeed', 'root']) w[k] = randomBytes(32);
  w.epochs = [randomBytes(32), randomBytes(32)];
  w.person = personOf(publicOf(w.identity));
  w.boxes = pair(w.boxSeed);
  w.code = formatRecovery(randomBytes(20));
  w.slot = recovery(w.code);
  w.slotId = capsuleId(w.slot);
  w.put = (key, value) => w.rows.put(w.person, key, value);
  return w;
}

// plaintext is header and JSON; with a content, the JSON without it, and it behind.
export function plaintext(h, json, content, number = content ? 2 : 1) {
  const b = content
    ? encode(entries.contentHeader, { jsonLength: json.length, length: content.length, sha256: sha256(content), ...h })
    : encode(entries.header, h);
  return concat(u8(0), u8(number), u32(b.length), b, json, content ?? '');
}

// version writes one version of an entry into section s and epoch e; big values fall into several parts (§10).
export function version(w, { type, fhirId, v, s, e, json, content, prev = zeros(32), generation = 0n, header = {}, suite = 2, number, sizes = [65536, 262144] }) {
  const entry = entries.entryId(w.ID, type, fhirId);
  const stamp = (generation << 40n) | BigInt(v);
  const sk = grants.sectionKey(w.epochs[e - 1], s);
  const padded = pad(plaintext({ type, id: fhirId, written: (w.now + v) * 1000, grant: w.own.id, self: true, name: 'you', ...header }, json, content, number));
  const parts = [padded.subarray(0, sizes[0])];
  for (let i = sizes[0]; i < padded.length; i += sizes[1]) parts.push(padded.subarray(i, i + sizes[1]));
  const blobs = parts.map((p, i) => {
    const ctx = context('entry', w.person, u8(s), u32(e), entry, u64(stamp), u32(i), u32(parts.length));
    return seal(kdf(sk, 'seal-entry'), ctx, p, { suite });
  });
  const rest = blobs.slice(1);
  const row = concat(prev, entries.hint(w.ID, sk, entry, stamp, e), u32(parts.length), ...rest.map((b) => sha256(b)), blobs[0]);
  w.put(keys.entry(entry, stamp), row);
  rest.forEach((b, i) => w.put(keys.part(entry, stamp, i + 1), b));
  return { entry, stamp, hash: sha256(row), row };
}

const resource = (w, type, fhirId, v, more) =>
  text(JSON.stringify({ resourceType: type, id: fhirId, meta: { versionId: String(v), lastUpdated: new Date((w.now + v) * 1000).toISOString() }, ...more }));

// record writes the entries: two versions across an epoch, a deleted one, a moved one, one in three parts, and
// a Binary whose versions have their content behind the JSON, in one row and in three.
function record(w, more) {
  const subject = { reference: `Patient/${toBase32(id(w.ID, 'patient-id')).toLowerCase()}` };
  const patient = subject.reference.slice(8);
  const name = (i) => toBase32(Buffer.alloc(16, i)).toLowerCase();
  const out = [version(w, { type: 'Patient', fhirId: patient, v: 1, s: 1, e: 1, json: resource(w, 'Patient', patient, 1, { name: [{ family: 'Writer' }] }) })];
  const chain = (type, fhirId, s, epochs, more, header = []) => {
    let last;
    epochs.forEach((e, i) => {
      const json = header[i]?.deleted ? Buffer.alloc(0) : resource(w, type, fhirId, i + 1, { patient: subject, ...more });
      last = version(w, { type, fhirId, v: i + 1, s, e, json, prev: last?.hash, header: header[i], suite: 1 + (i % 2) });
    });
    out.push(last);
  };
  chain('AllergyIntolerance', name(1), 4, [1, 2, 2], { code: { text: 'Peanut' } });
  chain('Immunization', name(2), 7, [1, 1], { status: 'completed', vaccineCode: { text: 'Tetanus' }, occurrenceString: '2020' }, [{}, { deleted: true }]);
  const [type, fhirId] = ['DocumentReference', name(3)];
  const data = Buffer.alloc(400000, 'large ').toString('base64');
  const json = resource(w, type, fhirId, 1, { status: 'current', subject, content: [{ attachment: { contentType: 'text/plain', data } }] });
  out.push(version(w, { type, fhirId, v: 1, s: 11, e: 2, json, generation: 1n }));
  out.push(binary(w, name(4), [Buffer.from('%PDF-1.7 small'), Buffer.alloc(400000, 'large ')]));
  if (more) out.push(more(w));
  const row = Buffer.alloc(2048);
  for (const l of out) {
    const n = l.entry[0] >> 2;
    w.segments ??= new Map();
    w.segments.set(n, [...(w.segments.get(n) ?? []), line(l.entry, l.stamp, l.hash)]);
  }
  for (const [n, lines] of w.segments) {
    const value = concat(...lines.sort(Buffer.compare));
    sha256(value).copy(row, 32 * n);
    w.put(keys.segment(n, sha256(value)), value);
  }
  w.put(keys.directory, row);
  w.directory = sha256('carehold/directory', row);
}

// binary writes a Binary: each content goes where its data stood, in front of the last brace.
export function binary(w, fhirId, contents, header = {}) {
  let last;
  contents.forEach((content, i) => {
    const json = resource(w, 'Binary', fhirId, i + 1, { contentType: 'application/pdf' });
    const h = { at: json.length - 1, lead: text(',"data":"'), trail: text('"'), ...header };
    last = version(w, { type: 'Binary', fhirId, v: i + 1, s: 11, e: 2, json, content, prev: last?.hash, header: h });
  });
  return last;
}

// token makes a token of a grant's, perhaps one with a reading.
export function token(w, g, kind, reading) {
  const c = { kind, secret: randomBytes(32) };
  putCapsule(w, c, 0, encode(capsule.session, { person: w.person, grant: g.id, grantKey: g.key, auditKey: g.audit, reading }));
  return formatToken(c);
}

// link makes a link of a grant's that was made, with one file; a passcode, GK_g and more as they are asked for.
export async function link(w, g, { passcode, summary, content = 'a file', tries = 5, used, end = g.until || undefined, change = {} } = {}) {
  const c = { kind: 'l', secret: randomBytes(32) };
  const cid = capsuleId(c);
  const salt = randomBytes(16);
  const inner = { key: randomBytes(32), grantKey: summary ? g.key : undefined, outer: passcode ? randomBytes(32) : undefined, ...change.inner };
  const flags = (passcode ? 1 : 0) | (summary ? 4 : 0);
  const sealed = seal(await linkKey(c, passcode, salt), capsule.linkContext(cid), encode(capsule.linkInner, inner));
  const payload = { person: w.person, grant: g.id, auditKey: g.audit, end, flags, tries, salt, inner: sealed, ...change.payload };
  putCapsule(w, c, end ? Math.ceil(end / 3600) : 0, encode(capsule.link, payload));
  const jwe = sealJWE(inner.key, text(content), 'application/fhir+json');
  const kept = inner.outer ? seal(inner.outer, fileContext(cid, 1), jwe) : jwe;
  for (let i = 0; i === 0 || i * 262144 < kept.length; i++) w.put(keys.file(cid, 1, i), kept.subarray(i * 262144, (i + 1) * 262144));
  w.put(keys.file(cid, 0, 0), encode(fileList, { files: [{ type: 'application/fhir+json', length: jwe.length, made: w.now }] }));
  w.put(keys.made(cid), u32(Math.floor(w.now / 3600)));
  if (used !== undefined) w.put(keys.tries(cid), concat(u32(used), mac(w.nodeKey, 'tries', w.store, cid, u32(used))));
  return { link: formatToken(c).slice(5), id: cid, key: hex(inner.key), content };
}

// upload sends the first parts of a content under a grant, and no more.
export function upload(w, g, content, there = content.length) {
  const cid = randomBytes(16);
  const [k, until] = [sentKey(g.key), w.now + day];
  const state = encode(sentState, { size: content.length, there, until });
  w.put(keys.sent(cid), concat(u32(Math.ceil(until / 3600)), u64(content.length), seal(k, sentContext(w.person, g.id, cid), state)));
  for (let i = 0; i * 262144 < there; i++)
    w.put(keys.sentPart(cid, i), seal(k, sentContext(w.person, g.id, cid, i), content.subarray(i * 262144, (i + 1) * 262144)));
  return cid;
}

// grant makes a grant of some sections, its row and a token; change may spoil any of it, for tests.
export function grant(w, { name, sections, scopes, until, self, change = {} }) {
  const g = { id: randomBytes(16), until: until ?? 0, self, tokens: [] };
  const set = self ? grants.allSections : sections.reduce((n, s) => n | (1 << s), 6);
  g.message = encode(grants.certificate, {
    person: w.person, grant: g.id, self, name, sections: set, scopes, purpose: self ? 'PATRQT' : 'TREAT', from: w.now - 120, until, perDay: 5000,
    ...change.certificate,
  }); // prettier-ignore
  g.key = kdf(w.grantKeys, 'grant', g.id);
  g.audit = kdf(w.audit, 'audit', g.id);
  const adds = grants.addsOnly({ scopes }) ? { ID: undefined, keys: [], adds: true } : {};
  const full = {
    epoch: 2, ID: w.ID, keys: grants.setOf(set).map((s) => concat(u8(s), grants.sectionKey(w.epochs[1], s))), auditKey: g.audit,
    certificate: concat(sign(change.signer ?? w.identity, 'carehold-v1 certificate', g.message), g.message), ...adds, ...change.row,
  }; // prettier-ignore
  const row = capsule.fill(grants.rowWrapper, encode(grants.grantRow, change.stopped || change.suspended ? { keys: [], auditKey: g.audit, stopped: true } : full), grants.rowFilled);
  g.row = sealPadded(kdf(g.key, 'wrap'), context('grant-row', w.person, g.id), row);
  w.put(keys.grant(g.id), g.row);
  const flags = (self ? 1 : 0) | (change.struck ? 2 : 0) | (change.suspended ? 4 : 0);
  g.line = concat(g.id, u64(change.until ?? g.until), u8(flags), sha256(g.row));
  g.suspended = change.suspended ? w.now : undefined;
  g.listed = !change.unlisted && !change.stopped;
  const token = { kind: 'a', secret: randomBytes(32) };
  const end = 'end' in change ? change.end : until;
  putCapsule(w, token, end ? Math.ceil(end / 3600) : 0, encode(capsule.token, { person: w.person, grant: g.id, grantKey: g.key, auditKey: g.audit, end, ...change.token }));
  g.tokens.push(capsuleId(token));
  return { ...g, token: formatToken(token) };
}

// putCapsule seals a payload and writes the row it has in a live store, with the MACs of §5.
function putCapsule(w, c, hour, payload) {
  const cid = capsuleId(c);
  const blob = sealPadded(kek(c), context('capsule', c.kind, cid, u32(hour)), capsule.fill(capsule.wrapper, payload, capsule.filled));
  const owner = mac(w.nodeKey, 'belongs', w.store, cid, w.person);
  const check = mac(w.nodeKey, 'belongs', w.store, cid, owner, u8(0), u32(hour), blob);
  w.rows.put(cid, keys.capsule, concat(u8(0), u32(hour), owner, check, blob));
  return blob;
}

export function leaf(w, bytes) {
  w.put(keys.leaf(w.tree.size), bytes);
  w.tree.add(bytes);
}

export function deviceLeaf(w, sequence, e) {
  const plain = encode(event, { time: (w.now + sequence) * 1000, outcome: 0, ...e });
  const bytes = concat(u8(1), u64(sequence), sealPadded(ownerKey(w.audit), context('leaf-owner', w.person, u64(sequence)), plain));
  w.trail = sha256(w.trail, leafHash(bytes));
  leaf(w, bytes);
}

// logOf writes a leaf of each writer; the head of the first two is the one the keyring has seen.
function logOf(w, made) {
  w.before = randomBytes(32); // the hash of a statement that nobody kept
  deviceLeaf(w, 1, { action: 32, text: 'made this record', before: zeros(32) });
  const node = encode(event, { time: w.now * 1000, action: 64, outcome: 0 });
  leaf(w, concat(u8(3), box(w.boxes.public, context('leaf-node', w.person, u64(1)), pad(node))));
  w.seen = { seenSize: w.tree.size, seenRoot: w.tree.root() };
  deviceLeaf(w, 2, { action: 33, before: w.before, grants: made.map((g) => g.id) });
  for (const [g, e] of [[w.own, { action: 3, directory: w.directory, more: 4 }], [made[0] ?? w.own, { action: 2, search: 'AllergyIntolerance' }]]) {
    const plain = encode(event, { time: w.now * 1000 + 5, outcome: 0, grant: g.id, token: g.tokens[0].readUInt32BE(0), ...e });
    leaf(w, sealLeaf(g.audit, w.person, g.id, w.tree.size, plain));
  }
}

// end writes account, ring row, live list and head: what authenticates all before.
function end(w, made) {
  const all = [w.own, ...made];
  const ring = encode(keyring, {
    major: 1, person: w.person, store: w.store, verifier: verifierKey(w.store, publicOf(nodeSeed(w.nodeKey, w.store))), sequence: 2,
    before: [w.before], trail: w.trail, ...w.seen, ID: w.ID, epochs: w.epochs,
    generations: [{ audit: w.audit, boxSeed: w.boxSeed, identity: w.identity, grants: w.grantKeys }],
    slots: [{ kind: 'R'.charCodeAt(0), id: w.slotId, public: pair(kek(w.slot)).public, label: 'recovery code', made: w.now }],
    grants: all.map((g) => ({ message: g.message, generation: 0, tokens: g.tokens.map((t) => ({ id: t })), suspended: g.suspended, ...(g.listed ? {} : { ended: w.now, why: 1 }) })),
  }); // prettier-ignore
  w.slotBlob = putCapsule(w, w.slot, 0, encode(capsule.slot, { person: w.person }));
  const wrap = box(pair(kek(w.slot)).public, context('root', w.person, w.slotId), w.root);
  const sealed = sealPadded(kdf(w.root, 'ring'), context('ring', w.person, u64(2)), ring);
  w.put(keys.ring, encode(ringTable, { sequence: 2, slots: [concat(w.slotId, wrap)], keyring: sealed }));
  w.put(keys.account, encode(accountTable, { identity: w.shown ?? publicOf(w.identity), box: w.boxes.public, sequence: 2, statement: randomBytes(32), quota: 1 << 30, since: w.now }));
  w.put(keys.live, encode(liveTable, { epoch: 2, grants: all.filter((g) => g.listed).map((g) => g.line).sort(Buffer.compare) }));
  const links = grants.sectionNames.map((_, s) => s && seal(kdf(grants.sectionKey(w.epochs[1], s), 'prev'),
    context('prev', w.person, u8(s), u32(2)), grants.sectionKey(w.epochs[0], s))).filter(Boolean); // prettier-ignore
  w.put(keys.back(2), concat(...links));
  const of = (key) => sha256(w.rows.get(w.person, key));
  const head = encode(headTable, {
    time: w.now * 1000 + 9, leaves: w.tree.size, peaks: w.tree.row(), account: of(keys.account), live: of(keys.live), ring: of(keys.ring), directory: w.directory, bytes: 0,
  }); // prettier-ignore
  w.put(keys.head, concat(mac(w.nodeKey, 'head-mac', w.store, w.person, head), head));
  w.rows.put(zeros(16), text('ms'), encode(storeTable, { store: w.store, format: 2 }));
}

// write gives a whole store: rows, keys, and the tokens of the grants that were asked for. An end is in
// seconds from now; more may write one more entry, and spoil make the record one that has to be refused, for tests.
export function write({ now = Math.floor(Date.now() / 1000), grants: wanted = [{ name: 'Dr Writer', sections: [4], scopes: ['patient/*.rs'], until: 7 * day }], more, spoil } = {}) {
  const w = begin(now);
  w.own = grant(w, { name: 'you', self: true, scopes: ['patient/*.cruds'] });
  record(w, more);
  const made = wanted.map((g) => grant(w, { ...g, until: g.until && now + g.until }));
  logOf(w, made);
  spoil?.(w);
  end(w, made);
  return { ...w, grants: made };
}

// lines is the dump of rows that live.mjs reads.
export const lines = (w) =>
  [...w.rows.partitions].flatMap(([p, rows]) => [...rows].map(([k, v]) => JSON.stringify({ partition: p, key: k, value: hex(v) }))).join('\n');
