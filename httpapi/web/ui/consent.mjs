// /app/consent: an app asks, and the person answers. The page says who asks; what is given
// is made here, with the person's keys, and goes back to the app by the page that waits.
import { withKeys } from "./keys.mjs"
import { chosen, faults, fill } from "./ask-form.mjs"
import { renewed, wrong } from "./share-form.mjs"
import { words } from "./words.mjs"
import { $, working } from "./page.mjs"

const form = $("answer"), d = form.dataset
const names = text => text.split(" ").filter(Boolean)
let over = false

// gone leaves the page. Back, and loading it again, show what was decided.
function gone(text, to) {
  over = true
  form.hidden = true
  history.replaceState(null, "", to)
  if (!d.tab) return location.replace(to)
  $("gone-said").textContent = words(text)
  $("gone").hidden = false
  $("gone").focus()
  location.assign(`/oauth/wait?r=${d.tab}`) // which sends the browser on, to the app
}

form.addEventListener("submit", e => {
  e.preventDefault()
  if (over || wrong(form, faults(form))) return
  working(words("ask.js.working"), async () => {
    const made = await withKeys(words("ask.js.why.allow", { name: d.name }), async keys => {
      const made = await keys.call("approve", d.id, { ...chosen(form), purpose: d.purpose, code: d.code })
      await renewed(keys)
      return made
    })
    if (made) gone("ask.js.allowed", `/app/consent?given=${made.id}`)
  })
})
$("refuse").addEventListener("click", () => {
  if (over) return
  wrong(form, [])
  working(words("ask.js.working"), async () => {
    const told = await withKeys(words("ask.js.why.refuse", { name: d.name }), async keys => {
      await keys.call("refuse", d.id, { code: d.code })
      return true
    })
    if (told) gone("ask.js.refused", "/app/consent?refused")
  })
})

fill(form, { sections: names(d.sections), sensitive: names(d.sensitive), scopes: d.scopes, bound: "bound" in d, asked: Number(d.asked), lasts: Number(d.lasts), once: !("back" in d) })
form.hidden = false
