// Damage: the same checks over data that was altered, to see that each alteration is refused, and where.
//
// A flip is in the frames of one file, as they are inside age. A row is altered after the frames were found
// whole, as by somebody who could sign the backup anew: what refuses it then is the record's own binding.
import { refuse, Refused, unhex } from './notation.mjs';
import { read } from './backup.mjs';
import { lay } from './chain.mjs';
import { opened } from './report.mjs';

function flipped(plain, { file = 0, flip, xor = 1 }) {
  if (!(flip >= 0 && flip < plain[file]?.length)) refuse('usage', 'a flip is outside the file');
  return plain.map((b, i) => {
    if (i !== file) return b;
    const out = Buffer.from(b);
    out[flip] ^= xor;
    return out;
  });
}

// changed is a value after an alteration: a new one, none, or the same with one byte changed.
function changed(was, { value, flip, xor = 1 }) {
  if (value === null) return undefined;
  if (value !== undefined) return unhex(value);
  const out = Buffer.from(was ?? refuse('usage', 'there is no such row'));
  const at = flip < 0 ? out.length + flip : flip;
  if (!(at >= 0 && at < out.length)) refuse('usage', 'a flip is outside the row');
  out[at] ^= xor;
  return out;
}

// altered changes one row of a copy of the rows, or what lies beside them.
function altered(src, a) {
  if (a.engine) return { ...src, engine: { ...src.engine, [a.engine]: changed(src.engine?.[a.engine], a) } };
  const rows = src.rows.clone();
  const [p, k] = [unhex(a.row.partition), unhex(a.row.key)];
  const value = changed(rows.get(p, k), a);
  if (value) rows.put(p, k, value);
  else rows.remove(p, k);
  return { ...src, rows };
}

function outcome(alteration, f) {
  try {
    f();
    return { ...alteration, refused: false };
  } catch (e) {
    if (!(e instanceof Refused) || e.section === 'usage') throw e;
    return { ...alteration, refused: true, section: e.section, why: e.message, where: e.where };
  }
}

// damage tells of each alteration whether it is refused; unaltered, the data must be accepted.
export function damage(plain, credential, input) {
  const whole = input.rows ? plain : lay(plain.map(read));
  opened(whole, credential);
  const results = input.alterations.map((a) =>
    outcome(a, () => {
      if (a.row || a.engine) opened(altered(whole, a), credential);
      else opened(lay(flipped(plain, a).map(read)), credential);
    }),
  );
  return { results, refused: results.filter((r) => r.refused).length, accepted: results.filter((r) => !r.refused).length };
}
