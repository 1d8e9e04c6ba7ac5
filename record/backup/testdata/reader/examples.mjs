// The examples of docs/format.md §17, computed from the inputs that are stated there.
import { concat, equal, hex, refuse, sha256, text, u32, u64, u8, unhex } from './notation.mjs';
import { kdf, mac } from './kdf.mjs';
import { context, seal } from './seal.mjs';
import { sign, publicOf } from './sign.mjs';
import { encode } from './messages.mjs';
import { capsuleId, formatRecovery, formatToken, kek, recovery } from './credentials.mjs';
import { entryId, header, hint, makeRow0 } from './entries.mjs';
import { line } from './directory.mjs';
import { keys } from './rows.mjs';
import { allSections, certificate, sectionKey } from './grants.mjs';
import { Tree, checkpoint, leafHash, nodeSeed, verifierKey } from './tree.mjs';
import { event, sealLeaf } from './log.mjs';
import { hash, personOf, write } from './statements.mjs';

const of = (byte, n = 32) => Buffer.alloc(n, byte);
const salt = unhex('000102030405060708090a0b0c0d0e0f1011121314151617');
const [ID, E1, audit, identity, grants, nodeKey] = [0x41, 0x51, 0x61, 0x65, 0x66, 0x71].map((b) => of(b));
const [store, grant] = [of(0x12, 16), of(0x21, 16)];
const person = personOf(publicOf(identity));
const written = 1795269720000;
const [type, fhirId] = ['AllergyIntolerance', 'a1'];

// documented reads the block of examples out of the page: a name, then indented lines of its value.
export function documented(page) {
  const block = /```examples\n([\s\S]*?)```/.exec(page) ?? refuse('17', 'the page has no block of examples');
  const out = new Map();
  let last;
  for (const l of block[1].split('\n')) {
    if (l.startsWith('  ')) out.set(last, out.get(last) + l.trim());
    else if (l) out.set((last = l), '');
  }
  return out;
}

const plaintext = () => {
  const h = encode(header, {
    type, id: fhirId, written, grant, self: true, name: 'you', rule: `type:${type}`,
  }); // prettier-ignore
  return concat(Buffer.from([0, 1]), u32(h.length), h, `{"resourceType":"${type}","id":"${fhirId}"}`);
};

const signedCertificate = () => {
  const m = encode(certificate, {
    person, grant, self: true, name: 'you', sections: allSections, scopes: ['patient/*.cruds'],
    purpose: 'PATRQT', from: written / 1000 - 120, perDay: 1000000,
  }); // prettier-ignore
  return concat(sign(identity, 'carehold-v1 certificate', m), m);
};

// The page shows this body only; its inputs were read back out of it (§17 says "stand-ins").
const statement = () =>
  write({
    person, store, sequence: 2, before: of(0x31), seenSize: 7, seenRoot: of(0x34), time: written / 1000,
    removed: [of(0x72, 16)], wraps: [concat(of(0x73, 16), 'wrap')], keyring: text('keyring'),
    leaf: concat(u8(1), u64(2), 'leaf'),
  }); // prettier-ignore

// computed gives every example by the name that the page has for it: bytes, or text.
export function computed() {
  const token = { kind: 'a', secret: of(1) };
  const code = formatRecovery(Buffer.from([...Array(20).keys()].map((i) => i + 1)));
  const ctx = context('prev', person, u8(4), u32(2));
  const entry = entryId(ID, type, fhirId);
  const at = { section: 4, epoch: 1, key: sectionKey(E1, 4) };
  const row = makeRow0(person, ID, at, entry, 1n, plaintext(), { suite: 2, salt });
  const auditKey = kdf(audit, 'audit', grant);
  const read = encode(event, {
    time: written, action: 1, outcome: 0, grant, token: capsuleId(token).readUInt32BE(0), entries: [`${type}/${fhirId}/_history/1`],
  }); // prettier-ignore
  const leaf = sealLeaf(auditKey, person, grant, 2, read, { suite: 2, salt });
  const tree = new Tree().add(text('zero')).add(text('one')).add(leaf);
  const body = statement();
  return new Map(
    Object.entries({
      'KDF(41^32, entry-id, Patient, p1)': kdf(ID, 'entry-id', 'Patient', 'p1'),
      'KDF(51^32, section, 04)': at.key,
      'MAC(71^32, clock-mark, u64(5))': mac(nodeKey, 'clock-mark', u64(5)),
      'person of identity seed 65^32': person,
      'ctx (prev, person, section 4, epoch 2)': ctx,
      'Seal(41^32, ctx, hello), suite 1, salt 00..17': seal(ID, ctx, text('hello'), { suite: 1, salt }),
      'Seal(41^32, ctx, hello), suite 2, salt 00..17': seal(ID, ctx, text('hello'), { suite: 2, salt }),
      'token a, secret 01^32': formatToken(token),
      'its capsule id': capsuleId(token),
      'its KEK': kek(token),
      'recovery code of 01 02 .. 14': code,
      'secret of its slot': recovery(code).secret,
      'entry id of AllergyIntolerance/a1': entry,
      'hint, section 4, epoch 1, stamp 1': hint(ID, at.key, entry, 1n, 1),
      plaintext: plaintext(),
      'row 0 of version 1, suite 2, salt 00..17': row,
      'its row key': keys.entry(entry, 1n),
      'its line in the directory': line(entry, 1n, sha256(row)),
      certificate: signedCertificate(),
      'GK_g of K_grants 66^32': kdf(grants, 'grant', grant),
      'AK_g of K_audit 61^32': auditKey,
      'statement body (stand-ins for wrap, keyring, leaf)': body,
      'its hash': hash(body),
      'its signature by 65^32': sign(identity, 'carehold-v1 statement', body),
      event: read,
      'leaf 2, suite 2, salt 00..17': leaf,
      'its leaf hash': leafHash(leaf),
      'peaks of the tree of leaves zero, one, leaf 2': tree.row(),
      'its root': tree.root(),
      'verifier key of node.key 71^32': verifierKey(store, publicOf(nodeSeed(nodeKey, store))),
      'checkpoint of that tree': checkpoint(nodeKey, store, person, tree.size, tree.root()),
    }),
  );
}

// matches holds a value against what the page has: hexadecimal, or a text in quotes.
const matches = (v, said) =>
  said.startsWith('"') ? equal(text(v), text(JSON.parse(said))) : said === hex(text(v));

// compareWith says which examples differ, and which are on one side only.
export function compareWith(page) {
  const [said, made] = [documented(page), computed()];
  const examples = {};
  for (const [name, v] of made) examples[name] = typeof v === 'string' ? v : hex(v);
  return {
    examples,
    same: [...made.keys()].filter((n) => said.has(n) && matches(made.get(n), said.get(n))).length,
    differ: [...made.keys()].filter((n) => said.has(n) && !matches(made.get(n), said.get(n))),
    not_computed: [...said.keys()].filter((n) => !made.has(n)),
    not_in_the_page: [...made.keys()].filter((n) => !said.has(n)),
  };
}
