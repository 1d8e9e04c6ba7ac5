// One thing of the inbox, as it is shown: what it is and who sent it, where it would be
// filed, and what to do with it. All of it came from somebody else: it is put on the page
// as text, and nothing else.
import { many, typeWord } from "./ask-form.mjs"
import { inWords, line } from "./share-form.mjs"
import { element } from "./unlock.mjs"
import { lineOf } from "./viewer-line.mjs"
import { words } from "./words.mjs"
import { $ } from "./page.mjs"

const most = 20_000 // characters of it that are shown as they came
const noOther = { get: () => null } // what it leads to is not here

// told is what it says, in a line; of what is no such thing its type alone.
function told(item) {
  try {
    const r = JSON.parse(item.json), l = lineOf(r, noOther)
    return { title: l.title || typeWord(item.type), rows: [l.value, l.range, l.when?.text, l.status, l.warning, ...(l.details ?? [])].filter(Boolean), json: JSON.stringify(r, null, 2) }
  } catch {
    return { title: typeWord(item.type), rows: [], json: item.json }
  }
}

function from(item) {
  const name = [item.name, item.role, item.organisation].filter(Boolean).join(", "), date = inWords(new Date(item.time))
  if (!name) return words("ask.js.inbox.unknown", { date })
  return words(item.known ? "ask.js.inbox.by" : "ask.js.inbox.claimed", { name, date })
}

const title = section => words(`record.section.${section}`)

// choices are the radio buttons of one of them.
function choices(item, names) {
  const box = element("fieldset", { className: "field" }, element("legend", { textContent: words("ask.js.inbox.choose") }))
  for (const [i, name] of ["leave", ...names].entries()) {
    const id = `${name}-${item.id}`
    box.append(element("div", { className: "pick" }, element("input", { type: "radio", name: `do-${item.id}`, id, value: name, checked: i === 0 }),
      element("label", { htmlFor: id, textContent: words(`ask.js.inbox.${name}`) })))
  }
  return box
}

// fields are those that belong to taking it in: where, and what is wrong with it.
function fields(item) {
  const s = `section-${item.id}`, w = `words-${item.id}`, error = element("p", { className: "error", id: `${w}-error`, hidden: true })
  const options = [...$("sections").content.cloneNode(true).children]
  const select = element("select", { id: s }, element("option", { value: "", textContent: words("ask.js.inbox.section.own", { section: title(item.section) }) }), ...options)
  const closed = options.find(o => o.value === item.section)?.dataset.sensitive !== undefined
  const hint = element("p", { className: "hint", id: `${s}-hint`, hidden: !closed, textContent: words("ask.js.inbox.sensitive", { section: title(item.section) }) })
  select.setAttribute("aria-describedby", hint.id)
  const text = element("textarea", { id: w, rows: 3, dir: "auto", maxLength: 1000 })
  text.setAttribute("aria-describedby", `${w}-hint ${w}-error`)
  const where = element("div", { className: "field", hidden: true }, element("label", { htmlFor: s, textContent: words("ask.js.inbox.section") }), hint, select)
  const say = element("div", { className: "field", hidden: true }, element("label", { htmlFor: w, textContent: words("ask.js.inbox.words") }),
    element("p", { className: "hint", id: `${w}-hint`, textContent: words("ask.js.inbox.words.hint") }), error, text)
  return { select, text, where, say, error }
}

function entries(item) {
  const list = item.entries.slice(0, 20).flatMap(x => {
    const m = /^([A-Za-z]+)\/([A-Za-z0-9.-]{1,64})\/_history\/\d+$/.exec(x)
    return m ? [element("li", {}, element("a", { href: `/app/entry/${m[1]}/${m[2]}`, textContent: words("ask.js.inbox.entry", { type: typeWord(m[1]) }) }))] : []
  })
  const more = item.more + Math.max(0, item.entries.length - 20)
  if (more) list.push(element("li", { textContent: words("ask.js.inbox.more", { n: more }) }))
  return element("ul", {}, ...list)
}

// shown is one of the list, with what was chosen for it.
export function shown(item) {
  const li = element("li")
  const head = (text, ...rest) => li.append(element("h3", {}, element("bdi", { textContent: text })), ...rest)
  let name = words("ask.js.inbox.damaged"), more = null
  if (item.damaged) {
    head(name)
  } else if (item.notice) {
    name = many("ask.js.inbox.notice", item.entries.length + item.more)
    head(name, element("p", { dir: "auto", textContent: from(item) }), entries(item))
  } else {
    const t = told(item)
    name = t.title
    const pre = element("pre", { tabIndex: 0, textContent: t.json.length > most ? `${t.json.slice(0, most)}\n${words("ask.js.inbox.cut")}` : t.json })
    head(name, element("p", { className: "hint", textContent: typeWord(item.type) }))
    if (t.rows.length) li.append(element("ul", {}, ...t.rows.map(x => element("li", { dir: "auto", textContent: x }))))
    li.append(element("p", { dir: "auto", textContent: from(item) }), element("p", { textContent: words("ask.js.inbox.filed", { section: title(item.section) }) }),
      element("details", {}, element("summary", { textContent: words("ask.js.inbox.all") }), pre))
    more = fields(item)
  }
  if (item.noRoom) li.append(element("p", { className: "hint", textContent: words("ask.js.inbox.noroom") }))
  const box = choices(item, item.damaged ? ["dismiss"] : item.notice ? ["looked"] : ["take", "dispute", "dismiss"])
  li.append(box)
  if (more) li.append(more.where, more.say)
  const choice = () => box.querySelector(":checked").value
  box.addEventListener("change", () => {
    if (!more) return
    more.where.hidden = !["take", "dispute"].includes(choice())
    more.say.hidden = choice() !== "dispute"
  })
  return {
    li,
    chosen: () => ({ item, title: name, choice: choice(), text: more ? line(more.text) : "", section: more?.select.value ?? "" }),
    wrong() {
      const bad = choice() === "dispute" && !line(more.text)
      if (more) {
        more.error.textContent = bad ? words("ask.js.inbox.wrong.words") : ""
        more.error.hidden = !bad
        more.say.classList.toggle("wrong", bad)
      }
      return bad
    },
    focus: () => more.text.focus(),
  }
}

// done tells what came of it.
export function done(results) {
  $("results").replaceChildren(...results.map(r => {
    const p = element("p", { dir: "auto" }, r.text)
    if (r.more) p.append(" ", r.more)
    if (r.href) p.append(" ", element("a", { href: r.href, textContent: words("ask.js.inbox.did.entry") }))
    return element("div", { className: `note${r.bad ? " bad" : ""}` }, p)
  }))
  $("results").hidden = false
}
