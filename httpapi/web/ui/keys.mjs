// The person's keys, as a page asks for them. They are in a worker, which this page
// starts for one piece of work and ends after it: nothing keeps a record unlocked but
// the session's cookie, which can give nothing to anybody.
import { change, device, forget, keep, persist } from "./devicestore.mjs"
import * as passkey from "./passkey.mjs"
import { ask } from "./unlock.mjs"
import { words } from "./words.mjs"

export { device, forget }

// The one policy there is: a worker may be made of these addresses and no other.
const policy = globalThis.trustedTypes?.createPolicy("carehold", {
  createScriptURL(url) {
    if (url === "/static/worker.mjs" || url === "/static/sw.js") return url
    throw new TypeError("no script of this address")
  },
})

// offline has the browser say in our words that there is no connection. Where it cannot,
// it says so in its own.
function offline() {
  navigator.serviceWorker?.register(policy ? policy.createScriptURL("/static/sw.js") : "/static/sw.js", { scope: "/" }).catch(() => {})
}

// said is an error in words of this page's; what the core says of itself is shown as it is.
function said({ code, message }) {
  const own = { unauthorized: "keys.wrong", unavailable: "keys.unreachable", integrity: "keys.integrity" }[code]
  const text = own ? words(own) : message.charAt(0).toUpperCase() + message.slice(1) + "."
  return Object.assign(new Error(text), { code, detail: message })
}

export class Keys {
  #worker
  #waiting = new Map()
  #n = 0
  #busy = Promise.resolve()

  static async open() {
    const k = new Keys()
    k.#worker = new Worker(policy ? policy.createScriptURL("/static/worker.mjs") : "/static/worker.mjs", { type: "module" })
    k.#worker.onmessage = ({ data }) => {
      const w = k.#waiting.get(data.id)
      k.#waiting.delete(data.id)
      w?.(data)
    }
    k.#worker.onerror = () => k.#end({ code: "unavailable", message: "" })
    await k.#run("load")
    return k
  }

  #end(error) {
    for (const w of this.#waiting.values()) w({ error })
    this.#waiting.clear()
  }

  // #run does one thing after the other: a keyring is changed by one hand.
  #run(op, args = [], transfer = []) {
    const result = this.#busy.then(async () => {
      if (!this.#worker) throw said({ code: "unauthorized", message: "" })
      const id = ++this.#n
      const answer = await new Promise(resolve => {
        this.#waiting.set(id, resolve)
        this.#worker.postMessage({ id, op, args }, transfer)
      })
      if (answer.memory) await change(d => d && { ...d, memory: answer.memory })
      if (answer.error) throw said(answer.error)
      return answer.value
    })
    this.#busy = result.catch(() => {})
    return result
  }

  // enrol makes a record, and keeps what this device needs to open it again before the
  // sheet is shown.
  async enrol({ invite, passphrase, label, name }) {
    const made = await this.#run("enrol", [{ invite, passphrase, label, name }])
    await keep({ person: made.person, label, deviceKey: made.deviceKey, memory: null, passkeys: [] })
    await this.#run("epoch") // and the memory that comes with each answer
    persist()
    return { recovery: made.recovery }
  }

  // whose sees that what was opened is the record that the page shows, or that what was
  // held back was written for: somebody may have keys of several in this browser.
  async #whose(person) {
    const shown = document.body.dataset.person ?? (document.getElementById("held") ? sessionStorage.getItem("carehold-person") : null)
    if (!shown || shown === person) return
    await this.#run("close")
    throw new Error(words("keys.other"))
  }

  // unlock opens the record. One that was restored waits: goesOn is asked whether it goes on
  // here, with what is missing of it, and nothing is opened before it says so.
  async unlock({ passphrase, passkey: byTouch, recovery }, goesOn) {
    const d = await device()
    const memory = d?.memory ?? null
    if (byTouch) {
      const { id, prf } = await this.#touched(() => passkey.touch(d?.passkeys))
      const { person } = await this.#run("unlock", [{ prf }, memory], [prf.buffer])
      await this.#whose(person)
      if (!d) await keep({ person, label: words("keys.device"), deviceKey: "", memory: null, passkeys: [{ id, label: "" }] })
    } else if (recovery) {
      await this.#whose((await this.#run("unlock", [{ recovery }, memory])).person)
    } else {
      await this.#whose((await this.#run("unlock", [{ deviceKey: d?.deviceKey, passphrase }, memory])).person)
    }
    if (await this.#run("waiting")) await this.#goOn(goesOn)
    await this.#sound()
    await this.#run("tidy") // ends what ran out or was stopped, and renews keys
  }

  async #goOn(goesOn) {
    const waits = goesOn && await this.#run("examine")
    if (waits === null) return // another device was faster
    if (!waits || !await goesOn(waits, await this.#run("slots"))) throw new Error(words("keys.waits"))
    await this.#run("carryOn", [waits.lost])
  }

  // #sound sees that the log goes on from what this device has seen. What was done since may
  // be undone there: nothing is changed then.
  async #sound() {
    const doubt = await this.#run("doubt")
    if (doubt) throw said({ code: "integrity", message: doubt })
  }

  // join opens the record in this browser for the first time, with what another device of
  // theirs showed it, and keeps that.
  async join({ deviceKey, label, memory, passphrase }) {
    const { person } = await this.#run("unlock", [{ deviceKey, passphrase }, memory])
    await this.#sound()
    await keep({ person, label, deviceKey, memory, passkeys: [] })
    await this.#run("tidy")
    persist()
  }

  // addDevice has a passphrase open the record in this browser from now on.
  async addDevice({ passphrase, label }) {
    const deviceKey = await this.#run("addPassphrase", [passphrase, label])
    const before = await device()
    await keep({ person: before?.person, label, deviceKey, memory: before?.memory ?? null, passkeys: before?.passkeys ?? [] })
    await this.#run("epoch")
    persist()
  }

  passkeys() { return passkey.passkeys() }

  async addPasskey(label) {
    const d = await device()
    label ||= d?.label || words("keys.device")
    const { id, prf } = await this.#touched(() => passkey.make(label, d?.passkeys))
    await this.#run("addPasskey", [prf, label], [prf.buffer])
    await change(d => d && { ...d, passkeys: [...d.passkeys, { id, label }] })
  }

  async #touched(fn) {
    let made
    try {
      made = await fn()
    } catch (e) {
      throw new Error(words(e?.name === "InvalidStateError" ? "keys.passkey.there" : "keys.passkey.no"))
    }
    if (!made.prf) throw new Error(words("keys.passkey.prf"))
    return made
  }

  session() {
    offline()
    return this.#run("session")
  }
  call(op, ...args) { return this.#run(op, args) }

  async lock() {
    if (!this.#worker) return
    await this.#run("close").catch(() => {})
    this.#worker.terminate()
    this.#worker = null
    this.#end({ code: "unauthorized", message: "" })
  }
}

// withKeys asks the person to unlock, for what why says, and lets fn use their keys. The
// keys are gone when it ends. It resolves with what fn does; null when they change their
// mind.
export async function withKeys(why, fn) {
  const keys = await Keys.open()
  try {
    if (!await ask(why, await device(), how => keys.unlock(how))) return null
    return await fn(keys)
  } finally {
    await keys.lock()
  }
}
