package browsertest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/httpapi/client"
	"carehold/record"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/holder"
)

// evil is where nothing may be fetched from.
const evil = "http://stored-attack.example"

// hostile are texts that somebody may have put into a record.
var hostile = []string{
	`<script>alert('stored');globalThis.stored=1</script>`,
	`"><img src=x onerror="alert('stored')">`,
	`'><svg/onload=alert('stored')>`,
	`</textarea></title></style></script></template><script src="` + evil + `/a.js"></script>`,
	`" autofocus onfocus=alert('stored') x="`,
	`<iframe src="javascript:alert('stored')"></iframe>`,
	`<base href="` + evil + `/"><meta http-equiv=refresh content="0;url=` + evil + `">`,
	`<style>@import url(` + evil + `/a.css);*{display:none}</style>`,
	`javascript:alert('stored')`,
	`{{constructor.constructor("alert('stored')")()}}${alert('stored')}`,
	`<a href="` + evil + `" ping="` + evil + `">here</a><form action="` + evil + `"><button>go</button></form>`,
	`--><!--<script>alert('stored')</script>`,
	"safe\u202etxt.exe\u2066\u2069\u202d\u061c",
	"Pen\u200bicil\u200dlin\u2060\ufeff\u00ad",
	"Z\u0338\u0337\u0321\u031b" + strings.Repeat("\u0301", 60),
	strings.Repeat("huge", 3000),
}

// texts are the members of resources that hold what people write.
var texts = map[string]bool{"text": true, "display": true, "name": true, "title": true, "valueString": true, "description": true, "comment": true,
	"family": true, "line": true, "city": true, "district": true, "authorString": true, "summary": true, "patientInstruction": true,
	"lotNumber": true, "given": true, "prefix": true, "suffix": true, "label": true, "contentString": true, "implicated": true, "div": true}

// narrative has what FHIR lets stand in one, and a browser would fetch; running has what it
// would run, and the server takes no entry with it.
const narrative = `<div xmlns="http://www.w3.org/1999/xhtml"><p style="position:fixed;inset:0;background:url(` + evil + `/d.png)">narrated</p><img src="` + evil + `/i.png" alt="x"/>` +
	`<a href="` + evil + `" target="_top">out</a><p>&lt;script&gt;alert('stored')&lt;/script&gt;</p></div>`
const running = `<div xmlns="http://www.w3.org/1999/xhtml"><p>narrated</p><script>parent.stored=1;alert('stored')</script><img src="` + evil + `/i.png" onerror="alert('stored')"/>` +
	`<svg xmlns="http://www.w3.org/2000/svg" onload="alert('stored')"><a href="javascript:alert('stored')"><text>x</text></a></svg><iframe src="` + evil + `"></iframe>` +
	`<object data="` + evil + `"></object><embed src="` + evil + `"/><link rel="stylesheet" href="` + evil + `/a.css"/><style>@import url(` + evil + `/b.css); body{background:url(` + evil + `/c.png)}</style>` +
	`<form action="` + evil + `"><input name="a"/></form><a href="` + evil + `" target="_top">out</a><meta http-equiv="refresh" content="0;url=` + evil + `"/><p style="background:url(` + evil + `/d.png)">styled</p></div>`

