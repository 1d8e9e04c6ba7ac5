// /app/inbox: what others sent. It is opened here, when the person has unlocked; they
// choose for each thing, and all is done with one more touch.
import { withKeys } from "./keys.mjs"
import { done, shown } from "./inbox-item.mjs"
import { renewed } from "./share-form.mjs"
import { words } from "./words.mjs"
import { $, fail, working } from "./page.mjs"

const form = $("inbox")
let items = []

function show(list) {
  items = list.map(i => shown(i))
  $("items").replaceChildren(...items.map(x => x.li))
  form.hidden = !list.length
}

// act does what was chosen with one of them, and says what came of it. What failed with
// one is no reason to leave out the others.
async function act(keys, { item, title, choice, text, section }) {
  try {
    if (choice === "dismiss" || choice === "looked") {
      await keys.call(choice, item.id)
      return { text: words(`ask.js.inbox.did.${choice}`, { title }) }
    }
    const t = await keys.call("takeIn", item.id, { section, dispute: choice === "dispute" ? text : "" })
    const how = t.deleted ? "gone" : t.notSaid ? "unsaid" : t.disputed ? "disputed" : t.unchanged ? "was" : "take"
    return { text: words(`ask.js.inbox.did.${how}`, { title }), more: t.unverified ? words("ask.js.inbox.did.unverified") : "", href: t.deleted ? "" : `/app/entry/${t.type}/${t.id}` }
  } catch (e) {
    return { text: words("ask.js.inbox.did.failed", { title, why: e.message }), bad: true }
  }
}

$("open")?.addEventListener("click", () => working(words("ask.js.opening"), async () => {
  const list = await withKeys(words("ask.js.why.inbox"), keys => keys.call("inbox"))
  if (!list) return
  $("closed").hidden = true
  show(list)
  $("inbox-title").focus()
}))

form.addEventListener("submit", e => {
  e.preventDefault()
  const chosen = items.map(x => x.chosen()).filter(x => x.choice !== "leave")
  if (!chosen.length) return fail(new Error(words("ask.js.inbox.nothing")))
  const wrong = items.filter(x => x.wrong())
  if (wrong.length) return wrong[0].focus()
  working(words("ask.js.working"), async () => {
    const got = await withKeys(words("ask.js.why.take"), async keys => {
      const results = []
      for (const x of chosen) results.push(await act(keys, x))
      const rest = await keys.call("inbox")
      await renewed(keys)
      return { results, rest }
    })
    if (!got) return
    $("count").hidden = true // it was so before
    done(got.results)
    show(got.rest)
    $("inbox-title").textContent = words("ask.js.inbox.again")
    $("results").focus()
  })
})
if ($("open")) $("open").hidden = false
