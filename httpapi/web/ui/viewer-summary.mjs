// viewer-summary.mjs sorts the files that a link led to, and shows them: what is FHIR of
// one person as sections, everything else as files to be saved. Where the link has a token
// for live access the record is read as it is now.

import { bytesOf, Failure, inflate } from './shl.mjs';
import { list, parse, read, samePerson, withAbsences } from './viewer-doc.mjs';
import { day } from './viewer-line.mjs';
import * as live from './viewer-live.mjs';
import { form } from './viewer-add.mjs';
import { banner, search, sections } from './viewer-page.mjs';
import { $, el, n, own, save, t } from './viewer-words.mjs';

const FHIR = ['application/fhir+json', 'application/json', 'text/json'], CARD = 'application/smart-health-card', ACCESS = 'application/smart-api-access';

// sort reads each file: docs that can be shown, and files that are saved. A file about
// somebody else than the first is no doc.
export async function sort(files) {
  const docs = [], others = [];
  let access;
  for (const [i, f] of files.entries()) {
    const file = { name: `file-${i + 1}`, ...f };
    try {
      if (f.fault) throw new Failure(f.fault);
      if (f.contentType === ACCESS) {
        access = parse(f.text);
        continue;
      }
      const docsOf = FHIR.includes(f.contentType) ? [read(f.text)] : f.contentType === CARD ? await cards(f.text) : [];
      for (const doc of docsOf) {
        if (docs.length && doc.patient && !samePerson(docs[0].patient, doc.patient)) throw new Failure('two');
        docs.push(Object.assign(doc, { file, card: f.contentType === CARD }));
      }
      if (docsOf.length === 0 || f.contentType === CARD) others.push(file);
    } catch (err) {
      others.push({ ...file, fault: err instanceof Failure ? err.code : 'damaged' });
    }
  }
  return { docs, others, access };
}

// cards are the bundles of a file of SMART Health Cards. Who signed them is not looked at.
async function cards(text) {
  const out = [];
  for (const jws of list(parse(text).verifiableCredential).slice(0, 20)) {
    const [head, body] = String(jws).split('.').map(bytesOf);
    const plain = JSON.parse(new TextDecoder().decode(head)).zip === 'DEF' ? await inflate(body, 5 << 20) : body;
    out.push(read(parse(new TextDecoder().decode(plain)).vc?.credentialSubject?.fhirBundle));
  }
  return out;
}

// show puts all of it on the page.
export async function show(files, { forget, recipient }) {
  const { docs, others, access } = await sort(files);
  const root = $('step-summary');
  const session = access ? await live.begin(access).catch((err) => ({ fault: err instanceof Failure ? err.code : 'away' })) : undefined;
  let said = '';
  if (session && !session.fault) {
    try {
      docs[0] = await readLive(session, docs[0], false);
    } catch (err) {
      said = t('live.failed', { why: t(`failed.${err instanceof Failure ? err.code : 'away'}`) });
    }
  } else if (session?.fault) said = t('live.failed', { why: t(`failed.${session.fault}`) });
  if (docs.length === 0) {
    const fault = others.find((f) => f.fault)?.fault;
    if (others.length === 0 || fault && others.every((f) => f.fault)) throw new Failure(fault ?? 'damaged');
  }
  if (docs[0]) document.querySelector('main').before(banner(docs[0].patient));
  const body = el('div', { id: 'summary' });
  const draw = () => body.replaceChildren(...(docs[0] ? sections(docs[0], (r) => attachments(r, session)) : []), ...docs.slice(1).flatMap((d, i) => more(d, i, session)),
    othersOf(others), session?.adds ? form(session, recipient) : '', about(docs[0]), foot(docs[0]));
  let everything = false, busy = false;
  const again = async (all) => {
    if (busy) return;
    busy = true;
    everything ||= all;
    try {
      docs[0] = await readLive(session, docs[0], everything);
      $('read-at').textContent = readAt(docs[0]);
      draw();
      search(body, $('search').value);
    } catch (err) { // what was read stays, and says when
      $('read-at').textContent = `${readAt(docs[0])} ${t('live.notagain', { why: t(`failed.${err instanceof Failure ? err.code : 'away'}`) })}`;
    } finally {
      busy = false;
      $('working').textContent = '';
    }
  };
  root.replaceChildren(...[top(docs[0], session, said), tools(docs, again, forget, body), body].filter(Boolean));
  draw();
}

async function readLive(session, shown, everything) {
  let text = await session.summary(), doc = read(text);
  if (everything) {
    const all = await session.everything((page) => { $('working').textContent = t('working.page', { n: page }); });
    doc = withAbsences(read(all.bundle), doc);
    text = all.text;
  }
  if (shown?.patient && doc.patient && !samePerson(shown.patient, doc.patient)) throw new Failure('two');
  return Object.assign(doc, { file: { name: 'summary', text, contentType: FHIR[0] }, live: new Date() });
}

const clock = (d) => `${day(new Date(d.getTime() - d.getTimezoneOffset() * 60_000).toISOString().slice(0, 10))} ${d.toTimeString().slice(0, 8)}`;
const readAt = (doc) => (doc?.live ? t('live.at', { when: clock(doc.live) }) : t('made.at', { when: day(doc?.at) || t('unknown') }));

