// The scripts of the professional's viewer, as they are served, in Node: what they open of
// a running carehold, what they refuse, and that all a record says is text.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { start } from '../carehold.mjs';
import '../tinydom.mjs';

const ui = new URL('../../web/ui/', import.meta.url);
const load = (name) => import(new URL(name, ui));
const { Failure, decrypt, inflate, open, parse, tries } = await load('shl.mjs');
const { read } = await load('viewer-doc.mjs');
const { day, lineOf } = await load('viewer-line.mjs');
const { textOf } = await load('viewer-text.mjs');
const { banner, sections } = await load('viewer-page.mjs');
const { sort } = await load('viewer-summary.mjs');
const { resourceOf } = await load('viewer-add.mjs');
const live = await load('viewer-live.mjs');

let server;
before(async () => {
  server = await start();
  globalThis.location = { origin: server.url };
}, { timeout: 300_000 });
after(() => server?.stop());

const make = async (...args) => JSON.parse(await server.person('link', '--json', ...args));
const code = (c) => (err) => err instanceof Failure && err.code === c;

test('a link is opened: who, passcode with what is left of its tries, and what was shared', async () => {
  const made = await make('--to', 'A&E', '--label', 'My summary');
  const link = parse(`${server.url}/v#${made.link}`, server.url);
  assert.equal(link.label, 'My summary');
  assert.equal(await tries(link, 'Dr Okafor, Ward 7'), 10);
  await assert.rejects(open(link, 'Dr Okafor', made.passcode === '000000' ? '000001' : '000000'), (err) => err.code === 'passcode' && err.left === 9);
  const [file] = await open(link, 'Dr Okafor, Ward 7', made.passcode);
  const doc = read(file.text);
  assert.equal(doc.patient.name[0].family, 'Okonkwo');
  const of = Object.fromEntries(doc.sections.map((s) => [s.id, s]));
  assert.equal(doc.sections[0].id, 'allergies');
  assert.deepEqual(of.allergies.entries.map((r) => lineOf(r, doc.refs).title), ['penicillin']);
  assert.equal(of.medicines.state, 'nothing'); // shared, and nothing is recorded
  assert.equal(of.plan.state, 'withheld'); // not shared
  assert.equal(of.documents.state, 'untold'); // a summary has none
  await server.person('revoke', 'A&E');
  await assert.rejects(open(link, 'Dr Okafor', made.passcode), code('gone'));
});

