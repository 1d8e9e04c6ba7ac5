// A running carehold with one person's record in it, and what they gave to
// somebody: an address and a token; and its operator, who registers apps. The
// program is built from this tree, or is the one that CAREHOLD names.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const project = fileURLToPath(new URL('../..', import.meta.url));

const sections = [
  'about-me', 'allergies', 'medicines', 'conditions', 'vaccinations', 'results', 'measurements', 'visits', 'documents',
  'support', 'plan', 'budget', 'mental-health', 'sexual-health', 'substance-use', 'safeguarding', 'private',
];

// What the person has in their record before anybody else comes.
const given = {
  resourceType: 'Bundle',
  type: 'collection',
  entry: [
    {
      fullUrl: 'urn:uuid:6f5c0a52-7c55-4d1e-9c5b-5b4b8f6f3a01',
      resource: { resourceType: 'Patient', name: [{ family: 'Okonkwo', given: ['Ada'] }], gender: 'female', birthDate: '1951-03-02' },
    },
    {
      fullUrl: 'urn:uuid:6f5c0a52-7c55-4d1e-9c5b-5b4b8f6f3a02',
      resource: {
        resourceType: 'AllergyIntolerance',
        clinicalStatus: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical', code: 'active' }] },
        code: { text: 'penicillin' },
        patient: { reference: 'urn:uuid:6f5c0a52-7c55-4d1e-9c5b-5b4b8f6f3a01' },
      },
    },
  ],
};

async function freePort() {
  const s = createServer();
  s.listen(0, '127.0.0.1');
  await once(s, 'listening');
  const { port } = s.address();
  s.close();
  await once(s, 'close');
  return port;
}

// build makes the program, once for all the servers of a test.
let built;
async function build() {
  if (process.env.CAREHOLD) return process.env.CAREHOLD;
  const dir = await mkdtemp(join(tmpdir(), 'carehold-program-'));
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  const program = join(dir, 'carehold');
  await run('go', ['build', '-o', program, './cmd/carehold'], { cwd: project });
  return program;
}

// start makes a store, serves it, enrols Ada, puts in what she has, and lets a
// clinician read and write all of it. stop ends the server.
export async function start() {
  const dir = await mkdtemp(join(tmpdir(), 'carehold-clients-'));
  const path = (name) => join(dir, name);
  const program = await (built ??= build());
  const env = { PATH: process.env.PATH, HOME: dir };
  const carehold = async (...args) => (await run(program, [...args, '--quiet'], { env, cwd: dir })).stdout;
  const hers = ['--state', path('device.json'), '--passphrase-file', path('passphrase'), '--yes'];

  const url = `http://127.0.0.1:${await freePort()}`;
  await carehold('init', '--data', path('server'));
  const server = spawn(program, ['serve', '--data', path('server'), '--socket', path('socket'), '--listen', url.slice('http://'.length)],
    { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  server.stderr.on('data', (text) => { said += text; });
  const orphaned = () => server.kill(); // whoever runs the tests may end before they do
  process.once('exit', orphaned);
  const stop = async () => {
    process.off('exit', orphaned);
    if (server.exitCode === null) {
      server.kill('SIGTERM');
      await once(server, 'exit');
    }
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await ready(`${url}/readyz`, server);
    await writeFile(path('invite'), await carehold('invite', '--data', path('server'), '--socket', path('socket')), { mode: 0o600 });
    await writeFile(path('passphrase'), 'bramble digs the allotment\n', { mode: 0o600 });
    await carehold('enrol', '--server', url, '--invite-file', path('invite'), '--recovery-out', path('recovery'), ...hers);
    await writeFile(path('given.json'), JSON.stringify(given));
    await carehold('import', path('given.json'), ...hers);
    await carehold('grant', '--to', 'Dr Amara Okafor', '--sections', sections.join(','), '--scopes', 'patient/*.cruds',
      '--token-out', path('token'), ...hers);
  } catch (err) {
    await stop();
    throw new Error(`${err.message}\n${err.stderr ?? ''}${said}`);
  }
  const person = (...args) => carehold(...args, ...hers); // a command of the person's own
  // register is the operator's: an app, with its public keys if it has some. It has
  // the id of the app, and its secret if one was made.
  let registered = 0;
  const register = async (name, { keys, redirect }, ...args) => {
    const flags = redirect ? ['--redirect', redirect] : [];
    if (keys) {
      const file = path(`jwks-${++registered}.json`);
      await writeFile(file, JSON.stringify({ keys }));
      flags.push('--jwks', file);
    }
    return JSON.parse(await carehold('client', 'add', name, ...flags, ...args, '--json', '--data', path('server')));
  };
  return { url, base: `${url}/fhir`, token: (await readFile(path('token'), 'utf8')).trim(), person, register, stop };
}

async function ready(url, server) {
  for (let i = 0; i < 200 && server.exitCode === null; i++) {
    const ok = await fetch(url).then((r) => r.ok, () => false);
    if (ok) return;
    await new Promise((done) => { setTimeout(done, 50); });
  }
  throw new Error('carehold does not serve');
}

// observation is a weight of the person, as a clinician's system would send it.
export function observation(patient, kilograms, more = {}) {
  return {
    resourceType: 'Observation',
    status: 'final',
    category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' }] }],
    code: { coding: [{ system: 'http://loinc.org', code: '29463-7', display: 'Body weight' }] },
    subject: { reference: `Patient/${patient}` },
    effectiveDateTime: '2026-11-20T10:30:00+00:00',
    valueQuantity: { value: kilograms, unit: 'kg', system: 'http://unitsofmeasure.org', code: 'kg' },
    ...more,
  };
}
