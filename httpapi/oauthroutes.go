package httpapi

import (
	"carehold/crypto"
)

// askBody is how large what a client asks for may be, which waits in memory.
const askBody = 16 << 10

// asker is who has asked at an address, and shows the request's secret.
const asker = string(crypto.Request)

// oauthRoutes are the doors of OAuth 2.0 and SMART App Launch, and of who asks at an
// address. See package oauth.
func (s *Server) oauthRoutes() []Route {
	o := s.oauth
	formOrJSON := append(append([]string{}, form...), plainJSON...)
	return []Route{
		// What there is. It says nothing of anybody.
		{Method: "GET", Path: "/fhir/.well-known/smart-configuration", Door: DoorOAuth, Kinds: anyone, Rate: RateOrdinary, File: true, Open: o.About},
		{Method: "GET", Path: "/.well-known/oauth-authorization-server", Door: DoorOAuth, Kinds: anyone, Rate: RateOrdinary, File: true, Open: o.About},
		{Method: "GET", Path: "/.well-known/openid-configuration", Door: DoorOAuth, Kinds: anyone, Rate: RateOrdinary, File: true, Open: o.About},
		{Method: "GET", Path: "/.well-known/oauth-protected-resource/fhir", Door: DoorOAuth, Kinds: anyone, Rate: RateOrdinary, File: true, Open: o.About},
		{Method: "GET", Path: "/oauth/jwks", Door: DoorOAuth, Kinds: anyone, Rate: RateOrdinary, Open: o.JWKS},

		// Pages, in the browser of the person who is asked.
		{Method: "GET", Path: "/oauth/authorize", Door: DoorWeb, Kinds: anyone, Rate: RateOrdinary, Open: o.Authorize},
		{Method: "POST", Path: "/oauth/authorize", Door: DoorWeb, Kinds: anyone, Rate: RateOrdinary, Body: askBody, Types: form, Open: o.Authorize},
		{Method: "GET", Path: "/oauth/wait", Door: DoorWeb, Kinds: anyone, Rate: RateOrdinary, Open: o.Wait},
		{Method: "GET", Path: "/oauth/wait/status", Door: DoorWeb, Kinds: anyone, Rate: RateOrdinary, Open: o.Status},
		{Method: "POST", Path: "/oauth/cancel", Door: DoorWeb, Kinds: anyone, Rate: RateOrdinary, Body: smallBody, Types: form, Open: o.Cancel},
		{Method: "GET", Path: "/oauth/wait.js", Door: DoorWeb, Kinds: anyone, Rate: RateOrdinary, File: true, Open: o.Script},
		{Method: "GET", Path: "/manage", Door: DoorWeb, Kinds: anyone, Rate: RateOrdinary, File: true, Open: o.Manage},

		// For programs. What the form says is the authority; what opens nothing counts as a guess.
		{Method: "POST", Path: "/oauth/par", Door: DoorOAuth, Kinds: anyone, Rate: RateOrdinary, Body: askBody, Types: form, Open: o.Push},
		{Method: "POST", Path: "/oauth/token", Door: DoorOAuth, Kinds: anyone, Rate: RateOrdinary, Body: smallBody, Types: form, Open: o.Token},
		{Method: "POST", Path: "/oauth/introspect", Door: DoorOAuth, Kinds: anyone, Rate: RateOrdinary, Body: smallBody, Types: form, Open: o.Introspect},
		{Method: "POST", Path: "/oauth/revoke", Door: DoorOAuth, Kinds: anyone, Rate: RateOrdinary, Body: smallBody, Types: form, Open: o.Revoke},

		// Who asks a person at an address that was shown to them.
		{Method: "GET", Path: "/ask/{address}", Door: DoorWeb, Kinds: anyone, Rate: RateOrdinary, Open: o.Ask},
		{Method: "POST", Path: "/ask/{address}", Door: DoorWeb, Kinds: anyone, Rate: RateSecret, Body: smallBody, Types: formOrJSON, Open: o.Asked},
		{Method: "GET", Path: "/ask/wait", Door: DoorWeb, Kinds: anyone, Rate: RateOrdinary, Open: o.AskWait},
		{Method: "GET", Path: "/ask/wait/status", Door: DoorWeb, Kinds: anyone, Rate: RateOrdinary, Open: o.AskStatus},
		{Method: "POST", Path: "/ask/answer", Door: DoorHolder, Kinds: asker, Rate: RateSecret, Admit: o.Answer},

		// The person's device, which was given a code to type.
		{Method: "POST", Path: "/holder/v1/requests/lookup", Door: DoorHolder, Kinds: themself, Rate: RateSecret, Body: smallBody, Types: plainJSON, View: o.Lookup},
	}
}
