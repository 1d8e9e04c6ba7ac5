//go:build linux

package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"carehold/crypto"
	"carehold/httpapi/client"
	"carehold/record"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/keys"
	"carehold/record/store"
)

const (
	entriesEach = 6  // entries a person's writer writes over and over
	importSize  = 10 // entries in each import
)

// person has a record, and what it takes to use it.
type person struct {
	name     string
	road     *road
	client   *client.Client
	holder   *holder.Holder
	recovery crypto.RecoveryCode
	patient  string
	reads    holder.Issued // the grant that reads go under
	ledger   *ledger
}

// people makes a store with so many people in it, each with a little record.
func people(ctx context.Context, data string, n int) (all []*person, err error) {
	if err := store.Init(data); err != nil {
		return nil, err
	}
	st, err := store.Open(data, store.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	var invites []string
	for range n {
		c, err := st.Invite(ctx, keys.Invite{Quota: 4 << 30, Until: time.Now().Add(time.Hour)})
		if err != nil {
			return nil, err
		}
		invites = append(invites, c.Token())
	}
	s, err := serve(st)
	if err != nil {
		return nil, err
	}
	for i, invite := range invites {
		p, err := enrol(ctx, s.address, fmt.Sprintf("p%d", i), invite)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, s.stop()
}

func enrol(ctx context.Context, address, name, invite string) (*person, error) {
	p := &person{name: name, road: newRoad(address), ledger: newLedger()}
	var err error
	if p.client, err = p.road.client(); err != nil {
		return nil, err
	}
	h, kit, err := holder.Enrol(ctx, p.client, holder.Enrolment{Invite: invite,
		Passphrase: crypto.SecretString("correct horse battery staple"), Label: "laptop", Name: name})
	if err != nil {
		return nil, fmt.Errorf("enrolling: %w", err)
	}
	p.holder, p.recovery = h, kit.Recovery
	token, err := p.signIn(ctx)
	if err != nil {
		return nil, err
	}
	if p.patient, err = p.client.With(token).Patient(ctx); err != nil {
		return nil, err
	}
	for i := range entriesEach {
		if err := p.write(ctx, token, i); err != nil {
			return nil, err
		}
	}
	if p.reads, err = h.Grant(ctx, request("the reader")); err != nil {
		return nil, err
	}
	p.ledger.remember(h.Memory())
	return p, nil
}

func request(to string) holder.GrantRequest {
	scopes, err := grant.ParseScopes("patient/*.rs")
	if err != nil {
		panic(err) // it is a constant
	}
	return holder.GrantRequest{To: grant.Party{Name: to, Role: "GP"}, Sections: grant.Clinical, Scopes: scopes,
		Purpose: "TREAT", Lasts: 24 * time.Hour, Daily: 1e6, Label: to}
}

func (p *person) signIn(ctx context.Context) (string, error) {
	token, _, err := p.holder.SignIn(ctx)
	if err != nil {
		return "", fmt.Errorf("signing in: %w", err)
	}
	return token, nil
}

func entryID(i int) string { return fmt.Sprintf("e-%d", i) }

// observation is an entry that says which attempt at it this is.
func (p *person) observation(id string, attempt int) string {
	return fmt.Sprintf(`{"resourceType":"Observation","id":%q,"status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],`+
		`"code":{"text":"potassium"},"subject":{"reference":"Patient/%s"},"valueQuantity":{"value":%d,"unit":"mmol/L"},"note":[{"text":%q}]}`,
		id, p.patient, attempt, strings.Repeat("x", 200+37*(attempt%40)))
}

func bundle(resources map[string]string) []byte {
	var b strings.Builder
	b.WriteString(`{"resourceType":"Bundle","type":"transaction","entry":[`)
	first := true
	for id, text := range resources {
		if !first {
			b.WriteByte(',')
		}
		first = false
		fmt.Fprintf(&b, `{"resource":%s,"request":{"method":"PUT","url":"Observation/%s"}}`, text, id)
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}

// write writes an entry once more.
func (p *person) write(ctx context.Context, token string, i int) error {
	id := entryID(i)
	attempt := p.ledger.trying(id)
	_, err := p.client.With(token).Transaction(ctx, bundle(map[string]string{id: p.observation(id, attempt)}), entry.Origin{})
	if err == nil {
		p.ledger.written(id, attempt)
	}
	return err
}

// bring imports a few entries at once.
func (p *person) bring(ctx context.Context, token string) error {
	tag := p.ledger.bringing()
	resources := map[string]string{}
	for k := range importSize {
		id := fmt.Sprintf("i-%d-%d", tag, k)
		resources[id] = p.observation(id, k)
	}
	_, err := p.client.With(token).Transaction(ctx, bundle(resources), entry.Origin{Import: record.ImportID(crypto.RandomID()), Source: "torture"})
	if err == nil {
		p.ledger.brought(tag)
	}
	return err
}

// look reads an entry under the reader's grant.
func (p *person) look(ctx context.Context, i int) error {
	p.ledger.asking()
	_, err := p.client.With(p.reads.Token).Read(ctx, fhir.Ref{Type: "Observation", ID: entryID(i)})
	if err == nil {
		p.ledger.answered()
	}
	return err
}

// share makes a grant, and stops the oldest of those it made, if there are some.
func (p *person) share(ctx context.Context) error {
	issued, err := p.holder.Grant(ctx, request("someone"))
	if err != nil {
		return err
	}
	p.ledger.shared(issued)
	p.ledger.remember(p.holder.Memory())
	old, ok := p.ledger.stopping(3)
	if !ok {
		return nil
	}
	if err := p.holder.Revoke(ctx, old); err != nil {
		return err
	}
	p.ledger.stopped(old)
	p.ledger.remember(p.holder.Memory())
	return nil
}
