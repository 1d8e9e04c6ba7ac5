package main

import (
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"carehold/crypto"
	"carehold/record/healthlink"
)

// linkServer is a server on which many make links.
type linkServer struct {
	*httptest.Server
	t      *testing.T
	bodies map[string]string
}

func newLinkServer(t *testing.T) *linkServer {
	x := &linkServer{t: t, bodies: map[string]string{}}
	x.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/jose")
		io.WriteString(w, x.bodies[r.URL.Path])
	}))
	t.Cleanup(x.Close)
	return x
}

// link makes one of a label that all of them have.
func (x *linkServer) link(path, bundle string) string {
	x.t.Helper()
	k := crypto.NewKey()
	text, err := healthlink.Encrypt(k, healthlink.FHIR, []byte(bundle), true)
	must(x.t, err)
	x.bodies[path] = text
	l, err := healthlink.New(x.URL+path, k, healthlink.Terms{Single: true, Label: "Summary of the surgery"})
	must(x.t, err)
	return l.Text()
}

// dosed is a bundle about Ada, with a medicine, and more.
func dosed(name, dose, more string) string {
	return `{"resourceType":"Bundle","type":"collection","entry":[
{"fullUrl":"https://gp.example/Patient/p","resource":{"resourceType":"Patient","id":"p","name":[{"text":"` + name + `"}],"birthDate":"1951-03-02"}},
{"fullUrl":"https://gp.example/MedicationStatement/m","resource":{"resourceType":"MedicationStatement","id":"m","status":"active","medicationCodeableConcept":{"text":"Methotrexate ` + dose + `"},"subject":{"reference":"Patient/p"}}}` + more + `]}`
}

const height = `,{"fullUrl":"https://gp.example/Observation/o","resource":{"resourceType":"Observation","id":"o","status":"final","code":{"text":"Height"},"subject":{"reference":"Patient/p"}}}`

// TestLinkChangesNothingUnasked: another link of the same server and label changes nothing
// that the first one brought before the person said so: without a terminal that is left
// out, and said. What is new goes in, and the same again needs no question.
func TestLinkChangesNothingUnasked(t *testing.T) {
	b, s := newExporting(t), newLinkServer(t)
	first := s.link("/surgery/abc", dosed("Ada Okonkwo", "10 mg once a WEEK", ""))
	b.command(exitDone, "import", "--recipient", "Ada", "--this-machine", first)
	before := b.versions()
	evil := s.link("/mallory/xyz", dosed("Ada Okonkwo", "10 mg once a DAY", height))
	if code, said := b.alone("import", "--recipient", "Ada", "--this-machine", evil); code != exitDone || !strings.Contains(said, "would change 1 entry that your record has") ||
		!strings.Contains(strings.Join(strings.Fields(said), " "), "Methotrexate 10 mg once a WEEK; by the link Methotrexate 10 mg once a DAY (in medicationCodeableConcept)") || !strings.Contains(said, "1 new") {
		t.Errorf("%d: %s", code, said)
	}
	now := b.versions()
	for name, was := range before {
		if now[name] != was {
			t.Errorf("%s is %q", name, now[name])
		}
	}
	if len(now) != len(before)+1 {
		t.Errorf("%d versions, and before %d", len(now), len(before))
	}
	// With --json nobody is asked, and it says so.
	if code, said := b.alone("import", "--recipient", "Ada", "--this-machine", "--json", s.link("/mallory/abc", dosed("Ada Okonkwo", "none", ""))); code != exitDone || !strings.Contains(said, `"change":"change","done":false`) {
		t.Errorf("%d: %s", code, said)
	}
	// The same again has nothing to ask about.
	if code, said := b.alone("import", "--recipient", "Ada", "--this-machine", first); code != exitDone || !strings.Contains(said, "nothing was added") || strings.Contains(said, "would change") {
		t.Errorf("%d: %s", code, said)
	}
	equalMaps(t, "versions", now, b.versions())
}

// TestLinkChangesWithYes: who says --yes is shown what it was that changed.
func TestLinkChangesWithYes(t *testing.T) {
	b, s := newExporting(t), newLinkServer(t)
	b.command(exitDone, "import", "--recipient", "Ada", "--this-machine", s.link("/surgery/abc", dosed("Ada Okonkwo", "10 mg", "")))
	said := b.command(exitDone, "import", "--recipient", "Ada", "--this-machine", s.link("/surgery/abc", dosed("Ada Okonkwo", "15 mg", "")))
	if !strings.Contains(strings.Join(strings.Fields(said), " "), "Methotrexate 10 mg; by the link Methotrexate 15 mg") || !strings.Contains(said, "1 changed") {
		t.Error(said)
	}
}

// TestLinkHidesNothingBehindALongName: of what a link would change the elements are named,
// and where two names differ, however much stands before that.
func TestLinkHidesNothingBehindALongName(t *testing.T) {
	b, s := newExporting(t), newLinkServer(t)
	long := "10 mg once a WEEK" + strings.Repeat(" as it was before", 30)
	b.command(exitDone, "import", "--recipient", "Ada", "--this-machine", s.link("/surgery/abc", dosed("Ada Okonkwo", long+" on Mondays", "")))
	for what, c := range map[string]struct{ dose, status, says string }{
		"the end":         {long + " DAILY 100 mg", "stopped", "Methotrexate 10 mg once a WEEK as it was… was before on Mondays; by the link Methotrexate 10 mg once a WEEK as it was… was before DAILY 100 mg (in medicationCodeableConcept and status)"},
		"more at the end": {long + " on Mondays and Tuesdays", "active", "was…e on Mondays and Tuesdays (in medicationCodeableConcept)"},
		"the middle":      {long[:200] + "100 mg" + long[200:] + " on Mondays", "active", long[188:200] + "100 mg" + long[200:212] + "… (in medicationCodeableConcept)"},
		"both ends":       {"1" + long + strings.Repeat(" or", 100) + " DAILY on Mondays", "active", "or or DAILY on Mondays (in medicationCodeableConcept)"},
		"only an element": {long + " on Mondays", "stopped", "as it was before as … (in status)"},
	} {
		evil := s.link("/mallory/xyz", strings.Replace(dosed("Ada Okonkwo", c.dose, ""), `"status":"active"`, `"status":"`+c.status+`"`, 1))
		_, said := b.alone("import", "--recipient", "Ada", "--this-machine", evil)
		if said = strings.Join(strings.Fields(said), " "); !strings.Contains(said, c.says) {
			t.Errorf("%s: %s", what, said)
		}
	}
}

// TestTitlesBesideEachOther: two titles that differ are seen to, and are bounded, also
// where what differs is much like what stands around it.
func TestTitlesBesideEachOther(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	some := func() string { return strings.Repeat("ab"[:1+rnd.IntN(2)], rnd.IntN(200)) }
	for range 5000 {
		start, end := some(), some()
		x, y := start+some()+end, start+some()+end
		was, is := besideEachOther(x, y)
		if (was == is) != (x == y) || len(letters(was)) > mostTitle+3 || len(letters(is)) > mostTitle+3 {
			t.Fatalf("%q and %q:\n%s\n%s", x, y, was, is)
		}
	}
}
