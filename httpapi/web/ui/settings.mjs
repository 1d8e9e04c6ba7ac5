// /app/settings/devices: the ways into the record, which only its keys can show.
import { Keys, device, withKeys } from "./keys.mjs"
import { linkOf } from "./devicelink.mjs"
import { qr } from "./qr.mjs"
import { place, words } from "./words.mjs"
import { $, fail, hide, next, show, working } from "./page.mjs"

const made = (name, text, className = "") => Object.assign(document.createElement(name), { textContent: text, className })
const nameOf = s => s.kind !== "recovery" && s.label || words(`settings.js.${s.kind}`)

// sure asks once more, in the place of the buttons.
function sure(li, question, go) {
  const box = made("div", "", "note warn")
  const yes = Object.assign(made("button", words("settings.js.yes"), "btn stop"), { type: "button" })
  const no = Object.assign(made("button", words("settings.js.no"), "btn quiet"), { type: "button" })
  box.append(made("p", question), yes, " ", no)
  no.addEventListener("click", () => box.remove())
  yes.addEventListener("click", () => { box.remove(); go() })
  li.append(box)
  yes.focus()
}

function list(slots) {
  $("ways").replaceChildren(...slots.map(s => {
    const li = document.createElement("li")
    const strong = made("strong", nameOf(s))
    strong.dir = "auto"
    const more = [s.kind === "recovery" || !s.label ? "" : words(`settings.js.${s.kind}`), s.this ? words("settings.js.this") : ""].filter(Boolean).join(", ")
    li.append(strong, more ? ` (${more}) ` : " ",
      words("settings.js.since", { when: new Date(s.created).toLocaleDateString(place, { dateStyle: "long" }) }), " ")
    const does = made("div", "", "does")
    if (s.this || s.kind === "recovery") return li // what is open stays; a sheet is replaced by another
    for (const [what, op] of [["remove", "removeSlot"], ["evict", "evict"]]) {
      const b = Object.assign(made("button", words(`settings.js.${what}`), "btn quiet"), { type: "button" })
      b.setAttribute("aria-label", `${words(`settings.js.${what}`)}: ${nameOf(s)}`)
      // To shut one out is to name those that stay.
      b.addEventListener("click", () => sure(li, words(what === "evict" ? "settings.js.sure.evict" : "settings.js.sure", { name: nameOf(s) }),
        () => change(words(`settings.js.why.${what}`), keys => keys.call(op, op === "evict" ? slots.filter(x => x !== s).map(x => x.id) : s.id))))
      does.append(b)
    }
    li.append(does)
    return li
  }))
}

// change does something with the keys, and shows the ways in as they are then.
const change = (why, fn) => working(words("settings.js.working"), async () => {
  const slots = await withKeys(why, async keys => {
    await fn(keys)
    return keys.call("slots")
  })
  if (slots) list(slots)
})

$("list").addEventListener("click", () => change(words("settings.js.why.list"), async () => {}))
$("passkey").addEventListener("click", () => change(words("settings.js.why.add"), keys => keys.addPasskey()))
$("passphrase-form").addEventListener("submit", e => {
  e.preventDefault()
  if ($("new-passphrase").value !== $("again").value) return fail(new Error(words("settings.js.differ")))
  const passphrase = $("new-passphrase").value
  $("new-passphrase").value = $("again").value = ""
  change(words("settings.js.why.add"), async keys => {
    const old = (await keys.call("slots")).find(s => s.this && s.kind === "passphrase")
    await keys.addDevice({ passphrase, label: $("label").value.trim() || words("keys.device") })
    if (!old) return
    await keys.unlock({ passphrase }) // nobody removes the way they came in by
    await keys.call("removeSlot", old.id)
  })
})

// Another device gets a way in of its own, and takes its part of it from this screen.
function hideCode() {
  $("other-qr").replaceChildren()
  $("other-link").value = ""
  hide($("other-code"))
  show($("other-form"))
}
$("other-form").addEventListener("submit", e => {
  e.preventDefault()
  const label = $("other-label").value.trim(), passphrase = $("other-passphrase").value
  if (!label) return fail(new Error(words("settings.js.label")))
  if (passphrase !== $("other-again").value) return fail(new Error(words("settings.js.differ")))
  change(words("settings.js.why.other"), async keys => {
    const deviceKey = await keys.call("addPassphrase", passphrase, label)
    const link = linkOf({ deviceKey, label, memory: await keys.call("handover") })
    $("other-form").reset()
    $("other-qr").replaceChildren(qr(link, words("settings.js.qr", { name: label })))
    $("other-link").value = link
    next($("other-form"), $("other-code"))
  }).then(() => { if (!$("other-code").hidden) $("other-code").querySelector("h3").focus() })
})
$("other-link").addEventListener("focus", () => $("other-link").select())
$("other-done").addEventListener("click", hideCode)
addEventListener("pagehide", hideCode)
if (!Keys.prototype.passkeys()) $("passkey-part").hidden = true
device().then(d => {
  if (d?.label) $("label").value = d.label
  $("instead").hidden = !d?.deviceKey
}, () => {})
