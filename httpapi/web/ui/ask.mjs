// /app/requests: who asks at the person's addresses. What they wrote is sealed: the core
// opens it here, when the person has unlocked, and the server is not told what it says.
import { withKeys } from "./keys.mjs"
import { chosen, faults, fill, many, purposeWord, tooLong } from "./ask-form.mjs"
import { addresses, made } from "./ask-address.mjs"
import { inWords, line, renewed, wrong } from "./share-form.mjs"
import { element } from "./unlock.mjs"
import { words } from "./words.mjs"
import { $, working } from "./page.mjs"

const form = $("answer")
let now = null // the request that is looked at

const day = text => inWords(new Date(text))
const bdi = text => element("bdi", { textContent: text })

function card(r) {
  const title = r.damaged ? words("ask.js.damaged") : r.app ? words("ask.js.app", { name: r.name }) : words("ask.js.says", { name: r.name })
  const button = element("button", { type: "button", className: "btn", textContent: words(r.damaged ? "ask.js.remove" : "ask.js.answer") })
  if (!r.damaged) button.append(" ", element("span", { className: "away", textContent: r.name }))
  button.addEventListener("click", () => r.damaged ? remove(r) : look(r))
  return element("li", {}, element("h3", {}, bdi(title)), element("p", { className: "hint", textContent: `${words("ask.js.expires")} ${day(r.expires)}` }), element("p", {}, button))
}

// look shows one, with the form in which it is answered.
function look(r) {
  now = r
  wrong(form, [])
  const rows = [["ask.js.organisation", r.organisation], ["ask.js.role", r.role], ["ask.js.number", [r.register, r.number].filter(Boolean).join(" ")],
    ["ask.js.purpose", purposeWord(r.purpose)], ["ask.js.words", r.words], ["ask.js.asked", r.where ? words("ask.js.at", { date: day(r.asked), where: r.where }) : day(r.asked)],
    ["ask.js.expires", day(r.expires)], ["ask.js.wants", r.seconds ? many("ask.js.wants.days", Math.round(r.seconds / 86400)) : ""]]
  $("answer-title").replaceChildren(bdi(words("ask.js.title", { name: r.name })))
  $("who").replaceChildren(...rows.filter(([, text]) => text).map(([key, text]) => element("div", {}, element("dt", { textContent: words(key) }), element("dd", {}, bdi(text)))))
  fill(form, { ...r, asked: r.seconds, lasts: r.proposal.lasts, scopes: r.proposal.scopes, once: false })
  $("list-part").hidden = $("addresses-part").hidden = true
  $("answer-part").hidden = false
  $("answer-title").focus()
  scrollTo(0, 0)
}

function list() {
  now = null
  wrong(form, [])
  $("answer-part").hidden = true
  $("list-part").hidden = $("addresses-part").hidden = false
  $("list-title").focus()
}

// answer does one thing with the person's keys, and shows on a page of its own what came
// of it: loading that again shows it again.
const answer = (why, r, fn) => working(words("ask.js.working"), async () => {
  const to = await withKeys(words(why, { name: r.name ?? "" }), async keys => {
    const to = await fn(keys)
    await renewed(keys)
    return to
  })
  if (to) location.assign(to)
})

const remove = r => answer("ask.js.why.drop", r, async keys => {
  await keys.call("drop", r.id)
  return "/app/requests?dropped"
})

const said = () => line($("reply"))
const wrongWords = () => tooLong($("reply"), 1000) ? [["reply", words("ask.js.wrong.words", { most: $("reply").maxLength })]] : []

form.addEventListener("submit", e => {
  e.preventDefault()
  if (!now || wrong(form, [...faults(form), ...wrongWords()])) return
  const r = now
  answer("ask.js.why.allow", r, async keys => {
    await keys.call("requests") // so that it is known by its id when it is answered
    const made = await keys.call("approve", r.id, { ...chosen(form), purpose: r.proposal.purpose, words: said() })
    await keys.call("drop", r.id).catch(() => {}) // it waits no more; without that it runs out
    return `/app/requests?given=${made.id}`
  })
})
$("refuse").addEventListener("click", () => {
  if (!now || wrong(form, wrongWords())) return
  const r = now
  answer("ask.js.why.refuse", r, async keys => {
    await keys.call("refuse", r.id, { words: said() })
    return "/app/requests?refused"
  })
})
$("drop").addEventListener("click", () => { if (now) remove(now) })
$("later").addEventListener("click", list)

$("open").addEventListener("click", () => working(words("ask.js.opening"), async () => {
  const got = await withKeys(words("ask.js.why.open"), async keys => ({ list: await keys.call("requests"), addresses: await keys.call("addresses") }))
  if (!got) return
  $("closed").hidden = true
  $("list").replaceChildren(...got.list.map(card))
  if (!got.list.length) $("list").replaceChildren(element("li", {}, words("ask.js.nobody")))
  addresses(got.addresses)
  $("opened").hidden = false
  $("list-title").focus()
}))
made()
$("open").hidden = false
