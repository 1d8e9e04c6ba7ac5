// QR codes (ISO/IEC 18004:2015, clauses in brackets), so that a link never leaves the page
// to be drawn: the server does not see the key that is in it. One path on white ground,
// whatever the page looks like, for many readers do not find a code of turned colours.
//
// Bytes alone, level M, versions 1 to 25: 997 letters, and a link has some 260. It makes the
// codes that record/qr makes, dot for dot, which httpapi/web/qr_test.go holds it to.

// For each version at level M: bytes of correction in a block, and blocks (Table 9).
const blocks = [[10, 1], [16, 1], [26, 1], [18, 2], [24, 2], [16, 4], [18, 4], [22, 4], [22, 5], [26, 5], [30, 5], [22, 8],
  [22, 9], [24, 9], [24, 10], [28, 10], [28, 11], [26, 13], [26, 14], [26, 16], [26, 17], [28, 17], [28, 18], [28, 20], [28, 21]]
const quiet = 4 // light modules on each side (5.3.8)

// The field of 256 elements, by 0x11d, in which the correction is reckoned (7.5.2).
const exp = new Uint8Array(510), log = new Uint8Array(256)
for (let i = 0, x = 1; i < 255; i++) {
  exp[i] = exp[i + 255] = x
  log[x] = i
  x = x << 1 ^ (x & 0x80 ? 0x11d : 0)
}
const times = (a, b) => a && b ? exp[log[a] + log[b]] : 0

// correction is the remainder of the data, divided by (x-1)(x-2)(x-4)… (7.5.2).
function correction(data, n) {
  let generator = [1]
  for (let i = 0; i < n; i++) {
    generator = [...generator, 0].map((g, j) => g ^ times(generator[j - 1] ?? 0, exp[i]))
  }
  const rest = new Uint8Array(data.length + n)
  rest.set(data)
  for (let i = 0; i < data.length; i++) {
    const lead = rest[i]
    generator.forEach((g, j) => { rest[i + j] ^= times(g, lead) })
  }
  return rest.subarray(data.length)
}

// Where the small squares are, the same across as down (Annex E): from 6 to the far corner,
// as far from each other as they can be alike; what is left over is next to the first.
function centres(version) {
  if (version === 1) return []
  const gaps = Math.floor(version / 7) + 1
  const step = 2 * Math.ceil((4 * version + 4) / gaps / 2)
  return [6, ...Array.from({ length: gaps }, (_, i) => 4 * version + 10 - (gaps - 1 - i) * step)]
}

// How many bytes a version has in all: what its squares, lines and words leave.
function capacity(version) {
  const n = 4 * version + 17, small = version > 1 ? Math.floor(version / 7) + 2 : 0
  let free = n * n - 3 * 64 - 2 * (n - 16) - 31
  if (small) free -= 25 * (small * small - 3) - 10 * (small - 2)
  if (version > 6) free -= 36
  return free >> 3
}

// words are data and correction in the order in which they are drawn (7.4, 7.6).
function codewords(text) {
  if (!/^[ -~]+$/.test(text)) throw new TypeError("a QR code is made of plain letters, digits and signs on one line")
  const version = blocks.findIndex(([check, n], i) => 4 + (i < 9 ? 8 : 16) + 8 * text.length <= 8 * (capacity(i + 1) - check * n)) + 1
  if (!version) throw new RangeError("this is too long for a QR code")
  const [check, n] = blocks[version - 1], all = capacity(version) - check * n
  // 0100 says bytes (7.4.5), then how many (Table 3), the bytes, and 0000 for the end
  // (7.4.9), which here always ends a byte; 11101100 and 00010001 fill the rest (7.4.10).
  let bits = "0100" + text.length.toString(2).padStart(version < 10 ? 8 : 16, "0")
  for (const c of text) bits += c.charCodeAt(0).toString(2).padStart(8, "0")
  const data = (bits + "0000").match(/.{8}/g).slice(0, all).map(b => parseInt(b, 2))
  for (let fill = 0xec; data.length < all; fill ^= 0xec ^ 0x11) data.push(fill)
  const parts = []
  for (let i = 0, at = 0; i < n; i++) { // the last blocks are longer by one (7.5.1)
    const end = at + Math.floor(all / n) + (i >= n - all % n ? 1 : 0)
    parts.push(data.slice(at, at = end))
  }
  const checks = parts.map(p => correction(p, check))
  const out = []
  const deal = (rows, length) => {
    for (let i = 0; i < length; i++) for (const r of rows) if (i < r.length) out.push(r[i])
  }
  deal(parts, parts.at(-1).length)
  deal(checks, check)
  return { version, out }
}

// coded is a number with its remainder by a polynomial behind it (Annexes C and D).
function coded(value, bits, polynomial) {
  const width = 31 - Math.clz32(polynomial)
  let rest = value << width
  for (let i = bits + width - 1; i >= width; i--) if (rest >> i & 1) rest ^= polynomial << i - width
  return value << width | rest
}

// The eight masks (Table 10).
const masks = [(i, j) => (i + j) % 2, i => i % 2, (i, j) => j % 3, (i, j) => (i + j) % 3, (i, j) => ((i >> 1) + Math.floor(j / 3)) % 2,
  (i, j) => i * j % 2 + i * j % 3, (i, j) => (i * j % 2 + i * j % 3) % 2, (i, j) => (i * j % 3 + (i + j) % 2) % 2]

