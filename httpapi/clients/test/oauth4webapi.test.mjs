// oauth4webapi, the strict functions that openid-client is made of, one by one: each
// answer is checked as its standard says, and each refusal is the one that is named there.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as oauth from 'oauth4webapi';
import { approved, asked } from '../browser.mjs';
import { start } from '../carehold.mjs';
import { clientKey } from '../keys.mjs';

const redirect = 'https://app.example/callback';
const scope = 'openid fhirUser launch/patient offline_access patient/*.rs';
const local = { [oauth.allowInsecureRequests]: true }; // plain HTTP, for the server is on this machine
let carehold, as;

// Each group has a server of its own: what is refused counts as a guess, of which one
// address has 60, and the person's own commands cost some.
const group = (name, tests) => describe(name, () => {
  before(async () => {
    carehold = await start();
    const issuer = new URL(carehold.url);
    as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { ...local, algorithm: 'oauth2' }));
  }, { timeout: 300_000 });
  after(() => carehold?.stop());
  tests();
});

// register has an app: who it is, and how it shows that.
async function register(name, how = () => oauth.None(), { keys, args = [] } = {}) {
  const app = await carehold.register(name, { redirect, keys }, ...args);
  return { client: { client_id: app.id }, auth: how(app) };
}

const key = (options, alg = 'ES256') => oauth.generateKeyPair(alg).then((pair) => oauth.DPoP({}, pair, options));

// again does what it was told once more if the server wants a nonce in the proof, and
// says whether it did.
async function again(send) {
  try {
    return { result: await send(), nonce: false };
  } catch (err) {
    if (!oauth.isDPoPNonceError(err)) throw err;
    return { result: await send(), nonce: true };
  }
}

// refused is what a server answered instead.
async function refused(promise, error, status = 400) {
  const err = await promise.then(() => assert.fail(`not refused, want ${error}`), (e) => e);
  assert.ok(err instanceof oauth.ResponseBodyError, `${err} ${JSON.stringify(err.cause)}`);
  assert.equal(err.error, error, err.error_description);
  assert.equal(err.status, status);
  assert.equal(err.response.headers.get('cache-control'), 'no-store');
}

// challenged is a 401 with a challenge that the client can read. To who comes with a bearer
// token it says beside that a bound one is to come with a proof.
async function challenged(promise, scheme, error) {
  const err = await promise.then((r) => assert.fail(`not refused: ${r?.status}`), (e) => e);
  assert.ok(err instanceof oauth.WWWAuthenticateChallengeError, `${err}`);
  assert.equal(err.status, 401);
  assert.deepEqual(err.cause.map((c) => c.scheme), scheme === 'bearer' ? ['bearer', 'dpop'] : [scheme]);
  for (const { scheme: by, parameters } of err.cause) {
    assert.equal(parameters.error, error);
    assert.equal(parameters.realm, 'carehold');
    if (by === 'dpop') assert.equal(parameters.algs, as.dpop_signing_alg_values_supported.join(' '));
  }
}

const same = (got, want) => assert.deepEqual(got.split(' ').sort(), want.split(' ').sort());

async function parameters(more = {}) {
  const verifier = oauth.generateRandomCodeVerifier();
  return {
    verifier,
    params: {
      response_type: 'code', redirect_uri: redirect, scope, aud: carehold.base, state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce(),
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...more,
    },
  };
}

const authorizeURL = (app, params) => {
  const url = new URL(as.authorization_endpoint);
  url.search = new URLSearchParams({ client_id: app.client.client_id, ...params });
  return url;
};

const push = async (app, params, DPoP) => oauth.processPushedAuthorizationResponse(as, app.client,
  await oauth.pushedAuthorizationRequest(as, app.client, app.auth, params, { ...local, DPoP }));

// consent is a code, with what the client keeps to exchange it.
async function consent(app, more, flags = []) {
  const { verifier, params } = await parameters(more);
  const back = await approved(carehold, authorizeURL(app, params), ...flags);
  return { callback: oauth.validateAuthResponse(as, app.client, back, params.state), verifier, nonce: params.nonce };
}