// poisoned puts hostile texts in place of all that people write in a bundle.
func poisoned(t testing.TB, bundle []byte) []byte {
	var all any
	if err := json.Unmarshal(bundle, &all); err != nil {
		t.Fatal(err)
	}
	n := 0
	next := func() string { n++; return hostile[n%len(hostile)] }
	var walk func(any, string) any
	walk = func(v any, key string) any {
		switch v := v.(type) {
		case map[string]any:
			keys := make([]string, 0, len(v))
			for k := range v {
				keys = append(keys, k)
			}
			slices.Sort(keys)
			for _, k := range keys {
				v[k] = walk(v[k], k)
			}
		case []any:
			for i := range v {
				v[i] = walk(v[i], key)
			}
		case string:
			switch {
			case key == "div":
				return narrative
			case texts[key]:
				return next()
			}
		}
		return v
	}
	out, err := json.Marshal(walk(all, ""))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// files are attachments, by what they say that they are.
var files = []struct{ typ, content string }{
	{"text/html", `<script>parent.stored=1;alert('stored')</script>`},
	{"image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg" onload="alert('stored')"><script>alert('stored')</script></svg>`},
	{"application/xhtml+xml", `<html xmlns="http://www.w3.org/1999/xhtml"><script>alert('stored')</script></html>`},
	{"text/xml", `<?xml-stylesheet type="text/xsl" href="` + evil + `/a.xsl"?><a/>`},
	{"application/pdf", "%PDF-1.4\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert('stored'))>>>>endobj\ntrailer<</Root 1 0 R>>"},
	{"application/pdf", `<html><script>alert('stored')</script>`},
	{"image/png", `<html><script>alert('stored')</script>`},
	{"text/plain", `<html><script>alert('stored')</script>`},
	{"text/javascript", `alert('stored')`},
	{"text/html;charset=utf-7", `+ADw-script+AD4-alert('stored')+ADw-/script+AD4-`},
	{"application/octet-stream", `<html><script>alert('stored')</script>`},
	{"multipart/related", `<html><script>alert('stored')</script>`},
	{"text/html\r\nX-Injected: 1", `<script>alert('stored')</script>`},
}

// letters writes each file as a DocumentReference, and returns where they are.
func (p *person) letters() (refs []fhir.Ref) {
	p.t.Helper()
	c, err := client.New(p.url, client.Options{})
	p.check(err)
	patient, err := c.With(p.token).Patient(context.Background())
	p.check(err)
	for i, f := range files {
		doc, _ := json.Marshal(map[string]any{"resourceType": "DocumentReference", "status": "current", "subject": map[string]any{"reference": "Patient/" + patient},
			"description": hostile[i%len(hostile)], "date": "2026-11-01T10:00:00Z",
			"content": []any{map[string]any{"attachment": map[string]any{"contentType": strings.ReplaceAll(f.typ, "\r\n", " "), "title": "../../letter\u202efdp.\"; filename=\"x.html" + hostile[i%len(hostile)],
				"data": base64.StdEncoding.EncodeToString([]byte(f.content))}},
				map[string]any{"attachment": map[string]any{"contentType": "text/html", "url": "javascript:alert('stored')", "title": "x"}},
				map[string]any{"attachment": map[string]any{"contentType": "text/html", "url": evil + "/x", "title": "y"}}}})
		answer, err := c.With(p.token).Transaction(context.Background(), []byte(`{"resourceType":"Bundle","type":"transaction","entry":[{"resource":`+string(doc)+`,"request":{"method":"POST","url":"DocumentReference"}}]}`), entry.Origin{})
		p.check(err)
		bad := strings.Replace(string(doc), `{`, `{"text":{"status":"generated","div":`+quote(running)+`},`, 1)
		if _, err := c.With(p.token).Transaction(context.Background(), []byte(`{"resourceType":"Bundle","type":"transaction","entry":[{"resource":`+bad+`,"request":{"method":"POST","url":"DocumentReference"}}]}`), entry.Origin{}); i == 0 && !errors.Is(err, record.Unprocessed) {
			p.t.Errorf("a narrative that runs: %v", err)
		}
		m := regexp.MustCompile(`DocumentReference/([^/"]+)`).FindStringSubmatch(string(answer))
		if m == nil {
			p.t.Fatalf("no place in %s", answer)
		}
		refs = append(refs, fhir.Ref{Type: "DocumentReference", ID: m[1]})
	}
	return refs
}

// oneOf are the parts of an address that tell one entry, list or grant from another.
var oneOf = regexp.MustCompile(`^(/app/entry/|/app/sharing/|/app/import/|/app/add/)([^/?]+)(?:/[^/?]+)?((?:/[a-z]+)?)(\?.*)?$|\?.*$`)

// blocked is what Chromium says when it kept something from running: in the frame in which
// a narrative is, nothing else.
var blocked = regexp.MustCompile(`Blocked script execution in 'about:srcdoc'|^security: .*(Content Security Policy|sandboxed)|^other: .*(Content Security Policy|sandbox)|violates the following Content Security Policy`)

// TestStoredAttacks: whatever is stored in every text, narrative and attachment of a
// record, and in the names of those it is shared with: on no page does anything of it run,
// nothing is fetched from elsewhere, texts are shown as texts and files are saved.
func TestStoredAttacks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := newWire(t, w)
	b := newBrowser(t, x.proxied()...)
	who := w.somebody(func(bundle []byte) []byte { return poisoned(t, bundle) })
	letters := who.letters()
	party := grant.Party{Name: hostile[0], Role: hostile[1], Organisation: hostile[2]}
	req := holder.GrantRequest{To: party, Sections: grant.Clinical, Scopes: []grant.Scope{{Type: "*", Verbs: grant.Read | grant.Search}}, Purpose: "TREAT", Lasts: time.Hour, Label: hostile[3]}
	link := holder.PrepareLink()
	defer link.Destroy()
	_, err := who.holder.Link(t.Context(), link, holder.LinkRequest{GrantRequest: req, Passcode: crypto.SecretString("violet 29"), Summary: true})
	w.check(err)
	_, err = who.holder.Grant(t.Context(), req)
	w.check(err)
	who.token, _, err = who.holder.SignInToRead(t.Context())
	w.check(err)

	p := b.tab(t)
	p.signedIn(who)
	shownAsText, pages, framed := 0, 0, 0
	look := func(p *tab, path string) {
		t.Helper()
		pages++
		p.goes(w.url + path)
		if path == "" || strings.HasSuffix(path, "/narrative") { // its layout is shown when it is asked for
			eval[bool](p, `document.querySelectorAll("details").forEach(d => d.open = true), true`)
			framed += eval[int](p, `document.querySelectorAll("iframe[sandbox='']").length`)
		}
		text := eval[string](p, `document.body.innerText`)
		for _, h := range hostile[:12] {
			if strings.Contains(text, h) {
				shownAsText++
				break
			}
		}
		check(t, p, w.url, path)
	}
	paths := []string{"/app/record", "/app/care", "/app/history", "/app/sharing", "/app/share", "/app/add", "/app/imports", "/app/inbox", "/app/requests"}
	seen := map[string]bool{}
	for i := 0; i < len(paths); i++ { // and what they lead to: a page of each form, an entry of each type
		look(p, paths[i])
		entries := strings.HasPrefix(paths[i], "/app/list/")
		for _, to := range eval[[]string](p, `[...document.querySelectorAll("main a[href^='/app/']:not([download])")].map(a => a.getAttribute("href"))`) {
			form := oneOf.ReplaceAllString(to, "$1*$3")
			if m := oneOf.FindStringSubmatch(to); m != nil && m[3] == "" && entries {
				form = m[1] + m[2]
			}
			if !seen[form] {
				seen[form] = true
				paths = append(paths, to)
			}
		}
	}
	for i, ref := range letters {
		look(p, "/app/entry/"+ref.String())
		saves(t, who, ref.ID, files[i].typ)
	}
	if pages < 50 || shownAsText < pages/3 || framed < 1 {
		t.Errorf("%d pages, %d with an attack shown as text, %d narratives: too few to say anything", pages, shownAsText, framed)
	}

	// The same in the viewer, for whoever was given the link.
	payload, _ := json.Marshal(map[string]any{"url": w.url + "/shl/" + link.Segment(), "key": base64.RawURLEncoding.EncodeToString(link.Key.Bytes()), "flag": "LP", "label": hostile[0], "v": 1})
	ward := b.tab(t)
	ward.goes(w.url + "/v#shlink:/" + base64.RawURLEncoding.EncodeToString(payload))
	ward.fills("Your name", hostile[4])
	ward.clicks("Open")
	ward.fills("Passcode", "violet 29")
	ward.clicks("Open the record")
	ward.until("the summary", `document.getElementById("viewer").dataset.state === "summary"`)
	eval[bool](ward, `document.querySelectorAll("details").forEach(d => d.open = true), true`)
	if text := eval[string](ward, `document.body.innerText`); !slices.ContainsFunc(hostile[:12], func(h string) bool { return strings.Contains(text, h) }) {
		t.Error("the viewer shows no attack as text")
	}
	check(t, ward, w.url, "the viewer")
	look(p, "/app/history") // who opened it, with the name that they gave
	look(p, "/app/sharing")
	for _, e := range x.elsewhere {
		if !makers.MatchString(e) {
			t.Error("something is fetched from elsewhere: " + e)
		}
	}
	t.Logf("%d storage attacks in texts, %d files, on %d pages: %d show them as text", len(hostile), len(files), pages, shownAsText)
}

// check demands of a page that nothing that was stored does anything.
func check(t testing.TB, p *tab, origin, path string) {
	t.Helper()
	for _, f := range p.faults() {
		if !blocked.MatchString(f) && !expected.MatchString(f) {
			t.Errorf("%s: %s", path, f)
		}
	}
	if got := eval[[]string](p, `[
		globalThis.stored && "it ran",
		document.querySelector("main img[src], main svg[onload], main object, main embed, main script, main style, main base, main [onerror], main [onload], main [onfocus]") && "an element of it is in the page",
		[...document.querySelectorAll("iframe")].some(f => f.getAttribute("sandbox") !== "") && "a frame without a sandbox",
		[...document.querySelectorAll("a[href], form[action], [formaction]")].some(e => new URL(e.getAttribute("href") ?? e.getAttribute("action") ?? e.getAttribute("formaction"), location).origin !== location.origin) && "something leads elsewhere",
		location.origin !== `+quote(origin)+` && "the page went elsewhere",
		/[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/.test([...document.querySelectorAll("main *")].filter(e => !e.closest("bdi, [dir=auto], pre, textarea, .pre") ).flatMap(e => [...e.childNodes]).filter(n => n.nodeType === 3).map(n => n.data).join("")) && "marks of direction outside of what isolates them: " + [...document.querySelectorAll("main *")].filter(e => !e.closest("bdi, [dir=auto], pre, textarea, .pre") && [...e.childNodes].some(n => n.nodeType === 3 && /[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/.test(n.data))).slice(0, 3).map(e => e.outerHTML.slice(0, 200)).join(" | "),
	].filter(Boolean)`); len(got) > 0 {
		t.Errorf("%s: %s", path, strings.Join(got, "; "))
	}
	p.looks(375, "light")
	for _, f := range wide(p, "375 px") {
		t.Errorf("%s: %s", path, f)
	}
}

// saves demands that the file of a letter is saved, and never shown, through every door.
func saves(t testing.TB, who *person, id, typ string) {
	t.Helper()
	for _, path := range []string{"/app/entry/DocumentReference/" + id + "/file?n=1", "/app/entry/DocumentReference/" + id + "/file?n=2", "/app/entry/DocumentReference/" + id + "/file?n=3"} {
		r, _ := http.NewRequest("GET", who.url+path, nil)
		r.AddCookie(&http.Cookie{Name: "carehold", Value: who.token})
		answer, err := http.DefaultTransport.RoundTrip(r)
		who.check(err)
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		h := answer.Header
		if strings.HasSuffix(path, "n=1") != (answer.StatusCode == http.StatusOK) {
			t.Errorf("%s of %s: %d", path, typ, answer.StatusCode)
		}
		if answer.StatusCode != http.StatusOK {
			continue
		}
		ct := h.Get("Content-Type")
		if !strings.HasPrefix(h.Get("Content-Disposition"), "attachment; filename=\"documentreference-") || strings.Contains(h.Get("Content-Disposition"), "\u202e") ||
			strings.Contains(h.Get("Content-Disposition"), "html") || h.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(h.Get("Content-Security-Policy"), "sandbox") ||
			strings.Contains(ct, "html") || strings.Contains(ct, "svg") || strings.Contains(ct, "xml") || strings.Contains(ct, "script") || h.Get("X-Injected") != "" || h.Get("Cache-Control") != "no-store" {
			t.Errorf("a file that says it is %q (%d bytes) is served as %v", typ, len(body), h)
		}
	}
}
