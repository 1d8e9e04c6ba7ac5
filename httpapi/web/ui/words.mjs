// What a script says stands in the page, in the reader's language: <template id="words">.
export function words(key, places = {}) {
  const span = document.getElementById("words")?.content.querySelector(`[data-key="${key}"]`)
  return Object.entries(places).reduce((text, [name, value]) => text.replaceAll(`{${name}}`, String(value)), span?.textContent ?? `[${key}]`)
}