async function exchange(app, { callback, verifier, nonce }, { DPoP, to = redirect, ...options } = {}) {
  const response = await oauth.authorizationCodeGrantRequest(as, app.client, app.auth, callback, to, verifier, { ...local, ...options, DPoP });
  const tokens = await oauth.processAuthorizationCodeResponse(as, app.client, response, { expectedNonce: nonce, requireIdToken: true });
  await oauth.validateApplicationLevelSignature(as, response, local); // RS256, by the keys at jwks_uri
  return { ...tokens, claims: oauth.getValidatedIdTokenClaims(tokens) };
}

const refresh = async (app, token, { DPoP, ...additionalParameters } = {}) => oauth.processRefreshTokenResponse(as, app.client,
  await oauth.refreshTokenGrantRequest(as, app.client, app.auth, token, { ...local, DPoP, additionalParameters }));

const introspect = async (app, token) => oauth.processIntrospectionResponse(as, app.client,
  await oauth.introspectionRequest(as, app.client, app.auth, token, local));

const revoke = async (app, token) => oauth.processRevocationResponse(await oauth.revocationRequest(as, app.client, app.auth, token, local));

const get = (token, path, options) => oauth.protectedResourceRequest(token, 'GET', new URL(`${carehold.base}/${path}`), undefined, undefined, { ...local, ...options });

// sentTwice is a fetch that sends each request a second time, as it was, and has that answer.
const sentTwice = { [oauth.customFetch]: async (url, init) => { await (await fetch(url, init)).arrayBuffer(); return fetch(url, init); } };

group('a whole flow', () => {
  test('discovery of the server and of what it protects', async () => {
    const issuer = new URL(carehold.url);
    for (const algorithm of ['oauth2', 'oidc']) {
      const found = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { ...local, algorithm }));
      assert.deepEqual(found.id_token_signing_alg_values_supported, ['RS256']);
      assert.deepEqual(found.code_challenge_methods_supported, ['S256']);
      assert.equal(found.userinfo_endpoint, undefined);
    }
    const resource = new URL(carehold.base);
    const protects = await oauth.processResourceDiscoveryResponse(resource, await oauth.resourceDiscoveryRequest(resource, local));
    assert.deepEqual(protects.authorization_servers, [as.issuer]);
    assert.deepEqual(protects.dpop_signing_alg_values_supported, as.dpop_signing_alg_values_supported);
  });

  const by = (alg) => async (name) => {
    const { signs, jwk } = await clientKey(alg);
    return register(name, () => oauth.PrivateKeyJwt(signs), { keys: [jwk] });
  };
  for (const [alg, who, made] of [
    ['ES256', 'a public client', (name) => register(name)],
    ['ES384', 'one with a secret', (name) => register(name, (app) => oauth.ClientSecretBasic(app.secret), { args: ['--secret'] })],
    ['PS256', 'one with a key, RS384', by('RS384')],
    ['ES256', 'one with a key, ES384', by('ES384')],
    ['Ed25519', 'one with a key, Ed25519', by('Ed25519')],
  ]) {
    test(`PAR and DPoP by ${alg}, with the server's nonces: ${who}`, async () => {
      const app = await made(who);
      const DPoP = await key(undefined, alg);
      const { verifier, params } = await parameters();
      const pushed = await again(() => push(app, params, DPoP));
      assert.equal(pushed.nonce, true, 'the first proof has no nonce, and is sent back for one');
      const back = await approved(carehold, authorizeURL(app, { request_uri: pushed.result.request_uri }));
      const callback = oauth.validateAuthResponse(as, app.client, back, params.state);
      const got = await again(() => exchange(app, { callback, verifier, nonce: params.nonce }, { DPoP }));
      assert.equal(got.nonce, false, 'the nonce came with the answer before');
      const tokens = got.result;
      assert.equal(tokens.token_type, 'dpop');
      same(tokens.scope, scope);
      assert.equal(tokens.claims.fhirUser, `${carehold.base}/Patient/${tokens.patient}`);

      const patient = await (await get(tokens.access_token, `Patient/${tokens.patient}`, { DPoP })).json();
      assert.equal(patient.birthDate, '1951-03-02');
      assert.equal((await (await get(tokens.access_token, 'Observation?_count=5', { DPoP })).json()).type, 'searchset');

      const next = await refresh(app, tokens.refresh_token, { DPoP });
      assert.equal(next.token_type, 'dpop');
      assert.equal(next.id_token === undefined || oauth.getValidatedIdTokenClaims(next).sub === tokens.claims.sub, true);
      const told = await introspect(app, next.access_token);
      assert.equal(told.active, true);
      assert.equal(told.cnf.jkt, await DPoP.calculateThumbprint());
      assert.equal(told.aud, carehold.base);
      await revoke(app, tokens.refresh_token);
      assert.deepEqual(await introspect(app, next.access_token), { active: false });
      await challenged(get(next.access_token, 'Patient', { DPoP }), 'dpop', 'invalid_token');
    });
  }
});

