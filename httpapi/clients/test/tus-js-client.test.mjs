// tus-js-client: a document goes up in pieces, stops, goes on, and is claimed.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import * as tus from 'tus-js-client';
import { start } from '../carehold.mjs';

let carehold;

before(async () => { carehold = await start(); });
after(() => carehold?.stop());

const headers = () => ({ Authorization: `Bearer ${carehold.token}` });

// send runs an upload to its end, or until stop says so after a piece.
function send(content, options, stop = () => false) {
  return new Promise((resolve, reject) => {
    const upload = new tus.Upload(content, {
      endpoint: `${carehold.base}/Binary/$upload`,
      headers: headers(),
      chunkSize: 1 << 20,
      retryDelays: [0, 100, 300],
      metadata: { filename: 'Brief – 2026.pdf', filetype: 'application/pdf' },
      ...options,
      onError: reject,
      onSuccess: () => resolve({ upload, done: true }),
      onChunkComplete: (size, accepted) => {
        if (stop(accepted)) upload.abort().then(() => resolve({ upload, done: false }));
      },
    });
    upload.start();
  });
}

const claim = async (url) => {
  const answer = await fetch(`${carehold.base}/Binary`, {
    method: 'POST',
    headers: { ...headers(), 'Content-Type': 'application/fhir+json', Prefer: 'return=minimal' },
    body: JSON.stringify({ resourceType: 'Binary', contentType: 'application/pdf', _data: { extension: [{ url: 'urn:carehold:upload', valueUri: url }] } }),
  });
  return answer;
};

for (const [name, options] of [
  ['in pieces', {}],
  ['in one', { chunkSize: Infinity }],
  ['with the first of it when it is begun', { uploadDataDuringCreation: true, chunkSize: 2 << 20 }],
  ['by POST alone', { overridePatchMethod: true }],
]) {
  test(`a document goes up ${name}`, async () => {
    const content = randomBytes((5 << 20) + 321);
    const { upload } = await send(content, options);
    const claimed = await claim(upload.url);
    assert.equal(claimed.status, 201);
    const [, id] = /Binary\/([^/]+)\/_history/.exec(claimed.headers.get('location'));
    const got = await fetch(`${carehold.base}/Binary/${id}`, { headers: headers() });
    assert.equal(got.headers.get('content-type'), 'application/pdf');
    assert.deepEqual(Buffer.from(await got.arrayBuffer()), content);
  });
}

test('a document goes on where it stopped', async () => {
  const content = randomBytes(6 << 20);
  const { upload, done } = await send(content, {}, (accepted) => accepted >= 2 << 20);
  assert.equal(done, false);
  let first = -1;
  const next = await send(content, { uploadUrl: upload.url, onProgress: (n) => { if (first < 0) first = n; } });
  assert.ok(next.done);
  assert.ok(first >= 2 << 20, `it began again at ${first}`);
  assert.equal((await claim(upload.url)).status, 201);
  assert.equal((await claim(upload.url)).status, 404);
});

test('an upload is cancelled', async () => {
  const { upload } = await send(randomBytes(6 << 20), {}, () => true);
  await upload.abort(true);
  await assert.rejects(tus.Upload.terminate(upload.url, { headers: headers() }), /404/);
});
