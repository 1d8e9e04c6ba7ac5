// fhirclient, HL7's SMART client: a client that was launched with a token, and its
// bare FhirClient.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import smart from 'fhirclient';
import { observation, start } from '../carehold.mjs';

let carehold, client, patient;

before(async () => {
  carehold = await start();
  const bare = new smart.FhirClient(carehold.base);
  const found = await bare.fhirRequest('Patient', { headers: { authorization: `Bearer ${carehold.token}` } });
  patient = found.entry[0].resource.id;
  // As after a SMART launch: an address, a token, whose record it is.
  client = smart({ headers: {}, session: {} }, {}).client({ serverUrl: carehold.base, tokenResponse: { access_token: carehold.token, patient } });
});

after(() => carehold?.stop());

async function refused(want, promise) {
  const err = await promise.then(() => assert.fail(`not refused, want ${want}`), (e) => e);
  assert.equal(err.status ?? err.statusCode, want, String(err));
  return err;
}

const ids = (list) => list.map((r) => r.id).sort();

test('capability statement', async () => {
  assert.equal(await client.getFhirVersion(), '4.0.1');
  assert.equal(await client.getFhirRelease(), 4);
});

test('the patient it was launched with', async () => {
  assert.equal((await client.patient.read()).name[0].family, 'Okonkwo');
  // It looks in the CapabilityStatement for the parameter that names the patient.
  const found = await client.patient.request('AllergyIntolerance');
  assert.equal(found.entry.length, 1);
  assert.equal(found.entry[0].resource.code.text, 'penicillin');
});

test('create, read, update, patch, vread, delete', async () => {
  const made = await client.create(observation(patient, 81.50));
  assert.equal(made.resourceType, 'Observation');
  assert.equal(made.meta.versionId, '1');

  const { body, response } = await client.request({ url: `Observation/${made.id}`, includeResponse: true });
  assert.deepEqual(body, made);
  assert.equal(response.headers.get('etag'), 'W/"1"');

  const changed = await client.update({ ...made, status: 'amended' }, { headers: { 'if-match': 'W/"1"' } });
  assert.equal(changed.meta.versionId, '2');
  await refused(412, client.update({ ...made, status: 'final' }, { headers: { 'if-match': 'W/"1"' } }));

  const patched = await client.patch(`Observation/${made.id}`, [{ op: 'test', path: '/status', value: 'amended' }, { op: 'replace', path: '/status', value: 'corrected' }]);
  assert.equal(patched.status, 'corrected');
  await refused(422, client.patch(`Observation/${made.id}`, [{ op: 'test', path: '/status', value: 'final' }]));

  await refused(412, client.patch(`Observation/${made.id}`, [{ op: 'replace', path: '/status', value: 'final' }], { headers: { 'if-match': 'W/"1"' } }));

  assert.equal((await client.request(`Observation/${made.id}/_history/1`)).status, 'final');
  assert.equal((await client.request(`Observation/${made.id}/_history/3`)).status, 'corrected');

  await client.delete(`Observation/${made.id}`);
  await refused(410, client.request(`Observation/${made.id}`));
});

test('conditional create', async () => {
  const identifier = [{ system: 'https://clinic.example/weights', value: 'once' }];
  const send = () => client.create(observation(patient, 81.6, { identifier }), { includeResponse: true, headers: { 'if-none-exist': 'identifier=https://clinic.example/weights|once' } });
  const one = await send();
  const two = await send();
  assert.equal(two.response.status, 200);
  assert.equal(one.body.id, (await client.request('Observation?identifier=https://clinic.example/weights|once', { flat: true }))[0].id);
});

