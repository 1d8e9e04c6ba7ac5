// Looks whether the request was answered, and loads the page again when it was. Without
// scripts the page loads itself again.
const tab = document.body.dataset.request
const at = document.body.dataset.status
const look = async () => {
  try {
    const answer = await fetch(at + "?r=" + tab, { cache: "no-store", redirect: "error" })
    if (answer.ok && !(await answer.json()).waiting) return location.reload()
  } catch { /* no network at the moment */ }
  setTimeout(look, 3000)
}
setTimeout(look, 3000)
