package browsertest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/httpapi"
	"carehold/httpapi/client"
	"carehold/httpapi/message"
	"carehold/httpapi/oauth/clients"
	"carehold/record"
	"carehold/record/entry"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/store"
)

// asked is a server at which an app is registered, and where it sent browsers that waited.
type asked struct {
	*world
	mu sync.Mutex
	to []*url.URL
}

const (
	appBack  = "https://app.sunrise.example/callback"
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636, Appendix B
)

func newAsked(t *testing.T) *asked {
	t.Helper()
	w := &asked{world: &world{t: t}}
	dir, quiet := filepath.Join(t.TempDir(), "store"), slog.New(slog.DiscardHandler)
	w.check(store.Init(dir))
	s, err := store.Open(dir, store.Options{Log: quiet})
	w.check(err)
	t.Cleanup(func() { s.Close() })
	h := httptest.NewUnstartedServer(nil)
	_, port, _ := strings.Cut(h.Listener.Addr().String(), ":")
	w.url, w.store = "http://localhost:"+port, s
	apps := clients.Open(filepath.Join(dir, clients.File), clients.Options{})
	w.check(apps.Add(clients.Client{ID: "sunrise", Name: "Sunrise", Organisation: "Sunrise & Co", Redirects: []string{appBack}, Auth: clients.Public, Profile: clients.SMART}))
	server, err := httpapi.New(s, httpapi.Config{PublicURL: w.url, Version: "v0-browser", Logger: quiet, Clients: apps,
		Limits: httpapi.Limits{Rate: 1e6, Burst: 1e6, Guesses: 1e6, Tries: 1e6}})
	w.check(err)
	h.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		server.ServeHTTP(rw, r)
		if u, err := url.Parse(rw.Header().Get("Location")); err == nil && u.Host == "app.sunrise.example" {
			w.mu.Lock()
			w.to = append(w.to, u)
			w.mu.Unlock()
		}
	})
	h.Start()
	t.Cleanup(h.Close)
	return w
}

// back is what the app is told, when the browser was sent to it once more.
func (w *asked) back(p *tab) url.Values {
	w.t.Helper()
	p.until("the browser is sent back to the app", `location.origin !== `+quote(w.url))
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.to) != 1 {
		w.t.Fatalf("sent to the app %d times", len(w.to))
	}
	q := w.to[0].Query()
	w.to = nil
	p.faults() // there is no such host
	return q
}

// leaves goes to a page that leads out of here, to where there is no host.
func (p *tab) leaves(to string) {
	p.t.Helper()
	eval[bool](p, `location.assign(`+quote(to)+`), true`)
}

// ticks changes what is ticked, by the beginning of its label.
func (p *tab) ticks(label string) {
	p.t.Helper()
	find := `[...document.querySelectorAll("label")].find(e => e.checkVisibility() && e.innerText.trim().startsWith(` + quote(label) + `))`
	p.until("nothing to tick: "+label, `!!(`+find+`)`)
	eval[bool](p, find+`.control.click(), true`)
}

// touches is the touch before something is given.
func (p *tab) touches(button string) {
	p.t.Helper()
	p.clicks(button)
	p.clicks("Use your passkey")
	p.until("the record is open", `!document.querySelector("dialog")`)
}