group('codes', () => {
  test('with another verifier, redirect, client: refused, and good for its own after that', async () => {
    const app = await register('Sunrise', undefined, { args: ['--redirect', 'https://app.example/other'] });
    const other = await register('Sunset');
    const got = await consent(app);
    await refused(exchange(app, { ...got, verifier: oauth.generateRandomCodeVerifier() }), 'invalid_grant');
    await refused(exchange(app, got, { to: 'https://app.example/other' }), 'invalid_grant');
    await refused(exchange(other, got), 'invalid_grant');
    await refused(exchange(app, { ...got, verifier: oauth.nopkce }), 'invalid_request');
    const tokens = await exchange(app, got);
    assert.equal((await get(tokens.access_token, 'Patient')).status, 200);
    // A second time stops all that came of it.
    await refused(exchange(app, got), 'invalid_grant');
    await challenged(get(tokens.access_token, 'Patient'), 'bearer', 'invalid_token');
    await refused(refresh(app, tokens.refresh_token), 'invalid_grant');
  });

  test('from another server, or of another request: it does not take them', async () => {
    const app = await register('Careful');
    const { params } = await parameters();
    const back = await (await asked(carehold, authorizeURL(app, params))).cancel();
    const check = (url, state = params.state) => () => oauth.validateAuthResponse(as, app.client, url, state);
    const wrong = (change) => { const u = new URL(back); change(u.searchParams); return u; };
    assert.throws(check(back), { error: 'access_denied' });
    assert.throws(check(back, 'another'), { code: oauth.INVALID_RESPONSE });
    assert.throws(check(wrong((q) => q.set('iss', 'https://other.example'))), { code: oauth.INVALID_RESPONSE });
    assert.throws(check(wrong((q) => q.delete('iss'))), { code: oauth.INVALID_RESPONSE });
  });

  test('ten times at once: one wins', async () => {
    const app = await register('Hasty');
    const got = await consent(app);
    const answers = await Promise.allSettled(Array.from({ length: 10 }, () => exchange(app, got)));
    assert.equal(answers.filter((a) => a.status === 'fulfilled').length, 1);
    for (const a of answers) if (a.status === 'rejected') assert.equal(a.reason.error, 'invalid_grant');
  });
});

