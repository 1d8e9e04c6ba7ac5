// The tree and the checkpoint of a log, docs/format.md §12.
import { concat, equal, hex, number, refuse, sha256, text, u8, utf8 } from './notation.mjs';
import { kdf } from './kdf.mjs';
import { publicOf, signRaw, verifyRaw } from './sign.mjs';

export const leafHash = (leaf) => sha256(u8(0), leaf);
const node = (left, right) => sha256(u8(1), left, right);

// Tree grows leaf by leaf, and keeps the peaks only (RFC 6962 §2.1).
export class Tree {
  constructor() {
    this.size = 0;
    this.peaks = [];
  }

  add(leaf) {
    let h = leafHash(leaf);
    // A trailing one bit of the size is a perfect subtree that the new leaf completes.
    for (let n = this.size; n % 2 === 1; n = Math.floor(n / 2)) h = node(this.peaks.pop(), h);
    this.peaks.push(h);
    this.size++;
    return this;
  }

  row() {
    return concat(...this.peaks);
  }

  root() {
    return this.peaks.length ? this.peaks.reduceRight((right, left) => node(left, right)) : sha256('');
  }
}

const nameOf = (store) => `carehold/node/${hex(store)}`;
const keyHash = (name, pub) => sha256(name, '\n', u8(1), pub).subarray(0, 4);

export const nodeSeed = (nodeKey, store) => kdf(nodeKey, 'checkpoint', store);

export function verifierKey(store, pub) {
  return `${nameOf(store)}+${hex(keyHash(nameOf(store), pub))}+${concat(u8(1), pub).toString('base64')}`;
}

const strict64 = (s) => {
  const b = Buffer.from(s, 'base64');
  return b.toString('base64') === s ? b : refuse('12', 'base64 is not written as RFC 4648 has it');
};

export function readVerifier(key) {
  const m = /^(carehold\/node\/[0-9a-f]{32})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(key) ?? refuse('12', 'a verifier key is none');
  const raw = strict64(m[3]);
  const pub = raw.subarray(1);
  if (raw.length !== 33 || raw[0] !== 1 || hex(keyHash(m[1], pub)) !== m[2]) refuse('12', "a verifier key's hash is wrong");
  return { name: m[1], store: Buffer.from(m[1].slice(-32), 'hex'), hash: keyHash(m[1], pub), pub };
}

// sign writes a signed note of one signature (C2SP signed-note).
export function signNote(body, nodeKey, store) {
  const seed = nodeSeed(nodeKey, store);
  const name = nameOf(store);
  const sig = concat(keyHash(name, publicOf(seed)), signRaw(seed, text(body)));
  return `${body}\n— ${name} ${sig.toString('base64')}\n`;
}

// openNote gives the text of a note that the verifier key signed, and refuses one it did not.
export function openNote(b, verifier) {
  const v = readVerifier(verifier);
  const s = utf8(b);
  const cut = s.lastIndexOf('\n\n');
  if (cut < 0 || !s.endsWith('\n')) refuse('12', 'a note is cut off');
  const body = s.slice(0, cut + 1);
  for (const line of s.slice(cut + 2, -1).split('\n')) {
    const m = /^— (\S+) ([A-Za-z0-9+/=]+)$/.exec(line) ?? refuse('12', "a note's signature is no line of its form");
    const sig = strict64(m[2]);
    if (m[1] !== v.name || !equal(sig.subarray(0, 4), v.hash)) continue;
    verifyRaw(v.pub, text(body), sig.subarray(4));
    return body;
  }
  return refuse('14', 'a note is not by the pinned node');
}

const textOf = (store, person, size, root) =>
  `carehold/log/${hex(store)}/${hex(person)}\n${size}\n${Buffer.from(root).toString('base64')}\n`;

export const checkpoint = (nodeKey, store, person, size, root) => signNote(textOf(store, person, size, root), nodeKey, store);

export function openCheckpoint(b, verifier, store, person) {
  const body = openNote(b, verifier);
  const m = /^carehold\/log\/([0-9a-f]{32})\/([0-9a-f]{32})\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/=]{44})\n$/.exec(body);
  if (!m) refuse('12', "a checkpoint's text has another form");
  if (m[1] !== hex(store) || m[2] !== hex(person)) refuse('14', 'a checkpoint is of another store or person');
  return { size: number(BigInt(m[3])), root: strict64(m[4]) };
}
