// What the pages for sharing have in common: fields that are read and looked at, errors on
// top that lead to them, and ends of time.
import { place, words } from "./words.mjs"
import { $ } from "./page.mjs"

export const checked = (form, name) => [...form.querySelectorAll(`[name="${name}"]:checked`)].map(x => x.value)
export const line = input => input.value.trim().replace(/\s+/g, " ")

// wrong shows what is wrong, on top and at the fields, and reports whether anything is.
// all are [field, text]; the elements of a field are named after it.
const heading = document.title
export function wrong(form, all) {
  for (const e of form.querySelectorAll(".field.wrong")) e.classList.remove("wrong")
  for (const e of form.querySelectorAll(".error")) {
    e.hidden = true
    e.textContent = "" // the fields are described by it
  }
  for (const e of form.querySelectorAll("[aria-invalid]")) e.removeAttribute("aria-invalid")
  $("error-list").replaceChildren(...all.map(([field, text]) => {
    $(`${field}-field`).classList.add("wrong")
    $(`${field}-error`).textContent = text
    $(`${field}-error`).hidden = false
    if (!$(field).matches("[type=checkbox], [type=radio]")) $(field).setAttribute("aria-invalid", "true")
    const a = document.createElement("a")
    a.href = `#${field}`
    a.textContent = text
    a.addEventListener("click", e => { e.preventDefault(); $(field).focus() }) // the fragment is the step's
    const li = document.createElement("li")
    li.append(a)
    return li
  }))
  $("errors").hidden = all.length === 0
  document.title = (all.length ? `${$("errors").querySelector("h2").textContent}: ` : "") + heading
  if (all.length) $("errors").focus()
  return all.length > 0
}

// dayOf is the end of the day that three fields say, null of what is no day.
export function dayOf(form) {
  const [day, month, year] = ["day", "month", "year"].map(part => form.elements.namedItem(`date-${part}`).value.trim())
  if (![day, month, year].every(x => /^\d{1,4}$/.test(x)) || year.length !== 4) return null
  const end = new Date(Number(year), Number(month) - 1, Number(day), 23, 59, 59)
  return end.getMonth() === Number(month) - 1 && end.getDate() === Number(day) ? end : null
}

// untilOf is until when: a Date, null for until it is stopped; undefined where a field is
// wrong, which say(field, text) is told.
export function untilOf(form, say) {
  const [lasts] = checked(form, "lasts")
  if (lasts !== "date") return lasts === "0" ? null : new Date(Date.now() + 1000 * Number(lasts))
  const end = dayOf(form)
  if (!end) return say("date", words("share.js.wrong.date"))
  if (end <= new Date()) return say("date", words("share.js.wrong.past"))
  return end
}

// seconds is a time as the core takes it.
export const seconds = date => date.toISOString().slice(0, 19) + "Z"

// inWords is a time as the pages from the server have it: the day before the month.
export const inWords = date => date.toLocaleString(place, { dateStyle: "long", timeStyle: "short" })

// renewed opens a session that knows of what was done a moment ago, and has the page's
// forms bring its word. Without it the one there is goes on, and knows a little less.
export async function renewed(keys) {
  const visit = await keys.session().catch(() => null)
  if (!visit) return false
  document.body.dataset.form = visit.form
  document.body.dataset.until = visit.until
  for (const x of document.querySelectorAll("input[name=form]")) x.value = visit.form
  return true
}
