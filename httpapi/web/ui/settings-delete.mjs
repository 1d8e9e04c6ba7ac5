// /app/settings/delete: stops everybody whom something is shared with.
import { withKeys } from "./keys.mjs"
import { words } from "./words.mjs"
import { $, working } from "./page.mjs"

$("stop").addEventListener("click", () => working(words("settings.js.working"), async () => {
  const n = await withKeys(words("settings.js.why.stop"), async keys => {
    const live = (await keys.call("grants")).filter(g => !g.ended).map(g => g.id)
    if (live.length) await keys.call("revoke", live)
    return live.length
  })
  if (n === null) return
  $("stopped").textContent = words("settings.js.stopped", { n })
  $("stopped").hidden = false
}))
