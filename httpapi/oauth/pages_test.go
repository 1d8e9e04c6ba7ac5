package oauth

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"carehold/httpapi/oauth/clients"
	"carehold/record/grant"
)

// shownFor is the page that waits, for a client and what it asks.
func shownFor(t *testing.T, c clients.Client, redirect, scope string) string {
	t.Helper()
	a := New(nil, Config{Base: "https://record.example.org"})
	a.now = func() time.Time { return time.Unix(1e9, 0) }
	r, err := grant.ParseRequested(scope)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	x := &waiting{asked: asked{client: c, redirect: redirect, requested: r}, tab: "0123456789abcdef", typed: "ABCDEFGHJKMN", until: a.now().Add(90 * time.Second)}
	if err := a.waitPage(w, httptest.NewRequest("GET", "/oauth/wait?r=0123456789abcdef", nil), x); err != nil {
		t.Fatal(err)
	}
	return w.Body.String()
}

// TestUnverified: of an app that nobody registered the host it is from comes first, and
// what it calls itself is said to be its own word.
func TestUnverified(t *testing.T) {
	c := clients.Client{ID: "https://evil.example/client.json", Name: "Your GP Surgery", Organisation: "The Health Service", URI: "https://evil.example/", Redirects: []string{"https://evil.example/cb"}}
	page := shownFor(t, c, "https://evil.example/cb", "patient/*.rs")
	host, name := strings.Index(page, "<bdi>evil.example</bdi>"), strings.Index(page, "Your GP Surgery")
	if !strings.Contains(page, "Not registered here: unverified.") || host < 0 || name < host || strings.Contains(page, "The Health Service") || strings.Contains(page, "has registered this app") {
		t.Errorf("%s", page)
	}
	if p := party(c); p.Organisation != "" || !strings.HasPrefix(p.Name, "evil.example, which calls itself") {
		t.Errorf("on the device: %+v", p)
	}
	c.Verified = true
	if page := shownFor(t, c, "https://evil.example/cb", "patient/*.rs"); strings.Contains(page, "unverified") || !strings.Contains(page, "The Health Service") {
		t.Errorf("%s", page)
	}
}

// TestWaitPageSays: what is asked for in words, for how long the code is good, and where it
// goes.
func TestWaitPageSays(t *testing.T) {
	c := clients.Client{ID: "sunrise", Name: "Sunrise", Verified: true}
	page := shownFor(t, c, "https://app.sunrise.example:8443/cb", "openid offline_access patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory patient/AllergyIntolerance.c user/Device.u patient/*.d")
	for _, want := range []string{
		"carehold approve ABCD-EFGH-JKMN", "good for 2 more minutes", "app.sunrise.example:8443",
		"look at: test results and measurements (only category laboratory)", "add to: allergies", "change: devices",
		"delete: everything you choose to share, of all kinds, and what is added to it later", "To come back without you, until you stop it",
		`<noscript><meta http-equiv="refresh" content="3"></noscript>`, `name="viewport" content="width=device-width`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q\n%s", want, page)
		}
	}
	for redirect, want := range map[string]string{"com.sunrise.app:/cb": "the app com.sunrise.app on this device", "http://127.0.0.1:5000/cb": "a program on this device"} {
		if page := shownFor(t, c, redirect, "patient/*.rs"); !strings.Contains(page, want) || !strings.Contains(page, "Check that this is the app you began with") || strings.Contains(page, "To come back") {
			t.Errorf("%s: %s", redirect, page)
		}
	}
}

// Every section has words, and none of a section's name.
func TestWords(t *testing.T) {
	r, err := grant.ParseRequested("patient/*.rs")
	if err != nil {
		t.Fatal(err)
	}
	said := saidSections(r.Scopes)
	if len(said) == 0 {
		t.Error("nothing is proposed for everything")
	}
	for _, s := range said {
		if s == "" {
			t.Errorf("a section has no words: %q", said)
		}
	}
}