test('of fifty passcodes at once exactly ten are judged', async () => {
  const made = await make('--to', 'Crowd');
  const link = parse(made.link, server.url);
  const wrong = Array.from({ length: 50 }, (_, i) => String(i).padStart(7, 'x'));
  const got = await Promise.all(wrong.map((w) => open(link, 'guess', w).catch((err) => (err.code === 'passcode' ? err.left : err.code))));
  assert.deepEqual(got.filter(Number.isInteger).sort((a, b) => a - b), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(got.filter((g) => g === 'gone').length, 40);
  await assert.rejects(open(link, 'late', made.passcode), code('gone'));
});

test('live access: a token for a key of the reader alone, until the link is stopped', async () => {
  const made = await make('--to', 'Pharmacy', '--api-access');
  const files = await open(parse(made.link, server.url), 'Pharmacist', made.passcode);
  const { access, docs } = await sort(files);
  assert.equal(docs.length, 1);
  const session = await live.begin(access);
  assert.equal(session.adds, false);
  assert.notEqual(session.token, access.access_token);
  assert.equal(read(await session.summary()).patient.birthDate, '1951-03-02');
  assert.ok(read((await session.everything()).bundle).sections.some((s) => s.id === 'allergies' && s.entries.length === 1));
  const bare = await fetch(`${server.base}/AllergyIntolerance`, { headers: { authorization: `Bearer ${session.token}` } });
  assert.equal(bare.status, 401);
  await server.person('revoke', 'Pharmacy');
  await assert.rejects(session.summary(), code('gone'));
  await assert.rejects(live.begin({ ...access, aud: 'https://evil.example/fhir' }), code('damaged'));
});

test('who may add sends a note and a measurement, and the person is told', async () => {
  const made = await make('--to', 'District nurse', '--api-access', '--may-add');
  const { access } = await sort(await open(parse(made.link, server.url), 'Nurse Bello', made.passcode));
  const session = await live.begin(access);
  assert.equal(session.adds, true);
  const about = { by: 'Nurse Bello, Ward 7', patient: session.patient };
  await session.add(resourceOf({ kind: 'note', title: 'Wound <b>dry</b>', text: 'Healing. \u00e9', ...about }));
  await session.add(resourceOf({ kind: 'measure', measure: 'temperature', value: '36.8', ...about }));
  const { bundle } = await session.everything();
  const of = (type) => bundle.entry.map((e) => e.resource).find((r) => r.resourceType === type);
  assert.equal(of('DocumentReference').description, 'Wound <b>dry</b>');
  assert.equal(of('Observation').valueQuantity.value, 36.8);
  assert.match(await server.person('inbox', '--json'), /District nurse/);
});

test('what is sensitive is in the live view alone, and only where the person said so', async () => {
  const made = await make('--to', 'Crisis team', '--api-access', '--sections', 'allergies,mental-health');
  const files = await open(parse(made.link, server.url), 'x', made.passcode);
  const { access } = await sort(files);
  const as = (auth) => fetch(`${server.base}/AllergyIntolerance`, { headers: { authorization: auth } });
  assert.equal((await as(`Bearer ${access.access_token}`)).status, 401);
  const session = await live.begin(access);
  assert.equal(read(await session.summary()).sections[0].entries.length, 1);
});

const b64 = (x) => Buffer.from(x).toString('base64url');
const secret = 'rxTgYlOaKJPFtcEd0qcceN8wEU4p94SqAwIWQe6uX7Q';

async function seal(text, head = {}, key = secret) {
  const h = b64(JSON.stringify({ alg: 'dir', enc: 'A256GCM', cty: 'application/fhir+json', ...head }));
  const k = await crypto.subtle.importKey('raw', Buffer.from(key, 'base64url'), 'AES-GCM', false, ['encrypt']);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const all = Buffer.from(await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: Buffer.from(h) }, k, head.zip ? deflateRawSync(text) : Buffer.from(text)));
  return [h, '', b64(iv), b64(all.subarray(0, -16)), b64(all.subarray(-16))].join('.');
}

test('files open with their key as the standard says, and not otherwise', async () => {
  for (const head of [{}, { zip: 'DEF' }]) {
    const jwe = await seal('{"resourceType":"Basic"}', head);
    assert.deepEqual(await decrypt(jwe, secret), { contentType: 'application/fhir+json', text: '{"resourceType":"Basic"}' });
    for (const broken of [jwe.slice(0, -4), `${jwe}.x`, jwe.replace('..', '.AA.'), `x${jwe}`, '', '....', jwe.slice(0, -5) + (jwe.at(-5) === 'A' ? 'B' : 'A') + jwe.slice(-4)]) {
      await assert.rejects(decrypt(broken, secret), code('damaged'));
    }
  }
  for (const head of [{ alg: 'A256KW' }, { alg: 'none' }, { enc: 'A128GCM' }, { crit: ['x'] }]) await assert.rejects(seal('{}', head).then((j) => decrypt(j, secret)), code('damaged'));
  await assert.rejects(decrypt(await seal('{}', { zip: 'DEF' }), secret.replace('r', 's')), code('damaged'));
  await assert.rejects(inflate(deflateRawSync(Buffer.alloc(2 << 20)), 1 << 20), code('large'));
});

