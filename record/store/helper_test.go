package store_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/search"
	"carehold/record/statement"
	"carehold/record/store"
)

var ctx = context.Background()

// enrolWith is enrol with an invite of the caller's.
func enrolWith(t testing.TB, s *store.Store, invite crypto.Credential) (*device, error) {
	t.Helper()
	d := newDevice(t, s)
	st := d.first()
	if _, err := s.Apply(t.Context(), st, invite); err != nil {
		return nil, err
	}
	d.done(st)
	return d, nil
}

func newDevice(t testing.TB, s *store.Store) *device {
	seed := crypto.NewKey()
	d := &device{t: t, s: s, identity: crypto.NewSigningKey(crypto.NewKey()), box: crypto.NewBoxKey(seed), boxSeed: seed,
		id: crypto.NewKey(), root: crypto.NewKey(), grants: crypto.NewKey(), audit: crypto.NewKey(),
		slot: crypto.NewRecoveryCode().Slot()}
	d.person = record.PersonID(crypto.PersonOf(d.identity.Public()))
	return d
}

// first is the statement that makes the record.
func (d *device) first() statement.Signed {
	d.self = d.grant(grant.Grant{Self: true, To: grant.Party{Name: "you"}, Sections: record.AllSections, Purpose: "PATRQT",
		Scopes: scopes("patient/*.cruds")})
	b := d.body()
	b.Identity = &statement.Identity{Signing: d.identity.Public(), Box: d.box.Public().Bytes()}
	b.PutSlots = []record.Capsule{keys.SealSlot(d.slot.CapsuleKey(), d.person)}
	d.newEpoch(&b)
	return statement.Sign(b, d.identity).SignNew(d.identity)
}

// tryPut is put for what may be refused.
func tryPut(v *store.View, json string) (store.Result, error) {
	return tryImport(v, json, entry.Origin{})
}

func tryImport(v *store.View, json string, from entry.Origin) (store.Result, error) {
	r, err := fhir.Parse([]byte(json), fhir.Limits{})
	if err != nil {
		return store.Result{}, err
	}
	res, err := v.Apply(ctx, []change.Change{{Verb: change.Update, Ref: fhir.Ref{Type: r.Type(), ID: r.ID()}, Resource: r}}, store.ApplyOptions{Origin: from})
	if err != nil {
		return store.Result{}, err
	}
	return res[0], nil
}

// large is a Binary of about so many bytes.
func large(id string, size int) string {
	data := make([]byte, size*3/4)
	for i := range data {
		data[i] = byte(i * i >> 3)
	}
	return `{"resourceType":"Binary","id":"` + id + `","contentType":"image/png","data":"` + base64.StdEncoding.EncodeToString(data) + `"}`
}

// inJSON writes the first letter of a Binary's data as an escape: that one is kept in
// its JSON, however large it is, as all were before contents were kept apart.
func inJSON(binary string) string {
	at := strings.Index(binary, `"data":"`) + len(`"data":"`)
	return fmt.Sprintf("%s\\u%04x%s", binary[:at], binary[at], binary[at+1:])
}

func binaryRef(id string) fhir.Ref    { return fhir.Ref{Type: "Binary", ID: id} }
func allergyRefOf(id string) fhir.Ref { return fhir.Ref{Type: "AllergyIntolerance", ID: id} }

func mustUsed(t testing.TB, s *store.Store) uint64 {
	t.Helper()
	st, err := s.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return st.Used
}

// lookFor searches a type, or with "" all of them. The text is remembered for the
// next page.
func lookFor(v *store.View, typ, text string, limit int, page ...string) (store.Page, error) {
	q, err := search.Parse(typ, text, search.Options{Base: "https://records.example/fhir", Strict: true})
	if err != nil {
		return store.Page{}, err
	}
	o := store.SearchOptions{Limit: limit, Asked: store.Asked{Path: typ, Query: text}}
	if page != nil {
		o.Page = page[0]
	}
	return v.Search(ctx, q, o)
}

// lastEvent opens the newest entry of the log that a grant wrote, before this asks
// for it.
func (d *device) lastEvent(t testing.TB) audit.Event {
	t.Helper()
	return d.event(t, 1)
}

// event is the nth of them, from the newest.
func (d *device) event(t testing.TB, n int) audit.Event {
	t.Helper()
	page, err := d.session().Log(ctx, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	r := audit.NewReader(d.person)
	var ids []record.GrantID
	for _, g := range d.live {
		ids = append(ids, g.ID)
	}
	r.AddGeneration(d.audit, ids)
	for i := len(page.Leaves) - 1; i >= 0; i-- {
		e, err := r.Open(uint64(i), page.Leaves[i])
		if err != nil {
			continue
		}
		if a := e.Event.Action; a != audit.SignIn && a != audit.History && e.Writer == audit.ByGrant {
			if n--; n == 0 {
				return e.Event
			}
		}
	}
	t.Fatal("nothing is in the log")
	return audit.Event{}
}
