// Addresses at which the person can be asked: a link, and the code with it to show. Both
// are made here of what the keys open: the server knows no address that it was not sent.
import { withKeys } from "./keys.mjs"
import { qr } from "./qr.mjs"
import { tooLong } from "./ask-form.mjs"
import { inWords, line, wrong } from "./share-form.mjs"
import { element } from "./unlock.mjs"
import { words } from "./words.mjs"
import { $, working } from "./page.mjs"

const day = text => inWords(new Date(text))

function row(a, open) {
  const url = a.link, copied = element("span", { role: "status", className: "hint" })
  const link = element("input", { id: `link-${a.id}`, readOnly: true, value: url, className: "code" })
  link.addEventListener("focus", () => link.select())
  const copy = element("button", { type: "button", className: "btn quiet", textContent: words("ask.js.address.copy") })
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(url)
      copied.textContent = words("ask.js.address.copied")
    } catch {
      link.focus()
    }
  })
  const close = element("button", { type: "button", className: "btn stop" }, words("ask.js.address.close"), " ", element("span", { className: "away", textContent: a.label }))
  const li = element("li", {}, element("h3", {}, element("bdi", { textContent: a.label || words("ask.js.address.unnamed") })),
    element("p", { textContent: `${a.until ? words("ask.js.address.until", { date: day(a.until) }) : words("ask.js.address.open")}. ${words("ask.js.address.made", { date: day(a.created) })}.` }),
    element("details", { open }, element("summary", { textContent: words("ask.js.address.show") }), qr(url, words("ask.js.address.qr")),
      element("div", { className: "field" }, element("label", { htmlFor: link.id, textContent: words("ask.js.address.link") }), link), element("p", {}, copy, " ", copied)),
    element("p", {}, close))
  close.addEventListener("click", () => working(words("ask.js.working"), async () => {
    const left = await withKeys(words("ask.js.why.close"), async keys => {
      await keys.call("closeAddress", a.id)
      return keys.call("addresses")
    })
    if (!left) return
    addresses(left)
    $("told").textContent = words("ask.js.address.closed")
    $("addresses-title").focus()
  }))
  return li
}

// addresses lists those that are open; one of them may be shown opened.
export function addresses(all, fresh) {
  const list = all.filter(a => a.open)
  $("addresses").replaceChildren(...list.map(a => row(a, a.id === fresh)))
  if (!list.length) $("addresses").replaceChildren(element("li", {}, words("ask.js.address.none")))
}

// made has the form for a new one do its work.
export function made() {
  const form = $("new")
  $("addresses-title").tabIndex = -1
  form.addEventListener("submit", e => {
    e.preventDefault()
    if (wrong(form, tooLong($("label"), 200) ? [["label", words("ask.js.wrong.label")]] : [])) return
    working(words("ask.js.working"), async () => {
      const got = await withKeys(words("ask.js.why.new"), async keys => {
        const a = await keys.call("newAddress", line($("label")))
        return { a, all: await keys.call("addresses") }
      })
      if (!got) return
      form.reset()
      $("told").textContent = ""
      addresses(got.all, got.a.id)
      $("addresses").querySelector("details[open] summary")?.focus()
    })
  })
}
