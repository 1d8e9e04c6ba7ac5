// fhir-kit-client: each of its methods that FHIR R4's REST has a word for.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CapabilityTool, Client } from 'fhir-kit-client';
import { observation, start } from '../carehold.mjs';

let carehold, client, patient;

before(async () => {
  carehold = await start();
  client = new Client({ baseUrl: carehold.base, bearerToken: carehold.token });
  const found = await client.search({ resourceType: 'Patient' });
  patient = found.entry[0].resource.id;
});

after(() => carehold?.stop());

const status = (answer) => Client.httpFor(answer).response.status;
const header = (answer, name) => Client.httpFor(answer).response.headers.get(name);

// refused wants a request to fail with a status, and an OperationOutcome that says why.
async function refused(want, promise) {
  const err = await promise.then(() => assert.fail(`not refused, want ${want}`), (e) => e);
  assert.equal(err.response?.status, want, String(err));
  if (want !== 304) {
    assert.equal(err.response.data.resourceType, 'OperationOutcome');
    assert.equal(err.response.data.issue[0].severity, 'error');
  }
  return err;
}

// made creates an Observation, and gives it back as the server has it.
async function made(kilograms, more) {
  const answer = await client.create({ resourceType: 'Observation', body: observation(patient, kilograms, more), options: { headers: { Prefer: 'return=representation' } } });
  assert.equal(status(answer), 201);
  return answer;
}

const matches = (bundle) => (bundle.entry ?? []).filter((e) => e.search?.mode === 'match').map((e) => e.resource);
const ids = (list) => list.map((r) => r.id).sort();

test('capability statement', async () => {
  const statement = await client.capabilityStatement();
  assert.equal(statement.resourceType, 'CapabilityStatement');
  assert.equal(statement.fhirVersion, '4.0.1');
  const tool = new CapabilityTool(statement);
  for (const code of ['transaction', 'batch', 'search-system', 'history-system']) assert.ok(tool.serverCan(code), code);
  for (const code of ['read', 'vread', 'create', 'update', 'patch', 'delete', 'search-type', 'history-type', 'history-instance']) {
    assert.ok(tool.resourceCan('Observation', code), code);
  }
  for (const name of ['code', 'date', 'value-quantity', 'code-value-quantity']) assert.ok(tool.resourceSearch('Observation', name), name);
});

test('create, read, vread, update, delete', async () => {
  const first = await made(71.30);
  assert.match(header(first, 'location'), new RegExp(`^${carehold.base}/Observation/${first.id}/_history/1$`));
  assert.equal(header(first, 'etag'), 'W/"1"');

  const read = await client.read({ resourceType: 'Observation', id: first.id });
  assert.deepEqual(read, first);
  assert.ok(header(read, 'last-modified'));

  const body = { ...read, status: 'amended' };
  const second = await client.update({ resourceType: 'Observation', id: first.id, body, options: { headers: { 'If-Match': header(read, 'etag'), Prefer: 'return=representation' } } });
  assert.equal(status(second), 200);
  assert.equal(second.meta.versionId, '2');
  await refused(412, client.update({ resourceType: 'Observation', id: first.id, body, options: { headers: { 'If-Match': 'W/"1"' } } }));

  assert.equal((await client.vread({ resourceType: 'Observation', id: first.id, version: '1' })).status, 'final');
  assert.equal((await client.vread({ resourceType: 'Observation', id: first.id, version: '2' })).status, 'amended');

  const gone = await client.delete({ resourceType: 'Observation', id: first.id });
  assert.ok([200, 204].includes(status(gone)));
  await refused(410, client.read({ resourceType: 'Observation', id: first.id }));
});

test('conditional read', async () => {
  const o = await made(70.1);
  await refused(304, client.read({ resourceType: 'Observation', id: o.id, options: { headers: { 'If-None-Match': 'W/"1"' } } }));
  await refused(304, client.read({ resourceType: 'Observation', id: o.id, options: { headers: { 'If-Modified-Since': header(o, 'last-modified') } } }));
});

