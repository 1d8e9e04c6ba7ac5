// Messages, docs/format.md §2: field = tag:u16 || length:u32 || value, tags never decrease.
//
// A table describes a message: table(name, { tag: [name, type, n] }, unknown) with n one of '1', '?', '*'
// and unknown one of 'refuse', 'keep', 'pass'. decode gives an object with one property per field, where a
// list is always an array and an absent field is undefined; encode is its inverse, and the only encoding.
import { concat, equal, number, refuse, text, u16, u32, u64, utf8 } from './notation.mjs';

const latest = 253402300799n; // the last second of the year 9999

export const num = {
  read: (b) => (b.length === 8 ? number(b.readBigUInt64BE()) : refuse('2', 'a number is not 8 bytes')),
  write: (v) => u64(v),
};

export const time = {
  read(b) {
    const v = num.read(b);
    if (BigInt(v) > latest) refuse('2', 'a time is later than the year 9999');
    return v;
  },
  write: (v) => u64(v),
};

export const ms = num;

export const flag = {
  read: (b) => (num.read(b) === 1 ? true : refuse('2', 'a flag is not 1')),
  write: () => u64(1),
};

// An empty text is left out by every writer, so one that is there is another encoding of the same.
export const string = {
  read: (b) => (b.length ? utf8(b) : refuse('2', 'an empty text is written out')),
  write: (v) => text(v),
};

// In a list an empty text is a value like any other.
export const listed = { read: utf8, write: (v) => text(v) };

export const fixed = (n) => ({
  read: (b) => (b.length === n ? Buffer.from(b) : refuse('2', `a field is not ${n} bytes`)),
  write: (v) => v,
});

export const b16 = fixed(16);
export const b32 = fixed(32);
export const b64 = fixed(64);
export const bytes = { read: (b) => Buffer.from(b), write: (v) => v };

// key is a b32 that is a key: zeros are none.
export const key = {
  read(b) {
    const v = b32.read(b);
    return v.some((x) => x) ? v : refuse('2', 'a key is 32 zeros');
  },
  write: (v) => v,
};

export const msg = (t) => ({ read: (b) => decode(t, b), write: (v) => encode(t, v) });

export function table(name, fields, unknown = 'refuse') {
  const byTag = new Map(Object.entries(fields).map(([tag, [field, type, n]]) => [Number(tag), { field, type, n }]));
  return { name, byTag, unknown };
}

export function* fieldsOf(b, name) {
  let last = 0;
  for (let i = 0; i < b.length; ) {
    if (b.length - i < 6) refuse('2', `${name} is cut off`);
    const tag = b.readUInt16BE(i);
    const length = b.readUInt32BE(i + 2);
    i += 6;
    if (tag < last) refuse('2', `${name} has tags that decrease`);
    if (length > b.length - i) refuse('2', `${name} is cut off`);
    yield [tag, b.subarray(i, i + length)];
    last = tag;
    i += length;
  }
}

export function decode(t, input) {
  const out = {};
  for (const { field, n } of t.byTag.values()) if (n === '*') out[field] = [];
  for (const [tag, value] of fieldsOf(Buffer.from(input), t.name)) {
    const known = t.byTag.get(tag);
    if (!known) {
      if (t.unknown === 'refuse') refuse('2', `${t.name} has the unknown tag ${tag}`);
      if (t.unknown === 'keep') (out.unknown ??= []).push([tag, Buffer.from(value)]);
      continue;
    }
    if (known.n !== '*' && out[known.field] !== undefined) refuse('2', `${t.name} has tag ${tag} twice`);
    const v = known.type.read(value);
    if (known.n === '*') out[known.field].push(v);
    else out[known.field] = v;
  }
  for (const [tag, { field, n }] of t.byTag)
    if (n === '1' && out[field] === undefined) refuse('2', `${t.name} lacks tag ${tag}`);
  return out;
}

export function encode(t, v) {
  const fields = [...(v.unknown ?? [])];
  for (const [tag, { field, type, n }] of t.byTag) {
    const one = v[field];
    const values = n === '*' ? (one ?? []) : one === undefined || one === false || one === '' ? [] : [one];
    if (n === '1' && values.length === 0) refuse('2', `${t.name} lacks tag ${tag}`);
    for (const x of values) fields.push([tag, type.write(x)]);
  }
  fields.sort((a, b) => a[0] - b[0]); // stable: lists keep their order
  return concat(...fields.flatMap(([tag, b]) => [u16(tag), u32(b.length), b]));
}

// same says whether bytes are the one encoding of what was read from them.
export const same = (t, b) => equal(encode(t, decode(t, b)), b);
