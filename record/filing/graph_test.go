package filing_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/filing"
)

// item is a sketch with a name and the names of what it points to:
// "Condition/c code=icd10:F32.1 > Patient/p Encounter/e".
func item(t testing.TB, text string) filing.Item {
	t.Helper()
	text, to, _ := strings.Cut(text, " > ")
	name, rest, _ := strings.Cut(text, " ")
	typ, id, ok := strings.Cut(name, "/")
	if !ok {
		t.Fatalf("item %q has no id", text)
	}
	it := filing.Item{Ref: fhir.Ref{Type: typ, ID: id}, Resource: sketch(t, typ+" "+rest)}
	for _, s := range strings.Fields(to) {
		typ, id, _ := strings.Cut(s, "/")
		it.Targets = append(it.Targets, fhir.Ref{Type: typ, ID: id})
	}
	return it
}

// changes are hand-made: the items of one change, then where each goes.
var changes = []struct {
	name  string
	items []string
	want  map[string]string
	known map[string]string
}{
	{"a provider to whom only sensitive entries point goes with them",
		[]string{"Patient/p > Practitioner/gp", "Practitioner/gp", "Practitioner/counsellor", "Condition/c code=icd10:F32.1 > Patient/p Practitioner/counsellor",
			"Observation/o > Patient/p Practitioner/gp"},
		map[string]string{"Practitioner/gp": "providers", "Practitioner/counsellor": "mental-health", "Condition/c": "mental-health", "Patient/p": "identity"}, nil},
	{"and so do the role and the place behind them, round in a circle too",
		[]string{"Encounter/e label=PSY > PractitionerRole/r", "PractitionerRole/r > Practitioner/x Organization/o", "Practitioner/x", "Organization/o > Endpoint/n", "Endpoint/n > Organization/o"},
		map[string]string{"PractitionerRole/r": "mental-health", "Practitioner/x": "mental-health", "Organization/o": "mental-health", "Endpoint/n": "mental-health"}, nil},
	{"one ordinary entry is enough to keep them in providers",
		[]string{"Encounter/e label=PSY > PractitionerRole/r", "PractitionerRole/r > Practitioner/x", "Practitioner/x", "Observation/o > Practitioner/x"},
		map[string]string{"PractitionerRole/r": "mental-health", "Practitioner/x": "providers"}, nil},
	{"two kinds of secret: the stricter",
		[]string{"Encounter/e label=PSY > Practitioner/x", "Encounter/f label=SDV > Practitioner/x", "Practitioner/x"},
		map[string]string{"Practitioner/x": "safeguarding"}, nil},
	{"a provider nobody points to is a provider", []string{"Practitioner/x"}, map[string]string{"Practitioner/x": "providers"}, nil},
	{"a provider's own name tells, whoever points to it",
		[]string{`Organization/o name:="Sexual Health Clinic"`, "Observation/b category=cat:laboratory > Organization/o"},
		map[string]string{"Organization/o": "sexual-health", "Observation/b": "results"}, nil},
	{"a role nobody points to goes with the psychiatrist it names, and what names the role too",
		[]string{"Condition/c code=icd10:F32.1 > Practitioner/x", "Practitioner/x", "PractitionerRole/r > Practitioner/x Organization/o", "Organization/o", "Observation/b > Organization/o",
			"Provenance/v > PractitionerRole/r", "HealthcareService/s > Location/l Organization/t", "Location/l", "Organization/t", "Encounter/e label=SDV > Location/l"},
		map[string]string{"Practitioner/x": "mental-health", "PractitionerRole/r": "mental-health", "Organization/o": "providers", "Provenance/v": "mental-health",
			"HealthcareService/s": "safeguarding", "Organization/t": "providers", "Location/l": "safeguarding"}, nil},
	{"a role of a psychiatrist that an ordinary entry points to is needed there, and shows him",
		[]string{"Condition/c code=icd10:F32.1 > Practitioner/x", "Practitioner/x", "PractitionerRole/r > Practitioner/x", "Observation/o > PractitionerRole/r"},
		map[string]string{"Practitioner/x": "providers", "PractitionerRole/r": "providers"}, nil},
	{"a role of somebody who is in the record already, hidden",
		[]string{"PractitionerRole/r > Practitioner/old", "PractitionerRole/q > Practitioner/gp", "OrganizationAffiliation/a > PractitionerRole/r"},
		map[string]string{"PractitionerRole/r": "mental-health", "PractitionerRole/q": "providers", "OrganizationAffiliation/a": "mental-health"},
		map[string]string{"Practitioner/old": "mental-health", "Practitioner/gp": "providers"}},

	{"provenance goes with what it is about",
		[]string{"Provenance/v > Condition/c Practitioner/x", "Condition/c code=icd10:F32.1", "Provenance/w > MedicationRequest/m Practitioner/x", "MedicationRequest/m", "Practitioner/x",
			"Provenance/both > Condition/c MedicationRequest/m", "Provenance/patient > Patient/p Practitioner/x", "Patient/p"},
		map[string]string{"Provenance/v": "mental-health", "Provenance/w": "medicines", "Provenance/both": "mental-health", "Provenance/patient": "documents", "Practitioner/x": "providers"}, nil},
	{"provenance of a provider that only sensitive entries point to",
		[]string{"Provenance/v > Practitioner/x", "Practitioner/x", "Condition/c label=HIV > Practitioner/x"},
		map[string]string{"Provenance/v": "sexual-health", "Practitioner/x": "sexual-health"}, nil},
	{"a list goes with the strictest entry on it",
		[]string{"List/l > Condition/a Condition/b", "Condition/a", "Condition/b label=ETH", "List/m > AllergyIntolerance/a MedicationStatement/m", "AllergyIntolerance/a", "MedicationStatement/m", "List/empty"},
		map[string]string{"List/l": "substance-use", "List/m": "medicines", "List/empty": "documents", "Condition/a": "conditions"}, nil},
	{"a list of lists, and provenance of that",
		[]string{"List/l > List/m", "List/m > Condition/b", "Condition/b label=ETH", "Provenance/v > List/l"},
		map[string]string{"List/l": "substance-use", "List/m": "substance-use", "Provenance/v": "substance-use"}, nil},
	{"two lists that hold each other", []string{"List/l > List/m", "List/m > List/l"}, map[string]string{"List/l": "documents", "List/m": "documents"}, nil},
	{"a document is a document unless something in it is sensitive",
		[]string{"Composition/d > MedicationStatement/m Patient/p", "MedicationStatement/m", "Patient/p", "Composition/e > MedicationStatement/m Condition/c", "Condition/c label=PSY"},
		map[string]string{"Composition/d": "documents", "Composition/e": "mental-health", "MedicationStatement/m": "medicines"}, nil},
	{"a file goes with the entry it is the file of",
		[]string{"DocumentReference/d label=PSY > Binary/b", "Binary/b", "DiagnosticReport/r > Binary/c", "Binary/c", "Binary/d", "Provenance/v > Binary/b"},
		map[string]string{"Binary/b": "mental-health", "Binary/c": "results", "Binary/d": "documents", "Provenance/v": "mental-health"}, nil},

	{"a prescription of a sensitive medicine, and the other way round",
		[]string{"MedicationRequest/m > Medication/x", `Medication/x code="Sertraline 50mg"`, "MedicationRequest/n label=PSY > Medication/y", "Medication/y", "Claim/c > Medication/z", "Medication/z"},
		map[string]string{"MedicationRequest/m": "mental-health", "Medication/y": "mental-health", "Medication/z": "medicines"}, nil},
	{"a shared medicine pulls no other prescription with it",
		[]string{"MedicationRequest/n label=PSY > Medication/y", "MedicationRequest/o > Medication/y", "Medication/y"},
		map[string]string{"Medication/y": "mental-health", "MedicationRequest/o": "medicines"}, nil},
	{"what an entry is about, not where it happened",
		[]string{"Encounter/e > Condition/c", "Condition/c code=icd10:F20", "Observation/bp category=cat:vital-signs > Encounter/e Patient/p", "Claim/k > Encounter/e", "ExplanationOfBenefit/x > Claim/k",
			"QuestionnaireResponse/q > Encounter/e", "Patient/p", "Immunization/i > Encounter/e"},
		map[string]string{"Encounter/e": "mental-health", "Observation/bp": "measurements", "Claim/k": "mental-health", "ExplanationOfBenefit/x": "mental-health",
			"QuestionnaireResponse/q": "mental-health", "Immunization/i": "vaccinations"}, nil},
	{"a report with a sensitive result",
		[]string{"DiagnosticReport/r > Observation/a Observation/b", "Observation/a", "Observation/b code=loinc:56888-1", "Media/m", "DiagnosticReport/s label=STD > Media/m Specimen/x", "Specimen/x"},
		map[string]string{"DiagnosticReport/r": "sexual-health", "Observation/a": "results", "Media/m": "sexual-health", "Specimen/x": "sexual-health"}, nil},
	{"a plan for diabetes and depression is for the team; a plan for depression is not",
		[]string{"CarePlan/both > Condition/d Condition/m Goal/g", "CarePlan/one > Condition/m Goal/g", "CareTeam/t > Condition/m", "Condition/d", "Condition/m code=icd10:F32", "Goal/g", "Goal/h > Condition/m"},
		map[string]string{"CarePlan/both": "plan", "CarePlan/one": "mental-health", "CareTeam/t": "mental-health", "Goal/g": "plan", "Goal/h": "mental-health"}, nil},
	{"entries that are in the record already",
		[]string{"DiagnosticReport/r > Observation/old", "Provenance/v > CarePlan/old", "Observation/n > Practitioner/old Patient/p"},
		map[string]string{"DiagnosticReport/r": "sexual-health", "Provenance/v": "plan", "Observation/n": "results"},
		map[string]string{"Observation/old": "sexual-health", "CarePlan/old": "plan", "Practitioner/old": "mental-health", "Patient/p": "identity"}},
	{"an entry that points to itself, or nowhere", []string{"List/l > List/l Condition/gone", "Provenance/v > Provenance/v"}, map[string]string{"List/l": "documents", "Provenance/v": "documents"}, nil},
}

