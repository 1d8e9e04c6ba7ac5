// What the viewer's scripts say, and how they put it on the page: text, and elements that
// are made one by one. Nothing here, and nothing that uses it, reads HTML from a string.

const spoken = new Map();
for (const span of globalThis.document?.getElementById('words')?.content.children ?? []) spoken.set(span.dataset.key, span.textContent);

// t is a message with its places filled.
export const t = (key, places = {}) => fill(spoken.get(`viewer.js.${key}`) ?? `[viewer.js.${key}]`, places);

const fill = (text, places) => text.replace(/\{(\w+)\}/g, (all, name) => Object.hasOwn(places, name) ? String(places[name]) : all);

// n is a message about a number of something: key.one, key.other … by the language.
export function n(key, count, places = {}) {
  const form = new Intl.PluralRules(globalThis.document?.documentElement.lang || 'en').select(count);
  const has = (f) => spoken.has(`viewer.js.${key}.${f}`);
  return t(`${key}.${[form, 'other'].find(has) ?? 'other'}`, { ...places, n: count });
}

// el makes an element. Attributes are set one by one, of names that are written here in
// the code; children are elements, or text.
export function el(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false && value !== null) e.setAttribute(key, value === true ? '' : value);
  }
  e.append(...children.flat().filter((c) => c !== undefined && c !== null && c !== ''));
  return e;
}

// own is text that came with the record: in its own direction, apart from the words around
// it, and no longer than a person reads. What it had to show is all in the download.
export function own(text, name = 'span', most = 4_000) {
  const s = String(text ?? '');
  return el(name, { dir: 'auto', class: 'own' }, s.length > most ? `${s.slice(0, most)}… ${t('cut')}` : s);
}

export const $ = (id) => document.getElementById(id);

// save offers bytes as a file. They are never shown, so their type is one that nothing runs.
export function save(name, bytes, type = 'application/octet-stream') {
  const url = URL.createObjectURL(new Blob([bytes], { type }));
  const a = el('a', { href: url, download: name });
  document.body.append(a);
  a.click();
  a.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