// person is somebody whose record has a medicine and a result, and their own device beside
// the browser.
func (w *asked) person(p *tab) (*holder.Holder, *client.Client) {
	w.t.Helper()
	ctx := context.Background()
	p.authenticator()
	code := p.enrols(w.world)
	p.clicks("Make a passkey")
	p.until("the record", `location.pathname === "/app/record"`)
	c, err := client.New(w.url, client.Options{})
	w.check(err)
	recovery, err := crypto.ParseRecoveryCode(code)
	w.check(err)
	h, err := holder.Unlock(ctx, c, recovery.Slot(), holder.Memory{})
	w.check(err)
	w.t.Cleanup(h.Close)
	token, _, err := h.SignIn(ctx)
	w.check(err)
	patient, err := c.With(token).Patient(ctx)
	w.check(err)
	subject := `"subject":{"reference":"Patient/` + patient + `"},`
	_, err = c.With(token).Transaction(ctx, []byte(`{"resourceType":"Bundle","type":"transaction","entry":[
		{"resource":{"resourceType":"MedicationStatement",`+subject+`"status":"active","medicationCodeableConcept":{"text":"Ramipril"}},"request":{"method":"POST","url":"MedicationStatement"}},
		{"resource":{"resourceType":"Observation",`+subject+`"status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"code":{"text":"Potassium"}},"request":{"method":"POST","url":"Observation"}}]}`), entry.Origin{})
	w.check(err)
	return h, c
}

// gets is what a token opens: the status, and how many entries.
func (w *asked) gets(token, path string) (status, total int) {
	w.t.Helper()
	r, err := http.NewRequest("GET", w.url+"/fhir/"+path, nil)
	w.check(err)
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	w.check(err)
	defer resp.Body.Close()
	var bundle struct{ Entry []any }
	_ = json.NewDecoder(resp.Body).Decode(&bundle) // of a refusal there is none
	return resp.StatusCode, len(bundle.Entry)
}

// TestAnswers: an app asks for more than it is given; so does somebody at an address; and
// what was sent to the person is taken in, and disputed. All of it in the browser.
func TestAnswers(t *testing.T) {
	t.Parallel()
	w, b := newAsked(t), newBrowser(t)
	p := b.tab(t)
	h, c := w.person(p)
	p.quiet()
	t.Run("an app", func(t *testing.T) { w.narrowsApp(t, p) })
	t.Run("at an address", func(t *testing.T) { w.narrowsRequest(t, p, c) })
	t.Run("the inbox", func(t *testing.T) { w.takesIn(t, p, h) })
}

const scopes = "launch/patient offline_access patient/MedicationStatement.rs patient/Observation.crs"