test('conditional create', async () => {
  const identifier = [{ system: 'https://clinic.example/weights', value: 'once' }];
  const send = () => client.create({ resourceType: 'Observation', body: observation(patient, 70.2, { identifier }),
    options: { headers: { 'If-None-Exist': 'identifier=https://clinic.example/weights|once', Prefer: 'return=representation' } } });
  const one = await send();
  const two = await send();
  assert.equal(status(one), 201);
  assert.equal(status(two), 200);
  assert.equal(two.id, one.id);
  await made(70.3, { identifier });
  await refused(412, send());
});

test('conditional update', async () => {
  const identifier = [{ system: 'https://clinic.example/weights', value: 'kept' }];
  const send = (kilograms) => client.update({ resourceType: 'Observation', searchParams: { identifier: 'https://clinic.example/weights|kept' },
    body: observation(patient, kilograms, { identifier }), options: { headers: { Prefer: 'return=representation' } } });
  const one = await send(70.4);
  const two = await send(70.5);
  assert.equal(status(one), 201);
  assert.equal(status(two), 200);
  assert.equal(two.id, one.id);
  assert.equal(two.meta.versionId, '2');
});

test('conditional delete', async () => {
  const identifier = [{ system: 'https://clinic.example/weights', value: 'off' }];
  const one = await made(70.7, { identifier });
  const two = await made(70.8, { identifier });
  const where = 'Observation?identifier=https://clinic.example/weights|off';
  await refused(412, client.request(where, { method: 'DELETE' }));
  await client.delete({ resourceType: 'Observation', id: one.id });
  await client.request(where, { method: 'DELETE' });
  await refused(410, client.read({ resourceType: 'Observation', id: two.id }));
});

test('patch', async () => {
  const o = await made(70.6);
  const patched = await client.patch({ resourceType: 'Observation', id: o.id,
    jsonPatch: [{ op: 'test', path: '/status', value: 'final' }, { op: 'replace', path: '/status', value: 'corrected' }, { op: 'add', path: '/note', value: [{ text: 'in shoes' }] }],
    options: { headers: { Prefer: 'return=representation' } } });
  assert.equal(patched.status, 'corrected');
  assert.equal(patched.note[0].text, 'in shoes');
  assert.deepEqual((await client.read({ resourceType: 'Observation', id: o.id })).status, 'corrected');
  const stale = { headers: { 'If-Match': 'W/"1"' } };
  await refused(412, client.patch({ resourceType: 'Observation', id: o.id, jsonPatch: [{ op: 'replace', path: '/status', value: 'amended' }], options: stale }));
  await refused(422, client.patch({ resourceType: 'Observation', id: o.id, jsonPatch: [{ op: 'test', path: '/status', value: 'final' }] }));
  await refused(422, client.patch({ resourceType: 'Observation', id: o.id, jsonPatch: [{ op: 'remove', path: '/status' }] }));
  assert.equal((await client.read({ resourceType: 'Observation', id: o.id })).meta.versionId, '2');
});