func knownOf(t testing.TB, names map[string]string) filing.Known {
	if names == nil {
		return nil
	}
	return func(r fhir.Ref) (record.Section, bool) {
		name, ok := names[r.String()]
		if !ok {
			return 0, false
		}
		s, err := record.ParseSection(name)
		if err != nil {
			t.Fatal(err)
		}
		return s, true
	}
}

func TestChanges(t *testing.T) {
	for _, c := range changes {
		t.Run(c.name, func(t *testing.T) {
			var items []filing.Item
			for _, text := range c.items {
				items = append(items, item(t, text))
			}
			for i, got := range filing.File(items, knownOf(t, c.known)) {
				if want, ok := c.want[items[i].Ref.String()]; ok && got.Section.String() != want {
					t.Errorf("%s: %v (%v), want %s", items[i].Ref, got.Section, got.Why, want)
				}
			}
		})
	}
}

// randomItems makes a change out of pieces that can influence each other.
func randomItems(t testing.TB, rnd *rand.Rand, pieces []*fhir.Resource) []filing.Item {
	items := make([]filing.Item, 2+rnd.IntN(18))
	for i := range items {
		r := pieces[rnd.IntN(len(pieces))]
		items[i] = filing.Item{Ref: fhir.Ref{Type: r.Type(), ID: fmt.Sprint(i)}, Resource: r}
	}
	for i := range items {
		for range rnd.IntN(4) {
			items[i].Targets = append(items[i].Targets, items[rnd.IntN(len(items))].Ref)
		}
	}
	return items
}

