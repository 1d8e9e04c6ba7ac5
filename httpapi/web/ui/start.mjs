// /start: makes a record, hands out the recovery sheet and sees that it was kept.
import { Keys, device } from "./keys.mjs"
import { words } from "./words.mjs"
import { $, fail, inThisBrowser, next, show, working } from "./page.mjs"

let keys, groups, asked

if (location.hash.startsWith("#chdi_")) {
  $("invite").value = location.hash.slice(1)
  history.replaceState(null, "", location.pathname) // it is good once, and nothing for a history
}
$("step-name").addEventListener("submit", e => {
  e.preventDefault()
  if ($("passphrase").value !== $("again").value) return fail(new Error(words("start.js.differ")))
  working(words("start.js.making"), make)
})

async function make() {
  if (await device()) throw new Error(words("start.js.known"))
  keys = await Keys.open()
  const { recovery } = await keys.enrol({ invite: $("invite").value.trim(), passphrase: $("passphrase").value,
    name: $("name").value.trim(), label: $("device").value.trim() || words("keys.device") })
  $("passphrase").value = $("again").value = ""
  groups = recovery.toUpperCase().split(/[^0-9A-Z]+/).filter(Boolean)
  asked = crypto.getRandomValues(new Uint8Array(1))[0] % groups.length
  $("code").textContent = groups.join(" ")
  $("which").textContent = words("start.js.which", { n: asked + 1 })
  addEventListener("beforeunload", stay)
  next($("step-name"), $("step-sheet"))
}

// Until they have kept the sheet, leaving asks once more.
const stay = e => e.preventDefault()

$("print").addEventListener("click", () => print())

$("confirm").addEventListener("submit", e => {
  e.preventDefault()
  const plain = s => s.toUpperCase().replace(/[^0-9A-Z]/g, "").replaceAll("O", "0").replaceAll(/[IL]/g, "1")
  if (plain($("group").value) !== plain(groups[asked])) return fail(new Error(words("start.js.wrong", { n: asked + 1 })))
  working(words("unlock.js.opening"), async () => {
    await keys.session()
    removeEventListener("beforeunload", stay)
    $("code").textContent = ""
    if (!keys.passkeys()) return location.replace("/app/record")
    next($("step-sheet"), $("step-passkey"))
  })
})

$("make-passkey").addEventListener("click", () => working(words("start.js.touch"), async () => {
  await keys.addPasskey()
  await keys.lock()
  location.replace("/app/record")
}))

// Shown last: what is on the page does something.
show($("start"))
if (!inThisBrowser()) fail(new Error(words("unlock.js.browser")))
else if (await device().catch(() => null)) fail(new Error(words("start.js.known")))
