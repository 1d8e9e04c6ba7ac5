// On each of the person's pages: says that the session is about to end while they type,
// and locks the page when it has. What changes something asks the server itself.
const idle = 15 * 60 * 1000, warning = 2 * 60 * 1000, often = 4 * 60 * 1000
// What is sent after a session has ended must go into the record that it was written for.
try { sessionStorage.setItem("carehold-person", document.body.dataset.person) } catch { /* no storage: no more than a page's own word is known then */ }
let last = Date.now(), told = null, asked = Date.now()

const word = (key, places = {}) => {
  const span = document.getElementById("words")?.content.querySelector(`[data-key="${key}"]`)
  return Object.entries(places).reduce((text, [name, value]) => text.replaceAll(`{${name}}`, value), span?.textContent ?? "")
}

// Whoever types uses the record, though nothing is sent: the server is told now and then.
async function active() {
  last = Date.now()
  if (told) { told.remove(); told = null }
  if (last - asked < often) return
  asked = last
  try {
    await fetch("/app/awake", { cache: "no-store", redirect: "error" })
  } catch { /* no network at the moment, or it is locked: the next page says so */ }
}
for (const what of ["input", "keydown", "pointerdown"]) addEventListener(what, active, { passive: true })

function warn(minutes) {
  if (told) return
  told = document.createElement("div")
  told.className = "note warn stay"
  told.setAttribute("role", "status")
  const p = document.createElement("p")
  p.textContent = word("frame.js.locked", { minutes })
  const stay = document.createElement("button")
  stay.type = "button"
  stay.className = "btn"
  stay.textContent = word("frame.js.stay")
  stay.addEventListener("click", () => { asked = 0; active() })
  told.append(p, stay)
  document.getElementById("main").append(told)
}

// A form in which something was typed is left as it is: to send it asks to unlock, and
// loses nothing. Any other page goes away from the screen.
const typed = () => [...document.forms].some(f => [...f.elements].some(x =>
  x.matches("textarea, input:not([type=hidden], [type=search], [type=checkbox], [type=radio])") && x.value !== x.defaultValue))

setInterval(() => {
  const left = Math.min(idle - (Date.now() - last), Date.parse(document.body.dataset.until) - Date.now())
  if (left <= 0 && !typed()) return location.replace("/unlock?to=" + encodeURIComponent(location.pathname + location.search))
  if (left <= warning) warn(Math.max(1, Math.ceil(left / 60000)))
}, 5000)

// What pages keep in this tab goes when somebody locks it.
document.querySelector(".lock")?.addEventListener("submit", () => {
  try { sessionStorage.clear() } catch { /* then nothing is kept */ }
})

// A page that comes back from the browser's memory may be of a session that is over.
addEventListener("pageshow", e => { if (e.persisted) location.reload() })
