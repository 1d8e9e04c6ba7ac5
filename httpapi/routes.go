package httpapi

import (
	"net/http"
	"slices"

	"carehold/crypto"
	"carehold/record/fhir"
	"carehold/record/statement"
	"carehold/record/store"
)

// Rate is what a route costs the client's address.
type Rate uint8

const (
	RateNone     Rate = iota // health: asked for by the machine itself
	RateOrdinary             // one request
	RateSecret               // one request and one guess: it looks something up by a secret
)

// Route is one row of the table: a method of a path, who may use it, and what it
// takes. GET answers HEAD too.
type Route struct {
	Method string
	Path   string // a template; {type}, {id} … are single segments
	Door   Door
	Kinds  string // of credentials, by their letters; "" is open to all
	Rate   Rate
	Body   int64    // bytes; 0: it takes none
	Types  []string // media types of the body
	File   bool     // the same bytes for everybody, which lie ready
	Stream bool     // a whole record goes through it: it takes as long as bytes move
	Raw    int64    // bytes of a body of any other media type, which is a content; 0: it takes none

	// One of these: what serves it. Authority is an argument.
	Open  func(http.ResponseWriter, *http.Request) error
	Admit func(http.ResponseWriter, *http.Request, crypto.Credential) error // zero when none was sent
	View  func(http.ResponseWriter, *http.Request, *store.View) error
}

// Who a row is for.
const (
	anyone   = ""
	invited  = string(crypto.Invite)
	granted  = string(crypto.Access) + string(crypto.Session)
	themself = string(crypto.Session)
)

// How large a body may be.
const (
	smallBody    = 64 << 10
	resourceBody = fhir.MaxBytes + fhir.Room/2 + 64<<10 // what a record takes, what the person said about it, white space
	bundleBody   = 256 << 20                            // change.Limits; less where there is less memory
)

var (
	fhirJSON  = []string{"application/fhir+json", "application/json", "text/json"}
	patches   = append([]string{"application/json-patch+json"}, fhirJSON...) // a FHIRPath Patch is understood, and refused
	form      = []string{"application/x-www-form-urlencoded"}
	plainJSON = []string{"application/json"}
	octets    = []string{"application/octet-stream"}
)

