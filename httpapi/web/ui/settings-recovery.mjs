// /app/settings/recovery: makes a new sheet, and sees that it was kept. It is in use as
// soon as it is shown: the old one opens nothing any more.
import { withKeys } from "./keys.mjs"
import { words } from "./words.mjs"
import { $, fail, next, working } from "./page.mjs"

let groups, asked
const stay = e => e.preventDefault() // leaving asks once more, until they have it

$("make").addEventListener("click", () => working(words("settings.js.working"), async () => {
  const recovery = await withKeys(words("settings.js.why.recovery"), keys => keys.call("replaceRecovery"))
  if (!recovery) return
  groups = recovery.toUpperCase().split(/[^0-9A-Z]+/).filter(Boolean)
  asked = crypto.getRandomValues(new Uint8Array(1))[0] % groups.length
  $("sheet-at").textContent = `${location.origin}/unlock`
  $("code").textContent = groups.join(" ")
  $("which").textContent = words("settings.js.which", { n: asked + 1 })
  addEventListener("beforeunload", stay)
  next($("step-make"), $("step-sheet"))
}))

$("print").addEventListener("click", () => print())

$("confirm").addEventListener("submit", e => {
  e.preventDefault()
  const plain = s => s.toUpperCase().replace(/[^0-9A-Z]/g, "").replaceAll("O", "0").replaceAll(/[IL]/g, "1")
  if (plain($("group").value) !== plain(groups[asked])) return fail(new Error(words("settings.js.wrong", { n: asked + 1 })))
  removeEventListener("beforeunload", stay)
  $("code").textContent = ""
  $("step-sheet").hidden = true
  $("done").hidden = false
})
