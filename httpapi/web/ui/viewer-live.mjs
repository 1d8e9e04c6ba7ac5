// viewer-live.mjs reads the record as it is now, with the token of a link that has one. The
// token itself, which whoever sees it could use, is shown to the server once: it is
// exchanged for one that is good for ten minutes and for a key of this tab alone, which no
// script can read out (RFC 8693, RFC 9449). The key is in memory only: it goes with the page.

import { Failure } from './shl.mjs';
import { parse } from './viewer-doc.mjs';

const MOST = 64 << 20, PAGES = 1000;
const FHIR = { headers: { Accept: 'application/fhir+json' } };
const base64url = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
const json = (x) => base64url(new TextEncoder().encode(JSON.stringify(x)));

let pair; // of this page
export function forgetKey() { pair = undefined; }

async function keys() {
  if (pair) return pair;
  const made = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', made.publicKey);
  pair = { made, jwk: { kty, crv, x, y } };
  return pair;
}

// proof is a DPoP proof for one request.
async function proof(method, url, nonce, token) {
  const { made, jwk } = await keys();
  const claims = { jti: base64url(crypto.getRandomValues(new Uint8Array(16))), htm: method, htu: url.split(/[?#]/)[0], iat: Math.floor(Date.now() / 1000) };
  if (nonce) claims.nonce = nonce;
  if (token) claims.ath = base64url(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token)));
  const text = `${json({ typ: 'dpop+jwt', alg: 'ES256', jwk })}.${json(claims)}`;
  return `${text}.${base64url(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, made.privateKey, new TextEncoder().encode(text)))}`;
}

class Session {
  constructor(access, base) {
    Object.assign(this, { access, base, nonce: '', token: '', until: 0, scope: '' });
  }

  // send is one request with a proof, and once more with the nonce that the server names.
  async send(method, url, { headers = {}, body, bare } = {}) {
    for (let i = 0; ; i++) {
      let r;
      const all = { ...headers, DPoP: await proof(method, url, this.nonce, bare ? undefined : this.token) };
      if (!bare) all.Authorization = `DPoP ${this.token}`;
      try {
        r = await fetch(url, { method, headers: all, body, credentials: 'omit', cache: 'no-store', redirect: 'error', referrerPolicy: 'no-referrer' });
      } catch {
        throw new Failure('away');
      }
      const nonce = r.headers.get('DPoP-Nonce');
      const asked = nonce && nonce !== this.nonce;
      this.nonce = nonce ?? this.nonce;
      if (r.ok || i > 0 || !asked || r.status !== 400 && r.status !== 401) return r;
      const why = r.headers.get('WWW-Authenticate') ?? await r.clone().text();
      if (!why.includes('use_dpop_nonce')) return r;
    }
  }

  // exchange binds a token to the key of this page.
  async exchange() {
    const form = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: this.access.access_token, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token' });
    const r = await this.send('POST', new URL('/oauth/token', this.base).href, { headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: form.toString(), bare: true });
    if (!r.ok) throw failure(r);
    const t = await r.json();
    if (t.token_type !== 'DPoP') throw new Failure('damaged');
    Object.assign(this, { token: t.access_token, until: Date.now() + (t.expires_in - 20) * 1000, scope: String(t.scope ?? ''), patient: t.patient ?? this.access.patient });
  }

  async fetch(method, url, options) {
    if (Date.now() >= this.until) await this.exchange();
    const r = await this.send(method, url, options);
    if (!r.ok) throw failure(r);
    return r;
  }

  // summary is the patient summary as it is now.
  async summary() { return text(await this.fetch('GET', `${this.base}/Patient/${this.patient}/$summary`, FHIR)); }

  // everything is all that was shared, as one bundle: page after page, and all of them or
  // none, for what is not there is told as not there.
  async everything(progress = () => {}) {
    const entry = [], whole = [];
    let url = `${this.base}/Patient/${this.patient}/$everything?_count=200`, size = 0, at;
    for (let page = 1; url; page++) {
      progress(page);
      const said = await text(await this.fetch('GET', url, FHIR));
      const bundle = parse(said);
      if (!Array.isArray(bundle.entry ?? []) || bundle.resourceType !== 'Bundle') throw new Failure('damaged');
      if ((size += said.length) > MOST || page > PAGES) throw new Failure('large');
      entry.push(...(bundle.entry ?? []));
      whole.push(...(exact(said).entry ?? []));
      at ??= bundle.timestamp ?? bundle.meta?.lastUpdated;
      const next = (bundle.link ?? []).find((l) => l?.relation === 'next')?.url;
      if (next && !String(next).startsWith(`${this.base}`)) throw new Failure('damaged');
      url = next;
    }
    const head = { resourceType: 'Bundle', type: 'collection', timestamp: at };
    return { bundle: { ...head, entry }, text: JSON.stringify({ ...head, entry: whole }) };
  }

  // reaches reports whether a file lies at this server, under this record.
  reaches(url) {
    try {
      const to = new URL(url, `${this.base}/`);
      return to.href.startsWith(`${this.base}/`) && /\/Binary\/[A-Za-z0-9.-]{1,64}$/.test(to.pathname);
    } catch {
      return false;
    }
  }

  async file(url) {
    const r = await this.fetch('GET', new URL(url, `${this.base}/`).href, FHIR);
    return Uint8Array.from(atob(JSON.parse(await text(r)).data ?? ''), (c) => c.charCodeAt(0));
  }

  get adds() { return this.scope.split(' ').some((s) => /^(patient|user)\/(\*|DocumentReference|Observation)\.(c|write|\*)/.test(s)); }

  async add(resource) {
    return this.fetch('POST', `${this.base}/${resource.resourceType}`, { headers: { 'Content-Type': 'application/fhir+json' }, body: JSON.stringify(resource) });
  }
}

// exact reads JSON that is to be written again with its numbers as they were: 5.0 stays 5.0
// where the browser can do that.
const exact = (said) => JSON.parse(said, (key, value, context) => (typeof value === 'number' && context?.source && JSON.rawJSON ? JSON.rawJSON(context.source) : value));

async function text(r) {
  const b = await r.blob();
  if (b.size > MOST) throw new Failure('large');
  return b.text();
}

function failure(r) {
  const after = Number(r.headers.get('Retry-After')) || 0;
  if (r.status === 429) return new Failure('slow', { after });
  if (r.status >= 500) return new Failure('starting', { after });
  return new Failure(r.status === 403 || r.status === 422 ? 'refused' : 'gone');
}

// begin exchanges the token of a file application/smart-api-access. It is one of this server.
export async function begin(access) {
  const base = String(access?.aud ?? '');
  if (base !== `${location.origin}/fhir` || typeof access.access_token !== 'string' || !/^[A-Za-z0-9.-]{1,64}$/.test(access.patient ?? '')) throw new Failure('damaged');
  const s = new Session(access, base);
  await s.exchange();
  return s;
}
