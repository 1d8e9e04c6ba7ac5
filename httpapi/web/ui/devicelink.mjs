// What one device of a person's shows to another, in the fragment of a link, which no
// browser sends: the device key of a way in that was made for it, what it is to be called,
// and what the first one remembers of the record, so that the server cannot show the new
// one an older state. It opens nothing without the passphrase that was chosen with it.
const MOST = 900 // characters: a code has little room for more
const KEPT = "carehold.device"

const base64 = bytes => btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")
const bytesOf = text => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), c => c.charCodeAt(0))

export function linkOf({ deviceKey, label, memory }) {
  const said = new URLSearchParams({ device: deviceKey, as: label })
  const short = `${location.origin}/unlock#${said}`
  if (!memory) return short
  said.set("seen", base64(memory))
  const whole = `${location.origin}/unlock#${said}`
  return whole.length <= MOST ? whole : short
}

function read(hash) {
  const said = new URLSearchParams(hash.slice(1)), deviceKey = said.get("device")
  if (!/^[0-9A-Za-z-]{20,100}$/.test(deviceKey)) return { broken: true }
  try {
    return { deviceKey, label: [...said.get("as") ?? ""].slice(0, 60).join(""), memory: said.has("seen") ? bytesOf(said.get("seen")) : null }
  } catch {
    return { broken: true }
  }
}

// taken is what this page was opened with, or null. It leaves the address at once, and is
// kept by the tab until done() forgets it, so that loading the page again is safe.
export function taken() {
  if (location.hash.startsWith("#device=")) {
    const hash = location.hash
    history.replaceState(null, "", location.pathname + location.search)
    try { sessionStorage.setItem(KEPT, hash) } catch { /* then it is not kept */ }
    return read(hash)
  }
  try {
    const kept = sessionStorage.getItem(KEPT)
    return kept && read(kept)
  } catch {
    return null
  }
}

export function done() {
  try { sessionStorage.removeItem(KEPT) } catch { /* nothing is there */ }
}