function draw({ version, out }, mask) {
  const n = 4 * version + 17
  const dark = Array.from({ length: n }, () => new Array(n)) // [row][column]; undefined is free
  const set = (y, x, on) => { if (y >= 0 && y < n && x >= 0 && x < n) dark[y][x] = Boolean(on) }
  const square = (y, x, size) => { // rings of dark and light around a middle (6.3.3, 6.3.6)
    for (let a = -size; a <= size; a++) {
      for (let b = -size; b <= size; b++) {
        const ring = Math.max(Math.abs(a), Math.abs(b))
        set(y + a, x + b, size === 4 ? ring !== 2 && ring !== 4 : ring !== 1)
      }
    }
  }
  for (let i = 8; i < n - 8; i++) { set(6, i, i % 2 === 0); set(i, 6, i % 2 === 0) } // (6.3.5)
  for (const [y, x] of [[3, 3], [3, n - 4], [n - 4, 3]]) square(y, x, 4)
  const at = centres(version)
  for (const y of at) for (const x of at) if (y !== 6 || x !== 6) if (!(y === 6 && x === n - 7) && !(y === n - 7 && x === 6)) square(y, x, 2)
  const format = coded(mask, 5, 0x537) ^ 0x5412 // level M is 00 (7.9.1)
  for (let i = 0; i < 15; i++) {
    const on = format >> i & 1
    set(i < 6 ? i : i < 8 ? i + 1 : 8, i < 8 ? 8 : i === 8 ? 7 : 14 - i, on)
    if (i < 8) set(8, n - 1 - i, on)
    else set(n - 15 + i, 8, on)
  }
  set(n - 8, 8, true)
  if (version > 6) { // (7.10)
    const word = coded(version, 6, 0x1f25)
    for (let i = 0; i < 18; i++) {
      set(n - 11 + i % 3, Math.floor(i / 3), word >> i & 1)
      set(Math.floor(i / 3), n - 11 + i % 3, word >> i & 1)
    }
  }
  // In pairs of columns from the right, up and down in turn, around the line of column 6;
  // the mask turns over where it is 0 (7.7.3, 7.8.2).
  let bit = 0
  for (let right = n - 1, up = true; right > 0; right -= right === 8 ? 3 : 2, up = !up) {
    for (let k = 0; k < n; k++) {
      for (const x of [right, right - 1]) {
        const y = up ? n - 1 - k : k
        if (dark[y][x] !== undefined) continue
        dark[y][x] = Boolean((out[bit >> 3] ?? 0) >> 7 - bit % 8 & 1) !== (masks[mask](y, x) === 0)
        bit++
      }
    }
  }
  return dark
}

// penalty is how hard a code is to read (7.8.3.1), reckoned as record/qr does.
function penalty(dark) {
  const n = dark.length
  let sum = 0, count = 0
  const line = module => {
    let run = 0, last = 0
    for (let i = -quiet; i < n + quiet; i++) {
      const on = i >= 0 && i < n && module(i)
      run = i > 0 && i < n && on === module(i - 1) ? run + 1 : 1
      sum += run === 5 ? 3 : run > 5 ? 1 : 0 // five alike in a row, and each one more
      last = (last << 1 | on) & 0xfff // what looks like a corner, with light beside it
      if (last === 0b010111010000 || last === 0b000010111010) sum += 40
    }
  }
  for (let i = 0; i < n; i++) {
    line(j => dark[i][j])
    line(j => dark[j][i])
    for (let j = 0; j < n; j++) {
      count += dark[i][j]
      if (i && j && dark[i][j] === dark[i - 1][j] && dark[i][j] === dark[i][j - 1] && dark[i][j] === dark[i - 1][j - 1]) sum += 3
    }
  }
  return sum + 10 * Math.floor(Math.abs(2 * count - n * n) * 10 / (n * n))
}

// modules is the code of a text: rows of true for dark. Of the masks it takes the one that
// is easiest to read.
export function modules(text) {
  const words = codewords(text)
  const all = masks.map((_, mask) => draw(words, mask)).map(dark => ({ dark, p: penalty(dark) }))
  return all.reduce((best, x) => x.p < best.p ? x : best).dark
}

// qr is the code of a text as a picture, one unit a module, which grows without blurring.
export function qr(text, title = "QR code") {
  const dark = modules(text), side = dark.length + 2 * quiet, pixels = side * Math.max(4, Math.ceil(300 / side))
  let path = ""
  dark.forEach((row, y) => {
    for (let x = 0, run; x < row.length; x += run || 1) {
      for (run = 0; row[x + run]; run++);
      if (run) path += `M${x + quiet} ${y + quiet}h${run}v1h-${run}z`
    }
  })
  const make = (name, attributes, ...inside) => {
    const e = document.createElementNS("http://www.w3.org/2000/svg", name)
    for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value)
    e.append(...inside)
    return e
  }
  return make("svg", { class: "qr", role: "img", width: pixels, height: pixels, viewBox: `0 0 ${side} ${side}`, "shape-rendering": "crispEdges" },
    make("title", {}, title), make("rect", { width: side, height: side, fill: "#fff" }), make("path", { fill: "#000", d: path }))
}