test('search by GET and by POST', async () => {
  const system = 'https://clinic.example/search';
  const light = await client.create(observation(patient, 50, { identifier: [{ system, value: 'light' }], effectiveDateTime: '2020-01-05' }));
  const heavy = await client.create(observation(patient, 90, { identifier: [{ system, value: 'heavy' }], effectiveDateTime: '2021-06' }));
  for (const [want, query] of [
    [[light, heavy], { identifier: `${system}|` }],
    [[heavy], { identifier: `${system}|`, date: 'ge2021' }],
    [[light], { identifier: `${system}|`, 'value-quantity': 'lt60000|http://unitsofmeasure.org|g' }],
  ]) {
    const get = await client.request(`Observation?${new URLSearchParams(query)}`, { flat: true });
    assert.deepEqual(ids(get), ids(want));
    const post = await client.request({ url: 'Observation/_search', method: 'POST', body: String(new URLSearchParams(query)), headers: { 'content-type': 'application/x-www-form-urlencoded' } }, { flat: true });
    assert.deepEqual(ids(post), ids(want));
  }
  await refused(400, client.request('Observation?date=yesterday'));
});

test('references are resolved', async () => {
  const made = await client.create(observation(patient, 50.5));
  const got = await client.request(`Observation/${made.id}`, { resolveReferences: ['subject'] });
  assert.equal(got.subject.birthDate, '1951-03-02');
  const all = await client.getReferences(made, ['subject']);
  assert.equal(all[`Patient/${patient}`].resourceType, 'Patient');
});

test('pages', async () => {
  const system = 'https://clinic.example/pages';
  const sent = [];
  for (let i = 0; i < 23; i++) sent.push(await client.create(observation(patient, 60 + i, { identifier: [{ system, value: `${i}` }] })));
  const url = `Observation?identifier=${encodeURIComponent(`${system}|`)}&_count=10`;

  assert.deepEqual(ids(await client.request(url, { pageLimit: 0, flat: true })), ids(sent));
  const sizes = [];
  for await (const page of client.pages(url)) sizes.push(page.entry.length);
  assert.deepEqual(sizes, [10, 10, 3]);
  const seen = [];
  for await (const resource of client.resources(url)) seen.push(resource);
  assert.deepEqual(ids(seen), ids(sent));
});

test('batch and transaction', async () => {
  const made = await client.create(observation(patient, 82));
  const send = (bundle) => client.request({ url: '', method: 'POST', body: JSON.stringify(bundle), headers: { 'content-type': 'application/fhir+json' } });
  const batch = await send({ resourceType: 'Bundle', type: 'batch', entry: [
    { request: { method: 'GET', url: `Observation/${made.id}` } },
    { request: { method: 'GET', url: 'Observation/nothing' } },
  ] });
  assert.deepEqual(batch.entry.map((e) => e.response.status.slice(0, 3)), ['200', '404']);
  const transaction = await send({ resourceType: 'Bundle', type: 'transaction', entry: [
    { resource: { ...made, status: 'amended' }, request: { method: 'PUT', url: `Observation/${made.id}`, ifMatch: 'W/"1"' } },
    { resource: observation(patient, 84), request: { method: 'POST', url: 'Observation' } },
  ] });
  assert.deepEqual(transaction.entry.map((e) => e.response.status.slice(0, 3)), ['200', '201']);
});

test('history', async () => {
  const made = await client.create(observation(patient, 85));
  await client.update({ ...made, status: 'amended' });
  await client.delete(`Observation/${made.id}`);
  for (const url of [`Observation/${made.id}/_history`, 'Observation/_history', '_history']) {
    const history = await client.request(url);
    const mine = history.entry.filter((e) => e.fullUrl === `${carehold.base}/Observation/${made.id}`);
    assert.deepEqual(mine.map((e) => e.request.method), ['DELETE', 'PUT', 'POST'], url);
  }
});

test('what is refused', async () => {
  await refused(401, new smart.FhirClient(carehold.base).fhirRequest(`Patient/${patient}`));
  await refused(404, client.request('Observation/nothing'));
  const err = await refused(422, client.create({ resourceType: 'Observation', code: { text: 'x' } }));
  assert.match(String(err), /Observation/);
});
