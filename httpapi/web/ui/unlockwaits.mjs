// A record that was restored or moved: says what that means and what is missing, and asks
// whether it goes on here.
import { place, words } from "./words.mjs"
import { $, hide, show } from "./page.mjs"

const when = time => new Date(time).toLocaleString(place, { dateStyle: "long", timeStyle: "short" })

// goesOn resolves with whether the person says so.
export function goesOn(waits, ways) {
  $("waits-newest").textContent = waits.newest ? words("unlock.js.waits.newest", { when: when(waits.newest) }) : ""
  $("waits-lost").textContent = waits.forked ? words("unlock.js.waits.forked")
    : words("unlock.js.waits.lost", { entries: waits.lostEntries, changes: waits.lostChanges })
  $("waits-lost").hidden = $("waits-agree").hidden = !waits.lost
  $("waits-whole").hidden = waits.lost
  $("waits-ways").replaceChildren(...ways.map(({ kind, label, created }) => {
    const li = document.createElement("li")
    li.textContent = words(`unlock.js.way.${kind}`, { label, when: when(created) })
    return li
  }))
  hide($("unlock"))
  show($("waits"))
  $("waits").querySelector("h2").focus()
  return new Promise(resolve => {
    const answer = yes => {
      hide($("waits"))
      show($("unlock"))
      resolve(yes)
    }
    $("go-on").onsubmit = event => {
      event.preventDefault()
      const open = waits.lost && !$("agree").checked
      $("waits-error").hidden = !open
      if (open) return $("agree").focus()
      answer(true)
    }
    $("waits-no").onclick = () => answer(false)
  })
}
