package httpapi

import "net/http"

// secure sets the headers that every answer has. A door that shows pages sets
// its own Content-Security-Policy over this one, under which nothing runs.
func secure(h http.Header, https bool) {
	for _, x := range secured {
		h[x.name] = x.value[:1:1] // whoever adds to it has a list of their own
	}
	if https {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// secured are their names, as net/http writes them, and values.
var secured = []struct {
	name  string
	value []string
}{
	{"X-Content-Type-Options", []string{"nosniff"}},
	{"Referrer-Policy", []string{"no-referrer"}},
	{"Content-Security-Policy", []string{"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"}},
	{"Cross-Origin-Opener-Policy", []string{"same-origin"}},
	{"Cross-Origin-Resource-Policy", []string{"same-origin"}},
	{"Permissions-Policy", []string{"camera=(), microphone=(), geolocation=()"}},
	{"X-Robots-Tag", []string{"noindex, nofollow"}},
}

// private marks an answer that is, or could have been, from somebody's record.
// Who is asking is in the Authorization header alone: architecture.md, "Doors".
func private(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Add("Vary", "Authorization")
}
