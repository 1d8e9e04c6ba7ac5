// /app/sharing: pause, go on, and receipts, which need the person's keys. Stop does not: it
// is an ordinary form, for whoever has to stop something at once.
import { withKeys } from "./keys.mjs"
import { renewed } from "./share-form.mjs"
import { words } from "./words.mjs"
import { $, working } from "./page.mjs"

const made = (name, properties, ...children) => {
  const e = Object.assign(document.createElement(name), properties)
  e.append(...children)
  return e
}

const does = {
  suspend: async (keys, id) => {
    await keys.call("suspend", [id])
    return "/app/sharing?paused"
  },
  resume: async (keys, id) => {
    await keys.call("resume", [id])
    return "/app/sharing?resumed"
  },
}

async function change(op, id) {
  const to = await withKeys(words(`share.js.why.${op}`), async keys => {
    const to = await does[op](keys, id)
    await renewed(keys)
    return to
  })
  if (to) location.assign(to)
}

// receipt shows the receipt, and lets them save it: it is made of what this browser knows.
async function receipt(li, id) {
  const text = await withKeys(words("share.js.why.receipt"), keys => keys.call("receipt", id))
  if (!text) return
  document.querySelector(".receipt")?.remove()
  const title = words("share.js.receipt", { name: li.querySelector("bdi").textContent })
  const save = made("a", { className: "btn quiet", textContent: words("share.js.receipt.save"), download: `receipt-${id.slice(0, 8)}.txt`,
    href: URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" })) })
  const paper = made("button", { type: "button", className: "btn quiet", textContent: words("share.js.receipt.print") })
  paper.addEventListener("click", () => print()) // of which it is all: 34-share.css
  const pre = made("pre", { tabIndex: 0, textContent: text })
  const box = made("div", { className: "note receipt", tabIndex: -1 }, made("h4", { textContent: title, dir: "auto" }), made("p", { textContent: words("share.js.receipt.what") }), made("p", { className: "does" }, save, paper), pre)
  li.append(box)
  box.focus()
}

for (const button of document.querySelectorAll("[data-op]")) {
  button.hidden = false
  const li = button.closest("[data-grant]"), id = li.dataset.grant, op = button.dataset.op
  button.addEventListener("click", () => working(words("share.js.changing"), () => op === "receipt" ? receipt(li, id) : change(op, id)))
}
$("failed").hidden = true
