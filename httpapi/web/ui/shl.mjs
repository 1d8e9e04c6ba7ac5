// shl.mjs opens SMART Health Links of this server (HL7 SMART Health Cards and Links
// 1.0.0) with the browser's own cryptography. What a link says comes from a stranger
// until its files have opened under its key, and is bounded before it is believed.

const MOST = { link: 4096, manifest: 4 << 20, file: 64 << 20, plain: 64 << 20, files: 100 };

// Failure is an error that a page has words for, by its code:
//   link      not a SMART Health Link, or not all of one
//   elsewhere a link of another server
//   gone      stopped, over, used up, or never there: the server tells these apart not
//   passcode  wrong, or none was given; left is how many tries there are
//   slow      asked too often, or the server is busy; after is how many seconds to wait
//   away      the server was not reached
//   starting  it was, and is not ready
//   damaged   what came is not what the link's key opens
//   large     more than is read here
export class Failure extends Error {
  constructor(code, more = {}) {
    super(code);
    Object.assign(this, { code, ...more });
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

export function bytesOf(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) throw new Failure('damaged');
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
}

// parse reads a link, alone or behind the address of a viewer: {url, key, flag, exp,
// label}. It must be one of the server at origin, whose page this is: nothing of it goes
// anywhere else.
export function parse(text, origin) {
  text = String(text).trim();
  const at = text.indexOf('shlink:/');
  if (at < 0 || text.length > MOST.link) throw new Failure('link');
  let said;
  try {
    said = JSON.parse(utf8.decode(bytesOf(text.slice(at + 'shlink:/'.length).replace(/\s+|=+$/g, ''))));
  } catch {
    throw new Failure('link');
  }
  const { url, key, flag = '', exp, label } = said ?? {};
  if (typeof url !== 'string' || typeof key !== 'string' || typeof flag !== 'string' || !/^[A-Za-z0-9_-]{43}$/.test(key)) throw new Failure('link');
  if (said.v !== undefined && said.v !== 1) throw new Failure('link');
  let to;
  try {
    to = new URL(url);
  } catch {
    throw new Failure('link');
  }
  if (to.origin !== origin) throw new Failure('elsewhere', { host: to.host.slice(0, 100) });
  if (!/^\/shl\/[0-9A-Za-z]{49}$/.test(to.pathname) || to.search || to.hash || to.username) throw new Failure('link');
  return {
    url: to.href, key, passcode: flag.includes('P'), single: flag.includes('U'), longTerm: flag.includes('L'),
    exp: Number.isSafeInteger(exp) ? exp : 0, label: typeof label === 'string' ? [...label].slice(0, 80).join('') : '',
  };
}

// ask sends a request that takes nothing along and leaves nothing behind.
async function ask(url, options = {}) {
  let r;
  try {
    r = await fetch(url, { ...options, credentials: 'omit', cache: 'no-store', redirect: 'error', referrerPolicy: 'no-referrer' });
  } catch {
    throw new Failure('away');
  }
  if (r.ok) return r;
  const after = Math.min(Number(r.headers.get('Retry-After')) || 0, 86400);
  switch (r.status) {
    case 401: {
      const said = await r.json().catch(() => ({}));
      throw new Failure('passcode', { left: Number.isInteger(said?.remainingAttempts) ? said.remainingAttempts : undefined });
    }
    case 404: case 410: throw new Failure('gone');
    case 429: throw new Failure('slow', { after });
    case 502: case 503: case 504: throw new Failure('starting', { after });
  }
  throw new Failure('damaged', { status: r.status });
}

// read takes so many bytes of an answer and no more.
async function read(r, most) {
  const from = r.body.getReader(), parts = [];
  let n = 0;
  try {
    for (;;) {
      const { value, done } = await from.read();
      if (done) break;
      if ((n += value.length) > most) {
        await from.cancel();
        throw new Failure('large');
      }
      parts.push(value);
    }
  } catch (err) {
    throw err instanceof Failure ? err : new Failure('away');
  }
  return joined(parts, n);
}

function joined(parts, n) {
  const all = new Uint8Array(n);
  let at = 0;
  for (const p of parts) {
    all.set(p, at);
    at += p.length;
  }
  return all;
}

// tries asks how many passcodes may still be given. It gives none, so it takes none.
export async function tries(link, recipient) {
  try {
    await ask(link.url, manifestOf({ recipient }));
  } catch (err) {
    if (err.code === 'passcode') return err.left;
    throw err;
  }
  return undefined;
}

const manifestOf = (body) => ({ method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });

// open is what a link leads to: [{contentType, text, changed, status}], opened; a file
// that does not open is there with the reason as its fault, and hides none of the others.
export async function open(link, recipient, passcode, progress = () => {}) {
  if (link.single) {
    const r = await ask(`${link.url}?recipient=${encodeURIComponent(recipient)}`);
    return [await opened(utf8.decode(await read(r, MOST.file)), link.key, {})];
  }
  const r = await ask(link.url, manifestOf(passcode ? { recipient, passcode } : { recipient }));
  let list;
  try {
    list = JSON.parse(utf8.decode(await read(r, MOST.manifest))).files;
  } catch (err) {
    throw err instanceof Failure ? err : new Failure('damaged');
  }
  if (!Array.isArray(list)) throw new Failure('damaged');
  if (list.length > MOST.files) throw new Failure('large');
  const files = [];
  for (const [i, f] of list.entries()) {
    progress(i + 1, list.length);
    files.push(await fileOf(f, link));
  }
  return files;
}

async function fileOf(f, link) {
  const listed = { contentType: String(f?.contentType ?? ''), changed: f?.lastUpdated, status: f?.status };
  try {
    let jwe = f?.embedded;
    if (typeof jwe !== 'string') {
      const at = new URL(f?.location ?? '', link.url);
      if (at.origin !== new URL(link.url).origin || !at.pathname.startsWith('/shl/file/')) throw new Failure('damaged');
      jwe = utf8.decode(await read(await ask(at.href), MOST.file));
    }
    return { ...listed, ...await opened(jwe, link.key, listed) };
  } catch (err) {
    return { ...listed, fault: err instanceof Failure ? err.code : 'damaged' };
  }
}

async function opened(jwe, key, listed) {
  const { contentType, text } = await decrypt(jwe, key);
  return { ...listed, contentType: mediaType(contentType) || mediaType(listed.contentType ?? ''), text };
}

// mediaType leaves out parameters; in a JOSE header "application/" may be left out (RFC
// 7515 §4.1.10).
export function mediaType(text) {
  const s = String(text ?? '').split(';')[0].trim().toLowerCase();
  return s && !s.includes('/') ? `application/${s}` : s;
}

// decrypt opens a file: a compact JWE, dir and A256GCM, perhaps compressed (RFC 7516).
// What does not open, and what is made in another way, is damaged alike.
export async function decrypt(jwe, key) {
  try {
    const [head, wrapped, iv, body, tag, ...rest] = jwe.trim().split('.');
    const h = JSON.parse(utf8.decode(bytesOf(head)));
    if (rest.length || wrapped !== '' || h.alg !== 'dir' || h.enc !== 'A256GCM' || h.crit !== undefined || h.zip !== undefined && h.zip !== 'DEF') throw new Failure('damaged');
    const sealed = joined([bytesOf(body), bytesOf(tag)], bytesOf(body).length + 16);
    const k = await crypto.subtle.importKey('raw', bytesOf(key), 'AES-GCM', false, ['decrypt']);
    let plain = new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv: bytesOf(iv), additionalData: new TextEncoder().encode(head), tagLength: 128 }, k, sealed));
    if (h.zip === 'DEF') plain = await inflate(plain);
    return { contentType: h.cty, text: utf8.decode(plain) };
  } catch (err) {
    throw err instanceof Failure ? err : new Failure('damaged');
  }
}

// inflate takes out raw DEFLATE, up to a size: a few bytes can be made to become very many.
export async function inflate(data, most = MOST.plain) {
  const from = new Blob([data]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return read({ body: from }, most).catch((err) => { throw err.code === 'large' ? err : new Failure('damaged'); });
}
