// place is where dates are written as the page's language writes them there: with the day
// before the month, as on the pages that the server makes.
export const place = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang

// What a script says stands in the page, in the reader's language: <template id="words">.
export function words(key, places = {}) {
  const span = document.getElementById("words")?.content.querySelector(`[data-key="${key}"]`)
  return Object.entries(places).reduce((text, [name, value]) => text.replaceAll(`{${name}}`, String(value)), span?.textContent ?? `[${key}]`)
}