test('only whole links of this server are taken', () => {
  const url = `${server.url}/shl/${'a'.repeat(49)}`;
  const of = (x) => `shlink:/${b64(JSON.stringify(x))}`;
  assert.equal(parse(of({ url, key: secret, flag: 'LP' }), server.url).passcode, true);
  assert.throws(() => parse(of({ url: url.replace('http:', 'https:'), key: secret }), server.url), code('elsewhere'));
  assert.throws(() => parse(of({ url: `https://evil.example/shl/${'a'.repeat(49)}`, key: secret }), server.url), (err) => err.code === 'elsewhere' && err.host === 'evil.example');
  for (const bad of ['', 'x', 'shlink:/', 'shlink:/e30', of([]), of(null), of({ url }), of({ url, key: 'short' }), of({ url: 'javascript:alert(1)', key: secret, x: 1 }).slice(0, -3),
    of({ url: `${server.url}/fhir/x`, key: secret }), of({ url: `${url}?a=b`, key: secret }), of({ url, key: secret, v: 2 }), `shlink:/${'A'.repeat(5000)}`]) {
    assert.throws(() => parse(bad, server.url), code('link'), bad);
  }
});

// A server that means harm, or is broken: whatever it answers, the viewer goes nowhere else
// and shows nothing of it.
test('what a hostile server answers is refused', async () => {
  const answers = new Map(), asked = [];
  const hostile = createServer((req, res) => {
    asked.push(req.url);
    const [status, body, headers = {}] = answers.get(req.url.split('?')[0]) ?? [404, ''];
    res.writeHead(status, headers).end(body);
  }).listen(0, '127.0.0.1');
  await once(hostile, 'listening');
  const origin = `http://127.0.0.1:${hostile.address().port}`, path = `/shl/${'a'.repeat(49)}`;
  try {
    const link = parse(`shlink:/${b64(JSON.stringify({ url: origin + path, key: secret }))}`, origin);
    const say = (status, body, headers) => { answers.set(path, [status, typeof body === 'string' ? body : JSON.stringify(body), headers]); return open(link, 'x', ''); };
    const good = await seal('{"resourceType":"Basic"}');
    for (const body of ['', 'x', '[]', '{}', '{"files":{}}', '<html>']) await assert.rejects(say(200, body), code('damaged'), body);
    await assert.rejects(say(200, { files: Array(101).fill({}) }), code('large'));
    await assert.rejects(say(200, ' '.repeat(5 << 20)), code('large'));
    await assert.rejects(say(302, '', { location: `${origin}/elsewhere` }), code('away'));
    await assert.rejects(say(503, '', { 'retry-after': '7' }), (err) => err.code === 'starting' && err.after === 7);
    await assert.rejects(say(429, ''), code('slow'));
    await assert.rejects(say(401, 'x'), (err) => err.code === 'passcode' && err.left === undefined);
    await assert.rejects(say(401, { remainingAttempts: 'many' }), (err) => err.left === undefined);
    await assert.rejects(say(410, ''), code('gone'));
    const files = await say(200, { files: [{ contentType: 'application/fhir+json', embedded: good }, { location: 'https://evil.example/shl/file/x' }, { location: '/fhir/Patient' }, { location: '//evil.example/shl/file/x' },
      { location: 'javascript:alert(1)' }, {}, null, { embedded: 7 }, { embedded: good.slice(0, -3) }, { location: `${origin}/shl/file/none` }] });
    assert.deepEqual(files.map((f) => f.fault), [undefined, 'damaged', 'damaged', 'damaged', 'damaged', 'damaged', 'damaged', 'damaged', 'damaged', 'gone']);
    assert.deepEqual([...new Set(asked)], [path, '/shl/file/none']);
  } finally {
    hostile.close();
    hostile.closeAllConnections();
  }
});

const patient = { resourceType: 'Patient', id: 'p1', name: [{ family: 'Okonkwo', given: ['Ada'] }], birthDate: '1951-03-02' };
const bundle = (...resources) => JSON.stringify({ resourceType: 'Bundle', type: 'collection', entry: resources.map((resource) => ({ fullUrl: `urn:x:${resource.resourceType}/${resource.id}`, resource })) });