function top(doc, session, said) {
  const node = el('div', { class: 'shared' }, el('h1', { id: 'summary-heading', tabindex: '-1' }, t('summary')),
    el('p', { id: 'not-complete', class: 'note warn' }, t('notcomplete')),
    el('p', { id: 'read-at', role: 'status', 'data-live': doc?.live ? 'yes' : 'no' }, doc ? readAt(doc) : t('nodoc')), said ? el('p', { id: 'live-failed', class: 'note warn' }, said) : '');
  if (doc && !doc.patient) node.append(el('p', { class: 'note bad' }, t('nobody')));
  if (doc?.elsewhere) node.append(el('p', { class: 'note bad', id: 'elsewhere' }, n('elsewhere', doc.elsewhere)));
  if (doc?.mistaken) node.append(el('p', { class: 'hint', id: 'mistaken' }, n('mistaken', doc.mistaken)));
  return node;
}

function tools(docs, again, forget, body) {
  const find = el('input', { id: 'search', type: 'search', autocomplete: 'off' });
  find.addEventListener('input', () => search(body, find.value));
  const button = (id, key, fn) => {
    const b = el('button', { type: 'button', id, class: 'btn quiet' }, t(key));
    b.addEventListener('click', fn);
    return b;
  };
  return el('div', { class: 'tools noprint' },
    el('div', { class: 'field' }, el('label', { for: 'search' }, t('search')), find, el('p', { id: 'found', role: 'status', class: 'hint' })),
    el('div', {}, button('print', 'print', () => print()),
      docs[0] ? button('download', 'download', () => save('shared-record.json', docs[0].file.text, FHIR[0])) : '',
      docs[0]?.live ? button('read-again', 'live.again', () => again(false)) : '',
      docs[0]?.live ? button('read-all', 'live.all', () => again(true)) : '',
      button('close', 'close', forget)));
}

// more is another file about the same person, under its own heading.
function more(doc, i, session) {
  const [, ...parts] = sections(doc, (r) => attachments(r, session));
  const listed = parts.filter((p) => p.dataset.count !== '0');
  for (const p of listed) {
    p.id = `${p.id}-${i + 2}`;
    p.querySelector('h2').id = `${p.id}-h`;
    p.setAttribute('aria-labelledby', `${p.id}-h`);
  }
  const save1 = el('button', { type: 'button', class: 'btn quiet noprint' }, t('download'));
  save1.addEventListener('click', () => save(`shared-record-${i + 2}.json`, doc.file.text, FHIR[0]));
  return [el('div', { class: 'note', 'data-file': doc.file.name }, el('p', {}, doc.card ? t('card') : t('file.more', { n: i + 2 })), doc.card ? '' : save1), ...listed];
}

// attachments are what an entry carries: told, and saved, and never shown.
function attachments(r, session) {
  const all = [...list(r.content).map((c) => c?.attachment), ...list(r.presentedForm), ...(r.resourceType === 'Binary' ? [r] : [])].filter(Boolean);
  return all.map((a, i) => {
    const type = String(a.contentType ?? ''), name = fileName(a.title ?? `document-${i + 1}`, type);
    const told = own([a.title, type].filter(Boolean).join(', '), 'span', 300);
    const here = typeof a.data === 'string';
    if (!here && !(session?.file && session.reaches(a.url))) return el('div', { class: 'attachment' }, told, ' ', t('file.elsewhere'));
    const b = el('button', { type: 'button', class: 'link noprint', 'data-attachment': '' }, t('file.save'));
    b.addEventListener('click', async () => {
      try {
        save(name, here ? Uint8Array.from(atob(a.data), (c) => c.charCodeAt(0)) : await session.file(a.url));
      } catch (err) {
        b.after(el('span', { role: 'alert', class: 'error' }, t(`failed.${err instanceof Failure ? err.code : 'damaged'}`)));
      }
    });
    return el('div', { class: 'attachment' }, told, ' ', b);
  });
}

const ENDS = { 'application/pdf': '.pdf', 'image/jpeg': '.jpg', 'image/png': '.png', 'text/plain': '.txt', 'application/rtf': '.rtf' };

// fileName is of letters, numbers and few signs; its ending is of a type that is known, so
// that nothing a stranger named .html or .exe is opened as such.
function fileName(title, type) {
  const name = String(title).normalize('NFC').replace(/[^\p{L}\p{N} _-]+/gu, ' ').trim().slice(0, 60) || 'document';
  return name + (ENDS[type.split(';')[0].trim().toLowerCase()] ?? '.bin');
}

function othersOf(files) {
  if (files.length === 0) return '';
  return el('section', { id: 'section-files', class: 'part', 'data-section': 'files', 'data-count': String(files.length), 'aria-labelledby': 'files-h' }, el('h2', { id: 'files-h' }, t('section.files')),
    el('ul', {}, files.map((f) => {
      if (f.fault) return el('li', { class: 'entry', 'data-fault': f.fault }, own(f.contentType || t('unknown'), 'span', 100), ': ', t(`failed.${f.fault}`));
      const b = el('button', { type: 'button', class: 'link noprint' }, t('file.save'));
      b.addEventListener('click', () => save(fileName(f.name, f.contentType), f.text));
      return el('li', { class: 'entry' }, own(f.contentType || t('unknown'), 'span', 100), ' ', b);
    })));
}

// about is what the document says of itself.
function about(doc) {
  if (!doc?.notes.length) return '';
  return el('section', { id: 'section-about', 'aria-labelledby': 'about-h' }, el('h2', { id: 'about-h' }, t('section.about')), el('ul', { class: 'notes' }, doc.notes.map((x) => own(x, 'li'))));
}

const foot = (doc) => el('p', { class: 'hint printonly' }, `${t('notcomplete')} ${doc ? readAt(doc) : ''}`);