test('search by GET and by POST', async () => {
  const value = 'https://clinic.example/search';
  const light = await made(50, { identifier: [{ system: value, value: 'light' }], effectiveDateTime: '2020-01-05' });
  const heavy = await made(90, { identifier: [{ system: value, value: 'heavy' }], effectiveDateTime: '2021-06' });
  for (const options of [{}, { postSearch: true }]) {
    const search = async (searchParams) => ids(matches(await client.search({ resourceType: 'Observation', searchParams, options })));
    assert.deepEqual(await search({ identifier: `${value}|` }), ids([light, heavy]));
    assert.deepEqual(await search({ identifier: `${value}|heavy` }), [heavy.id]);
    assert.deepEqual(await search({ identifier: `${value}|`, date: ['ge2020', 'lt2021'] }), [light.id]);
    assert.deepEqual(await search({ identifier: `${value}|`, 'value-quantity': 'gt60000|http://unitsofmeasure.org|g' }), [heavy.id]);
    assert.deepEqual(await search({ identifier: `${value}|`, code: 'http://loinc.org|29463-7', patient }), ids([light, heavy]));
    assert.deepEqual(await search({ identifier: `${value}|`, 'subject:Patient.name': 'okon' }), ids([light, heavy]));
    assert.deepEqual(await search({ identifier: `${value}|`, 'code:not': 'http://loinc.org|29463-7' }), []);
    assert.deepEqual(await search({ _id: `${light.id},${heavy.id}` }), ids([light, heavy]));
  }
  const sorted = await client.search({ resourceType: 'Observation', searchParams: { identifier: `${value}|`, _sort: '-date', _include: 'Observation:subject' } });
  assert.deepEqual(matches(sorted).map((r) => r.id), [heavy.id, light.id]);
  assert.deepEqual(sorted.entry.filter((e) => e.search.mode === 'include').map((e) => e.resource.resourceType), ['Patient']);
  await refused(400, client.search({ resourceType: 'Observation', searchParams: { date: 'yesterday' } }));
});

test('search across types and in the compartment of the patient', async () => {
  for (const options of [{}, { postSearch: true }]) {
    const system = await client.search({ searchParams: { _type: 'Patient,AllergyIntolerance' }, options });
    assert.deepEqual([...new Set(matches(system).map((r) => r.resourceType))].sort(), ['AllergyIntolerance', 'Patient']);
    const compartment = await client.search({ resourceType: 'AllergyIntolerance', compartment: { resourceType: 'Patient', id: patient },
      searchParams: { 'clinical-status': 'active' }, options });
    assert.equal(matches(compartment).length, 1);
    assert.equal(matches(compartment)[0].code.text, 'penicillin');
  }
});

test('pages', async () => {
  const value = 'https://clinic.example/pages';
  const sent = [];
  for (let i = 0; i < 23; i++) sent.push(await made(60 + i, { identifier: [{ system: value, value: `${i}` }] }));
  for (const options of [{}, { postSearch: true }]) {
    let page = await client.search({ resourceType: 'Observation', searchParams: { identifier: `${value}|`, _count: 10, _total: 'accurate' }, options });
    const seen = [];
    const sizes = [];
    while (page) {
      assert.equal(page.total, 23);
      assert.ok(!JSON.stringify(page.link.filter((l) => l.relation === 'next')).includes('clinic.example'), 'what was searched for is in a link');
      sizes.push(matches(page).length);
      seen.push(...matches(page));
      page = await client.nextPage({ bundle: page });
    }
    assert.deepEqual(sizes, [10, 10, 3]);
    assert.deepEqual(ids(seen), ids(sent));
  }
});

test('batch', async () => {
  const o = await made(71.7);
  const answer = await client.batch({ body: { resourceType: 'Bundle', type: 'batch', entry: [
    { request: { method: 'GET', url: `Observation/${o.id}` } },
    { request: { method: 'GET', url: 'Observation/nothing' } },
    { request: { method: 'GET', url: `Observation?_id=${o.id}` } },
    { resource: observation(patient, 71.8), request: { method: 'POST', url: 'Observation' } },
    { resource: { resourceType: 'Observation', status: 'final' }, request: { method: 'POST', url: 'Observation' } },
  ] } });
  assert.equal(answer.type, 'batch-response');
  assert.deepEqual(answer.entry.map((e) => e.response.status.slice(0, 3)), ['200', '404', '200', '201', '422']);
  assert.equal(answer.entry[0].resource.id, o.id);
  assert.equal(answer.entry[2].resource.total, 1);
});

