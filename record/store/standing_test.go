package store_test

import (
	"errors"
	"testing"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/statement"
	"carehold/record/store"
)

// What a View stands on is the grant's row: a grant that is changed without an epoch,
// suspended or bound is seen by requests that had begun before.

func (d *device) land(b statement.Body) {
	d.t.Helper()
	if err := d.submit(b); err != nil {
		d.t.Fatal(err)
	}
}

// A View that was opened under a certificate answers under no other.
func TestAmendedWhileOpen(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	put(t, d.session(), `{"resourceType":"Basic","id":"b","code":{"text":"x"}}`)
	g := clinician(s)
	g.Sections, g.Scopes = record.AllSections, scopes("patient/*.rs")
	g, token := d.share(g)
	v := view(t, s, token)
	ref := fhir.Ref{Type: "Basic", ID: "b"}
	read := func() error {
		_, err := v.Apply(t.Context(), []change.Change{{Verb: change.Read, Ref: ref, Version: 1}}, store.ApplyOptions{})
		return err
	}
	if err := read(); err != nil {
		t.Fatal(err)
	}
	g.Scopes = scopes("patient/Observation.rs") // no epoch: no key is lost
	b := d.body()
	b.Grants = []statement.GrantRow{d.row(g)}
	d.land(b)
	if err := read(); err == nil {
		t.Error("read under scopes that were taken back")
	}
}

// A suspended grant opens nothing, its row holds no key of the record, and a new row
// lets it go on with the same token.
func TestSuspended(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	g, token := d.share(clinician(s))
	open := view(t, s, token)
	b := d.body()
	b.Suspended = []statement.Ended{{Grant: g.ID, Row: keys.SealStoppedRow(d.person, g.ID, d.grants, d.audit)}}
	d.land(b)
	if _, err := s.Open(t.Context(), token); record.KindOf(err) != record.Unauthorized {
		t.Errorf("a suspended grant: %v", err)
	}
	if _, err := open.Apply(t.Context(), []change.Change{{Verb: change.Read, Ref: fhir.Ref{Type: "Basic", ID: "b"}}}, store.ApplyOptions{}); record.KindOf(err) != record.Unauthorized {
		t.Errorf("a View from before: %v", err)
	}
	// An epoch leaves it out, and needs no row of it.
	e := keys.NewEpochKey(record.Epoch(len(d.epochs) + 1))
	b = d.body()
	b.Epoch = &statement.Epoch{Number: e.Epoch, Back: e.BackRow(d.person, d.epochKey)}
	for _, x := range d.live {
		if x.ID != g.ID {
			b.Grants = append(b.Grants, statement.GrantRow{Grant: x.ID, Until: x.Until, Self: x.Self,
				Row: keys.SealGrantRow(x, x.Sign(d.identity), e, d.id, d.grants, d.audit)})
		}
	}
	d.land(b)
	d.epochs = append(d.epochs, e)
	// A device that knows nothing of suspending would let it go on.
	b = d.body()
	b.Grants = []statement.GrantRow{d.row(g)}
	if err := d.submit(b); record.KindOf(err) != record.Conflict {
		t.Errorf("renewed by a device that does not say it goes on: %v", err)
	}
	if _, err := s.Open(t.Context(), token); record.KindOf(err) != record.Unauthorized {
		t.Errorf("still suspended: %v", err)
	}
	b = d.body()
	row := d.row(g)
	row.Resumes = true
	b.Grants = []statement.GrantRow{row}
	d.land(b)
	view(t, s, token)
}

// A token that is bound to a key opens with it and not without; one that is not opens
// with none. A client's token is worth nothing for what is sensitive unless it is bound.
func TestBoundTokens(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	key, other := [32]byte{1}, [32]byte{2}
	share := func(sections record.SectionSet, client string, bound [32]byte, terms keys.Terms) crypto.Credential {
		g := clinician(s)
		g.Sections, g.Client, g.Bound = grant.With(sections), client, bound
		g = d.grant(g)
		c := crypto.NewCredential(crypto.Access)
		b := d.body()
		b.Grants = []statement.GrantRow{d.row(g)}
		b.Capsules = []record.Capsule{keys.SealToken(c.CapsuleKey(), keys.TokenCapsule{Person: d.person, Grant: g.ID, Until: g.Until,
			Key: keys.GrantKey(d.grants, g.ID), Audit: keys.AuditKey(d.audit, g.ID), Terms: terms})}
		d.land(b)
		return c
	}
	plain, sensitive := record.SectionsOf(record.Results), record.SectionsOf(record.MentalHealth)
	none := [32]byte{}
	for _, c := range []struct {
		what      string
		sections  record.SectionSet
		client    string
		bound     [32]byte // of the grant
		terms     keys.Terms
		presented [32]byte
		opens     bool
	}{
		{"the person's own doing", plain, "", none, keys.Terms{}, none, true},
		{"the same with a proof", plain, "", none, keys.Terms{}, key, false},
		{"the same, sensitive", sensitive, "", none, keys.Terms{}, none, true},
		{"a client's bearer token", plain, "app", none, keys.Terms{Client: "app"}, none, true},
		{"another client's", plain, "app", none, keys.Terms{Client: "other"}, none, false},
		{"no client's, of a client's grant", plain, "app", none, keys.Terms{}, none, false},
		{"a client's, of nobody's grant", plain, "", none, keys.Terms{Client: "app"}, none, false},
		{"sensitive, unbound", sensitive, "app", none, keys.Terms{Client: "app"}, none, false},
		{"sensitive, bound", sensitive, "app", none, keys.Terms{Client: "app", Bound: key}, key, true},
		{"bound, without a proof", plain, "app", none, keys.Terms{Client: "app", Bound: key}, none, false},
		{"bound, with another's", plain, "app", none, keys.Terms{Client: "app", Bound: key}, other, false},
		{"unbound, with a proof", plain, "app", none, keys.Terms{Client: "app"}, key, false},
		{"a grant to one key, and its token", plain, "app", key, keys.Terms{Client: "app", Bound: key}, key, true},
		{"a grant to one key, another's token", plain, "app", key, keys.Terms{Client: "app", Bound: other}, other, false},
		{"a grant to one key, a bearer token", plain, "app", key, keys.Terms{Client: "app"}, none, false},
	} {
		token := share(c.sections, c.client, c.bound, c.terms)
		for range 2 { // once from the disk, once from what is kept
			v, err := s.OpenBound(t.Context(), token, c.presented)
			if err == nil {
				v.Close()
			}
			if (err == nil) != c.opens || err != nil && !errors.Is(err, record.Unauthorized) {
				t.Errorf("%s: %v", c.what, err)
			}
		}
	}
	// Scopes of the token narrow those of the grant, and never widen them.
	narrow := share(plain, "app", none, keys.Terms{Client: "app", Scope: "openid patient/Observation.read patient/Condition.cruds"})
	v := view(t, s, narrow)
	if got := grant.FormatScopes(v.Grant().Scopes); got != "patient/Observation.rs patient/Condition.rs" {
		t.Errorf("scopes of a narrowed token: %s", got)
	}
}
