// openid-client, certified for OpenID Connect and FAPI 2.0: an app that asks the person,
// in each way to show who it is, with tokens that are bound to a key and with others.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as oidc from 'openid-client';
import { approved, asked } from '../browser.mjs';
import { start } from '../carehold.mjs';
import { clientKey } from '../keys.mjs';

const redirect = 'https://app.example/callback';
const scope = 'openid fhirUser launch/patient offline_access patient/*.rs';

// Each group has a server of its own: what is refused counts as a guess, of which one
// address has 60, and the person's own commands cost some.
let carehold;
const group = (name, tests) => describe(name, () => {
  before(async () => { carehold = await start(); }, { timeout: 300_000 });
  after(() => carehold?.stop());
  tests();
});

// register has the app as openid-client knows it: by discovery, over plain HTTP, for the
// server is on this machine.
async function register(name, how, { keys, args = [], algorithm = 'oidc' } = {}) {
  const app = await carehold.register(name, { redirect, keys }, ...args);
  const config = await oidc.discovery(new URL(carehold.url), app.id, undefined, how(app), { algorithm, execute: [oidc.allowInsecureRequests] });
  oidc.enableNonRepudiationChecks(config); // the signature of an id_token is looked at too
  return { name, id: app.id, config };
}

// ask has all that an app keeps while the person is away, and where to send them.
async function ask(app, { DPoP, push = true, ...more } = {}) {
  const verifier = oidc.randomPKCECodeVerifier();
  const params = {
    redirect_uri: redirect, scope, aud: carehold.base, state: oidc.randomState(), nonce: oidc.randomNonce(),
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...more,
  };
  if (DPoP && !push) params.dpop_jkt = await DPoP.calculateThumbprint();
  const url = push ? await oidc.buildAuthorizationUrlWithPAR(app.config, params, { DPoP }) : oidc.buildAuthorizationUrl(app.config, params);
  if (push) assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri']);
  return { url, checks: { pkceCodeVerifier: verifier, expectedState: params.state, expectedNonce: params.nonce, idTokenExpected: true } };
}

// same compares scopes: their order says nothing (RFC 6749 §3.3).
const same = (got, want) => assert.deepEqual(got.split(' ').sort(), want.split(' ').sort());

// refused is the error that a server answered with, in its body or in a challenge.
async function refused(promise, code, status) {
  const err = await promise.then(() => assert.fail(`not refused, want ${code}`), (e) => e);
  const said = err.error ?? err.cause?.[0]?.parameters?.error;
  assert.equal(said, code, `${err} ${JSON.stringify(err.cause)}`);
  if (status) assert.equal(err.status, status);
  return err;
}

const bound = async (app, alg) => oidc.getDPoPHandle(app.config, await oidc.randomDPoPKeyPair(alg));

