// /app/share: the steps of sharing, which are parts of one form. What is chosen stays in
// this tab: it is in no address, and the server is told of it when it counts what would be
// seen. The link is made here, with the person's keys. docs/decisions/0042-sharing.md
import { withKeys } from "./keys.mjs"
import { clear, keep, restore } from "./share-draft.mjs"
import { checked, inWords, line, renewed, seconds, untilOf, wrong } from "./share-form.mjs"
import { check } from "./share-check.mjs"
import { done } from "./share-done.mjs"
import { words } from "./words.mjs"
import { $, working } from "./page.mjs"

const form = $("share"), steps = ["what", "who", "until", "check"]
let made = false

const preset = () => form.querySelector("[name=preset]:checked")
const kind = () => checked(form, "kind")[0]
const sensitive = () => form.querySelector("[data-sensitive]:checked") !== null

// Six digits, each as likely as the others.
function draw() {
  const n = new Uint32Array(1)
  do crypto.getRandomValues(n); while (n[0] >= 4_294_000_000)
  $("passcode").value = $("passcode").defaultValue = String(n[0] % 1_000_000).padStart(6, "0")
}

// fit shows what belongs to what is chosen.
function fit() {
  $("own").hidden = preset().value !== "own"
  $("adds-part").hidden = kind() !== "api"
  $("date-field").hidden = checked(form, "lasts")[0] !== "date"
  $("passcode-part").hidden = kind() === "snapshot"
  $("snapshot-part").hidden = kind() !== "snapshot"
  $("passcode-field").hidden = $("open").checked
}

// What is wrong with each step, as [field, text].
const faults = {
  what: () => checked(form, "section").length ? [] : [["parts", words("share.js.wrong.parts")]],
  who() {
    const all = []
    if (!line($("name"))) all.push(["name", words("share.js.wrong.name")])
    for (const field of ["name", "organisation"]) {
      const text = line($(field))
      if (new TextEncoder().encode(text).length > 200 || /[\p{Cc}\p{Bidi_C}]/u.test(text)) all.push([field, words("share.js.wrong.text")])
    }
    if (sensitive() && kind() !== "api") all.push(["kind", words("share.js.wrong.kind")])
    return all
  },
  until() {
    const all = []
    untilOf(form, (...x) => { all.push(x) })
    const code = $("passcode").value.trim(), length = [...code].length
    if (kind() !== "snapshot" && !$("open").checked && (length < 4 || length > 200 || /\p{C}/u.test(code))) all.push(["passcode", words("share.js.wrong.passcode")])
    if (sensitive() && $("open").checked) {
      $("open").checked = false // the field has to be there for the error to lead to it
      fit()
      all.push(["passcode", words("share.js.wrong.open")])
    }
    return all
  },
  check: () => [],
}

// chosen is what the form says, as the core and the server take it.
function chosen() {
  const until = untilOf(form, () => {}), code = kind() === "snapshot" || $("open").checked ? "" : $("passcode").value.trim()
  const adds = kind() === "api" && $("adds").checked
  return {
    name: line($("name")), organisation: line($("organisation")), kind: kind(), passcode: code, adds,
    sections: checked(form, "section"), purpose: preset().dataset.purpose, scopes: adds ? "patient/*.crs" : "patient/*.rs",
    until: until ? seconds(until) : "", untilSaid: until ? inWords(until) : words("share.js.open"),
    how: form.querySelector("[name=kind]:checked + div label").textContent,
  }
}

// show shows the step that the fragment names: the first one before it that is not done
// yet, where there is one.
function show(focus = true) {
  if (made) return
  const asked = Math.max(0, steps.indexOf(location.hash.slice(1)))
  const first = steps.findIndex(s => faults[s]().length > 0)
  const now = steps[first >= 0 ? Math.min(asked, first) : asked]
  for (const s of steps) $(s).hidden = s !== now
  wrong(form, [])
  $("failed").hidden = true
  fit()
  if (focus) {
    scrollTo(0, 0)
    $(now).querySelector("h2").focus()
  }
  if (now === "check") working(words("share.js.counting"), () => check(form, chosen()))
}

form.addEventListener("change", e => {
  const p = preset()
  if (e.target.name === "preset" && p.value !== "own") {
    const on = p.dataset.sections.split(" ")
    for (const box of form.querySelectorAll("[name=section]")) box.checked = on.includes(box.value)
    for (const lasts of form.querySelectorAll("[name=lasts]")) lasts.checked = lasts.value === p.dataset.lasts
  }
  fit()
})
form.addEventListener("input", () => keep(form))
form.addEventListener("change", () => keep(form))
$("draw").addEventListener("click", draw)

form.addEventListener("submit", e => {
  e.preventDefault()
  const now = steps.find(s => !$(s).hidden)
  if (wrong(form, faults[now]())) return
  if (now === "check") return make()
  location.hash = steps[steps.indexOf(now) + 1]
})

const make = () => working(words("share.js.working"), async () => {
  const what = chosen()
  const link = await withKeys(words("share.js.why", { name: what.name }), async keys => {
    const { name, organisation, sections, scopes, purpose, until, passcode } = what
    const link = await keys.call("link", { name, organisation, sections, scopes, purpose, until, passcode, kind: what.kind, label: "" })
    await renewed(keys)
    return link
  })
  if (!link) return
  made = true
  clear()
  history.replaceState(null, "", location.pathname)
  form.remove()
  done(what, link)
})

addEventListener("hashchange", () => show())

restore(form)
keep(form)
if (!$("passcode").value) draw()
form.hidden = false
show(location.hash !== "")
