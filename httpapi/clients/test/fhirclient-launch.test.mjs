// fhirclient, HL7's SMART client, in its server mode: an app of two pages, /launch and
// /callback, that the person's browser goes to.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import smart from 'fhirclient';
import { approved, asked } from '../browser.mjs';
import { start } from '../carehold.mjs';
import { clientKey } from '../keys.mjs';

let carehold;
before(async () => { carehold = await start(); }, { timeout: 300_000 });
after(() => carehold?.stop());

// app is such an app: its settings are what its developer writes. It has where the browser
// is sent to at its launch, and the client that is ready when the browser came back.
async function app(t, settings) {
  const kept = new Map();
  const storage = { get: async (k) => kept.get(k), set: async (k, v) => { kept.set(k, v); return v; }, unset: async (k) => kept.delete(k) };
  let ready;
  const server = createServer(async (request, response) => {
    const it = smart(request, response, storage);
    if (request.url === '/launch') return it.authorize({ iss: carehold.base, redirectUri: '/callback', ...settings });
    ready = it.ready();
    await ready.catch(() => {});
    return response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const at = `http://127.0.0.1:${server.address().port}`;
  return {
    launch: async () => (await fetch(`${at}/launch`, { redirect: 'manual' })).headers.get('location'),
    ready: async (url) => { await (await fetch(url)).text(); return ready; },
  };
}

// Loopback addresses are compared without their port (RFC 8252 §7.3).
const register = (name, ...args) => carehold.register(name, { redirect: 'http://127.0.0.1/callback' }, ...args);

async function reads(client) {
  const patient = await client.patient.read();
  assert.equal(patient.name[0].family, 'Okonkwo');
  assert.equal(patient.id, client.patient.id);
  assert.equal((await client.request('Observation')).type, 'searchset');
  assert.equal((await client.patient.request('AllergyIntolerance')).entry[0].resource.code.text, 'penicillin');
}

async function stopped(client) {
  const err = await client.request('Observation').then(() => assert.fail('it still reads'), (e) => e);
  assert.equal(err.status, 401, `${err}`);
}

const scope = 'launch/patient openid fhirUser offline_access patient/*.rs';

test('a standalone launch of a public app, until the person stops it', async (t) => {
  const { id } = await register('Sunrise');
  const it = await app(t, { clientId: id, scope });
  const client = await it.ready(await approved(carehold, await it.launch()));
  assert.equal(client.state.tokenResponse.need_patient_banner, true);
  await reads(client);
  assert.equal(client.user.fhirUser, `Patient/${client.patient.id}`);
  assert.equal((await client.user.read()).id, client.patient.id);

  const before = client.state.tokenResponse;
  await client.refresh();
  const now = client.state.tokenResponse;
  assert.notEqual(now.access_token, before.access_token);
  assert.notEqual(now.refresh_token, before.refresh_token);
  await reads(client);

  await carehold.person('revoke', 'Sunrise');
  await stopped(client);
});

test('v1 scopes', async (t) => {
  const { id } = await register('Older');
  const it = await app(t, { clientId: id, scope: 'launch/patient patient/*.read' });
  const client = await it.ready(await approved(carehold, await it.launch()));
  assert.deepEqual(client.state.tokenResponse.scope.split(' ').sort(), ['launch/patient', 'patient/*.read']);
  assert.equal(client.getIdToken(), null);
  await reads(client);
  const err = await client.create({ resourceType: 'Observation', status: 'final', code: { text: 'weight' } }).then(() => assert.fail('written'), (e) => e);
  assert.equal(err.status, 403);
});

test('a limit in a scope holds', async (t) => {
  const { id } = await register('Narrow');
  const only = 'patient/AllergyIntolerance.rs?clinical-status=http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical|resolved';
  const it = await app(t, { clientId: id, scope: `launch/patient patient/Patient.rs ${only}` });
  const client = await it.ready(await approved(carehold, await it.launch()));
  assert.equal((await client.patient.read()).id, client.patient.id);
  assert.equal((await client.request('AllergyIntolerance', { flat: true })).length, 0, 'the one that there is, is active');
});

test('an app with a secret', async (t) => {
  const { id, secret } = await register('Portal', '--secret');
  const it = await app(t, { clientId: id, clientSecret: secret, scope });
  const client = await it.ready(await approved(carehold, await it.launch()));
  await reads(client);
  await client.refresh();
  await reads(client);
});

for (const alg of ['RS384', 'ES384']) {
  test(`an app with a key, ${alg}`, async (t) => {
    const { signs, jwk } = await clientKey(alg);
    const { id } = await carehold.register(`Clinic ${alg}`, { redirect: 'http://127.0.0.1/callback', keys: [jwk] });
    const it = await app(t, { clientId: id, scope, clientPrivateJwk: { ...signs, alg } });
    await reads(await it.ready(await approved(carehold, await it.launch())));
  });
}

test('the person says no', async (t) => {
  const { id } = await register('Pushy');
  const it = await app(t, { clientId: id, scope });
  const there = await asked(carehold, await it.launch());
  await carehold.person('refuse', there.code);
  await assert.rejects(it.ready(await there.goOn()), /access_denied: the person said no/);
});
