// Says that there is no connection, in place of the browser's own page. That page, its
// style and its picture are all it keeps: nothing of a record goes through its hands to
// anywhere but the page that asked.
const kept = ["/offline", "/static/app.css", "/static/icon.svg"]
const name = "offline"

async function keep() {
  const cache = await caches.open(name)
  await cache.addAll(kept.map(path => new Request(path, { cache: "no-cache", redirect: "error" })))
}

addEventListener("install", event => {
  skipWaiting()
  event.waitUntil(keep())
})
addEventListener("activate", event => event.waitUntil(registration.navigationPreload?.enable()))

addEventListener("fetch", event => {
  const { request } = event
  if (request.method !== "GET") return
  if (request.mode === "navigate") return event.respondWith(page(event))
  const { origin, pathname } = new URL(request.url)
  if (origin === location.origin && pathname.startsWith("/static/") && kept.includes(pathname)) event.respondWith(orKept(request, pathname))
})

async function page(event) {
  try {
    return await event.preloadResponse ?? await fetch(event.request)
  } catch {
    return await caches.match("/offline") ?? Response.error()
  }
}

async function orKept(request, path) {
  try {
    return await fetch(request)
  } catch {
    return await caches.match(path) ?? Response.error()
  }
}
