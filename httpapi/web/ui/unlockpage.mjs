// /unlock: opens the record on this device, and goes to where the person was.
import { Keys, device, forget } from "./keys.mjs"
import { done, taken } from "./devicelink.mjs"
import { passkeys } from "./passkey.mjs"
import { goesOn } from "./unlockwaits.mjs"
import { words } from "./words.mjs"
import { $, fail, hide, inThisBrowser, show, working } from "./page.mjs"

const to = $("unlock").dataset.to
const known = await device().catch(() => null)
let joining = taken()
addEventListener("hashchange", () => { if (location.hash.startsWith("#device=")) location.reload() })

function ready() {
  show($("unlock"))
  if (!inThisBrowser()) return fail(new Error(words("unlock.js.browser")))
  if (joining && (joining.broken || known)) {
    done()
    fail(new Error(words(known ? "unlock.js.join.known" : "unlock.js.join.broken")))
    joining = null
  }
  if (joining) {
    show($("with-code"))
    return hide($("with-recovery"))
  }
  if (known) show($("forget"))
  // A passkey may have come here from another device of theirs.
  if (passkeys() && (known?.passkeys?.length || !known?.deviceKey)) show($("with-passkey"))
  if (!known?.deviceKey) {
    $("with-recovery").open = true
    return
  }
  $("label").textContent = known.label || ""
  if (known.label) show($("known"))
  show($("with-passphrase"))
}

async function open(how, then = async () => {}) {
  const keys = await Keys.open()
  try {
    await keys.unlock(how, goesOn)
    await then(keys)
    await keys.session()
    location.replace(to)
  } finally {
    await keys.lock()
  }
}

$("passkey").addEventListener("click", () => working(words("unlock.js.opening"), () => open({ passkey: true })))
$("with-passphrase").addEventListener("submit", e => {
  e.preventDefault()
  working(words("unlock.js.opening"), () => open({ passphrase: $("passphrase").value }))
})
$("with-code").addEventListener("submit", e => {
  e.preventDefault()
  working(words("unlock.js.opening"), async () => {
    const keys = await Keys.open()
    try {
      await keys.join({ ...joining, label: joining.label || words("keys.device"), passphrase: $("join-passphrase").value })
      done()
      await keys.session()
      location.replace(to)
    } catch (e) {
      throw ["unauthorized", "invalid"].includes(e.code) ? new Error(words("unlock.js.join.wrong")) : e
    } finally {
      await keys.lock()
    }
  })
})
$("join-stop").addEventListener("click", () => { done(); location.reload() })
$("recover").addEventListener("submit", e => {
  e.preventDefault()
  const passphrase = $("new-passphrase").value
  working(words("unlock.js.opening"), () => open({ recovery: $("recovery").value }, async keys => {
    if (passphrase) await keys.addDevice({ passphrase, label: $("device").value || words("keys.device") })
  }))
})
$("forget").addEventListener("click", async () => {
  if (!confirm(words("unlock.js.forget"))) return
  await forget()
  hide($("known"), $("with-passphrase"), $("with-passkey"), $("forget"))
  $("with-recovery").open = true
})
ready()
