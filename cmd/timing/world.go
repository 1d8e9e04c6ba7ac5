package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"carehold/crypto"
	"carehold/httpapi"
	"carehold/httpapi/client"
	"carehold/httpapi/oauth/clients"
	"carehold/record"
	"carehold/record/entry"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/keys"
	"carehold/record/store"
)

const (
	host = "record.example.org"
	ours = "elm" // the client that asks about tokens
	oaks = "oak" // and another
)

// world is a store, a server over it, and a clock that can go on.
type world struct {
	ctx    context.Context
	ahead  atomic.Int64 // of the real clock
	store  *store.Store
	server *httpapi.Server
	client *client.Client
	close  func()
}

func (w *world) now() time.Time       { return time.Now().Add(time.Duration(w.ahead.Load())) }
func (w *world) wait(d time.Duration) { w.ahead.Add(int64(d)) }

// nextDay goes to the beginning of the next day: what is counted by the day begins anew,
// and there is time until it does again.
func (w *world) nextDay() {
	now := w.now()
	w.wait(now.Truncate(24 * time.Hour).Add(24*time.Hour + time.Minute).Sub(now))
}

func newWorld(ctx context.Context, dir string) (w *world, err error) {
	w = &world{ctx: ctx}
	path := filepath.Join(dir, "store")
	if err := store.Init(path); err != nil {
		return nil, err
	}
	if w.store, err = store.Open(path, store.Options{Now: w.now, FHIRBase: "https://" + host + "/fhir"}); err != nil {
		return nil, err
	}
	// Both are public, so that the time is the token's and not the client's secret's. A
	// grant to a client's system names it, and the registry is asked only when it comes.
	apps := clients.Open(filepath.Join(path, clients.File), clients.Options{Now: w.now})
	for _, id := range []string{ours, oaks} {
		err := apps.Add(clients.Client{ID: id, Name: id, Redirects: []string{"https://" + id + ".example/back"}, Auth: clients.Public, Profile: clients.SMART})
		if err != nil {
			return nil, errors.Join(err, w.store.Close())
		}
	}
	w.server, err = httpapi.New(w.store, httpapi.Config{PublicURL: "https://" + host, Clients: apps,
		Logger: slog.New(slog.NewJSONHandler(io.Discard, nil)), // a line is made, as for every request
		Limits: httpapi.Limits{Rate: 1e9, Burst: 1e9, Guesses: 1e9, Tries: 1e9}})
	if err != nil {
		return nil, errors.Join(err, w.store.Close())
	}
	// The people's devices come over loopback; what is measured does not.
	loopback := httptest.NewServer(w.server)
	w.close = func() { loopback.Close(); w.store.Close() }
	if w.client, err = client.New(loopback.URL, client.Options{}); err != nil {
		w.close()
	}
	return w, err
}

// enrol makes a person with a few entries.
func (w *world) enrol(name string) (*holder.Holder, error) {
	invite, err := w.store.Invite(w.ctx, keys.Invite{Until: w.now().Add(time.Hour)})
	if err != nil {
		return nil, err
	}
	h, _, err := holder.Enrol(w.ctx, w.client, holder.Enrolment{Invite: invite.Token(), Name: name, Label: "timing",
		Passphrase: crypto.SecretString("correct horse battery staple")})
	if err != nil {
		return nil, err
	}
	session, _, err := h.SignIn(w.ctx)
	if err != nil {
		return nil, err
	}
	id, err := w.client.With(session).Patient(w.ctx)
	if err != nil {
		return nil, err
	}
	var list []string
	for i := range 20 {
		list = append(list, fmt.Sprintf(`{"resource":{"resourceType":"Observation","id":"o%d","status":"final",`+
			`"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],`+
			`"code":{"text":"potassium"},"subject":{"reference":"Patient/%s"},"valueQuantity":{"value":4.%d,"unit":"mmol/L"}},`+
			`"request":{"method":"PUT","url":"Observation/o%[1]d"}}`, i, id, i))
	}
	body := `{"resourceType":"Bundle","type":"transaction","entry":[` + strings.Join(list, ",") + `]}`
	_, err = w.client.With(session).Transaction(w.ctx, []byte(body), entry.Origin{})
	return h, err
}

// given is a token, and the grant that it is of.
type given struct {
	token string
	grant record.GrantID
}

// give makes so many grants, and a token of each. With a client they are a system's, and
// the token is its refresh token.
func (w *world) give(h *holder.Holder, n int, lasts time.Duration, to string) (list []given, err error) {
	scopes, err := grant.ParseScopes("patient/*.rs")
	if err != nil {
		return nil, err
	}
	for range n {
		req := holder.GrantRequest{To: grant.Party{Name: "Elm Road Surgery"}, Sections: grant.Clinical, Scopes: scopes,
			Purpose: "TREAT", Lasts: lasts, Label: "timing", Client: to}
		issue, prefix := h.Grant, ""
		if to != "" {
			issue, prefix = h.IssueBackend, "chdr_"
		}
		issued, err := issue(w.ctx, req)
		if err != nil {
			return nil, err
		}
		list = append(list, given{prefix + strings.TrimPrefix(issued.Token, to+"."), issued.Grant.ID})
	}
	return list, nil
}

func tokens(list []given) (out []string) {
	for _, g := range list {
		out = append(out, g.token)
	}
	return out
}

func grants(list []given) (out []record.GrantID) {
	for _, g := range list {
		out = append(out, g.grant)
	}
	return out
}

// made are tokens of a kind that nobody was ever given.
func made(kind crypto.Kind, n int) (out []string) {
	for range n {
		out = append(out, crypto.NewCredential(kind).Token())
	}
	return out
}