func pieces(t testing.TB, label string) (all []*fhir.Resource) {
	for _, text := range []string{"Patient", "Practitioner", "Organization", "PractitionerRole", "HealthcareService", "Location physicalType=loc:ho", "Condition", "Condition code=icd10:F32", "Condition code=icd10:B24",
		"Condition conf=R", "Encounter", "Encounter label=SDV", "Observation", "Observation category=cat:vital-signs", "MedicationRequest", "Medication", `Medication code="methadone"`, "CarePlan", "CareTeam",
		"Goal", "Provenance", "List", "List code=loinc:52472-8", "Composition", "Composition label=PSY", "Binary", "Media", "DocumentReference", "Claim", "AllergyIntolerance", "DiagnosticReport", "MolecularSequence", "Bundle", "Linkage"} {
		all = append(all, sketch(t, text+label))
	}
	return all
}

// The same items in another order go to the same places for the same reasons.
func TestOrderDoesNotMatter(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	all := pieces(t, "")
	for range 3000 {
		items := randomItems(t, rnd, all)
		want := map[fhir.Ref]filing.Filed{}
		for i, f := range filing.File(items, nil) {
			want[items[i].Ref] = f
		}
		mixed := slices.Clone(items)
		rnd.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		for i := range mixed {
			mixed[i].Targets = slices.Clone(mixed[i].Targets)
			rnd.Shuffle(len(mixed[i].Targets), func(a, b int) {
				mixed[i].Targets[a], mixed[i].Targets[b] = mixed[i].Targets[b], mixed[i].Targets[a]
			})
		}
		for i, f := range filing.File(mixed, nil) {
			if f != want[mixed[i].Ref] {
				t.Fatalf("%s: %v in one order, %v in another", mixed[i].Ref, want[mixed[i].Ref], f)
			}
		}
	}
}

