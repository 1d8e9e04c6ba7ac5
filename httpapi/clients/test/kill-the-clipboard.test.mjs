// Links that carehold makes, opened by somebody else's viewer.

import assert from 'node:assert/strict';
import { createDecipheriv } from 'node:crypto';
import { after, before, test } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { SHLViewer } from 'kill-the-clipboard';
import { start } from '../carehold.mjs';

let server;
before(async () => { server = await start(); }, { timeout: 300_000 });
after(() => server?.stop());

const make = async (...args) => JSON.parse(await server.person('link', '--json', ...args));
const open = (made, passcode, more = {}) =>
  new SHLViewer({ shlinkURI: made.link }).resolveSHL({ recipient: 'Ward 7', passcode, ...more });

const allergies = (found) => found.fhirResources.flatMap((r) => r.entry ?? []).map((e) => e.resource)
  .filter((r) => r.resourceType === 'AllergyIntolerance').map((r) => r.code.text);

test('a link with a passcode opens a summary of the record as it is', async () => {
  const made = await make('--to', 'A&E');
  assert.match(made.passcode, /^[0-9]{6}$/);
  const { fhirResources: [doc] } = await open(made, made.passcode);
  assert.equal(doc.type, 'document');
  assert.equal(doc.entry[0].resource.type.coding[0].code, '60591-5');
  assert.deepEqual(allergies(await open(made, made.passcode)), ['penicillin']);
});

test('the address that a phone opens is the same link to a viewer', async () => {
  const made = await make('--to', 'A&E');
  assert.ok(made.page.startsWith(`${server.url}/v#shlink:/`));
  assert.deepEqual(allergies(await open({ link: made.page }, made.passcode)), ['penicillin']);
});

test('what is too large for a manifest is at a location', async () => {
  const made = await make('--to', 'A&E');
  assert.deepEqual(allergies(await open(made, made.passcode, { embeddedLengthMax: 100 })), ['penicillin']);
});

test('a wrong passcode is counted, and the tenth is the last', async () => {
  const made = await make('--to', 'A&E');
  const wrong = made.passcode === '000000' ? '000001' : '000000';
  const { url } = new SHLViewer({ shlinkURI: made.link }).shl;
  const ask = (passcode) => fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ recipient: 'x', passcode }) });
  const first = await ask(wrong);
  assert.equal(first.status, 401);
  assert.deepEqual(await first.json(), { remainingAttempts: 9 });
  await assert.rejects(open(made, wrong), { name: 'SHLInvalidPasscodeError' });
  assert.deepEqual(allergies(await open(made, made.passcode)), ['penicillin']);
  const rest = await Promise.all(Array.from({ length: 20 }, () => ask(wrong)));
  assert.equal(rest.filter((r) => r.status === 401).length, 8);
  assert.equal(rest.filter((r) => r.status === 404).length, 12);
  await assert.rejects(open(made, made.passcode), { name: 'SHLManifestNotFoundError' });
});

test('a snapshot is one file, and stays as it was', async () => {
  const made = await make('--to', 'Travel clinic', '--snapshot');
  const { shl } = new SHLViewer({ shlinkURI: made.link });
  assert.equal(shl.flag, 'U');
  assert.deepEqual(allergies(await open(made)), ['penicillin']);
  assert.equal((await fetch(`${shl.url}?recipient=x`)).headers.get('content-type'), 'application/jose');
  assert.equal((await fetch(shl.url)).status, 400); // it says who asks
});

test('a link says when it ends', async () => {
  const made = await make('--to', 'Judith', '--for', '1min', '--no-passcode');
  const { shl } = new SHLViewer({ shlinkURI: made.link });
  assert.ok(shl.exp * 1000 > Date.now() && shl.exp * 1000 <= Date.now() + 60_000);
  assert.deepEqual(allergies(await open(made)), ['penicillin']);
});

test('a link that was stopped opens nothing, nor do the locations it gave', async () => {
  const made = await make('--to', 'Neighbour', '--no-passcode');
  const { url } = new SHLViewer({ shlinkURI: made.link }).shl;
  const asked = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"recipient":"x","embeddedLengthMax":10}' });
  const { files: [file] } = await asked.json();
  assert.equal((await fetch(file.location)).status, 200);
  await server.person('revoke', 'Neighbour');
  assert.equal((await fetch(file.location)).status, 404);
  await assert.rejects(open(made), { name: 'SHLManifestNotFoundError' });
});

// RFC 7516 by node's own crypto: the file of a link with its key.
const decrypt = (jwe, key) => {
  const [head, , iv, text, tag] = jwe.split('.');
  const d = createDecipheriv('aes-256-gcm', Buffer.from(key, 'base64url'), Buffer.from(iv, 'base64url'));
  d.setAAD(Buffer.from(head, 'ascii'));
  d.setAuthTag(Buffer.from(tag, 'base64url'));
  const b = Buffer.concat([d.update(Buffer.from(text, 'base64url')), d.final()]);
  const { zip, cty } = JSON.parse(Buffer.from(head, 'base64url'));
  return { cty, body: JSON.parse(zip === 'DEF' ? inflateRawSync(b) : b) };
};

test('a token that is handed over under a passcode reads the record, until the link is stopped', async () => {
  const made = await make('--to', 'Pharmacy', '--api-access');
  const { url, key } = new SHLViewer({ shlinkURI: made.link }).shl;
  const asked = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ recipient: 'x', passcode: made.passcode }) });
  const { files } = await asked.json();
  const file = files.find((f) => f.contentType === 'application/smart-api-access');
  const { cty, body } = decrypt(file.embedded, key);
  assert.equal(cty, 'application/smart-api-access');
  assert.equal(body.token_type, 'Bearer');
  assert.equal(body.expires_in, undefined, 'it was sealed once: seconds would be wrong from then on');
  const left = body.expires_at * 1000 - Date.now();
  assert.ok(left > 0 && left <= 7 * 24 * 3600 * 1000);
  const read = (path) => fetch(`${body.aud}/${path}`, { headers: { authorization: `Bearer ${body.access_token}` } });
  assert.equal((await (await read(body.query[0])).json()).type, 'document');
  assert.equal((await read(`Patient/${body.patient}`)).status, 200);
  assert.equal((await read('AllergyIntolerance')).status, 200);
  await server.person('revoke', 'Pharmacy');
  assert.equal((await read('AllergyIntolerance')).status, 401);
});
