// JWE in compact form, as files of SMART Health Links are: RFC 7516 with "dir" and "A256GCM".
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import { refuse } from './notation.mjs';

const most = 64 << 20; // of what is inflated

const shut = () => refuse('13', 'a file of a link does not open');

export function sealJWE(key, plain, type) {
  const head = Buffer.from(JSON.stringify({ alg: 'dir', enc: 'A256GCM', cty: type })).toString('base64url');
  const iv = randomBytes(12);
  const c = createCipheriv('aes-256-gcm', key, iv, { authTagLength: 16 }).setAAD(Buffer.from(head));
  const body = Buffer.concat([c.update(plain), c.final()]);
  return Buffer.from([head, '', iv.toString('base64url'), body.toString('base64url'), c.getAuthTag().toString('base64url')].join('.'));
}

export function openJWE(key, compact) {
  const parts = compact.toString('latin1').split('.');
  if (parts.length !== 5 || parts[1] !== '' || !parts.every((p) => /^[A-Za-z0-9_-]*$/.test(p))) shut();
  const [head, , iv, body, tag] = parts.map((p) => Buffer.from(p, 'base64url'));
  let h;
  try {
    h = JSON.parse(head.toString('utf8'));
  } catch {
    shut();
  }
  if (h.alg !== 'dir' || h.enc !== 'A256GCM' || (h.zip !== undefined && h.zip !== 'DEF') || iv.length !== 12 || tag.length !== 16) shut();
  try {
    const d = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 16 });
    d.setAAD(Buffer.from(parts[0], 'latin1')).setAuthTag(tag);
    const plain = Buffer.concat([d.update(body), d.final()]);
    return { type: h.cty, plain: h.zip ? inflateRawSync(plain, { maxOutputLength: most }) : plain };
  } catch {
    return shut();
  }
}
