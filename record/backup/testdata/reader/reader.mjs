#!/usr/bin/env node
// The command: node reader.mjs COMMAND < input.json; README.md has what goes in and what comes out. Exit codes:
// 0 an answer, 1 the data was refused, 2 the command was used wrongly.
import { readFileSync, writeFileSync } from 'node:fs';
import { concat, refuse, unhex, hex, Refused } from './notation.mjs';
import { decrypt, read } from './backup.mjs';
import { lay } from './chain.mjs';
import * as live from './live.mjs';
import { compareWith } from './examples.mjs';
import { grant } from './token.mjs';
import * as link from './link.mjs';
import { receipt } from './receipt.mjs';
import { passphrase, recovery } from './credentials.mjs';
import { damage } from './damage.mjs';
import { opened } from './report.mjs';
import { encrypt, pack } from './pack.mjs';
import { lines, write } from './write.mjs';

// credentialOf takes a recovery code, or a passphrase with the device key.
function credentialOf(input) {
  if (input.recovery) return recovery(input.recovery);
  if (input.passphrase) return passphrase(input.passphrase, input.device_key);
  return undefined;
}

const nodeKeyOf = (input) => (input.node_key ? unhex(input.node_key, 'node_key') : undefined);

// sourceOf takes the files of a backup, or a dump of rows.
async function sourceOf(input, edit) {
  if (input.rows) return live.load(readFileSync(input.rows, 'utf8'), nodeKeyOf(input));
  if (!input.files?.length) refuse('usage', '"files" or "rows" is needed');
  const plain = await Promise.all(input.files.map((f) => decrypt(readFileSync(f), input.identity)));
  if (edit) return plain;
  return lay(plain.map(read));
}

const commands = {
  examples: (input) => compareWith(readFileSync(input.page ?? new URL('../../../../docs/format.md', import.meta.url), 'utf8')),
  open: async (input) => opened(await sourceOf(input), await credentialOf(input), input),
  grant: async (input) => {
    const src = await sourceOf(input);
    const node = src.nodeKey ? live.node(src) : undefined;
    const now = input.now ?? Math.floor(Date.now() / 1000);
    return { store: hex(src.store), node, tokens: (input.tokens ?? [input.token]).map((t) => grant(src, t, now)) };
  },
  link: async (input) => {
    const src = await sourceOf(input);
    const now = input.now ?? Math.floor(Date.now() / 1000);
    const links = [];
    for (const l of input.links ?? [input]) links.push(await link.opened(src, l, now));
    return { store: hex(src.store), links };
  },
  receipt: (input) => receipt(Buffer.from(input.receipt)),
  write: async (input) => {
    const w = write({ now: input.now });
    const frames = pack(w);
    if (input.backup) writeFileSync(input.backup, input.recipient ? await encrypt(frames, input.recipient) : frames, { mode: 0o600 });
    if (input.rows) writeFileSync(input.rows, lines(w), { mode: 0o600 });
    const secret = { recovery: w.code, tokens: w.grants.map((g) => g.token), node_key: hex(w.nodeKey) };
    return { ...secret, ...opened(lay([read(frames)]), recovery(w.code)) };
  },
  damage: async (input) => damage(await sourceOf(input, true), await credentialOf(input), input),
};

async function main() {
  const command = commands[process.argv[2]];
  if (!command) {
    process.stderr.write(`usage: node reader.mjs ${Object.keys(commands).join('|')} < input.json\n`);
    return 2;
  }
  const chunks = [];
  if (!process.stdin.isTTY) for await (const chunk of process.stdin) chunks.push(chunk);
  const stdin = concat(...chunks).toString('utf8');
  try {
    process.stdout.write(JSON.stringify(await command(stdin.trim() ? JSON.parse(stdin) : {}), null, 1) + '\n');
    return 0;
  } catch (e) {
    if (!(e instanceof Refused)) throw e;
    if (e.section === 'usage') {
      process.stderr.write(`${e.message}\n`);
      return 2;
    }
    process.stdout.write(JSON.stringify({ refused: { section: e.section, why: e.message, where: e.where } }) + '\n');
    return 1;
  }
}

process.exitCode = await main();
