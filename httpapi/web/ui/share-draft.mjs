// What was chosen so far, so that loading the page again loses nothing. It lies in this
// tab's own storage, without the passcode, for the record it was chosen for, and for an
// hour; locking (frame.mjs) and a finished link end it.
const KEPT = "carehold.share", long = 60 * 60 * 1000

const fields = form => [...form.elements].filter(x => x.name && x.name !== "passcode")

export function keep(form) {
  const values = fields(form).filter(x => !x.matches("[type=checkbox], [type=radio]") || x.checked).map(x => [x.name, x.value])
  try {
    sessionStorage.setItem(KEPT, JSON.stringify({ record: form.dataset.record, at: Date.now(), values }))
  } catch {
    return // a browser that keeps nothing: loading the page again begins anew
  }
  // Nothing is lost when the page goes, so when the session ends it may: frame.mjs.
  for (const x of form.querySelectorAll("input:not([type=checkbox], [type=radio])")) x.defaultValue = x.value
}

export function clear() {
  try { sessionStorage.removeItem(KEPT) } catch { /* nothing is there */ }
}

export function restore(form) {
  let kept
  try { kept = JSON.parse(sessionStorage.getItem(KEPT)) } catch { /* none that can be read */ }
  if (kept?.record !== form.dataset.record || !(Date.now() - kept.at < long) || !Array.isArray(kept.values)) return clear()
  for (const x of fields(form)) {
    const said = kept.values.filter(([name]) => name === x.name).map(([, value]) => value)
    if (x.matches("[type=checkbox], [type=radio]")) x.checked = said.includes(x.value)
    else x.value = said[0] ?? ""
  }
  if (!form.querySelector("[name=preset]:checked")) form.reset()
}
