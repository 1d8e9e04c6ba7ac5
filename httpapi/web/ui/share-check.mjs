// The last step: what they could see, counted by the server as a grant would decide it,
// and the entries themselves when somebody wants to see them.
import { withKeys } from "./keys.mjs"
import { renewed } from "./share-form.mjs"
import { words } from "./words.mjs"
import { $ } from "./page.mjs"

const made = (name, text = "", className = "") => Object.assign(document.createElement(name), { textContent: text, className })
let latest = 0

// ask asks the server. If the session has ended, they unlock, and it is asked again.
async function ask(what, more = {}, again = true) {
  const body = new URLSearchParams({ ...more })
  for (const s of what.sections) body.append("section", s)
  if (what.adds) body.append("adds", "1")
  let answer
  try {
    answer = await fetch("/app/share/preview", { method: "POST", body, cache: "no-store", credentials: "same-origin", redirect: "error",
      headers: { "X-Carehold-Form": document.body.dataset.form } })
  } catch {
    throw new Error(words("keys.unreachable"))
  }
  if ((answer.status === 401 || answer.status === 403) && again) { // it ended, or another was opened
    if (await withKeys(words("share.js.why.locked"), renewed)) return ask(what, more, false)
    throw new Error(words("share.js.locked"))
  }
  if (!answer.ok) throw new Error(words("share.js.failed"))
  return answer.json()
}

function entry(e) {
  const li = made("li"), a = made("a", e.title || e.word)
  a.href = e.href
  a.target = "_blank" // what was chosen stays here
  a.rel = "noopener"
  const bdi = document.createElement("bdi")
  bdi.append(a)
  li.append(bdi)
  for (const text of [e.title ? e.word : "", e.value, e.date]) {
    if (!text) continue
    const said = made("bdi", text, "hint")
    li.append(", ", said)
  }
  return li
}

// list is a part whose entries are asked for when it is opened.
function list(what, part) {
  const details = made("details"), summary = made("summary", words("share.js.entries", { title: part.title, n: part.said }))
  if (part.sensitive) summary.append(" ", made("span", words("share.js.sensitive"), "tag warn"))
  details.append(summary)
  if (part.total === 0) {
    details.append(made("p", words("share.js.none")))
    return details
  }
  const ul = made("ul", "", "exact"), failed = made("p", "", "note bad"), more = made("button", words("share.js.more"), "btn quiet")
  more.type = "button"
  failed.hidden = more.hidden = true
  failed.setAttribute("role", "alert")
  details.append(ul, failed, more)
  let next = 0, busy = false
  const go = async () => {
    if (busy) return
    busy = true
    try {
      const got = await ask(what, { list: part.section, from: next })
      ul.append(...got.entries.map(entry))
      next = got.next ?? -1
      failed.hidden = true
    } catch (e) {
      failed.textContent = e.message
      failed.hidden = false
    } finally {
      busy = false
      more.hidden = next < 0
    }
  }
  details.addEventListener("toggle", () => { if (details.open && next === 0) go() })
  more.addEventListener("click", go)
  return details
}

// check fills in the step.
export async function check(form, what) {
  const n = ++latest
  $("check-who").textContent = [what.name, what.organisation].filter(Boolean).join(", ")
  $("check-how").textContent = what.how
  $("check-until").textContent = what.untilSaid
  $("check-passcode").textContent = what.passcode || words("share.js.nocode")
  $("check-total").textContent = ""
  $("check-list").replaceChildren()
  $("check-go").hidden = true
  $("check-nobody").hidden = true
  const got = await ask(what)
  if (n !== latest) return // they went back, and came again
  $("check-total").textContent = words(`share.js.total.${what.kind}`, { n: got.said })
  $("check-list").replaceChildren(...got.parts.map(part => list(what, part)))
  if (got.closed.length) {
    $("check-list").append(made("h3", words("share.js.closed")),
      made("p", got.closed.map(c => words("share.js.closed.list", { title: c.title, n: c.said })).join(", ") + "."))
  }
  const warn = what.passcode ? what.adds ? "share.js.warn.adds" : "" : what.until ? "share.js.warn.nocode" : "share.js.warn.open"
  $("check-warn").textContent = warn ? words(warn) : ""
  $("check-warn").hidden = !warn
  $("check-nobody").hidden = got.named
  $("check-go").hidden = !got.named
}
