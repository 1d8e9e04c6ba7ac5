// /app/settings/delete: stops everybody whom something is shared with; deletes the record.
import { forget, withKeys } from "./keys.mjs"
import { words } from "./words.mjs"
import { $, hide, show, working } from "./page.mjs"

$("stop").addEventListener("click", () => working(words("settings.js.working"), async () => {
  const n = await withKeys(words("settings.js.why.stop"), async keys => {
    const live = (await keys.call("grants")).filter(g => !g.ended).map(g => g.id)
    if (live.length) await keys.call("revoke", live)
    return live.length
  })
  if (n === null) return
  $("stopped").textContent = words("settings.js.stopped", { n })
  $("stopped").hidden = false
}))

$("delete").addEventListener("submit", event => {
  event.preventDefault()
  const word = $("word")
  const wrong = word.value.trim().toLowerCase() !== $("delete").dataset.word.toLowerCase()
  $("word-error").hidden = !wrong
  $("word-field").classList.toggle("wrong", wrong)
  word.setAttribute("aria-invalid", wrong)
  if (wrong) return word.focus()
  working(words("settings.js.working"), async () => {
    const done = await withKeys(words("settings.js.why.delete"), async keys => {
      await keys.call("deleteRecord")
      return true
    })
    if (!done) return
    await forget() // what this browser keeps opens nothing any more
    for (const part of document.querySelectorAll("header nav, header form, footer .links")) part.remove() // they lead nowhere
    hide($("before"))
    show($("after"))
    $("after").querySelector("h1").focus()
  })
})