test('two people are never on one screen', async () => {
  const ben = { ...patient, id: 'p2', name: [{ family: 'Other', given: ['Ben'] }] };
  assert.throws(() => read(bundle(patient, ben)), code('two'));
  const { docs, others } = await sort([{ contentType: 'application/fhir+json', text: bundle(patient) }, { contentType: 'application/fhir+json', text: bundle(ben) }]);
  assert.equal(docs.length, 1);
  assert.equal(others[0].fault, 'two');
  const doc = read(bundle(patient, { resourceType: 'Condition', id: 'c', code: { text: 'theirs' }, subject: { reference: 'Patient/p2' } },
    { resourceType: 'Condition', id: 'd', code: { text: 'hers' }, subject: { reference: 'Patient/p1' } }, { resourceType: 'Condition', id: 'e', code: { text: 'wrong' }, verificationStatus: { coding: [{ code: 'entered-in-error' }] } }));
  assert.deepEqual(doc.sections.find((s) => s.id === 'problems').entries.map((r) => r.code.text), ['hers']);
  assert.deepEqual([doc.elsewhere, doc.mistaken], [1, 1]);
});

test('absence is one of several statements', () => {
  const known = (c) => read(bundle(patient, { resourceType: 'AllergyIntolerance', id: 'a', code: { coding: [c] }, patient: { reference: 'Patient/p1' } })).sections[0].state;
  assert.equal(known({ system: 'http://snomed.info/sct', code: '716186003' }), 'none');
  assert.equal(known({ system: 'http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips', code: 'no-known-allergies' }), 'none');
  assert.equal(known({ system: 'http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips', code: 'no-allergy-info' }), 'nothing');
  assert.equal(known({ system: 'http://snomed.info/sct', code: '91936005' }), 'listed');
  assert.equal(read(bundle(patient)).sections[0].state, 'unsaid');
});

test('what turns an entry into its opposite is said', () => {
  const doc = read(bundle(patient, { resourceType: 'AllergyIntolerance', id: 'a', code: { text: 'Ibuprofen' }, verificationStatus: { coding: [{ code: 'refuted' }] } },
    { resourceType: 'MedicationRequest', id: 'm', doNotPerform: true, medicationCodeableConcept: { text: 'Codeine' } }, { resourceType: 'Immunization', id: 'i', status: 'not-done', vaccineCode: { text: 'MMR' } }));
  for (const id of ['allergies', 'medicines', 'vaccinations']) {
    const s = doc.sections.find((x) => x.id === id);
    assert.notEqual(lineOf(s.entries[0], doc.refs).warning, '', id);
  }
});

test('numbers and dates are as they were written', () => {
  const doc = read(`{"resourceType":"Observation","id":"o","code":{"text":"K"},"valueQuantity":{"value":5.0,"unit":"mmol/L"},"referenceRange":[{"low":{"value":3.50,"unit":"mmol/L"},"high":{"value":4.90,"unit":"mmol/L"}}],"effectiveDateTime":"2026-03"}`);
  const line = lineOf(doc.sections.find((s) => s.id === 'results').entries[0], doc.refs);
  if (JSON.parse('1.0', (k, v, c) => c?.source) === '1.0') assert.deepEqual([line.value, line.range], ['5.0 mmol/L', '3.50 to 4.90 mmol/L']);
  assert.equal(line.flag, 'above');
  assert.equal(line.when.text, 'Mar-2026');
  assert.deepEqual(['2026', '2026-03-09', '2026-03-09T10:30:00Z', '2026-03-09T10:30:00+01:00', 'last spring'].map((d) => day(d)),
    ['2026', '09-Mar-2026', '09-Mar-2026 10:30 UTC', '09-Mar-2026 10:30', 'last spring']);
});

const attacks = ['<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '<svg/onload=alert(1)>', '"><iframe srcdoc="<script>1</script>">', 'javascript:alert(1)',
  '\u202Etxet desrever\u2066', '{{constructor.constructor("x")()}}', 'x'.repeat(100_000), '\u0000\u0007', '__proto__'];

