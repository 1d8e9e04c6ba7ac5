// A written store as a backup, docs/format.md §16.
import { Encrypter } from 'age-encryption';
import { concat, hex, sha256, u16, u32 } from './notation.mjs';
import { encode } from './messages.mjs';
import { closing, frame, header, last } from './backup.mjs';
import { row as capsuleRow } from './capsule.mjs';
import { publicOf } from './sign.mjs';
import { checkpoint, nodeSeed, signNote, verifierKey } from './tree.mjs';
import { keys } from './rows.mjs';

// pack gives the frames of a full backup with one person's record, or of a copy of that record.
export function pack(w, { copy = false, kinds = 'harbdsexl' } = {}) {
  const to = copy ? 0 : 7;
  const verifier = verifierKey(w.store, publicOf(nodeSeed(w.nodeKey, w.store)));
  const out = [frame('H', encode(header, { version: 1, store: w.store, format: 2, verifier, time: w.now * 1000 + 10, from: 0, person: copy ? w.person : undefined }))];
  const rows = [...w.rows.partitions.get(hex(w.person))].filter(([k]) => kinds.includes(String.fromCharCode(parseInt(k.slice(0, 2), 16)))).sort();
  for (const [k, v] of rows) out.push(frame('R', concat(w.person, u16(k.length / 2), Buffer.from(k, 'hex'), v)));
  const blob = capsuleRow(w.rows.get(w.slotId, keys.capsule)).blob;
  out.push(frame('C', concat(w.slotId, u32(0), blob)));
  const head = sha256(w.rows.get(w.person, keys.head));
  const note = Buffer.from(checkpoint(w.nodeKey, w.store, w.person, w.tree.size, w.tree.root()));
  out.push(frame('K', encode(closing, { person: w.person, head, epoch: w.epochs.length, checkpoint: note })));
  const hash = sha256(...out);
  const body = `carehold/backup/${hex(w.store)}\n${to}\n${hash.toString('base64')}\n`;
  out.push(frame('E', encode(last, { frames: rows.length + 1, hash, to, signature: Buffer.from(signNote(body, w.nodeKey, w.store)) })));
  return concat(...out);
}

export async function encrypt(frames, recipient) {
  const e = new Encrypter();
  e.addRecipient(recipient);
  return Buffer.from(await e.encrypt(frames));
}
