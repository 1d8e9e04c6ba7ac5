// What somebody sent when their session had ended: they unlock, and it is sent again.
import { withKeys } from "./keys.mjs"
import { words } from "./words.mjs"
import { $, show, working } from "./page.mjs"

$("unlock-held").addEventListener("click", () => working(words("unlock.js.opening"), () =>
  withKeys(words("unlock.js.held"), async keys => {
    const { form } = await keys.session()
    const held = $("held")
    held.elements.form.value = form
    HTMLFormElement.prototype.submit.call(held) // a field may be called submit
  })))
show($("unlock-held"))
