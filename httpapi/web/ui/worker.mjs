// The worker in which the core runs: the one place in the browser where keys are. It
// takes {id, op, args} and answers {id, value | error, memory}. No key leaves it but, on
// the way to where it is kept, this device's own half (deviceKey); the page ends the
// worker when the work is done, and the keys go with it.
import "./wasm_exec.js"
import { server } from "./server.mjs"
import * as shl from "./shlmake.mjs"

const at = server("")
let holder = null, token = null

async function core() {
  const go = new globalThis.Go()
  const ready = new Promise(done => { globalThis.careholdReady = done })
  const answer = await fetch("/core.wasm", { credentials: "omit", redirect: "error" })
  if (!answer.ok) throw Object.assign(new Error("the core is not there"), { code: "unavailable" })
  const { instance } = await WebAssembly.instantiateStreaming(answer, go.importObject)
  go.run(instance)
  await ready
  return globalThis.carehold
}
const loaded = core()
loaded.catch(() => {}) // whoever asks for it is told

// Those of the holder's functions that need a session. It is opened when the first of
// them is asked for, and closed when the page is done.
const inSession = new Set(["strike", "check", "checkNew", "history", "requests", "lookup", "approve", "drop", "refuse",
  "closeAddress", "inbox", "takeIn", "looked", "dismiss"])
const session = async () => token ??= (await holder.signIn()).token

const ops = {
  async load() { await loaded },
  async enrol(what) {
    const made = await (await loaded).enrol(at, what)
    holder = made.holder
    return { person: holder.person, deviceKey: made.deviceKey, recovery: made.recovery }
  },
  async unlock(how, memory) {
    holder?.close()
    holder = await (await loaded).unlock(at, how, memory)
    return { person: holder.person }
  },
  // session gives this browser the cookie of the person's pages.
  async session() {
    const { token } = await holder.signInToRead()
    const answer = await fetch("/holder/v1/cookie", { method: "POST", headers: { Authorization: `Bearer ${token}` },
      credentials: "same-origin", cache: "no-store", redirect: "error", referrerPolicy: "no-referrer" })
    const told = await answer.json()
    if (!answer.ok) throw Object.assign(new Error(told?.error?.message), { code: told?.error?.code })
    return told
  },
  // link makes a share link of {name, sections, scopes, purpose, until | lasts, kind, passcode, label}, and
  // resolves with {id, grant, url, until}.
  async link(what) {
    unlocked()
    return shl.make(holder, at, await session(), location.origin, what)
  },
  // revoke takes the files of links with it: what is left of them is nothing but room.
  async revoke(grants) {
    unlocked()
    await holder.revoke(grants)
    if (holder.links().some(g => grants.includes(g.id))) await shl.drop(holder, at, await session(), grants).catch(() => {})
  },
  async newAddress(...args) {
    unlocked()
    return shown(await holder.newAddress(...args))
  },
  async addresses() {
    unlocked()
    return holder.addresses().map(shown)
  },
  async close() {
    if (token) await holder.signOut(token).catch(() => {}) // it ends by itself as well
    token = null
    const memory = holder?.memory()
    holder?.close()
    holder = null
    return memory
  },
}

// shown is an address with the link that is shown to somebody.
const shown = ({ path, ...a }) => ({ ...a, link: location.origin + path })

function unlocked() {
  if (!holder) throw Object.assign(new Error("the record is locked"), { code: "unauthorized" })
}

async function run({ op, args = [] }) {
  if (ops[op]) return ops[op](...args)
  unlocked()
  if (!Object.hasOwn(holder, op) || op === "memory" || op === "prepareLink") throw Object.assign(new Error("the core cannot do that"), { code: "unsupported" })
  if (!inSession.has(op)) return holder[op](...args)
  return holder[op](await session(), ...args)
}

globalThis.onmessage = async ({ data }) => {
  const answer = { id: data.id }
  try {
    const value = await run(data)
    if (data.op === "close") answer.memory = value
    else answer.value = value
  } catch (e) {
    answer.error = { code: String(e?.code || "unavailable").replaceAll("-", " "), message: e?.message || String(e) }
  }
  try {
    if (holder) answer.memory = holder.memory() // after what failed as well: interface of the core
  } catch { /* nothing to remember yet */ }
  postMessage(answer)
}
