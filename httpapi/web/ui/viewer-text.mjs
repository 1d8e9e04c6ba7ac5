// viewer-text.mjs takes the text out of a narrative. Nothing of it is ever read as HTML by
// the browser: tags are dropped here, and what is left is shown as text.

const MOST = 500_000; // characters of a narrative that are looked at

const NAMED = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'", nbsp: ' ' };
const entity = /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,4}));/gi;

function plain(s) {
  return s.replace(entity, (all, dec, hex, name) => {
    if (name) return NAMED[name.toLowerCase()] ?? all;
    const c = dec ? Number(dec) : parseInt(hex, 16);
    return c > 8 && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff) ? String.fromCodePoint(c) : '';
  }).replace(/\s+/g, ' ').trim();
}

const BLOCK = new Set(['p', 'div', 'li', 'ul', 'ol', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'blockquote', 'pre', 'dt', 'dd', 'caption', 'table', 'thead', 'tbody', 'tr']);

// textOf gives the paragraphs of a narrative that are outside its tables, and the rows of
// its tables, each a list of cells.
export function textOf(div) {
  const paragraphs = [], rows = [];
  if (typeof div !== 'string') return { paragraphs, rows };
  let depth = 0, text = '', cells = null, heading = false, quiet = '';
  const end = () => {
    const s = plain(text);
    text = '';
    if (s && depth === 0) paragraphs.push(s);
  };
  const all = div.slice(0, MOST);
  let at = 0;
  // Each step begins where the last one ended, and a search that finds nothing is the last:
  // however a narrative is made, it is gone through once.
  for (let lt = all.indexOf('<'); lt >= 0; lt = all.indexOf('<', at)) {
    const comment = all.startsWith('<!--', lt), gt = all.indexOf(comment ? '-->' : '>', lt);
    if (gt < 0) break;
    if (!quiet) text += all.slice(at, lt);
    at = gt + (comment ? 3 : 1);
    const m = comment ? null : /^<(\/?)([a-z][a-z0-9]{0,20})(?=[\s/>])/i.exec(all.slice(lt, lt + 24));
    const name = m?.[2].toLowerCase(), closes = m?.[1] === '/', empty = all[gt - 1] === '/';
    if (!name) continue;
    if (name === 'script' || name === 'style') {
      quiet = closes || empty ? '' : name;
    } else if (name === 'br') {
      text += ' \u00b7 ';
    } else if (depth > 0 && (name === 'td' || name === 'th')) {
      if (closes && cells) {
        cells.push(plain(text));
        heading = name === 'th';
      }
      text = '';
    } else if (name === 'tr' && depth > 0) {
      if (closes && cells?.some(Boolean)) rows.push(Object.assign(cells, { heading }));
      cells = closes ? null : [];
      text = '';
    } else if (BLOCK.has(name)) {
      end();
      if (name === 'table') depth = Math.max(0, depth + (closes ? -1 : 1));
    }
  }
  if (!quiet) text += all.slice(at);
  depth = 0;
  end();
  return { paragraphs, rows };
}
