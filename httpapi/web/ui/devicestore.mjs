// What this browser keeps of a record, in IndexedDB: the device key, which opens nothing
// without the passphrase; what the device remembers of the record; which passkeys it
// knows. Nothing of what is in the record.
const name = "carehold", store = "device", key = "this"

function open() {
  return new Promise((resolve, reject) => {
    const r = indexedDB.open(name, 1)
    r.onupgradeneeded = () => r.result.createObjectStore(store)
    r.onsuccess = () => resolve(r.result)
    r.onerror = () => reject(r.error)
  })
}

async function run(mode, fn) {
  const db = await open()
  try {
    return await new Promise((resolve, reject) => {
      const t = db.transaction(store, mode, { durability: "strict" })
      const r = fn(t.objectStore(store))
      t.oncomplete = () => resolve(r?.result ?? null)
      t.onerror = t.onabort = () => reject(t.error)
    })
  } finally {
    db.close()
  }
}

// device is {person, label, deviceKey, memory, passkeys: [{id, label}]}, or null.
export const device = () => run("readonly", s => s.get(key))
export const forget = () => run("readwrite", s => s.delete(key))
export const keep = what => run("readwrite", s => s.put(what, key))

// change changes what is kept in one transaction: two pages may be open.
export function change(fn) {
  return run("readwrite", s => {
    const r = s.get(key)
    r.onsuccess = () => {
      const next = fn(r.result ?? null)
      if (next) s.put(next, key)
    }
  })
}

// persist asks the browser not to throw the key away when room is short. It may say no:
// the recovery sheet is the way back.
export async function persist() {
  try { await navigator.storage?.persist?.() } catch { /* it was only asked */ }
}