// flow is all that an app does with a person who says yes, and then with its tokens.
async function flow(app, { DPoP, push, rotates = false } = {}) {
  const { url, checks } = await ask(app, { DPoP, push });
  const back = await approved(carehold, url);
  assert.equal(`${back.origin}${back.pathname}`, redirect);
  const tokens = await oidc.authorizationCodeGrant(app.config, back, checks, undefined, { DPoP });
  assert.equal(tokens.token_type, DPoP ? 'dpop' : 'bearer');
  same(tokens.scope, scope);
  const left = tokens.expiresIn();
  assert.ok(left > 500 && left <= 600, `${left}`);
  assert.equal(tokens.claims().aud, app.id);
  assert.equal(tokens.claims().fhirUser, `${carehold.base}/Patient/${tokens.patient}`);

  const get = (token, path) => oidc.fetchProtectedResource(app.config, token, new URL(`${carehold.base}/${path}`), 'GET', undefined, undefined, { DPoP });
  const patient = await (await get(tokens.access_token, `Patient/${tokens.patient}`)).json();
  assert.equal(patient.name[0].family, 'Okonkwo');
  const found = await (await get(tokens.access_token, 'AllergyIntolerance?clinical-status=active')).json();
  assert.equal(found.entry[0].resource.code.text, 'penicillin');
  if (DPoP) { // without its proof
    await refused(oidc.fetchProtectedResource(app.config, tokens.access_token, new URL(`${carehold.base}/Patient`), 'GET'), 'invalid_token', 401);
  }

  const told = await oidc.tokenIntrospection(app.config, tokens.access_token);
  assert.equal(told.active, true);
  assert.equal(told.client_id, app.id);
  same(told.scope, scope);
  assert.equal(told.sub, tokens.claims().sub);
  assert.equal(told.patient, tokens.patient);
  assert.deepEqual(told.cnf, DPoP && { jkt: await DPoP.calculateThumbprint() });
  assert.equal((await oidc.tokenIntrospection(app.config, tokens.refresh_token)).active, true);

  const next = await oidc.refreshTokenGrant(app.config, tokens.refresh_token, undefined, { DPoP });
  assert.notEqual(next.access_token, tokens.access_token);
  assert.equal(next.refresh_token !== undefined && next.refresh_token !== tokens.refresh_token, rotates);
  same(next.scope, scope);
  assert.equal(next.claims().sub, tokens.claims().sub);
  const refresh = next.refresh_token ?? tokens.refresh_token;
  const less = await oidc.refreshTokenGrant(app.config, refresh, { scope: 'patient/AllergyIntolerance.rs' }, { DPoP });
  assert.equal(less.scope, 'patient/AllergyIntolerance.rs');
  assert.equal((await get(less.access_token, 'AllergyIntolerance')).status, 200);
  assert.equal((await get(less.access_token, 'Observation')).status, 403);
  const last = less.refresh_token ?? refresh;
  await refused(oidc.refreshTokenGrant(app.config, last, { scope: 'patient/*.cruds' }, { DPoP }), 'invalid_scope', 400);

  await oidc.tokenRevocation(app.config, next.access_token); // that one token alone
  await refused(get(next.access_token, 'Patient'), 'invalid_token', 401);
  assert.equal((await get(tokens.access_token, 'Patient')).status, 200);
  await oidc.tokenRevocation(app.config, last, { token_type_hint: 'access_token' }); // a wrong hint: and all of it
  await refused(get(tokens.access_token, 'Patient'), 'invalid_token', 401);
  for (const token of [tokens.access_token, last, 'nonsense']) {
    assert.deepEqual(await oidc.tokenIntrospection(app.config, token), { active: false });
    await oidc.tokenRevocation(app.config, token); // again: as good as gone
  }
  await refused(oidc.refreshTokenGrant(app.config, last, undefined, { DPoP }), 'invalid_grant', 400);
  return tokens;
}

const ways = [
  ['none', () => oidc.None(), async () => ({ args: ['--public'] })],
  ['client_secret_basic', (app) => oidc.ClientSecretBasic(app.secret), async () => ({ args: ['--secret'] })],
  ['client_secret_post', (app) => oidc.ClientSecretPost(app.secret), async () => ({ args: ['--secret'] })],
  ...['RS384', 'ES384', 'PS256'].map((alg) => [`private_key_jwt ${alg}`, (_, key) => oidc.PrivateKeyJwt(key.signs), async () => {
    const key = await clientKey(alg);
    return { key, keys: [key.jwk] };
  }]),
];

for (const [name, how, more] of ways) {
  group(name, () => {
    test('bearer tokens, asked for in the URL', async () => {
      const { key, ...rest } = await more();
      const app = await register(`${name}, bearer`, (made) => how(made, key), rest);
      await flow(app, { push: false, rotates: name === 'none' });
    });
    test('bound tokens, asked for by PAR', async () => {
      const { key, ...rest } = await more();
      const app = await register(`${name}, bound`, (made) => how(made, key), rest);
      await flow(app, { DPoP: await bound(app), push: true });
    });
  });
}

