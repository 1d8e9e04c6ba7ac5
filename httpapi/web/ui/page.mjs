// What the pages on which a record is made and opened have in common.
export const $ = id => document.getElementById(id)

export function show(...elements) { for (const e of elements) e.hidden = false }
export function hide(...elements) { for (const e of elements) e.hidden = true }

// fail says what went wrong, and what was being typed stays.
export function fail(error) {
  const p = $("failed")
  p.textContent = error.message ?? String(error)
  show(p)
  p.tabIndex = -1
  p.focus()
}

// working says what takes a moment, and lets nothing be sent twice while it does.
let busy = false
export async function working(text, fn) {
  if (busy) return
  busy = true
  hide($("failed"))
  $("working").textContent = text
  try {
    return await fn()
  } catch (e) {
    fail(e)
  } finally {
    busy = false
    $("working").textContent = ""
  }
}

// next shows another step, and tells whoever cannot see it.
export function next(from, to) {
  hide(from)
  show(to)
  to.querySelector("h2")?.focus()
}

// inThisBrowser tells whether the record can be opened here at all.
export function inThisBrowser() {
  return Boolean(globalThis.WebAssembly && globalThis.Worker && globalThis.indexedDB && globalThis.crypto?.subtle)
}