// routes is the table of everything that can be reached.
func (s *Server) routes() []Route {
	f, h, w := s.fhir, s.holder, s.web
	bundle := s.config.Limits.Bundle
	return slices.Concat(s.documents(), s.oauthRoutes(), s.askRoutes(), s.inboxRoutes(), s.appRoutes(), s.viewerRoutes(), []Route{
		// Method, path, door, kinds, rate, body, media types, served by

		// FHIR R4 §3.1. The token says whose record; there is one base for all.
		{Method: "GET", Path: "/fhir/metadata", Door: DoorFHIR, Kinds: anyone, Rate: RateOrdinary, File: true, Open: f.Metadata},
		{Method: "GET", Path: "/fhir", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, View: f.Search},
		{Method: "GET", Path: "/fhir/", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, View: f.Search},
		{Method: "POST", Path: "/fhir", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, Body: bundle, Types: fhirJSON, View: f.Bundle},
		{Method: "POST", Path: "/fhir/", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, Body: bundle, Types: fhirJSON, View: f.Bundle},
		{Method: "POST", Path: "/fhir/_search", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, Body: smallBody, Types: form, View: f.Search},
		{Method: "GET", Path: "/fhir/_history", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, View: f.History},
		{Method: "GET", Path: "/fhir/{operation}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, View: f.Operation},
		{Method: "POST", Path: "/fhir/{operation}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, Body: resourceBody, Types: fhirJSON, View: f.Operation},

		// Bulk Data Access 2.0.
		{Method: "GET", Path: "/fhir/{exports}/{job}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, View: f.ExportStatus},
		{Method: "DELETE", Path: "/fhir/{exports}/{job}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, View: f.DropExport},
		{Method: "GET", Path: "/fhir/{exports}/{job}/{output}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, Stream: true, View: f.ExportFile},

		// One type.
		{Method: "GET", Path: "/fhir/{type}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, View: f.Search},
		{Method: "POST", Path: "/fhir/{type}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, Body: resourceBody, Types: fhirJSON, View: f.Create},
		{Method: "PUT", Path: "/fhir/{type}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, Body: resourceBody, Types: fhirJSON, View: f.UpdateWhere},
		{Method: "PATCH", Path: "/fhir/{type}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, Body: resourceBody, Types: patches, View: f.Patch},
		{Method: "DELETE", Path: "/fhir/{type}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, View: f.DeleteWhere},
		{Method: "POST", Path: "/fhir/{type}/_search", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, Body: smallBody, Types: form, View: f.Search},
		{Method: "GET", Path: "/fhir/{type}/_history", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, View: f.History},
		{Method: "GET", Path: "/fhir/{type}/{operation}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, View: f.Operation},
		{Method: "POST", Path: "/fhir/{type}/{operation}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, Body: resourceBody, Types: fhirJSON, View: f.Operation},

		// One entry.
		{Method: "GET", Path: "/fhir/{type}/{id}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, View: f.Read},
		{Method: "PUT", Path: "/fhir/{type}/{id}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, Body: resourceBody, Types: fhirJSON, View: f.Update},
		{Method: "PATCH", Path: "/fhir/{type}/{id}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, Body: resourceBody, Types: patches, View: f.Patch},
		{Method: "DELETE", Path: "/fhir/{type}/{id}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, View: f.Delete},
		{Method: "GET", Path: "/fhir/{type}/{id}/_history", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, View: f.History},
		{Method: "GET", Path: "/fhir/{type}/{id}/_history/{version}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, View: f.VRead},
		{Method: "GET", Path: "/fhir/{type}/{id}/{operation}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, View: f.Operation},
		{Method: "POST", Path: "/fhir/{type}/{id}/{operation}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, Body: resourceBody, Types: fhirJSON, View: f.Operation},

		// What is about a patient.
		{Method: "GET", Path: "/fhir/{compartment}/{id}/{type}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, View: f.Search},
		{Method: "POST", Path: "/fhir/{compartment}/{id}/{type}/_search", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, Body: smallBody, Types: form, View: f.Search},
		{Method: "GET", Path: "/fhir/{compartment}/{id}/{all}", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, View: f.Search},
		{Method: "POST", Path: "/fhir/{compartment}/{id}/_search", Door: DoorFHIR, Kinds: granted, Rate: RateOrdinary, Body: smallBody, Types: form, View: f.Search},

		// The person's devices. What is open here is either no secret or opens
		// nothing without one.
		{Method: "GET", Path: "/holder/v1/node", Door: DoorHolder, Kinds: anyone, Rate: RateOrdinary, Open: h.Node},
		{Method: "POST", Path: "/holder/v1/slot", Door: DoorHolder, Kinds: anyone, Rate: RateSecret, Body: smallBody, Types: plainJSON, Open: h.Slot},
		{Method: "POST", Path: "/holder/v1/ring", Door: DoorHolder, Kinds: anyone, Rate: RateSecret, Body: smallBody, Types: plainJSON, Open: h.Ring},
		{Method: "POST", Path: "/holder/v1/ring/log", Door: DoorHolder, Kinds: anyone, Rate: RateSecret, Body: smallBody, Types: plainJSON, Open: h.RingLog},
		{Method: "POST", Path: "/holder/v1/statements", Door: DoorHolder, Kinds: invited, Rate: RateSecret, Body: statement.MaxSize, Types: octets, Admit: h.Statement},
		{Method: "POST", Path: "/holder/v1/sessions", Door: DoorHolder, Kinds: anyone, Rate: RateSecret, Body: smallBody, Types: plainJSON, Open: h.SignIn},
		{Method: "GET", Path: "/holder/v1/sessions", Door: DoorHolder, Kinds: themself, Rate: RateOrdinary, View: h.Session},
		{Method: "DELETE", Path: "/holder/v1/sessions", Door: DoorHolder, Kinds: themself, Rate: RateOrdinary, View: h.SignOut},
		{Method: "GET", Path: "/holder/v1/log", Door: DoorHolder, Kinds: themself, Rate: RateOrdinary, View: h.Log},
		{Method: "GET", Path: "/holder/v1/log/proof", Door: DoorHolder, Kinds: themself, Rate: RateOrdinary, View: h.Proof},
		{Method: "POST", Path: "/holder/v1/strikes", Door: DoorHolder, Kinds: themself, Rate: RateOrdinary, Body: smallBody, Types: plainJSON, View: h.Strike},
		{Method: "GET", Path: "/holder/v1/record", Door: DoorHolder, Kinds: themself, Rate: RateOrdinary, Stream: true, View: h.Copy},
		{Method: "POST", Path: "/holder/v1/record", Door: DoorHolder, Kinds: invited, Rate: RateSecret, Body: recordBody, Types: octets, Stream: true, Admit: h.Take},
		{Method: "GET", Path: "/holder/v1/entries", Door: DoorHolder, Kinds: themself, Rate: RateOrdinary, View: h.Entries},
		{Method: "GET", Path: "/holder/v1/entries/{type}/{id}", Door: DoorHolder, Kinds: themself, Rate: RateOrdinary, View: h.Why},
		{Method: "POST", Path: "/holder/v1/entries/{type}/{id}/section", Door: DoorHolder, Kinds: themself, Rate: RateOrdinary, Body: smallBody, Types: plainJSON, View: h.Move},
		{Method: "GET", Path: "/holder/v1/imports", Door: DoorHolder, Kinds: themself, Rate: RateOrdinary, View: h.Imports},
		{Method: "POST", Path: "/holder/v1/imports/{import}/undo", Door: DoorHolder, Kinds: themself, Rate: RateOrdinary, View: h.Undo},
		{Method: "POST", Path: "/holder/v1/preview", Door: DoorHolder, Kinds: themself, Rate: RateOrdinary, Body: smallBody, Types: plainJSON, View: h.Preview},
		{Method: "POST", Path: "/holder/v1/summary", Door: DoorHolder, Kinds: themself, Rate: RateOrdinary, Body: smallBody, Types: plainJSON, View: s.snapshot},

		{Method: "PUT", Path: "/holder/v1/links/{capsule}/files/{file}", Door: DoorHolder, Kinds: themself, Rate: RateOrdinary, Body: store.MaxLinkFile, Types: octets, Stream: true, View: h.PutLinkFile},
		{Method: "DELETE", Path: "/holder/v1/links/{capsule}", Door: DoorHolder, Kinds: themself, Rate: RateOrdinary, View: h.DropLink},

		// SMART Health Links. The link is the credential.
		{Method: "POST", Path: "/shl/{link}", Door: DoorLink, Kinds: anyone, Rate: RateOrdinary, Body: smallBody, Types: plainJSON, Open: s.links.Manifest},
		{Method: "GET", Path: "/shl/{link}", Door: DoorLink, Kinds: anyone, Rate: RateOrdinary, Open: s.links.Direct},
		{Method: "OPTIONS", Path: "/shl/{link}", Door: DoorLink, Kinds: anyone, Rate: RateOrdinary, Open: s.links.Preflight},
		{Method: "GET", Path: "/shl/file/{ticket}", Door: DoorLink, Kinds: anyone, Rate: RateOrdinary, Open: s.links.File},
		{Method: "OPTIONS", Path: "/shl/file/{ticket}", Door: DoorLink, Kinds: anyone, Rate: RateOrdinary, Open: s.links.Preflight},

		// Pages for everybody, what they load, and the core for the browser.
		{Method: "GET", Path: "/", Door: DoorWeb, Kinds: anyone, Rate: RateOrdinary, File: true, Open: w.Home},
		{Method: "GET", Path: "/start", Door: DoorWeb, Kinds: anyone, Rate: RateOrdinary, File: true, Open: w.Start},
		{Method: "GET", Path: "/unlock", Door: DoorWeb, Kinds: anyone, Rate: RateOrdinary, File: true, Open: w.Unlock},
		{Method: "GET", Path: "/help", Door: DoorWeb, Kinds: anyone, Rate: RateOrdinary, File: true, Open: w.Help},
		{Method: "POST", Path: "/language", Door: DoorWeb, Kinds: anyone, Rate: RateOrdinary, Body: smallBody, Types: form, Open: w.Language},
		{Method: "GET", Path: "/static/{asset}", Door: DoorWeb, Kinds: anyone, Rate: RateOrdinary, File: true, Open: w.Static},
		{Method: "GET", Path: "/core.wasm", Door: DoorWeb, Kinds: anyone, Rate: RateOrdinary, File: true, Open: w.Core},
		{Method: "GET", Path: "/offline", Door: DoorWeb, Kinds: anyone, Rate: RateOrdinary, File: true, Open: w.Offline},
		{Method: "GET", Path: "/robots.txt", Door: DoorWeb, Kinds: anyone, Rate: RateOrdinary, File: true, Open: w.Robots},

		{Method: "GET", Path: "/livez", Door: DoorHealth, Kinds: anyone, Rate: RateNone, Open: s.livez},
		{Method: "GET", Path: "/readyz", Door: DoorHealth, Kinds: anyone, Rate: RateNone, Open: s.readyz},
	})
}

// variables are what a segment in braces may be. What they do not match is not a
// path: 404, for everybody alike.
var variables = map[string]string{
	"type":        `[A-Z][A-Za-z]{0,63}`,
	"id":          `[A-Za-z0-9\-.]{1,64}`, // FHIR R4 §2.24.0.1
	"version":     `[A-Za-z0-9\-.]{1,64}`,
	"operation":   `(?:\$|%24)[A-Za-z0-9\-]{1,64}`,
	"compartment": `Patient|Encounter|RelatedPerson|Practitioner|Device`, // R4's five
	"all":         `\*|%2A`,
	"import":      `[0-9a-f]{32}`,
	"capsule":     `[0-9a-f]{32}`,
	"file":        `[0-9]{1,2}`,
	"link":        `[0-9A-Za-z]{49}`,
	"ticket":      `[0-9A-Za-z_\-]+`, // as long as a passcode of 200 characters makes it
	"address":     `[0-9A-Za-z]{49}`,
	"grant":       `[0-9a-f]{32}`,
	"upload":      `[0-9a-f]{32}`,
	"item":        `[0-9a-f]{32}`,
	"card":        `[a-z]{1,40}`,
	"kind":        `[a-z]{1,40}`,
	"asset":       `[a-z][a-z0-9_\-]{0,40}\.[a-z]{2,11}`,
	"uploads":     `(?:\$|%24)upload`,
	"exports":     `(?:\$|%24)export`,
	"job":         `[0-9A-Za-z_\-]+`,
	"output":      `[0-9A-Za-z\-]{1,80}\.ndjson`,
}
