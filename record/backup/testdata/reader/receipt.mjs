// A receipt, docs/format.md §18: read, made again from what it holds, and compared to the byte.
import { equal, hex, refuse, sha256, sha512, unhex, utf8 } from './notation.mjs';
import { allSections, readCertificate, readGrant, sectionNames, setOf } from './grants.mjs';
import { verify } from './sign.mjs';
import { openCheckpoint, readVerifier } from './tree.mjs';

const mark = '\n— carehold receipt ';
const purposes = {
  TREAT: 'treatment', ETREAT: 'emergency treatment', CAREMGT: 'arranging care', COC: 'keeping care joined up', FAMRQT: 'family',
  PATRQT: "at the person's own wish", SUPNWK: 'support network', HRESCH: 'research',
}; // prettier-ignore
const whys = [
  , 'you ended it', 'its time ran out', 'it was stopped at the server: from a session, by an app that gave it back, for a code or token that came twice, or when its operator accepted a loss', 'all keys were made new',
  'the server no longer had it', 'the record was restored, or closed for a move',
]; // prettier-ignore
const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

const stamp = (seconds) => `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
function spoken(seconds) {
  const d = new Date(seconds * 1000);
  return `${d.getUTCDate()} ${months[d.getUTCMonth()]} ${d.getUTCFullYear()} at ${d.toISOString().slice(11, 16)} UTC`;
}
const unstamp = (s) => (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(s) ? Math.floor(Date.parse(s) / 1000) : refuse('18', 'a time of a receipt is none'));

const strict64 = (s, what) => {
  const b = Buffer.from(s, 'base64');
  return b.toString('base64') === s ? b : refuse('18', `${what} is not base64`);
};
const folded = (b) => `${b.toString('base64').replace(/.{64}(?=.)/g, '$&\n')}\n`;

const sectionsOf = (set) => (set === allSections ? 'everything' : setOf(set).map((s) => sectionNames[s]).join(', '));

function sentences(g, said) {
  const more = [g.role, g.organisation].filter(Boolean).join(', ');
  const to = more ? `${g.name} (${more})` : g.name;
  const app = g.client ? `, through the app ${g.client}` : '';
  const end = g.until === undefined ? 'until you stop it' : `until ${spoken(g.until)}`;
  const first = `You gave ${to} access to ${sectionsOf(g.sections)} (${g.scopes.join(' ')}) for ${purposes[g.purpose]}${app}, ${end}.`;
  const since = said.since && unstamp(said.since);
  const second = {
    live: () => 'It was live when this was written.',
    suspended: () => since !== undefined && `You suspended it on ${spoken(since)}.`,
    stopped: () => 'It was stopped at the server when this was written.',
    'ran out': () => 'Its time had run out when this was written.',
    ended: () => since !== undefined && whys[said.why] && `It ended on ${spoken(since)}: ${whys[said.why]}.`,
  }[said.state]?.();
  return `${first}\n${second || refuse('18', 'a receipt says no state that there is')}\n`;
}

// written is what a receipt says of a grant, and of the lines from state on.
function written(g, said, block) {
  const lines = {
    name: g.name, organisation: g.organisation, role: g.role, number: g.number, register: g.register, sections: sectionsOf(g.sections), scopes: g.scopes.join(' '),
    purpose: g.purpose, from: stamp(g.from), until: g.until === undefined ? undefined : stamp(g.until), client: g.client, key: g.bound?.toString('base64url'),
    request: g.asked && hex(g.asked), grant: hex(g.grant), record: hex(g.person),
    state: said.state, since: said.since, why: said.why, made: said.made, store: said.store, verifier: said.verifier, identity: said.identity,
  }; // prettier-ignore
  const fields = Object.entries(lines).filter(([, v]) => v !== undefined).map(([k, v]) => `${k}: ${v}\n`).join('');
  return ['Carehold receipt 1\n', sentences(g, said), fields, block.text, `log:\n${block.note}`].join('\n');
}

// receipt checks one, and gives what it says.
export function receipt(b) {
  const all = utf8(b);
  const at = all.lastIndexOf(mark);
  if (at < 0 || !all.endsWith('\n')) refuse('18', 'this is no receipt');
  const text = all.slice(0, at);
  const signature = strict64(all.slice(at + mark.length, -1), 'the signature of a receipt');
  const parts = /^Carehold receipt 1\n\n[^\n]+\n[^\n]+\n\n((?:[a-z]+: [^\n]+\n)+)\n((certificate|message):\n([^:]*?))\nlog:\n([^]*)$/.exec(text) ?? refuse('18', 'this is no receipt of a form that is known');
  const said = {};
  for (const line of parts[1].trimEnd().split('\n')) {
    const [name] = line.split(': ', 1);
    if (name in said) refuse('18', 'a receipt has a line twice');
    said[name] = line.slice(name.length + 2);
  }
  for (const name of ['state', 'made', 'store', 'verifier', 'identity']) if (!said[name]) refuse('18', `a receipt lacks ${name}`);
  if ((said.state === 'ended') !== (said.why !== undefined) || (said.since !== undefined && !['ended', 'suspended'].includes(said.state)) || (said.why && !/^[1-6]$/.test(said.why)))
    refuse('18', 'a receipt says when or why something ended that did not');
  unstamp(said.made);
  const identity = strict64(said.identity, 'the identity of a receipt');
  verify(identity, 'carehold-v1 receipt', Buffer.from(text), signature);
  const raw = strict64(parts[4].replaceAll('\n', ''), 'the certificate of a receipt');
  const g = parts[3] === 'certificate' ? readCertificate(raw, identity) : readGrant(raw);
  const store = /^[0-9a-f]{32}$/.test(said.store) ? unhex(said.store) : refuse('18', 'the store of a receipt is none');
  if (!equal(readVerifier(said.verifier).store, store)) refuse('18', 'the verifier of a receipt is of another store');
  const head = openCheckpoint(Buffer.from(parts[5]), said.verifier, store, g.person);
  if (written(g, said, { text: `${parts[3]}:\n${folded(raw)}`, note: parts[5] }) !== text) refuse('18', 'a receipt says something else than what it is made of');
  return {
    grant: hex(g.grant), record: hex(g.person), name: g.name, state: said.state, since: said.since, why: said.why, made: said.made, size: head.size, certified: parts[3] === 'certificate',
    named: equal(sha512('carehold/person', identity).subarray(0, 16), g.person), sha256: hex(sha256(b)),
  }; // prettier-ignore
}
