package main

import (
	"crypto/sha256"
	"slices"
	"strings"
	"testing"

	"carehold/record/change"
	"carehold/record/fhir"
)

func parsed(t *testing.T, text string) *fhir.Resource {
	t.Helper()
	r, err := fhir.Parse([]byte(text), fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// matched says which of a document's entries are in a record, as "what it is called there
// -> what here". The document's are called as PlanImport calls them: with an n before, and
// its references lead so, or out of it.
func matched(t *testing.T, own bool, record, document []string) string {
	t.Helper()
	m := &matching{own: own, planned: map[fhir.Ref]bool{{Type: "Patient", ID: "me"}: true}, found: map[fhir.Ref]fhir.Ref{},
		there: map[[sha256.Size]byte][]holding{}, taken: map[fhir.Ref]bool{}}
	has := map[fhir.Ref]bool{{Type: "Patient", ID: "me"}: true}
	m.has = func(ref fhir.Ref) bool { return has[ref] }
	ref := func(r *fhir.Resource, before string) fhir.Ref { return fhir.Ref{Type: r.Type(), ID: before + r.ID()} }
	for _, text := range record {
		has[ref(parsed(t, text), "")] = true
	}
	for _, text := range record {
		r := parsed(t, text)
		if err := m.keep(ref(r, ""), r); err != nil {
			t.Fatal(err)
		}
	}
	var open []change.Change
	for _, text := range document {
		r := parsed(t, text)
		m.planned[ref(r, "n")] = true
		open = append(open, change.Change{Ref: ref(r, "n"), Resource: r})
	}
	m.match(open)
	var got []string
	for from, to := range m.found {
		got = append(got, from.String()+" -> "+to.String())
	}
	slices.Sort(got)
	return strings.Join(got, ", ")
}

// One entry of the record, and one like it: what is the same is left out, whatever it is
// called. Every other row is another clinical fact, or another secret.
func TestSame(t *testing.T) {
	const (
		allergy = `{"resourceType":"AllergyIntolerance","id":"a","meta":{"versionId":"3","lastUpdated":"2024-01-01T00:00:00Z","source":"#x","security":[{"code":"R"}],"profile":["http://p"]},"text":{"status":"generated","div":"<div>x</div>"},"criticality":"low","code":{"text":"Penicillin"},"patient":{"reference":"Patient/me"}}`
		lab     = `{"resourceType":"Observation","id":"o","status":"final","code":{"text":"Potassium"},"subject":{"reference":"Patient/me"},"effectiveDateTime":"2024-03-12","valueQuantity":{"value":4.1,"unit":"mmol/L"}}`
		order   = `{"resourceType":"MedicationStatement","id":"s","status":"active","subject":{"reference":"Patient/me"},"effectivePeriod":{"start":"2024-01-01"},"medicationCodeableConcept":{"text":"Morphine"},"dosage":[{"text":"1 tablet"}]}`
		bare    = `{"resourceType":"Procedure","id":"p","status":"completed","code":{"text":"x"},"subject":{"reference":"Patient/me"}}`
		told    = `{"resourceType":"Procedure","id":"p","text":{"status":"additional","div":"<div>left side</div>"},"status":"completed","code":{"text":"x"},"subject":{"reference":"Patient/me"}}`
	)
	with := func(s string, pairs ...string) string {
		t.Helper()
		for i := 0; i < len(pairs); i += 2 {
			if !strings.Contains(s, pairs[i]) {
				t.Fatalf("no %s in %s", pairs[i], s)
			}
			s = strings.Replace(s, pairs[i], pairs[i+1], 1)
		}
		return s
	}
	for what, c := range map[string]struct {
		record, document string
		same             bool
	}{
		"itself":                  {allergy, allergy, true},
		"another version":         {allergy, with(allergy, `"versionId":"3","lastUpdated":"2024-01-01T00:00:00Z","source":"#x"`, `"versionId":"1","tag":[{"code":"t"}]`), true},
		"told anew":               {allergy, with(allergy, "<div>x</div>", "<div>y</div>"), true},
		"order, space, escapes":   {lab, `{"subject":{"reference":"Patient\/me"}, "valueQuantity":{"unit":"mmol\u002fL","value":4.1},"effectiveDateTime":"2024-03-12","code":{"text":"Potassium"},"status":"final","resourceType":"Observation","id":"o"}`, true},
		"fewer labels":            {allergy, with(allergy, `"security":[{"code":"R"}],"profile":["http://p"]`, `"versionId":"9"`, `"versionId":"3",`, ``), true},
		"as a summary has it":     {bare, with(bare, `"status"`, `"_performedDateTime":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]},"status"`), true},
		"worse":                   {allergy, with(allergy, `"low"`, `"high","reaction":[{"manifestation":[{"text":"Anaphylaxis"}]}]`), false},
		"another value":           {lab, with(lab, "4.1", "6.9", "2024-03-12", "2024-03-13"), false},
		"another date":            {lab, with(lab, "2024-03-12", "2024-03-13"), false},
		"more exact":              {lab, with(lab, "4.1", "4.10"), false},
		"another status":          {lab, with(lab, "final", "entered-in-error"), false},
		"another type":            {bare, with(bare, `"Procedure"`, `"Condition"`), false},
		"an end":                  {order, with(order, `"start"`, `"end":"2024-02-01","start"`), false},
		"a dose more":             {order, with(order, `}]`, `},{"text":"2 at night"}]`), false},
		"no dose":                 {order, with(order, `,"dosage":[{"text":"1 tablet"}]`, ``), false},
		"not to be done":          {bare, with(bare, `"status"`, `"doNotPerform":true,"status"`), false},
		"modified":                {bare, with(bare, `"status"`, `"modifierExtension":[{"url":"http://x","valueBoolean":true}],"status"`), false},
		"extended":                {bare, with(bare, `"status"`, `"extension":[{"url":"http://x","valueBoolean":true}],"status"`), false},
		"other rules":             {bare, with(bare, `"status"`, `"implicitRules":"http://x","status"`), false},
		"another language":        {bare, with(bare, `"status"`, `"language":"de","status"`), false},
		"more labels":             {allergy, with(allergy, `[{"code":"R"}]`, `[{"code":"R"},{"code":"V"}]`), false},
		"a label":                 {bare, with(bare, `"status"`, `"meta":{"security":[{"code":"R"}]},"status"`), false},
		"another profile":         {allergy, with(allergy, "http://p", "http://q"), false},
		"meta extended":           {bare, with(bare, `"status"`, `"meta":{"extension":[{"url":"http://x","valueBoolean":true}]},"status"`), false},
		"told otherwise":          {told, with(told, "left", "right"), false},
		"told by hand":            {told, with(told, "additional", "generated"), false},
		"told":                    {bare, told, false},
		"not told":                {told, bare, false},
		"absent for a reason":     {bare, with(bare, `"status"`, `"_performedDateTime":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"}]},"status"`), false},
		"absent where IPS has no": {bare, with(bare, `"status"`, `"_bodySite":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]},"status"`), false},
		"a value where none was":  {bare, with(bare, `"status"`, `"performedDateTime":"2020","status"`), false},
		"somebody else's":         {bare, with(bare, "Patient/me", "http://x/Patient/you"), false},
	} {
		for _, own := range []bool{true, false} {
			if got := matched(t, own, []string{c.record}, []string{c.document}); (got != "") != c.same {
				t.Errorf("%s (own: %v): %q", what, own, got)
			}
		}
	}
}

// Where a reference leads is a part of what an entry says, whatever is written beside it
// and whatever element it is in.
func TestSameLeads(t *testing.T) {
	medicine := func(id, text string) string {
		return `{"resourceType":"Medication","id":"` + id + `","code":{"text":"` + text + `"}}`
	}
	order := func(id, ref string) string {
		return `{"resourceType":"MedicationRequest","id":"` + id + `","status":"active","intent":"order","subject":{"reference":"Patient/me"},"medicationReference":{` + ref + `"display":"Morphine"}}`
	}
	to := func(ref string) string { return `"reference":"` + ref + `",` }
	visit := func(id, day string) string {
		return `{"resourceType":"Encounter","id":"` + id + `","status":"finished","class":{"code":"AMB"},"period":{"start":"` + day + `"}}`
	}
	done := func(id, at string) string {
		return `{"resourceType":"Procedure","id":"` + id + `","status":"completed","subject":{"reference":"Patient/me"},"encounter":{"reference":"` + at + `","display":"Visit"},"performedDateTime":"2024","code":{"text":"Injection"}}`
	}
	circle := func(id, other string) string {
		return `{"resourceType":"Basic","id":"` + id + `","code":{"text":"x"},"subject":{"reference":"Basic/` + other + `"}}`
	}
	list := func(s ...string) []string { return s }
	for what, c := range map[string]struct {
		own              bool
		record, document []string
		want             string
	}{
		"to the same": {false, list(medicine("m", "2 mg"), order("r", to("Medication/m"))), list(order("x", to("Medication/ny")), medicine("y", "2 mg")),
			"Medication/ny -> Medication/m, MedicationRequest/nx -> MedicationRequest/r"},
		"to ten times as much": {false, list(medicine("m", "2 mg/ml"), order("r", to("Medication/m"))), list(medicine("y", "20 mg/ml"), order("x", to("Medication/ny"))), ""},
		"to another that is there": {false, list(medicine("m", "2 mg"), medicine("k", "20 mg"), order("r", to("Medication/m"))), list(medicine("y", "20 mg"), order("x", to("Medication/ny"))),
			"Medication/ny -> Medication/k"},
		"own, and changed":       {true, list(medicine("m", "2 mg/ml"), order("r", to("Medication/m"))), list(medicine("m", "20 mg/ml"), order("r", to("Medication/nm"))), ""},
		"own, and not with it":   {true, list(medicine("m", "2 mg"), order("r", to("Medication/m"))), list(order("r", to("Medication/m"))), "MedicationRequest/nr -> MedicationRequest/r"},
		"another's, not with it": {false, list(medicine("m", "2 mg"), order("r", to("Medication/m"))), list(order("r", to("Medication/m"))), ""},
		"nobody has it":          {false, list(order("r", to("Medication/z"))), list(order("x", to("Medication/z"))), ""},
		"own, nobody has it":     {true, list(order("r", to("Medication/z"))), list(order("r", to("Medication/z"))), "MedicationRequest/nr -> MedicationRequest/r"},
		"an address":             {false, list(order("r", to("https://a.example/Medication/z"))), list(order("x", to("https://a.example/Medication/z"))), "MedicationRequest/nx -> MedicationRequest/r"},
		"another address":        {false, list(order("r", to("https://a.example/Medication/z"))), list(order("x", to("https://b.example/Medication/z"))), ""},
		"in words":               {false, list(order("r", "")), list(order("x", "")), "MedicationRequest/nx -> MedicationRequest/r"},
		"at another visit":       {false, list(visit("e", "2024-01-01"), done("p", "Encounter/e")), list(visit("f", "2024-02-02"), done("q", "Encounter/nf")), ""},
		"at the same visit": {false, list(visit("e", "2024-01-01"), done("p", "Encounter/e")), list(visit("f", "2024-01-01"), done("q", "Encounter/nf")),
			"Encounter/nf -> Encounter/e, Procedure/nq -> Procedure/p"},
		"in a circle":           {true, list(circle("a", "b"), circle("b", "a")), list(circle("a", "nb"), circle("b", "na")), ""},
		"twice, and once there": {false, list(medicine("m", "2 mg")), list(medicine("x", "2 mg"), medicine("y", "2 mg")), "Medication/nx -> Medication/m"},
		"once, and twice there": {false, list(medicine("m", "2 mg"), medicine("k", "2 mg")), list(medicine("x", "2 mg")), "Medication/nx -> Medication/k"},
		"each by its own name":  {true, list(medicine("m", "2 mg"), medicine("k", "2 mg")), list(medicine("m", "2 mg"), medicine("k", "2 mg")), "Medication/nk -> Medication/k, Medication/nm -> Medication/m"},
		"first come, not named": {true, list(medicine("k", "2 mg")), list(medicine("x", "2 mg"), medicine("k", "2 mg")), "Medication/nk -> Medication/k"},
	} {
		for range 3 { // maps have no order
			if got := matched(t, c.own, c.record, c.document); got != c.want {
				t.Errorf("%s: %q, want %q", what, got, c.want)
			}
		}
	}
}

// The cover of a summary is its Composition, and who made it if nobody else speaks of
// them.
func TestWithoutCover(t *testing.T) {
	entry := func(text string) change.Change {
		r := parsed(t, text)
		return change.Change{Ref: fhir.Ref{Type: r.Type(), ID: r.ID()}, Resource: r}
	}
	list := []change.Change{
		entry(`{"resourceType":"Composition","id":"c","author":[{"reference":"Device/maker"},{"reference":"Device/pump"}],"section":[{"entry":[{"reference":"Observation/o"}]}]}`),
		entry(`{"resourceType":"Device","id":"maker"}`),
		entry(`{"resourceType":"Device","id":"pump"}`),
		entry(`{"resourceType":"Device","id":"other"}`),
		entry(`{"resourceType":"Observation","id":"o","device":{"reference":"Device/pump"}}`),
	}
	r := imported{Ignored: map[string]int{}}
	got := ""
	for _, c := range withoutCover(list, &r) {
		got += c.Ref.String() + " "
	}
	if got != "Device/pump Device/other Observation/o " || r.Ignored[madeAnew] != 2 {
		t.Errorf("%s%v", got, r.Ignored)
	}
}