test('stored attacks are text wherever they stand', () => {
  const allowed = new Set(['div', 'dl', 'dt', 'dd', 'bdi', 'section', 'nav', 'details', 'summary', 'ul', 'li', 'a', 'span', 'h2', 'p', 'table', 'thead', 'tbody', 'caption', 'tr', 'th', 'td', 'strong', 'svg', 'title', 'polyline', 'circle', 'rect']);
  for (const x of attacks) {
    const text = { text: x, coding: [{ system: x, code: x, display: x }] }, who = { reference: 'Patient/p1', display: x };
    const of = (resourceType, more) => ({ resourceType, id: resourceType, subject: { reference: 'Patient/p1' }, code: text, status: x, note: [{ text: x }], meta: { source: x }, category: [text], ...more });
    const all = [
      { ...patient, name: [{ family: x, given: [x], prefix: [x] }], gender: x, birthDate: x, identifier: [{ system: x, value: x }], text: { div: x } },
      of('AllergyIntolerance', { reaction: [{ manifestation: [text], severity: x, description: x }], criticality: x, asserter: who, onsetString: x, recordedDate: x }),
      of('Condition', { clinicalStatus: text, verificationStatus: text, bodySite: [text], recorder: who }), of('MedicationRequest', { medicationCodeableConcept: text, dosageInstruction: [{ text: x }], requester: who }),
      of('Observation', { valueString: x, referenceRange: [{ text: x }], interpretation: [text], performer: [who], component: [{ code: text, valueString: x }], effectiveDateTime: x }),
      of('Immunization', { vaccineCode: text, lotNumber: x, protocolApplied: [{ targetDisease: [text], doseNumberString: x }] }), of('Goal', { description: text }), of(x.slice(0, 60), { title: x }),
      of('CarePlan', { title: x, description: x, activity: [{ detail: { code: text, description: x } }] }), of('QuestionnaireResponse', { questionnaire: x, item: [{ text: x, answer: [{ valueString: x }] }] }),
      of('DocumentReference', { type: text, description: x, text: { div: x } }),
    ];
    const composition = { resourceType: 'Composition', id: 'c', subject: { reference: 'Patient/p1' }, title: x, date: x, text: { div: x },
      section: [{ title: x, code: text, text: { div: `<table><tr><td>${x}</td></tr></table><p>${x}.</p>` }, emptyReason: { text: x, coding: [{ code: x }] } }, ...all.slice(1).map((r) => ({ title: x, code: text, entry: [{ reference: `urn:x:${r.resourceType}/${r.id}` }] }))] };
    const entry = [composition, ...all].map((resource) => ({ fullUrl: `urn:x:${resource.resourceType}/${resource.id}`, resource }));
    for (const type of ['document', 'collection']) {
      const doc = read(JSON.stringify({ resourceType: 'Bundle', type, entry: type === 'document' ? entry : entry.slice(1) }));
      const page = [banner(doc.patient), ...sections(doc, () => [])];
      let shown = '';
      for (const e of page.flatMap((p) => [...p.all()])) {
        assert.ok(allowed.has(e.name), `made <${e.name}>`);
        assert.equal(e.innerHTML, undefined);
        assert.equal(e.outerHTML, undefined);
        for (const [key, value] of Object.entries(e.attributes)) {
          assert.ok(!/^on|^style$|^src/.test(key), key);
          if (key === 'href') assert.match(value, /^#section-[a-z0-9-]+$/);
          if (x.length > 15 && key !== 'data-type' && key !== 'data-label') assert.ok(!value.includes(x), `${key} of <${e.name}>`);
        }
      }
      shown = page.map((p) => p.textContent).join('');
      assert.ok(shown.includes(x.slice(0, 500).trim().slice(0, 8)), `${x.slice(0, 40)} is shown as text`);
    }
  }
});

test('the text of a narrative is taken out of it', () => {
  assert.deepEqual(textOf('<div><p>One &lt;b&gt; &amp; two<br/>three</p><script>alert(1)</script><table><tr><th>A</th></tr><tr><td>x &#60; y</td></tr></table><p>Last</p></div>'),
    { paragraphs: ['One <b> & two \u00b7 three', 'Last'], rows: [Object.assign(['A'], { heading: true }), Object.assign(['x < y'], { heading: false })] });
  assert.deepEqual(textOf(undefined), { paragraphs: [], rows: [] });
  for (const piece of ['<', '<p ', '<!--', '<!-- -->', '&', '&#', '<table><tr><td>', '<script>', '</p>']) textOf(piece.repeat(500_000 / piece.length)); // and the test ends
});