group('refresh tokens', () => {
  test('of a public client without a key: replaced each time, and an old one stops the grant', async () => {
    const app = await register('Sunrise');
    const tokens = await exchange(app, await consent(app));
    const lost = await refresh(app, tokens.refresh_token); // its answer never came
    const next = await refresh(app, tokens.refresh_token);
    assert.equal(new Set([tokens, lost, next].map((t) => t.refresh_token)).size, 3);
    const third = await refresh(app, next.refresh_token);
    assert.equal((await get(third.access_token, 'Patient')).status, 200);
    await refused(refresh(app, tokens.refresh_token), 'invalid_grant');
    await challenged(get(third.access_token, 'Patient'), 'bearer', 'invalid_token');
    await refused(refresh(app, third.refresh_token), 'invalid_grant');
  });

  test('ten at once with the same one, each with an answer', async () => {
    const app = await register('Parallel');
    const tokens = await exchange(app, await consent(app));
    const all = await Promise.all(Array.from({ length: 10 }, () => refresh(app, tokens.refresh_token)));
    assert.equal(new Set(all.map((t) => t.access_token)).size, 10);
    assert.equal((await get(all[9].access_token, 'Patient')).status, 200);
  });

  test('scopes get fewer, never more', async () => {
    const app = await register('Narrow');
    const tokens = await exchange(app, await consent(app, { scope: 'openid offline_access patient/Observation.rs patient/AllergyIntolerance.rs' }));
    const less = await refresh(app, tokens.refresh_token, { scope: 'patient/Observation.rs' });
    assert.equal(less.scope, 'patient/Observation.rs');
    await refused(refresh(app, less.refresh_token, { scope: 'patient/*.rs' }), 'invalid_scope');
    await refused(refresh(app, less.refresh_token, { scope: 'patient/Observation.cruds' }), 'invalid_scope');
    const all = await refresh(app, less.refresh_token); // of that token the scopes are what they were
    same(all.scope, tokens.scope);
  });

  test('of another client, and tokens for one another', async () => {
    const app = await register('Mine');
    const other = await register('Thine');
    const tokens = await exchange(app, await consent(app));
    await refused(refresh(other, tokens.refresh_token), 'invalid_grant');
    assert.deepEqual(await introspect(other, tokens.access_token), { active: false });
    await revoke(other, tokens.refresh_token); // 200, and nothing came of it
    await refused(refresh(app, tokens.access_token), 'invalid_grant');
    await challenged(get(tokens.refresh_token, 'Patient'), 'bearer', 'invalid_token');
    assert.equal((await get(tokens.access_token, 'Patient')).status, 200);
  });
});

