// The button that checks the history: on this device, with the person's own keys.
import { withKeys } from "/static/keys.mjs"
import { place, words } from "/static/words.mjs"
import { $, show, hide } from "/static/page.mjs"

const paragraph = (text, strong) => {
  const p = document.createElement("p")
  const at = strong ? p.appendChild(document.createElement("strong")) : p
  at.textContent = text
  return p
}

function good(said) {
  $("checked").replaceChildren(paragraph(words("history.js.good", { n: Number(said.size).toLocaleString(place) })))
  show($("checked"))
}

// bad is loud, and stays: it has the focus, and is read out.
function bad(error) {
  const failed = error.code === "integrity"
  const at = $("check-failed")
  at.classList.toggle("bad", failed)
  at.classList.toggle("warn", !failed)
  at.replaceChildren(paragraph(words(failed ? "history.js.bad" : "history.js.not"), true), paragraph(error.detail || error.message))
  show(at)
  at.tabIndex = -1
  at.focus()
}

async function check() {
  hide($("checked"), $("check-failed"))
  try {
    const said = await withKeys(words("history.js.why"), async keys => {
      $("checked").replaceChildren(paragraph(words("history.js.working")))
      show($("checked"))
      return keys.call("check")
    })
    if (said) good(said)
    else hide($("checked"))
  } catch (e) {
    hide($("checked"))
    bad(e)
  }
}

// save has this device open the whole history, and keeps it in a file that anybody with
// the file can read.
async function save() {
  hide($("checked"), $("check-failed"))
  try {
    const list = await withKeys(words("history.js.save.why"), keys => keys.call("history", 0))
    if (!list) return
    const file = URL.createObjectURL(new Blob([JSON.stringify(list, null, 1)], { type: "application/json" }))
    const a = Object.assign(document.createElement("a"), { href: file, download: `history-${new Date().toISOString().slice(0, 10)}.json` })
    a.click()
    setTimeout(() => URL.revokeObjectURL(file), 60_000)
    $("checked").replaceChildren(paragraph(words("history.js.saved")))
    show($("checked"))
  } catch (e) {
    bad(e)
  }
}

show($("check"), $("save-history"))
$("save-history").addEventListener("click", save)
$("check").addEventListener("click", check)
