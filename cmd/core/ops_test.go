package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/httpapi"
	"carehold/httpapi/oauth/clients"
	"carehold/record"
	"carehold/record/fetch"
	"carehold/record/healthlink"
	"carehold/record/keys"
	"carehold/record/store"
)

// ops runs ops.mjs, and opens the links that it made.
func ops(t *testing.T, node, wasm, runner string) {
	dir := filepath.Join(t.TempDir(), "store")
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(store.Init(dir))
	quiet := slog.New(slog.DiscardHandler)
	s, err := store.Open(dir, store.Options{Log: quiet})
	check(err)
	t.Cleanup(func() { s.Close() })
	c, err := s.Invite(t.Context(), keys.Invite{Until: time.Now().Add(time.Hour)})
	check(err)
	apps := clients.Open(filepath.Join(t.TempDir(), clients.File), clients.Options{})
	check(apps.Add(clients.Client{ID: "sunrise", Name: "Sunrise", Redirects: []string{"https://app.sunrise.example/callback"}, Auth: clients.Public, Profile: clients.SMART}))
	web := httptest.NewUnstartedServer(nil)
	base := "http://" + web.Listener.Addr().String()
	server, err := httpapi.New(s, httpapi.Config{PublicURL: base, Version: "test", Logger: quiet, Clients: apps})
	check(err)
	web.Config.Handler = server
	web.Start()
	t.Cleanup(web.Close)

	cmd := exec.CommandContext(t.Context(), node, "ops.mjs", wasm, runner, base, c.Token())
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	var made map[string]struct{ ID, Grant, URL string }
	check(json.Unmarshal(out, &made))
	for name, want := range map[string]struct {
		passcode string
		types    []string
	}{"live": {"8294", []string{healthlink.FHIR}}, "snapshot": {"", []string{healthlink.FHIR}}, "api": {"8294", []string{healthlink.FHIR, healthlink.APIAccess}}} {
		l, err := healthlink.Parse(made[name].URL)
		check(err)
		if l.Passcode != (want.passcode != "") || l.Single != (name == "snapshot") || l.Expires.IsZero() != (name == "api") {
			t.Errorf("%s says %+v", name, l.Terms)
		}
		if want.passcode != "" {
			var wrong *healthlink.WrongPasscode
			_, err := l.Open(t.Context(), plain{}, healthlink.Ask{Recipient: "Ward 7", Passcode: crypto.SecretString("8295"), Now: time.Now()})
			if !errors.As(err, &wrong) || wrong.Remaining != 9 {
				t.Errorf("%s with another passcode: %v", name, err)
			}
		}
		got, err := l.Open(t.Context(), plain{}, healthlink.Ask{Recipient: "Ward 7", Passcode: crypto.SecretString(want.passcode), Now: time.Now()})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var types []string
		for _, f := range got.Files {
			types = append(types, f.ContentType)
			body := string(f.Body)
			switch {
			case f.ContentType == healthlink.APIAccess && !strings.Contains(body, `"aud":"`+base+`/fhir"`):
				t.Errorf("%s: %s", name, body)
			case f.ContentType == healthlink.FHIR && (!strings.Contains(body, "Penicillin") || !strings.Contains(body, "Elm Road Surgery")):
				t.Errorf("the summary of %s is of something else, or for nobody", name)
			}
		}
		if strings.Join(types, " ") != strings.Join(want.types, " ") {
			t.Errorf("%s has %q", name, types)
		}
	}
	l, err := healthlink.Parse(made["stopped"].URL)
	check(err)
	if _, err := l.Open(t.Context(), plain{}, healthlink.Ask{Recipient: "Ward 7", Passcode: crypto.SecretString("8294"), Now: time.Now()}); !errors.Is(err, record.NotFound) {
		t.Errorf("a link that was stopped: %v", err)
	}
}

// plain fetches what is on this machine, as another program would.
type plain struct{}

func (plain) Fetch(ctx context.Context, q fetch.Request) (*fetch.Response, error) {
	r, err := http.NewRequestWithContext(ctx, q.Method, q.URL, bytes.NewReader(q.Body))
	if err != nil {
		return nil, err
	}
	if q.Method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	return &fetch.Response{Status: answer.StatusCode, RetryAfter: answer.Header.Get("Retry-After"), Body: answer.Body}, nil
}
