// Passkeys: WebAuthn's PRF extension gives 32 bytes that only this passkey can, after the
// person has touched it. They go to the worker and open the record; the server is not
// part of it, so the challenge is nobody's. WebAuthn Level 3 §10.1.4.
const salt = new TextEncoder().encode("carehold passkey 1")

export const passkeys = () => Boolean(globalThis.PublicKeyCredential && navigator.credentials && isSecureContext && !/^[\d.]+$|^\[/.test(location.hostname))

const random = n => crypto.getRandomValues(new Uint8Array(n))

function prfOf(credential) {
  const first = credential?.getClientExtensionResults()?.prf?.results?.first
  if (!first) return null
  const bytes = new Uint8Array(first)
  return bytes.length === 32 && bytes.some(b => b) ? bytes : null
}

// touch asks for one of these passkeys, or for any of this site's.
export async function touch(known = []) {
  const credential = await navigator.credentials.get({ publicKey: {
    challenge: random(32), rpId: location.hostname, userVerification: "required",
    allowCredentials: known.map(({ id }) => ({ type: "public-key", id })),
    extensions: { prf: { eval: { first: salt } } },
  } })
  return { id: new Uint8Array(credential.rawId), prf: prfOf(credential) }
}

// make makes one. Some say their PRF only when they are used: a second touch.
export async function make(label, known = []) {
  const credential = await navigator.credentials.create({ publicKey: {
    challenge: random(32), rp: { id: location.hostname, name: "Carehold" },
    user: { id: random(16), name: label, displayName: label },
    pubKeyCredParams: [{ type: "public-key", alg: -7 }, { type: "public-key", alg: -8 }, { type: "public-key", alg: -257 }],
    authenticatorSelection: { residentKey: "required", userVerification: "required" },
    excludeCredentials: known.map(({ id }) => ({ type: "public-key", id })),
    extensions: { prf: { eval: { first: salt } } },
  } })
  const id = new Uint8Array(credential.rawId)
  return { id, prf: prfOf(credential) ?? (await touch([{ id }])).prf }
}
