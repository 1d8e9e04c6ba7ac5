// The button that checks the history: on this device, with the person's own keys.
import { withKeys } from "/static/keys.mjs"
import { words } from "/static/words.mjs"
import { $, show, hide } from "/static/page.mjs"

const paragraph = (text, strong) => {
  const p = document.createElement("p")
  const at = strong ? p.appendChild(document.createElement("strong")) : p
  at.textContent = text
  return p
}

function good(said) {
  $("checked").replaceChildren(paragraph(words("history.js.good", { n: Number(said.size).toLocaleString(document.documentElement.lang) })))
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

show($("check"))
$("check").addEventListener("click", check)
