// viewer-scan.mjs finds a link in what the camera sees or in a photograph, where the browser
// can read codes by itself. Pictures stay in the page.

import { Failure, parse } from './shl.mjs';
import { $, t } from './viewer-words.mjs';

const say = (key, places) => { $('scan-status').textContent = t(key, places); };

// found takes a code to the viewer, by this tab's own memory: a link in the address would
// be in the browser's history.
function found(text) {
  try {
    parse(text, location.origin);
  } catch (err) {
    say(err instanceof Failure && err.code === 'elsewhere' ? 'scan.elsewhere' : 'scan.other', { host: err.host ?? '' });
    return false;
  }
  try {
    sessionStorage.setItem('carehold.viewer.link', text);
    location.assign('/v');
  } catch {
    location.assign(`/v#${text.slice(text.indexOf('shlink:/'))}`);
  }
  return true;
}

async function detector() {
  if (!globalThis.BarcodeDetector) return undefined;
  const formats = await BarcodeDetector.getSupportedFormats().catch(() => []);
  return formats.includes('qr_code') ? new BarcodeDetector({ formats: ['qr_code'] }) : undefined;
}

async function watch(codes) {
  const video = $('camera');
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
  const stop = () => stream.getTracks().forEach((track) => track.stop());
  addEventListener('pagehide', stop);
  video.srcObject = stream;
  $('scan-view').hidden = false;
  $('start-camera').hidden = true;
  await video.play();
  say('scan.looking');
  const look = async () => {
    const [code] = await codes.detect(video).catch(() => []);
    if (code && found(code.rawValue)) return stop();
    setTimeout(look, 200);
  };
  look();
}

$('scanner').hidden = false;
const codes = await detector();
if (!codes) {
  say('scan.cannot');
} else {
  say('scan.ready');
  $('start-camera').hidden = !navigator.mediaDevices?.getUserMedia;
  $('photo-field').hidden = false;
  $('start-camera').addEventListener('click', () => watch(codes).catch(() => say('scan.nocamera')));
  $('photo').addEventListener('change', async () => {
    try {
      const picture = await createImageBitmap($('photo').files[0]);
      const [code] = await codes.detect(picture);
      if (code) found(code.rawValue);
      else say('scan.none');
    } catch {
      say('scan.none');
    }
  });
}