group('profile fapi2', () => {
  test('PAR, DPoP and private_key_jwt, and nothing less', async () => {
    const key = await clientKey('PS256');
    const app = await register('Borough', () => oidc.PrivateKeyJwt(key.signs), { keys: [key.jwk], args: ['--profile', 'fapi2'] });
    await flow(app, { DPoP: await bound(app), push: true });
    // What it may not do: ask in the URL, or for tokens that are bound to nothing.
    const { url } = await ask(app, { push: false });
    const { left } = await asked(carehold, url);
    assert.equal(left.searchParams.get('error'), 'invalid_request');
    assert.match(left.searchParams.get('error_description'), /push/);
    const pushed = await ask(app, { push: true });
    const back = await approved(carehold, pushed.url);
    await refused(oidc.authorizationCodeGrant(app.config, back, pushed.checks), 'invalid_dpop_proof', 400);
  });
});

group('what else there is', () => {
  test('discovery, by both of its addresses', async () => {
    for (const algorithm of ['oauth2', 'oidc']) {
      const { config } = await register(algorithm, () => oidc.None(), { algorithm });
      const server = config.serverMetadata();
      assert.equal(server.issuer, carehold.url);
      assert.equal(server.supportsPKCE(), true);
      assert.equal(server.authorization_response_iss_parameter_supported, true);
    }
  });

  test('there is no userinfo: fhirUser is in the id_token', async () => {
    const { config } = await register('Nosy', () => oidc.None());
    await assert.rejects(oidc.fetchUserInfo(config, 'a token', oidc.skipSubjectCheck), /userinfo_endpoint/);
  });

  test('dpop_jkt in the URL binds the code to that key', async () => {
    const app = await register('Binder', () => oidc.None(), { args: ['--dpop'] });
    const DPoP = await bound(app, 'ES384');
    const { url, checks } = await ask(app, { DPoP, push: false });
    const back = await approved(carehold, url);
    await refused(oidc.authorizationCodeGrant(app.config, back, checks, undefined, { DPoP: await bound(app) }), 'invalid_grant', 400);
    await refused(oidc.authorizationCodeGrant(app.config, back, checks), 'invalid_dpop_proof', 400);
    const tokens = await oidc.authorizationCodeGrant(app.config, back, checks, undefined, { DPoP });
    assert.equal(tokens.token_type, 'dpop');
  });

  test('what the client finds wrong itself: state, iss, nonce', async () => {
    const app = await register('Careful', () => oidc.None());
    const { url, checks } = await ask(app);
    const back = await approved(carehold, url);
    const wrong = (name, value) => { const u = new URL(back); u.searchParams.set(name, value); return u; };
    await assert.rejects(oidc.authorizationCodeGrant(app.config, wrong('state', 'another'), checks), { code: 'OAUTH_INVALID_RESPONSE' });
    await assert.rejects(oidc.authorizationCodeGrant(app.config, wrong('iss', 'https://other.example'), checks), { code: 'OAUTH_INVALID_RESPONSE' });
    const none = new URL(back);
    none.searchParams.delete('iss');
    await assert.rejects(oidc.authorizationCodeGrant(app.config, none, checks), { code: 'OAUTH_INVALID_RESPONSE' });
    await assert.rejects(oidc.authorizationCodeGrant(app.config, back, { ...checks, expectedNonce: 'another' }), { code: 'OAUTH_JWT_CLAIM_COMPARISON_FAILED' });
  });

  test('the person says no, or goes away', async () => {
    const app = await register('Asker', () => oidc.None());
    const no = await ask(app);
    const there = await asked(carehold, no.url);
    await carehold.person('refuse', there.code);
    await assert.rejects(oidc.authorizationCodeGrant(app.config, await there.goOn(), no.checks), { error: 'access_denied' });
    const gone = await ask(app);
    const left = await (await asked(carehold, gone.url)).cancel();
    await assert.rejects(oidc.authorizationCodeGrant(app.config, left, gone.checks), { error: 'access_denied', error_description: 'it was cancelled' });
  });

  test('the person gives less, and the answer says what', async () => {
    const app = await register('Greedy', () => oidc.None());
    const { url, checks } = await ask(app, { scope: 'openid patient/*.cruds' });
    const back = await approved(carehold, url, '--scopes', 'patient/AllergyIntolerance.rs');
    const tokens = await oidc.authorizationCodeGrant(app.config, back, checks);
    assert.equal(tokens.refresh_token, undefined);
    same(tokens.scope, 'openid patient/AllergyIntolerance.rs');
    const get = (path) => oidc.fetchProtectedResource(app.config, tokens.access_token, new URL(`${carehold.base}/${path}`), 'GET');
    assert.equal((await get('AllergyIntolerance')).status, 200);
    assert.equal((await get('Observation')).status, 403);
  });
});

