// Makes a SMART Health Link with the person's keys: its files are sealed by the core and
// sent, and then it is made, so that it is whole the moment it opens anything. It runs in
// the worker. The link is shown once, and kept nowhere.
const FHIR = "application/fhir+json", ACCESS = "application/smart-api-access"
const octets = text => new TextEncoder().encode(text)

function failed(code, message) { throw Object.assign(new Error(message), { code }) }

// deflate is DEFLATE without a head, as "zip":"DEF" has it (RFC 7516 §4.1.3).
async function deflate(bytes) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate-raw"))).arrayBuffer())
}

// linkable refuses before anything is made what no viewer could open.
function linkable(base) {
  const { protocol, hostname } = new URL(base)
  if (protocol !== "https:" && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)) failed("unprocessable", "a link leads to an https address, and this server has none")
}

// named refuses a link to a record that does not say whose it is: there is no summary of
// nobody.
async function named(at, token, patient) {
  try {
    await at({ method: "GET", path: `/fhir/Patient/${patient}`, token, raw: true })
  } catch (e) {
    if (["not-found", "deleted"].includes(e?.code)) failed("unprocessable", "your record does not say yet whose it is, and a summary has to: add your own details first")
    throw e
  }
}

// access hands on a token of the link's grant, as SMART's token response has it with the
// address it is for. The end is in expires_at: the file is sealed once, and seconds that
// are left would be wrong from then on.
function access(link, base, patient, { scopes, until }) {
  const file = { access_token: link.accessToken(), token_type: "Bearer", aud: `${base}/fhir`, patient, scope: scopes, query: ["Patient/$summary"] }
  if (until) file.expires_at = Math.floor(Date.parse(until) / 1000)
  return JSON.stringify(file)
}

// make resolves with {id, grant, url, until}. at is the server, as the core asks it.
export async function make(holder, at, token, base, req) {
  linkable(base)
  const what = { purpose: "TREAT", scopes: req.adds ? "patient/*.crs" : "patient/*.rs", ...req }, letters = [...what.passcode ?? ""].length
  if (!["live", "snapshot", "api"].includes(what.kind)) failed("invalid", "a link is live, a snapshot, or has access")
  if (letters && (letters < 4 || letters > 200)) failed("invalid", "a passcode has 4 to 200 characters")
  if (what.kind !== "api") what.scopes = "patient/*.rs"
  if (what.lasts && !what.until) what.until = new Date(Date.parse(holder.now()) + what.lasts * 1000).toISOString().slice(0, 19) + "Z"
  delete what.lasts
  const { patient } = await at({ method: "GET", path: "/holder/v1/sessions", token })
  await named(at, token, patient)
  const link = holder.prepareLink()
  try {
    const files = []
    if (what.kind === "snapshot") {
      const json = { sections: what.sections, to: what.name, ...what.until && { until: what.until } }
      files.push([FHIR, await at({ method: "POST", path: "/holder/v1/summary", token, json, raw: true })])
    }
    if (what.kind === "api") files.push([ACCESS, access(link, base, patient, what)])
    const path = n => `/holder/v1/links/${link.id}/files/${n}`
    for (const [i, [type, text]] of files.entries()) {
      await at({ method: "PUT", path: path(i + 1), token, bytes: link.seal(type, await deflate(octets(text)), true, Boolean(what.passcode)) })
    }
    if (files.length) await at({ method: "PUT", path: path(0), token, bytes: link.list() })
    try {
      const made = await link.make(base, what)
      return { id: made.id, grant: made.grant, until: made.until, url: `${base}/v#${made.link}` } // a browser sends nothing of what is behind the #
    } catch (e) {
      await at({ method: "DELETE", path: `/holder/v1/links/${link.id}`, token }).catch(() => {}) // else the server does, in a day
      throw e
    }
  } finally {
    link.destroy()
  }
}

// drop removes what the server keeps for the links of grants.
export async function drop(holder, at, token, grants) {
  for (const g of holder.grants().filter(g => grants.includes(g.id))) {
    for (const t of g.tokens.filter(t => t.link)) await at({ method: "DELETE", path: `/holder/v1/links/${t.id}`, token })
  }
}