test('transaction', async () => {
  const encounter = 'urn:uuid:2f0d6a2e-53d1-4b8e-9c58-0c6a2f3b7e11';
  const body = { resourceType: 'Bundle', type: 'transaction', entry: [
    { resource: observation(patient, 71.9, { encounter: { reference: encounter } }), request: { method: 'POST', url: 'Observation' } },
    { fullUrl: encounter, request: { method: 'POST', url: 'Encounter' },
      resource: { resourceType: 'Encounter', status: 'finished', class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' }, subject: { reference: `Patient/${patient}` } } },
    { resource: { resourceType: 'Observation', status: 'final', code: { text: 'mood' }, subject: { reference: 'Patient?name=okonkwo' } }, request: { method: 'POST', url: 'Observation' } },
  ] };
  const answer = await client.transaction({ body });
  assert.equal(answer.type, 'transaction-response');
  assert.deepEqual(answer.entry.map((e) => e.response.status.slice(0, 3)), ['201', '201', '201']);
  const [weight, visit, mood] = answer.entry.map((e) => e.response.location.replace(/\/_history\/.*/, ''));
  const got = await client.resolve({ reference: weight });
  assert.ok(visit.endsWith(got.encounter.reference));
  assert.equal((await client.resolve({ reference: got.encounter.reference })).status, 'finished');
  assert.equal((await client.resolve({ reference: mood })).subject.reference, `Patient/${patient}`);

  // One entry that cannot be, and nothing of it is there.
  body.entry[0].resource.identifier = [{ system: 'https://clinic.example/transaction', value: 'none' }];
  body.entry.push({ resource: { resourceType: 'Observation', status: 'wrong', code: { text: 'x' } }, request: { method: 'POST', url: 'Observation' } });
  await refused(422, client.transaction({ body }));
  assert.equal((await client.search({ resourceType: 'Observation', searchParams: { identifier: 'https://clinic.example/transaction|none', _summary: 'count' } })).total, 0);
});

test('history of an instance, a type and all there is', async () => {
  const o = await made(72.1);
  await client.update({ resourceType: 'Observation', id: o.id, body: { ...o, status: 'amended' } });
  await client.delete({ resourceType: 'Observation', id: o.id });
  const mine = (bundle) => bundle.entry.filter((e) => e.fullUrl === `${carehold.base}/Observation/${o.id}`);
  for (const where of [{ resourceType: 'Observation', id: o.id }, { resourceType: 'Observation' }, {}]) {
    const history = await client.history(where);
    assert.equal(history.type, 'history');
    assert.deepEqual(mine(history).map((e) => e.request.method), ['DELETE', 'PUT', 'POST']);
    assert.deepEqual(mine(history).map((e) => e.resource?.status), [undefined, 'amended', 'final']);
  }
  let pages = 0;
  let versions = 0;
  for (let page = await client.request('Observation/_history?_count=7'); page; page = await client.nextPage({ bundle: page })) {
    pages++;
    versions += page.entry.length;
  }
  assert.equal(pages, Math.ceil(versions / 7));
});

test('$validate', async () => {
  const good = await client.operation({ name: 'validate', resourceType: 'Observation', input: observation(patient, 73) });
  assert.equal(good.resourceType, 'OperationOutcome');
  assert.ok(good.issue.every((i) => i.severity !== 'error'));
  const outcome = await client.operation({ name: 'validate', resourceType: 'Observation', input: { resourceType: 'Observation', status: 'wrong', code: { text: 'x' } } })
    .catch((err) => err.response.data);
  const fault = outcome.issue.find((i) => i.severity === 'error');
  assert.deepEqual(fault.expression, ['Observation.status']);
});

test('what is refused says why', async () => {
  await refused(401, new Client({ baseUrl: carehold.base }).read({ resourceType: 'Patient', id: patient }));
  await refused(404, client.read({ resourceType: 'Observation', id: 'nothing' }));
  const err = await refused(422, client.create({ resourceType: 'Observation', body: { resourceType: 'Observation', code: { text: 'x' } } }));
  assert.match(JSON.stringify(err.response.data.issue), /Observation/);
});
