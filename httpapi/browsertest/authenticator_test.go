package browsertest

import "testing"

// TestAuthenticator: the virtual authenticator makes a passkey and evaluates PRF, the same
// for the same input and different for another, or the tests of passkeys prove nothing.
func TestAuthenticator(t *testing.T) {
	t.Parallel()
	w, b := newWorld(t), newBrowser(t)
	p := b.tab(t)
	p.authenticator()
	p.goes(w.url + "/help")
	got := eval[[]string](p, `(async () => {
		const bytes = n => new Uint8Array(32).fill(n)
		const made = await navigator.credentials.create({publicKey: {challenge: bytes(1), rp: {name: "x"}, user: {id: bytes(2), name: "x", displayName: "x"},
			pubKeyCredParams: [{type: "public-key", alg: -7}], authenticatorSelection: {residentKey: "required", userVerification: "required"}, extensions: {prf: {}}}})
		const ask = async n => {
			const c = await navigator.credentials.get({publicKey: {challenge: bytes(3), userVerification: "required",
				allowCredentials: [{type: "public-key", id: made.rawId}], extensions: {prf: {eval: {first: bytes(n)}}}}})
			return new Uint8Array(c.getClientExtensionResults().prf.results.first).toHex?.() ?? [...new Uint8Array(c.getClientExtensionResults().prf.results.first)].join()
		}
		return [String(made.getClientExtensionResults().prf.enabled), await ask(7), await ask(7), await ask(8)]
	})()`)
	if got[0] != "true" || got[1] != got[2] || got[1] == got[3] || len(got[1]) < 64 {
		t.Error(got)
	}
	p.quiet()
}
