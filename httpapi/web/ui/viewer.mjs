// viewer.mjs is the professional's viewer, step by step: a link, who opens it, its passcode,
// and then what was shared. The link came in the fragment of the address, which no server
// sees; it is taken out of the address bar at once, and kept by this tab alone, so that to
// load the page again is safe. docs/decisions/0040-viewer.md.

import { Failure, open, parse, tries } from './shl.mjs';
import { forgetKey } from './viewer-live.mjs';
import { show } from './viewer-summary.mjs';
import { $, n, t } from './viewer-words.mjs';

const KEPT = 'carehold.viewer.link', WHO = 'carehold.viewer.who';
const IDLE = 15 * 60 * 1000;
const kept = {
  get: (key) => { try { return sessionStorage.getItem(key) ?? ''; } catch { return ''; } },
  set: (key, text) => { try { text ? sessionStorage.setItem(key, text) : sessionStorage.removeItem(key); } catch { /* a browser that keeps nothing: loading the page again asks for the link */ } },
};

const steps = ['open', 'who', 'passcode', 'failed', 'summary'];
const title = document.title;
let link, wrong = false, busy = false, used = Date.now();

// step shows one step, and tells whoever cannot see it.
function step(name, focus = `${name}-heading`) {
  for (const s of steps) $(`step-${s}`).hidden = s !== name;
  $('viewer').dataset.state = name;
  delete $('viewer').dataset.code;
  if (name !== 'summary') clear();
  document.title = name === 'failed' ? `${t('error')} ${title}` : title;
  $(focus)?.focus();
}

function clear() {
  $('step-summary').replaceChildren();
  $('identity')?.remove();
}

// fail says in words what went wrong and what to do next.
function fail(err) {
  const code = err instanceof Failure ? err.code : 'damaged';
  const why = code === 'away' && navigator.onLine === false ? 'offline' : code === 'gone' && wrong || code === 'passcode' && err.left === 0 ? 'used' : code;
  const ends = ['gone', 'used', 'link', 'elsewhere', 'two'].includes(why);
  $('failed-heading').textContent = t(`failed.${why}`);
  $('failed-why').textContent = t(`failed.${why}.why`, { host: err.host ?? '', n: err.after || 30 });
  $('failed-next').textContent = t(`failed.${why}.next`, { host: err.host ?? '' });
  $('again').hidden = ends;
  step('failed');
  $('viewer').dataset.code = why;
}

async function working(text, fn) {
  if (busy) return;
  busy = true;
  $('working').textContent = text;
  try {
    await fn();
  } catch (err) {
    fail(err);
  } finally {
    busy = false;
    $('working').textContent = '';
  }
}

// recipient is what the person reads in their history: 80 characters at most.
function recipient() {
  const who = [$('name').value, $('organisation').value].map((x) => x.trim().replace(/\s+/g, ' ')).filter(Boolean).join(', ');
  return [...who].slice(0, 80).join('');
}

function begin() {
  const here = decoded(location.hash);
  if (here.includes('shlink:/')) {
    kept.set(KEPT, here);
    history.replaceState(null, '', location.pathname);
  }
  const text = here.includes('shlink:/') ? here : kept.get(KEPT);
  wrong = false;
  forgetKey();
  if (!text) {
    link = undefined;
    return step('open', 'open-heading');
  }
  take(text);
}

const decoded = (hash) => { try { return decodeURIComponent(hash.slice(1)); } catch { return hash.slice(1); } };

function take(text) {
  try {
    link = parse(text, location.origin);
  } catch (err) {
    kept.set(KEPT, '');
    return fail(err);
  }
  kept.set(KEPT, text);
  $('link-label').hidden = !link.label;
  $('link-label').textContent = link.label ? t('label', { label: link.label }) : '';
  const [name = '', organisation = ''] = kept.get(WHO).split('\n');
  if (!$('name').value) $('name').value = name;
  if (!$('organisation').value) $('organisation').value = organisation;
  step('who');
}

function said(field, text) {
  $(`${field}-error`).textContent = text;
  $(`${field}-error`).hidden = !text;
  $(`${field}-field`).classList.toggle('wrong', Boolean(text));
  $(field).setAttribute('aria-invalid', String(Boolean(text)));
}

function askPasscode(left) {
  $('tries').textContent = Number.isInteger(left) ? n('tries', left) : t('tries.unsaid');
  step('passcode', wrong ? 'passcode' : 'passcode-heading');
}

async function openIt(passcode) {
  let files;
  try {
    files = await open(link, recipient(), passcode, (i, of) => { $('working').textContent = t('working.file', { i, of }); });
  } catch (err) {
    if (err.code !== 'passcode' || err.left === 0) throw err;
    wrong = Boolean(passcode);
    said('passcode', passcode ? t('passcode.wrong') : '');
    $('passcode').value = '';
    askPasscode(err.left);
    if (wrong) {
      document.title = `${t('error')} ${title}`;
      $('viewer').dataset.code = 'wrong';
    }
    return;
  }
  $('passcode').value = '';
  said('passcode', '');
  wrong = false;
  clear();
  await show(files, { forget, recipient: recipient() });
  step('summary', 'summary-heading');
}

function forget() {
  kept.set(KEPT, '');
  forgetKey();
  link = undefined;
  $('passcode').value = $('link').value = '';
  said('passcode', '');
  step('open', 'open-heading');
}

$('open-form').addEventListener('submit', (e) => {
  e.preventDefault();
  try {
    parse($('link').value, location.origin);
  } catch (err) {
    if (err.code !== 'link') return fail(err);
    said('link', t('failed.link.why'));
    return $('link').focus();
  }
  said('link', '');
  take($('link').value);
  $('link').value = '';
});

$('who-form').addEventListener('submit', (e) => {
  e.preventDefault();
  kept.set(WHO, `${$('name').value}\n${$('organisation').value}`);
  working(t('working.open'), async () => (link.passcode ? askPasscode(await tries(link, recipient())) : openIt('')));
});

$('passcode-form').addEventListener('submit', (e) => {
  e.preventDefault();
  working(t('working.open'), () => openIt($('passcode').value.trim()));
});

$('again').addEventListener('click', () => (link ? step('who') : step('open', 'open-heading')));
for (const b of document.querySelectorAll('.forget')) b.addEventListener('click', forget);

// Somebody else may come to this screen: what was open closes when nobody uses it, and a
// page that comes back from the browser's memory begins anew.
for (const what of ['pointerdown', 'keydown', 'scroll']) addEventListener(what, () => { used = Date.now(); }, { passive: true });
setInterval(() => {
  if ($('viewer').dataset.state === 'summary' && Date.now() - used > IDLE) begin();
}, 10_000);
addEventListener('pageshow', (e) => { if (e.persisted) begin(); });
addEventListener('hashchange', () => { if (location.hash.includes('shlink')) begin(); });

if (globalThis.crypto?.subtle && globalThis.DecompressionStream) {
  $('viewer').hidden = false;
  begin();
} else {
  $('viewer').hidden = false;
  $('failed-heading').textContent = t('failed.browser');
  $('failed-why').textContent = t('failed.browser.why');
  $('failed-next').textContent = t('failed.browser.next');
  $('again').hidden = true;
  step('failed');
}
