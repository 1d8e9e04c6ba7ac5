package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"carehold/crypto"
	"carehold/httpapi/client"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/holder"
)

// person is a record, its owner's session, and a token they gave.
type person struct {
	holder  *holder.Holder
	session string
	token   string
	id      string   // of the record's Patient
	refs    []string // of its entries
}

// enrol makes a person with an empty record, who lets somebody read and write all
// of it: that a grant shows everything is what takes the server longest.
func (s *site) enrol(ctx context.Context, name string) (*person, error) {
	invite, err := s.invite(ctx)
	if err != nil {
		return nil, err
	}
	p := &person{}
	p.holder, _, err = holder.Enrol(ctx, s.client, holder.Enrolment{Invite: invite, Name: name, Label: "bench",
		Passphrase: crypto.SecretString("correct horse battery staple")})
	if err != nil {
		return nil, err
	}
	if p.session, _, err = p.holder.SignIn(ctx); err != nil {
		return nil, err
	}
	if p.id, err = s.client.With(p.session).Patient(ctx); err != nil {
		return nil, err
	}
	issued, err := p.give(ctx, "a surgery")
	p.token = issued.Token
	return p, err
}

// give grants everything to somebody.
func (p *person) give(ctx context.Context, name string) (holder.Issued, error) {
	scopes, err := grant.ParseScopes("patient/*.cruds")
	if err != nil {
		return holder.Issued{}, err
	}
	return p.holder.Grant(ctx, holder.GrantRequest{To: grant.Party{Name: name, Role: "GP"}, Sections: record.AllSections,
		Scopes: scopes, Purpose: "TREAT", Lasts: 24 * time.Hour, Daily: 1 << 31, Label: name})
}

// most is how many entries a transaction has: what the command line sends at once.
const most = 10_000

// fill puts n entries into the record as an import does, and returns how long the
// server took.
func (s *site) fill(ctx context.Context, p *person, seed string, n int) (took time.Duration, err error) {
	list := entries(seed, p.id, n)
	for _, e := range list {
		p.refs = append(p.refs, e.ref.String())
	}
	origin := entry.Origin{Import: crypto.RandomID(), Source: "bench"}
	for piece := range slices.Chunk(list, most) {
		body, err := transaction(piece)
		if err != nil {
			return 0, err
		}
		began := time.Now()
		if _, err := s.client.With(p.session).Transaction(ctx, body, origin); err != nil {
			return 0, err
		}
		took += time.Since(began)
	}
	return took, nil
}

func transaction(list []resource) ([]byte, error) {
	var b bytes.Buffer
	w := change.NewBundleWriter(&b, change.BundleHead{Type: "transaction"})
	for _, e := range list {
		if err := w.Entry(change.BundleEntry{FullURL: "https://bench.example/" + e.ref.String(), Resource: e.json, Method: "PUT", URL: e.ref.String()}); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

// crowd makes so many people with so many entries each.
func (s *site) crowd(people, entries int) (list []*person, err error) {
	for i := range people {
		p, err := s.enrol(s.b.ctx, fmt.Sprintf("Person %d", i))
		if err != nil {
			return nil, err
		}
		if _, err := s.fill(s.b.ctx, p, fmt.Sprintf("person %d", i), entries); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// bodies calls fn for every entry of a record, byte for byte as it is served.
func (s *site) bodies(p *person, fn func(ref string, body []byte) error) error {
	types := map[string]bool{}
	for _, ref := range p.refs {
		r := fhir.ParseReference(ref).Ref
		types[r.Type] = true
	}
	for typ := range types {
		err := s.client.With(p.token).Search(s.b.ctx, typ, func(f client.Found) error { return fn(f.Ref.String(), f.Resource) })
		if err != nil {
			return err
		}
	}
	return nil
}