// A sensitive label on one entry never makes any entry less strict.
func TestLabelsOnlyMakeStricter(t *testing.T) {
	labels := []string{"PSY", "HIV", "ETH", "SDV", "TBOO", "UNKNOWN"}
	rnd := rand.New(rand.NewPCG(3, 4))
	plain := pieces(t, "")
	labelled := map[string][]*fhir.Resource{}
	for _, l := range labels {
		labelled[l] = pieces(t, " label="+l)
	}
	for range 3000 {
		items := randomItems(t, rnd, plain)
		before := filing.File(items, nil)
		at := rnd.IntN(len(items))
		l := labels[rnd.IntN(len(labels))]
		piece := slices.Index(plain, items[at].Resource)
		after := slices.Clone(items)
		after[at].Resource = labelled[l][piece]
		for i, f := range filing.File(after, nil) {
			was := before[i].Section
			if filing.Stricter(was, f.Section) && !fromRestricted(items, before, i) {
				t.Fatalf("%s went from %v to %v when %s was labelled %s", items[i].Ref, was, f.Section, items[at].Ref, l)
			}
			if was.Sensitive() && !f.Section.Sensitive() {
				t.Fatalf("%s left the sensitive sections when %s was labelled %s", items[i].Ref, items[at].Ref, l)
			}
		}
	}
}

// fromRestricted is the one exception, by design: an entry labelled restricted
// and nothing else waits in private until something says which sensitive
// section is meant; so do those that went with it.
func fromRestricted(items []filing.Item, filed []filing.Filed, i int) bool {
	return filed[i].Section == record.Private && slices.ContainsFunc(filed, func(f filing.Filed) bool { return f.Why.Rule == "label:R" })
}

// The same for the words of one resource: more text is never less strict.
func TestCodesOnlyMakeStricter(t *testing.T) {
	rows := readTable(t)
	rnd := rand.New(rand.NewPCG(5, 6))
	for range 3000 {
		a, b := rows[rnd.IntN(len(rows))], rows[rnd.IntN(len(rows))]
		if strings.Contains(a.sketch, "conf=R") || strings.Contains(b.sketch, "conf=R") {
			continue
		}
		typ, rest, _ := strings.Cut(b.sketch, " ")
		if typ == "AllergyIntolerance" || typ == "Patient" {
			continue // the two that their own codes never move
		}
		one, two := filing.Section(sketch(t, a.sketch), nil), filing.Section(sketch(t, b.sketch), nil)
		typA, restA, _ := strings.Cut(a.sketch, " ")
		if typA != typ || !two.Section.Sensitive() {
			continue
		}
		if restA = renamed(restA); restA == "" {
			continue
		}
		both := filing.Section(sketch(t, typ+" "+rest+" "+restA), nil)
		if filing.Stricter(two.Section, both.Section) || one.Section.Sensitive() && filing.Stricter(one.Section, both.Section) {
			t.Fatalf("%s and %s: %v and %v, together %v", a.sketch, b.sketch, one.Section, two.Section, both.Section)
		}
	}
}

// renamed moves the coded elements of a sketch out of the way of another's.
func renamed(rest string) string {
	var out []string
	for f := range strings.FieldsSeq(rest) {
		name, value, ok := strings.Cut(f, "=")
		if !ok || strings.HasSuffix(name, ":") || strings.Contains(value, `"`) {
			return ""
		}
		if name != "label" && name != "conf" {
			name += "Also"
		}
		out = append(out, name+"="+value)
	}
	return strings.Join(out, " ")
}

func TestStrictnessIsAnOrder(t *testing.T) {
	all := record.Sections()
	for _, a := range all {
		for _, b := range all {
			if a != b && filing.Stricter(a, b) == filing.Stricter(b, a) {
				t.Errorf("%v and %v are equally strict", a, b)
			}
			if a.Sensitive() && !b.Sensitive() && !filing.Stricter(a, b) {
				t.Errorf("%v does not win over %v", a, b)
			}
			if !a.Always() && b.Always() && !filing.Stricter(a, b) {
				t.Errorf("%v does not win over %v", a, b)
			}
		}
	}
}
