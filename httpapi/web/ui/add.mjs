// /app/add: files can be dropped on the form, and it says how far sending them is. Without
// this script the form is sent as any other.
import { words } from "./words.mjs"

const form = document.getElementById("files")
const input = document.getElementById("file")
const status = document.getElementById("sending")
const most = 16 << 20
let busy = false

for (const type of ["dragover", "dragleave", "drop"]) {
  form.addEventListener(type, e => {
    e.preventDefault()
    form.classList.toggle("over", type === "dragover")
    if (type === "drop" && e.dataTransfer?.files.length) {
      input.files = e.dataTransfer.files
      send()
    }
  })
}

form.addEventListener("submit", e => {
  e.preventDefault()
  send()
})

function say(text, bad) {
  status.textContent = text
  status.className = bad ? "note bad" : "hint"
}

// XMLHttpRequest, for fetch does not say how far it is.
function send() {
  if (busy || !input.files.length) return
  const size = Array.from(input.files, f => f.size).reduce((a, b) => a + b, 0)
  if (size > most) return say(words("add.js.large"), true)
  busy = true
  const body = new FormData()
  body.append("form", form.elements.namedItem("form").value)
  for (const f of input.files) body.append("file", f, f.name)
  const request = new XMLHttpRequest()
  request.open("POST", "/app/import")
  request.setRequestHeader("X-Carehold-Form", form.elements.namedItem("form").value)
  request.upload.addEventListener("progress", e => {
    if (!e.lengthComputable) return
    const percent = Math.floor(100 * e.loaded / e.total)
    say(percent < 100 ? words("add.js.sending", { percent }) : words("add.js.looking"))
  })
  request.addEventListener("loadend", () => {
    busy = false
    const to = request.getResponseHeader("Location") ?? ""
    if (request.status === 201 && /^\/app\/import\/[a-z2-7]+$/.test(to)) return location.assign(to)
    say(words(request.status === 401 ? "add.js.locked" : request.status === 413 ? "add.js.large" : "add.js.failed"), true)
  })
  request.send(body)
}