func (w *asked) asks(p *tab, scope string) {
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{"response_type": {"code"}, "client_id": {"sunrise"}, "redirect_uri": {appBack}, "state": {"af0ifjsldkj-9h2kf83nz71"}, "aud": {w.url + "/fhir"},
		"scope":          {scope},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	p.goes(w.url + "/oauth/authorize?" + q.Encode())
}

func (w *asked) narrowsApp(t *testing.T, p *tab) {
	p.t, w.t = t, t
	// With the code, typed: who they are, for one visit. The page that waits goes on by itself.
	w.asks(p, "patient/Patient.rs")
	waits, code := eval[string](p, `location.href`), eval[string](p, `document.querySelector(".typed").innerText`)
	p.goes(w.url + "/app/consent")
	p.fills("The code", strings.ToLower(code))
	p.clicks("Show who asks")
	p.sees("Sunrise & Co")
	p.sees("This is for one visit")
	p.clicks("Allow this") // but they have not said that they began it
	p.sees("Tick that you began this yourself")
	p.ticks("I began this myself")
	p.clicks("Allow this")
	p.clicks("Use your passkey")
	p.sees("You said yes")
	eval[bool](p, `location.reload(), true`)
	p.sees("who you are, and who looks after you")
	p.quiet()
	p.leaves(waits)
	if q := w.back(p); q.Get("code") == "" {
		t.Fatalf("yes: %v", q)
	}

	// No.
	w.asks(p, scopes)
	p.clicks("Answer in this browser")
	p.clicks("Don’t allow")
	p.clicks("Use your passkey")
	if q := w.back(p); q.Get("error") != "access_denied" || q.Get("code") != "" {
		t.Fatalf("no: %v", q)
	}

	// In this browser, which is locked: they unlock, and are where they were. Less is given.
	p.goes(w.url + "/app/record")
	p.clicks("Lock")
	p.sees("Use your passkey")
	w.asks(p, scopes)
	p.clicks("Answer in this browser")
	p.clicks("Use your passkey")
	p.sees("Sunrise & Co")
	audit(t, p, "consent")
	for _, all := range []string{"Medicines", "Test results", "Measurements", "What matters to me", "Care and support", "Plans, goals"} {
		p.ticks(all)
	}
	p.clicks("Allow this")
	p.sees("There is a problem")
	p.ticks("Medicines")
	p.ticks("Look at test results")
	p.ticks("Add test results")
	p.ticks("For 7 days")
	p.quiet()
	p.clicks("Allow this")
	p.clicks("Use your passkey")
	if code = w.back(p).Get("code"); code == "" {
		t.Fatal("the app has no code")
	}
	resp, err := http.PostForm(w.url+"/oauth/token", url.Values{"grant_type": {"authorization_code"}, "client_id": {"sunrise"}, "code": {code}, "redirect_uri": {appBack}, "code_verifier": {verifier}})
	w.check(err)
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	w.check(err)
	var token struct {
		Token string `json:"access_token"`
		Scope string
	}
	w.check(json.Unmarshal(body, &token))
	if token.Token == "" || strings.Contains(token.Scope, "Observation") || !strings.Contains(token.Scope, "patient/MedicationStatement.rs") {
		t.Fatalf("the token: %q of %s", token.Scope, body)
	}
	if status, n := w.gets(token.Token, "MedicationStatement"); status != 200 || n != 1 {
		t.Errorf("what was given: %d, %d entries", status, n)
	}
	if status, n := w.gets(token.Token, "Observation"); status != 403 || n != 0 {
		t.Errorf("what was not given: %d, %d entries", status, n)
	}
	p.goes(w.url + "/app/sharing")
	p.sees("Sunrise")
	p.sees("6 days left")
	p.quiet()
}

func (w *asked) narrowsRequest(t *testing.T, p *tab, c *client.Client) {
	p.t, w.t = t, t
	ctx := context.Background()
	p.goes(w.url + "/app/requests")
	p.touches("Show who asks, and my addresses")
	p.fills("A name for it", "blue card 7")
	p.touches("Make the address")
	p.sees("blue card 7")
	if n := eval[int](p, `document.querySelectorAll("#addresses svg path").length`); n != 1 {
		t.Errorf("%d codes of the address", n)
	}
	link := eval[string](p, `document.querySelector("#addresses input").value`)
	got, err := c.Ask(ctx, link, message.Asking{Name: "Dr Amara <b>Okafor</b>", Role: "GP", Number: "7654321", Register: "GMC", Purpose: "TREAT", Scope: "patient/*.crs",
		Sections: []string{"medicines", "results", "mental-health"}, Days: 30, Words: "before your visit"})
	if err != nil {
		t.Fatalf("asking at %q: %v", link, err)
	}
	p.goes(w.url + "/app/record")
	p.clicks("Look and answer")
	p.sees("1 person waits for an answer")
	p.touches("Show who asks, and my addresses")
	p.clicks("Look and answer Dr Amara <b>Okafor</b>")
	for _, said := range []string{"before your visit", "GMC 7654321", "blue card 7", "Nobody has checked this", "These are sensitive"} {
		p.sees(said)
	}
	audit(t, p, "a request")
	p.ticks("Test results")
	p.ticks("Add to these parts")
	p.ticks("For 7 days")
	p.fills("A few words to them, if you like", "See you on Monday")
	p.clicks("Allow this")
	p.clicks("Use your passkey")
	for range 2 { // and what was decided is there when the page is loaded again
		p.sees("You said yes")
		p.sees("Dr Amara <b>Okafor</b>")
		eval[bool](p, `location.reload(), true`)
	}
	p.sees("Nobody waits for an answer")
	told, err := c.Answer(ctx, got.Request)
	w.check(err)
	if told.Status != "approved" || told.Words != "See you on Monday" || told.Scope != "patient/*.rs" || told.Expires == nil || time.Until(*told.Expires) > 7*24*time.Hour {
		t.Fatalf("%+v", told)
	}
	if status, n := w.gets(told.Token, "MedicationStatement"); status != 200 || n != 1 {
		t.Errorf("what was given: %d, %d entries", status, n)
	}
	if _, n := w.gets(told.Token, "Observation"); n != 0 {
		t.Errorf("what was not given: %d entries", n)
	}

	p.touches("Show who asks, and my addresses")
	p.touches("Close blue card 7")
	p.sees("Nobody can ask there any more")
	p.quiet()
}

func (w *asked) takesIn(t *testing.T, p *tab, h *holder.Holder) {
	p.t, w.t = t, t
	ctx := context.Background()
	may, err := grant.ParseScopes("patient/*.c")
	w.check(err)
	adder, err := h.Grant(ctx, holder.GrantRequest{To: grant.Party{Name: "Lab 7"}, Sections: record.SectionsOf(record.Results), Scopes: may, Purpose: "TREAT", Lasts: time.Hour})
	w.check(err)
	may, err = grant.ParseScopes("patient/*.crs")
	w.check(err)
	writer, err := h.Grant(ctx, holder.GrantRequest{To: grant.Party{Name: "Dr Amara Okafor"}, Sections: record.SectionsOf(record.Results), Scopes: may, Purpose: "TREAT", Lasts: time.Hour})
	w.check(err)
	for _, name := range []string{"Haemoglobin <script>alert(1)</script>", "Ferritin", "Sodium", "Calcium"} {
		token := adder.Token
		if name == "Calcium" {
			token = writer.Token
		}
		r, err := http.NewRequest("POST", w.url+"/fhir/Observation", strings.NewReader(`{"resourceType":"Observation","status":"final","code":{"text":`+quote(name)+`},"valueQuantity":{"value":131,"unit":"g/L"}}`))
		w.check(err)
		r.Header = http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/fhir+json"}}
		resp, err := http.DefaultClient.Do(r)
		w.check(err)
		if resp.Body.Close(); resp.StatusCode >= 300 {
			t.Fatalf("sending: %d", resp.StatusCode)
		}
	}
	p.goes(w.url + "/app/record")
	p.clicks("Look at it")
	p.sees("4 things wait for you")
	p.touches("Open what waits")
	p.sees("Haemoglobin <script>alert(1)</script>")
	p.sees("131 g/L")
	p.sees("From Lab 7")
	p.sees("Something new in your record")
	// choose ticks what is to be done with the one of a name.
	choose := func(name, what string) {
		t.Helper()
		eval[bool](p, `(li => ([...li.querySelectorAll("label")].find(e => e.innerText === `+quote(what)+`).control.click(), true))([...document.querySelectorAll("#items > li")].find(e => e.innerText.includes(`+quote(name)+`)))`)
	}
	choose("Haemoglobin", "Take it into my record")
	choose("Ferritin", "Take it in, and say that it is wrong")
	choose("Sodium", "Remove it for good")
	choose("Something new in your record", "I have looked at it")
	p.clicks("Do what I chose") // and there are no words yet
	p.sees("Say what is wrong with it")
	p.fills("What is wrong", "This was not my blood")
	audit(t, p, "the inbox")
	p.touches("Do what I chose")
	for _, said := range []string{"Haemoglobin <script>alert(1)</script>: it is in your record now.", "Ferritin: it is in your record now, and your words stand on it.", "Sodium: it is removed.", "Something new in your record: you have looked at it."} {
		p.sees(said)
	}
	p.goes(eval[string](p, `[...document.querySelectorAll("#results p")].find(e => e.innerText.startsWith("Ferritin")).querySelector("a").href`))
	p.sees("This was not my blood")
	p.sees("Lab 7")
	p.goes(w.url + "/app/inbox")
	p.sees("Nothing waits for you.")
	p.quiet()
}