group('DPoP', () => {
  let app, DPoP, tokens;
  before(async () => {
    app = await register('Bound', undefined, { args: ['--dpop'] });
    DPoP = await key();
    const got = await consent(app);
    tokens = (await again(() => exchange(app, got, { DPoP }))).result;
  });

  test('the first proof for a resource is sent back for a nonce too', async () => {
    const pair = await oauth.generateKeyPair('ES256');
    const got = await consent(app);
    const first = oauth.DPoP({}, pair);
    const mine = (await again(() => exchange(app, got, { DPoP: first }))).result;
    const fresh = oauth.DPoP({}, pair); // the same key in another process
    const err = await get(mine.access_token, 'Patient', { DPoP: fresh }).then(() => assert.fail('taken'), (e) => e);
    assert.equal(oauth.isDPoPNonceError(err), true);
    assert.equal((await get(mine.access_token, 'Patient', { DPoP: fresh })).status, 200);
  });

  test('a proof that comes twice', async () => {
    await refused(oauth.processRefreshTokenResponse(as, app.client,
      await oauth.refreshTokenGrantRequest(as, app.client, app.auth, tokens.refresh_token, { ...local, ...sentTwice, DPoP })), 'invalid_dpop_proof');
    await challenged(get(tokens.access_token, 'Patient', { DPoP, ...sentTwice }), 'dpop', 'invalid_dpop_proof');
  });

  test('nothing at all: what it may come with, and where that is described', async () => {
    const response = await fetch(`${carehold.base}/Patient`);
    assert.equal(response.status, 401);
    // Whatever answer was expected: a challenge is read first.
    const err = await oauth.processPushedAuthorizationResponse(as, app.client, response).then(() => assert.fail('taken'), (e) => e);
    assert.deepEqual(err.cause, [
      { scheme: 'bearer', parameters: { realm: 'carehold', resource_metadata: `${carehold.url}/.well-known/oauth-protected-resource/fhir` } },
      { scheme: 'dpop', parameters: { realm: 'carehold', algs: as.dpop_signing_alg_values_supported.join(' ') } },
    ]);
  });

  test('a bound token as a bearer token', async () => {
    await challenged(get(tokens.access_token, 'Patient'), 'bearer', 'invalid_token');
    await refused(refresh(app, tokens.refresh_token), 'invalid_dpop_proof');
  });

  test('a proof by another key', async () => {
    const thief = await key();
    await again(() => push(app, { response_type: 'none' }, thief)).catch(() => {}); // so that it has a nonce
    const err = await again(() => get(tokens.access_token, 'Patient', { DPoP: thief })).then(() => assert.fail('taken'), (e) => e);
    assert.equal(err.cause[0].parameters.error, 'invalid_token');
    await refused(refresh(app, tokens.refresh_token, { DPoP: thief }), 'invalid_grant');
  });

  for (const [name, change] of Object.entries({
    'for another method': (_, p) => { p.htm = 'POST'; },
    'for another address': (_, p) => { p.htu = p.htu.replace('/fhir/', '/other/'); },
    'of an hour ago': (_, p) => { p.iat -= 3600; },
    'without the hash of the token': (_, p) => { delete p.ath; },
    'with the hash of another token': (_, p) => { p.ath = 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo'; },
    'without a name': (_, p) => { delete p.jti; },
    'of another type': (h) => { h.typ = 'JWT'; },
    'without its key': (h) => { delete h.jwk; },
  })) {
    test(`a proof ${name}`, async () => {
      let wrong = false;
      const pair = await oauth.generateKeyPair('ES256');
      const odd = oauth.DPoP({}, pair, { [oauth.modifyAssertion]: (h, p) => { if (wrong) change(h, p); } });
      await again(() => get(tokens.access_token, 'Patient', { DPoP: odd })).catch((e) => assert.equal(e.cause[0].parameters.error, 'invalid_token'));
      wrong = true; // it has a nonce now, and all else is right
      await challenged(get(tokens.access_token, 'Patient', { DPoP: odd }), 'dpop', 'invalid_dpop_proof');
    });
  }
});

group('who the client is', () => {
  // PAR asks for no person, so it shows best who is let in.
  const tried = async (app) => push(app, (await parameters()).params);

  test('secrets', async () => {
    const app = await carehold.register('Portal', { redirect }, '--secret');
    const by = (auth) => tried({ client: { client_id: app.id }, auth });
    await by(oauth.ClientSecretBasic(app.secret));
    await by(oauth.ClientSecretPost(app.secret));
    await challenged(by(oauth.ClientSecretBasic('another')), 'basic');
    await refused(by(oauth.ClientSecretPost('another')), 'invalid_client');
    await refused(by(oauth.None()), 'invalid_client');
    await refused(by(oauth.ClientSecretJwt(app.secret)), 'invalid_client');
  });

  test('keys: their audience, their time, once', async () => {
    for (const profile of ['smart', 'fapi2']) {
      const { signs, jwk } = await clientKey('PS256', `PS256 of ${profile}`);
      const app = await carehold.register(`Hospital ${profile}`, { redirect, keys: [jwk] }, '--profile', profile);
      const DPoP = await key();
      const by = (change = () => {}, options = {}) => again(async () => oauth.processPushedAuthorizationResponse(as, { client_id: app.id },
        await oauth.pushedAuthorizationRequest(as, { client_id: app.id }, oauth.PrivateKeyJwt(signs, { [oauth.modifyAssertion]: change }),
          (await parameters()).params, { ...local, ...options, DPoP })));
      await by(); // aud is the issuer
      const smart = (name) => (_, p) => { p.aud = as[name]; };
      if (profile === 'smart') await by(smart('token_endpoint')); // SMART App Launch
      else await refused(by(smart('token_endpoint')), 'invalid_client'); // FAPI 2.0 §5.3.2.1: the issuer alone
      await refused(by((_, p) => { p.aud = 'https://other.example'; }), 'invalid_client');
      await refused(by((_, p) => { p.exp = p.iat - 60; }), 'invalid_client');
      await refused(by((_, p) => { p.exp = p.iat + 3600; }), 'invalid_client');
      await refused(by((_, p) => { p.sub = 'another'; }), 'invalid_client');
      await refused(by((h) => { h.kid = 'another'; }), 'invalid_client');
      await refused(by(undefined, sentTwice), 'invalid_client');
    }
  });

  test('a client that may not come without a person', async () => {
    const app = await register('Portal two', (x) => oauth.ClientSecretBasic(x.secret), { args: ['--secret'] });
    const response = await oauth.clientCredentialsGrantRequest(as, app.client, app.auth, { scope: 'system/*.rs' }, local);
    await refused(oauth.processClientCredentialsResponse(as, app.client, response), 'unauthorized_client');
    const password = await oauth.genericTokenEndpointRequest(as, app.client, app.auth, 'password', { username: 'ada', password: 'x' }, local);
    await refused(oauth.processGenericTokenEndpointResponse(as, app.client, password), 'unsupported_grant_type');
  });
});

group('authorize', () => {
  let app;
  before(async () => { app = await register('Asker'); });

  for (const [name, error, change] of [
    ['no PKCE', 'invalid_request', { code_challenge: '', code_challenge_method: '' }],
    ['PKCE plain', 'invalid_request', { code_challenge_method: 'plain' }],
    ['a token at once', 'unsupported_response_type', { response_type: 'token' }],
    ['another server as the audience', 'invalid_request', { aud: 'https://other.example/fhir' }],
    ['another server as the resource', 'invalid_target', { resource: 'https://other.example/fhir' }],
    ['no audience', 'invalid_request', { aud: '' }],
    ['nothing that can be given', 'invalid_scope', { scope: 'openid email' }],
    ['no page', 'login_required', { prompt: 'none' }],
    ['a request object', 'request_not_supported', { request: 'e30.e30.' }],
    ['a launch from an EHR', 'invalid_request', { launch: 'x' }],
    ['authorization_details', 'invalid_authorization_details', { authorization_details: '[]' }],
    ['an answer as a form', 'invalid_request', { response_mode: 'form_post' }],
  ]) {
    test(`${name}: ${error}, to the client, by the browser and by PAR`, async () => {
      const { params } = await parameters(change);
      const { left } = await asked(carehold, authorizeURL(app, params));
      assert.throws(() => oauth.validateAuthResponse(as, app.client, left, params.state), (err) => {
        assert.ok(err instanceof oauth.AuthorizationResponseError, `${err}`);
        return err.error === error;
      });
      await refused(push(app, params), error);
    });
  }

  test('by POST as by GET', async () => {
    const { verifier, params } = await parameters();
    const there = await asked(carehold, as.authorization_endpoint, { method: 'POST', body: authorizeURL(app, params).searchParams });
    await carehold.person('approve', there.code);
    const callback = oauth.validateAuthResponse(as, app.client, await there.goOn(), params.state);
    await exchange(app, { callback, verifier, nonce: params.nonce });
  });

  test('who cannot be sent back is told on a page', async () => {
    const { params } = await parameters();
    const other = await register('Other');
    const mine = await push(app, params);
    for (const url of [
      authorizeURL({ client: { client_id: 'nobody' } }, params),
      authorizeURL(app, { ...params, redirect_uri: 'https://app.example/callback/' }),
      authorizeURL(app, { ...params, redirect_uri: '' }),
      authorizeURL(other, { request_uri: mine.request_uri }),
      authorizeURL(app, { request_uri: `${mine.request_uri}x` }),
      authorizeURL(app, { request_uri: 'https://app.example/request' }),
    ]) {
      const response = await fetch(url, { redirect: 'manual' });
      assert.equal(response.status, 400, `${url}`);
      assert.match(response.headers.get('content-type'), /^text\/html/);
      assert.equal(response.headers.get('location'), null);
    }
    // The same request_uri is good until it is answered, and no more.
    const url = authorizeURL(app, { request_uri: mine.request_uri });
    assert.ok((await asked(carehold, url)).code);
    await (await asked(carehold, url)).cancel();
    assert.equal((await fetch(url, { redirect: 'manual' })).status, 400);
  });
});
