// The server function that the core asks through, made of fetch. base is "" for
// the server the page came from.
export function server(base, fetch = globalThis.fetch) {
  return async ({ method, path, token, json, bytes, raw }) => {
    const headers = {}
    if (token) headers.Authorization = `Bearer ${token}`
    if (json) headers["Content-Type"] = "application/json"
    if (bytes) headers["Content-Type"] = "application/octet-stream"
    const answer = await fetch(base + path, {
      method,
      headers,
      body: bytes ?? (json ? JSON.stringify(json) : undefined),
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
    })
    const text = await answer.text()
    if (raw && answer.ok) return text // FHIR: as it was written, 5.0 not made 5
    const value = text ? JSON.parse(text) : null
    if (answer.ok) return value
    throw value?.error ?? Object.assign(new Error(`the server answered ${answer.status}`), code(answer.status))
  }
}

// What FHIR's door says by its status alone.
const code = status => ({ 404: { code: "not-found" }, 410: { code: "deleted" } })[status]
