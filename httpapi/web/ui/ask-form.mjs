// The form in which the person answers who asks: what was asked for is shown and ticked,
// but for what is sensitive, and nothing else can be given. What they may do is told in
// words, one line for each thing; each line stands for its scope.
import { checked, line } from "./share-form.mjs"
import { element } from "./unlock.mjs"
import { words } from "./words.mjs"
import { $ } from "./page.mjs"

// said is a message, or what else there is to say where no message has this name.
const said = (key, otherwise) => {
  const text = words(key)
  return text === `[${key}]` ? otherwise : text
}

// n is a message about a number of something.
export function many(key, n) {
  const form = new Intl.PluralRules(document.documentElement.lang || "en").select(n)
  return words(`${key}.${form === "one" ? "one" : "other"}`, { n })
}

export const typeWord = type => said(`ask.js.type.${type === "*" ? "all" : type}`, type)
export const purposeWord = code => code && said(`ask.js.for.${code}`, code)

const order = "cruds", acts = [["read", "rs"], ["create", "c"], ["update", "u"], ["delete", "d"]]

// parse reads SMART scopes of one record: patient/Type.cruds?name=value.
const parse = scopes => scopes.split(" ").flatMap(text => {
  const m = /^patient\/(\*|[A-Za-z]+)\.([cruds]+)(?:\?(.*))?$/.exec(text)
  return m ? [{ type: m[1], verbs: m[2], params: m[3] ?? "" }] : []
})

const spelt = ({ type, verbs, params }) => `patient/${type}.${[...order].filter(v => verbs.includes(v)).join("")}${params ? `?${params}` : ""}`

// what a scope is about, with the limits that it has.
function about({ type, params }) {
  const limits = [...new URLSearchParams(params)].map(([name, value]) => `${name} ${value.split("|").at(-1) || value}`)
  return limits.length ? words("ask.js.only", { what: typeWord(type), limits: limits.join(", ") }) : typeWord(type)
}

// doings are the lines for scopes: what may be done, with what, and the scope for it.
export const doings = scopes => acts.flatMap(([act, verbs]) => parse(scopes).flatMap(s => {
  const some = [...s.verbs].filter(v => verbs.includes(v)).join("")
  return some ? [{ scope: spelt({ ...s, verbs: some }), text: s.type === "*" && !s.params ? words(`ask.js.do.${act}.all`) : words(`ask.js.do.${act}`, { what: about(s) }) }] : []
}))

// together are scopes with one for each thing they are about.
function together(scopes) {
  const all = new Map()
  for (const s of parse(scopes.join(" "))) {
    const key = `${s.type}?${s.params}`, had = all.get(key)
    all.set(key, { ...s, verbs: (had?.verbs ?? "") + s.verbs })
  }
  return [...all.values()].map(spelt).join(" ")
}

// fill shows what was asked. asks is as the core's op requests has it.
export function fill(form, asks) {
  for (const row of form.querySelectorAll("[data-part]")) {
    const box = row.querySelector("input"), sensitive = "sensitive" in box.dataset
    row.hidden = !(sensitive ? asks.sensitive : asks.sections).includes(box.value) || sensitive && !asks.bound
    box.checked = !row.hidden && !sensitive
    called(row, `section-${box.value}`)
  }
  called(form.querySelector("#parts-field [data-part]:not([hidden])"), "parts") // where an error leads to
  const open = asks.sensitive.length > 0
  $("sensitive-field").hidden = !open || !asks.bound
  $("keyless").hidden = !open || asks.bound
  $("keyless").textContent = words("ask.js.keyless", { parts: [...form.querySelectorAll("[data-sensitive]")].filter(x => asks.sensitive.includes(x.value))
    .map(x => x.parentElement.querySelector("label").firstChild.textContent.trim()).join(", ") })
  $("parts-field").hidden = !form.querySelector("#parts-field [data-part]:not([hidden])")
  $("does-list").replaceChildren(...doings(asks.scopes).map(({ scope, text }, i) => {
    const id = i ? `does-${i}` : "does"
    return element("div", { className: "pick" }, element("input", { type: "checkbox", name: "does", id, value: scope, checked: true }), element("label", { htmlFor: id, textContent: text }))
  }))
  lasting(form, asks)
  reads(form)
  $("does-list").onchange = () => reads(form)
}

// reads says what comes with reading, or that nothing is seen at all.
function reads(form) {
  const blind = chosen(form).scopes !== "" && !/\.[cud]*[rs]/.test(chosen(form).scopes)
  $("always").hidden = blind
  $("blind").hidden = !blind
}

function called(row, id) {
  if (!row) return
  row.querySelector("input").id = id
  row.querySelector("label").htmlFor = id
}

// lasting offers what is not longer than what was asked, or a year; an app that does not
// come back by itself is given a day, of which it has some minutes.
function lasting(form, { asked, lasts, once }) {
  const most = asked || 365 * 86400, exact = form.querySelector(`[data-lasts="${lasts}"]`)
  $("lasts-field").hidden = once
  $("once").hidden = !once
  for (const row of form.querySelectorAll("[data-lasts]")) {
    row.hidden = Number(row.dataset.lasts) > most
    row.querySelector("input").checked = row === exact
  }
  $("lasts-asked").hidden = Boolean(exact)
  $("lasts").checked = !exact
  $("lasts").value = lasts
  $("lasts-asked-label").textContent = many("ask.js.asLong", Math.max(1, Math.round(lasts / 86400)))
}

// faults are what is wrong with an answer that says yes, as [field, text].
export function faults(form) {
  const all = [], yes = chosen(form)
  if (!yes.sections.length && !$("parts-field").hidden) all.push(["parts", words("ask.js.wrong.parts")])
  if (!yes.scopes) all.push(["does", words("ask.js.wrong.does")])
  if (!yes.lasts) all.push(["lasts", words("ask.js.wrong.lasts")])
  if ($("begun")?.checked === false) all.push(["begun", words("ask.js.wrong.begun")])
  return all
}

// tooLong tells of a field whose text is too long, or is no line of text.
export function tooLong(field, bytes) {
  const text = line(field)
  return new TextEncoder().encode(text).length > bytes || /[\p{Cc}\p{Bidi_C}]/u.test(text)
}

// chosen is what would be given, as the core takes it. Where no part is asked for but those
// that are always given, it is these.
export const chosen = form => ({ sections: $("parts-field").hidden ? ["identity", "providers", ...checked(form, "section")] : checked(form, "section"), scopes: together(checked(form, "does")), lasts: Number(checked(form, "lasts")[0] ?? 0) })
