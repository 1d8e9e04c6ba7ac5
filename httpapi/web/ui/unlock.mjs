// Asks the person to unlock, in a dialog: a touch, the passphrase, or the sheet.
import { passkeys } from "./passkey.mjs"
import { words } from "./words.mjs"

export function element(name, properties = {}, ...children) {
  const e = document.createElement(name)
  for (const [key, value] of Object.entries(properties)) {
    if (key in e && key !== "list") e[key] = value
    else e.setAttribute(key, value)
  }
  e.append(...children)
  return e
}

let count = 0
function field(label, properties) {
  const id = `keys-${++count}`
  const input = element("input", { id, required: true, ...properties })
  return { input, field: element("div", { className: "field" }, element("label", { htmlFor: id, textContent: label }), input) }
}

// ask resolves with true when open(how) has opened the record, and false when the person
// changed their mind.
export function ask(why, known, open) {
  return new Promise(resolve => {
    const title = element("h2", { id: "keys-title", textContent: words("keys.title"), tabIndex: -1 })
    const failed = element("p", { className: "note bad", role: "alert", hidden: true })
    const working = element("p", { className: "hint", role: "status" })
    const dialog = element("dialog", { className: "keys" }, title, element("p", { textContent: why }), failed)
    dialog.setAttribute("aria-labelledby", "keys-title")
    let opened = false, busy = false

    const attempt = async how => {
      if (busy) return
      busy = true
      failed.hidden = true
      working.textContent = words("keys.opening")
      try {
        await open(how)
        opened = true
        dialog.close()
      } catch (e) {
        failed.textContent = e.message
        failed.hidden = false
      } finally {
        busy = false
        working.textContent = ""
      }
    }
    const form = (button, { input, field }, how) => {
      const f = element("form", { method: "post" }, field, element("button", { className: "btn", textContent: button }))
      f.addEventListener("submit", e => { e.preventDefault(); attempt(how(input.value)) })
      return f
    }

    if (passkeys() && (known?.passkeys?.length || !known?.deviceKey)) {
      const touch = element("button", { type: "button", className: "btn", textContent: words("keys.passkey") })
      touch.addEventListener("click", () => attempt({ passkey: true }))
      dialog.append(element("p", {}, touch))
    }
    if (known?.deviceKey) {
      dialog.append(form(words("keys.open"), field(words("keys.passphrase"), { type: "password", autocomplete: "current-password" }), passphrase => ({ passphrase })))
    }
    const sheet = form(words("keys.open"), field(words("keys.recovery"), { type: "text", autocomplete: "off", spellcheck: false }), recovery => ({ recovery }))
    const other = element("details", { open: !known?.deviceKey && !known?.passkeys?.length }, element("summary", { textContent: words("keys.sheet") }), sheet)
    const cancel = element("button", { type: "button", className: "btn quiet", textContent: words("keys.cancel") })
    cancel.addEventListener("click", () => { if (!busy) dialog.close() })
    dialog.append(other, working, element("p", {}, cancel))

    dialog.addEventListener("cancel", e => { if (busy) e.preventDefault() })
    dialog.addEventListener("close", () => {
      for (const i of dialog.querySelectorAll("input")) i.value = ""
      dialog.remove()
      resolve(opened)
    })
    document.body.append(dialog)
    dialog.showModal() // and the focus goes back where it was when it closes
  })
}
