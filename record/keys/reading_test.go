package keys_test

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/keys"
)

func aReading(p record.PersonID, grants int, name string) keys.Reading {
	r := keys.Reading{Generations: []keys.Generation{{Audit: crypto.NewKey(), Box: crypto.NewKey()}, {Audit: crypto.NewKey(), Box: crypto.NewKey()}}}
	for i := range grants {
		n := keys.Noted{Generation: uint32(i % 2), Grant: grant.Grant{ID: record.GrantID{byte(i), byte(i >> 8), 1}, Person: p, To: grant.Party{Name: fmt.Sprintf("%d%s", i, name)}, Sections: grant.Clinical,
			Scopes: []grant.Scope{{Type: "*", Verbs: grant.Read}}, Purpose: "TREAT", From: time.Unix(1795000000, 0).UTC(), Daily: 5}}
		if i%3 == 0 {
			n.Ended, n.Why = time.Unix(1795009000, 0).UTC(), uint8(1+i%6)
		}
		r.Grants = append(r.Grants, n)
	}
	return r
}

func TestReading(t *testing.T) {
	p := record.PersonID{9}
	want := aReading(p, 7, "")
	b := want.Marshal()
	got, err := keys.ParseReading(b, p)
	if err != nil || !reflect.DeepEqual(got.Grants, want.Grants) || len(got.Generations) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	for i, g := range got.Generations {
		if !g.Audit.Equal(want.Generations[i].Audit) || !g.Box.Equal(want.Generations[i].Box) {
			t.Errorf("generation %d has other keys", i)
		}
	}
	if !bytes.Equal(got.Marshal(), b) {
		t.Error("it is written otherwise")
	}
	if _, err := keys.ParseReading(b, record.PersonID{8}); err == nil {
		t.Error("another's grants are taken")
	}
	for n := range len(b) {
		if r, err := keys.ParseReading(b[:n], p); err == nil && len(r.Grants) == 7 {
			t.Fatalf("cut to %d bytes it has everything", n)
		}
	}
	for _, bad := range []keys.Reading{{}, {Generations: want.Generations[:1], Grants: want.Grants}} {
		if _, err := keys.ParseReading(bad.Marshal(), p); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
	// What is too much is left out from the end.
	large := aReading(p, 400, strings.Repeat("x", 150)).Marshal()
	r, err := keys.ParseReading(large, p)
	if err != nil || len(large) > keys.MaxReading || len(large) < keys.MaxReading-400 || r.Grants[len(r.Grants)-1].Grant.ID[0] != byte(len(r.Grants)-1) {
		t.Errorf("%d bytes, %d grants, %v", len(large), len(r.Grants), err)
	}
}

func FuzzParseReading(f *testing.F) {
	p := record.PersonID{9}
	f.Add(aReading(p, 3, "").Marshal())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := keys.ParseReading(b, p)
		if err != nil {
			return
		}
		if again, err := keys.ParseReading(r.Marshal(), p); err != nil || !reflect.DeepEqual(again.Grants, r.Grants) {
			t.Errorf("%x: %v", b, err)
		}
	})
}

// A name leads back to its place, and tells nothing of it: places beside one another
// have names that are not, and another grant's names are others.
func TestLeafNames(t *testing.T) {
	one, two := keys.NamesOf(crypto.NewKey()), keys.NamesOf(crypto.NewKey())
	seen := map[uint64]bool{}
	for _, from := range []uint64{0, 1 << 32, 1<<63 - 50} {
		for i := from; i < from+100; i++ {
			n := one.Name(i)
			if one.Index(n) != i || one.Name(one.Index(i)) != i {
				t.Fatalf("%d is named %x, which is %d", i, n, one.Index(n))
			}
			if seen[n] || two.Name(i) == n || n-one.Name(i+1)+1 < 1000 || n>>32 == i>>32 {
				t.Errorf("%d is named %x", i, n)
			}
			seen[n] = true
		}
	}
}