group('backend services', () => {
  for (const [profile, alg] of [['smart', 'RS384'], ['smart', 'ES384'], ['fapi2', 'ES256']]) {
    test(`${alg}, profile ${profile}`, async () => {
      const key = await clientKey(alg);
      const made = await carehold.register(`Nightly ${profile} ${alg}`, { keys: [key.jwk] }, '--backend', '--profile', profile);
      const issued = JSON.parse(await carehold.person('grant', '--to', `Night ${profile} ${alg}`, '--sections', 'allergies', '--backend', '--client', made.id, '--json'));
      const id = issued.client_id;
      assert.ok(id.startsWith(`${made.id}.`), JSON.stringify(Object.keys(issued)));
      const config = await oidc.discovery(new URL(carehold.url), id, undefined, oidc.PrivateKeyJwt(key.signs), { algorithm: 'oauth2', execute: [oidc.allowInsecureRequests] });
      const DPoP = profile === 'fapi2' ? await bound({ config }) : undefined;
      const tokens = await oidc.clientCredentialsGrant(config, { scope: 'system/*.rs' }, { DPoP });
      assert.equal(tokens.scope, 'system/*.rs');
      assert.equal(tokens.refresh_token, undefined);
      assert.ok(tokens.expiresIn() <= 300);
      const get = (path) => oidc.fetchProtectedResource(config, tokens.access_token, new URL(`${carehold.base}/${path}`), 'GET', undefined, undefined, { DPoP });
      const found = await (await get('AllergyIntolerance')).json();
      assert.equal(found.entry[0].resource.code.text, 'penicillin');
      assert.equal((await oidc.tokenIntrospection(config, tokens.access_token)).active, true);
      // Without the grant behind its id it is nobody's; with another's key it is refused.
      const bare = await oidc.discovery(new URL(carehold.url), made.id, undefined, oidc.PrivateKeyJwt(key.signs), { algorithm: 'oauth2', execute: [oidc.allowInsecureRequests] });
      await refused(oidc.clientCredentialsGrant(bare, { scope: 'system/*.rs' }, { DPoP }), 'unauthorized_client', 400);
      const other = await clientKey(alg);
      const thief = await oidc.discovery(new URL(carehold.url), id, undefined, oidc.PrivateKeyJwt(other.signs), { algorithm: 'oauth2', execute: [oidc.allowInsecureRequests] });
      await refused(oidc.clientCredentialsGrant(thief, { scope: 'system/*.rs' }, { DPoP }), 'invalid_client', 400);
      await carehold.person('revoke', `Night ${profile} ${alg}`);
      await refused(get('AllergyIntolerance'), 'invalid_token', 401);
      await refused(oidc.clientCredentialsGrant(config, { scope: 'system/*.rs' }, { DPoP }), 'invalid_grant', 400);
    });
  }
});
