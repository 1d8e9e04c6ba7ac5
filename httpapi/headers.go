package httpapi

import "net/http"

// secure sets the headers that every answer has. A door that shows pages sets
// its own Content-Security-Policy over this one, under which nothing runs.
func secure(h http.Header, https bool) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	if https {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// private marks an answer that is, or could have been, from somebody's record.
// Who is asking is in the Authorization header alone: architecture.md, "Doors".
func private(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Add("Vary", "Authorization")
}
