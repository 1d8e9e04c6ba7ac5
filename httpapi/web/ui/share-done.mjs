// What to hand over: the code, the link, the passcode apart from them, and a card to print.
import { qr } from "./qr.mjs"
import { words } from "./words.mjs"
import { $ } from "./page.mjs"

export function done(what, link) {
  $("qr").replaceChildren(qr(link.url, words("share.js.qr")))
  $("card-who").textContent = [what.name, what.organisation].filter(Boolean).join(", ")
  $("card-until").textContent = what.untilSaid
  $("link").value = link.url
  $("done-code").textContent = what.passcode
  $("done-passcode").hidden = $("card-passcode").hidden = !what.passcode
  const asks = $("card-code").textContent
  $("print-code").addEventListener("change", () => { $("card-code").textContent = $("print-code").checked ? what.passcode : asks })
  $("print").addEventListener("click", () => print())
  $("link").addEventListener("focus", () => $("link").select())
  $("copy").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(link.url)
      $("copied").textContent = words("share.js.copied")
    } catch {
      $("copied").textContent = words("share.js.uncopied")
      $("link").focus()
    }
  })
  $("done").hidden = false
  scrollTo(0, 0)
  $("done").querySelector("h2").focus()
}

// A page that comes back from the browser's memory would show the link to whoever is there.
addEventListener("pagehide", () => {
  $("link").value = $("done-code").textContent = $("card-code").textContent = ""
  $("qr").replaceChildren()
})
