// /app/sharing/{grant}: more or less, longer or shorter. The device makes the change.
import { withKeys } from "./keys.mjs"
import { checked, renewed, seconds, untilOf, wrong } from "./share-form.mjs"
import { words } from "./words.mjs"
import { $, working } from "./page.mjs"

const form = $("change"), before = checked(form, "section"), link = !$("parts")

// change is what is other than it was, as the core takes it; faults are told to say.
function change(say) {
  const now = checked(form, "section"), [lasts] = checked(form, "lasts")
  const add = now.filter(s => !before.includes(s)), drop = before.filter(s => !now.includes(s))
  if (!link && !now.length) say("parts", words("share.js.wrong.parts"))
  if (lasts === "same" && !add.length && !drop.length) say(link ? "lasts" : "parts", words("share.js.wrong.same"))
  const what = { add, drop }
  if (lasts === "same") return what
  const until = untilOf(form, say)
  if (link && until && form.dataset.until && until >= new Date(form.dataset.until)) say("date", words("share.js.wrong.sooner"))
  return until === null ? { ...what, open: true } : { ...what, until: until ? seconds(until) : "" }
}

form.addEventListener("change", () => { $("date-field").hidden = checked(form, "lasts")[0] !== "date" })
form.addEventListener("submit", e => {
  e.preventDefault()
  const faults = [], what = change((...x) => { faults.push(x) })
  if (wrong(form, faults)) return
  working(words("share.js.changing"), async () => {
    const yes = await withKeys(words("share.js.why.change"), async keys => {
      await keys.call("amend", form.dataset.grant, what)
      await renewed(keys)
      return true
    })
    if (yes) location.assign("/app/sharing?changed")
  })
})
form.hidden = false
