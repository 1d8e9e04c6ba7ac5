package change_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"carehold/record/change"
)

func planImport(t *testing.T, text string) *change.Import {
	t.Helper()
	b, err := change.ParseBundle([]byte(text), change.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	im, err := change.PlanImport(b, "source", "me")
	if err != nil {
		t.Fatal(err)
	}
	return im
}

func item(fullURL, resource string) string {
	if fullURL == "" {
		return `{"resource":` + resource + `}`
	}
	return `{"fullUrl":"` + fullURL + `","resource":` + resource + `}`
}

// The ids of doc.go, computed by Python's hashlib and base64.
func TestImportIDs(t *testing.T) {
	im := planImport(t, bundle("collection",
		item("urn:uuid:1", `{"resourceType":"Basic","id":"x"}`),
		item("", `{"resourceType":"Observation","id":"o1"}`),
		item("", `{"resourceType":"Basic"}`)))
	for i, want := range []string{"Basic/b7hiycexrmc3de3f6uao5vfutu", "Observation/tlwk6smppxklryx5yoadwocyzi", "Basic/ywxnj6boafykzfeimohlz2oo3m"} {
		if c := im.Changes[i]; c.Ref.String() != want || c.Verb != change.Update || c.Index != i {
			t.Errorf("%v, want %s", c.Ref, want)
		}
	}
}

// references lists the references of the entry for Observation "o" after import.
func TestImportReferences(t *testing.T) {
	const base = "http://example.org/fhir/"
	entries := []string{
		item("urn:uuid:1", `{"resourceType":"Basic","id":"b","identifier":[{"system":"s","value":"v"}]}`),
		item(base+"Patient/p", `{"resourceType":"Patient","id":"p"}`),
		item("", `{"resourceType":"Organization","id":"o"}`),
	}
	for _, c := range []struct {
		fullURL, from, to string
		dangling          int
	}{
		{"urn:uuid:x", "urn:uuid:1", "Basic/b7hiycexrmc3de3f6uao5vfutu", 0},
		{"urn:uuid:x", base + "Patient/p", "Patient/me", 0},
		{"urn:uuid:x", base + "Patient/p/_history/3", "Patient/me", 0}, // versions are counted anew
		{base + "Observation/x", "Patient/p", "Patient/me", 0},
		{"urn:uuid:x", "Patient/p", "Patient/me", 0}, // against §2.36.4.1, as IPS documents do it
		{"urn:uuid:x", "Basic/b", "Basic/b7hiycexrmc3de3f6uao5vfutu", 0},
		{"", "Basic?identifier=s|v", "Basic/b7hiycexrmc3de3f6uao5vfutu", 0},
		{"", "Practitioner/gone", "Practitioner/gone", 1},
		{"", "urn:uuid:gone", "urn:uuid:gone", 1},
		{"", "http://elsewhere.org/Basic/b", "http://elsewhere.org/Basic/b", 1},
		{"", "Basic?identifier=none", "Basic?identifier=none", 1},
		{"", "#c", "#c", 0},
	} {
		resource := func(to string) string {
			return `{"resourceType":"Observation","focus":[{"reference":"` + to + `"}],"z":1.0}`
		}
		im := planImport(t, bundle("collection", append(entries[:3:3], item(c.fullURL, resource(c.from)))...))
		if got := string(im.Changes[3].Resource.Bytes()); got != resource(c.to) || im.Dangling != c.dangling {
			t.Errorf("%s: %s, %d dangling", c.from, got, im.Dangling)
		}
	}
}

func TestOneRecordIsOnePerson(t *testing.T) {
	observation := func(subject string) string {
		return item("", `{"resourceType":"Observation","subject":{"reference":"`+subject+`"}}`)
	}
	p1, p2 := item("urn:uuid:p1", `{"resourceType":"Patient","id":"1"}`), item("urn:uuid:p2", `{"resourceType":"Patient","id":"2"}`)
	doctor := item("urn:uuid:d", `{"resourceType":"Practitioner"}`)
	for _, c := range []struct {
		name, bundle, taken, refused string // types and indexes
	}{
		{"the person's", bundle("collection", p1, observation("urn:uuid:p1"), doctor), "Patient/me Observation Practitioner", ""},
		{"about somebody else", bundle("collection", p1, observation("Patient/2"), doctor), "Patient/me Practitioner", "1"},
		{"about nobody the bundle holds", bundle("collection", p1, observation("urn:uuid:nobody"), doctor), "Patient/me Practitioner", "1"},
		{"about a place", bundle("collection", p1, observation("Location/1")), "Patient/me Observation", ""},
		{"two people", bundle("collection", p1, p2, observation("urn:uuid:p1"), doctor), "", "0 1 2 3"},
		{"a document of one of two", bundle("document", item("", `{"resourceType":"Composition","subject":{"reference":"urn:uuid:p2"}}`), p1, p2,
			observation("urn:uuid:p1"), observation("urn:uuid:p2")), "Composition Patient/me Observation", "1 3"},
		{"a document that does not say", bundle("document", item("", `{"resourceType":"Composition"}`), p1, p2), "", "0 1 2"},
		{"no Patient, one person", bundle("collection", observation("Patient/9"), observation("Patient/9/_history/1"), doctor), "Observation Observation Practitioner", ""},
		{"no Patient, two people", bundle("collection", observation("Patient/8"), observation("Patient/9"), doctor), "Practitioner", "0 1"},
		{"together with somebody", bundle("collection", p1, item("", `{"resourceType":"Appointment","participant":[{"actor":{"reference":"Patient/7"}},{"actor":{"reference":"urn:uuid:p1"}}]}`)), "Patient/me Appointment", ""},
		{"a relation of the person", bundle("collection", p1, item("", `{"resourceType":"RelatedPerson","patient":{"reference":"Patient/1"}}`)), "Patient/me RelatedPerson", ""},
		{"a relation of somebody else", bundle("collection", p1, item("", `{"resourceType":"RelatedPerson","patient":{"reference":"Patient/2"}}`)), "Patient/me", "1"},
		{"seen by another Patient", bundle("collection", p1, item("", `{"resourceType":"Observation","subject":{"reference":"urn:uuid:p1"},"performer":[{"reference":"Patient/2"}]}`)), "Patient/me Observation", ""},
		{"a contained patient", bundle("collection", p1, item("", `{"resourceType":"Observation","contained":[{"resourceType":"Patient","id":"c"}],"subject":{"reference":"#c"}}`)), "Patient/me Observation", ""},
		{"what a record cannot hold", bundle("collection", p1, item("", `{"resourceType":"Parameters"}`), item("", `{"resourceType":"Subscription"}`), item("", `{"resourceType":"OperationOutcome"}`)), "Patient/me", "1 2 3"},
		{"what is not FHIR", bundle("collection", p1, item("", `{"resourceType":"Basic","x":[]}`)), "Patient/me", "1"},
	} {
		im := planImport(t, c.bundle)
		var taken, refused []string
		for _, ch := range im.Changes {
			if ch.Ref.ID == "me" {
				taken = append(taken, ch.Ref.String())
			} else {
				taken = append(taken, ch.Ref.Type)
			}
		}
		for _, r := range im.Refused {
			if r.Reason == "" {
				t.Errorf("%s: no reason", c.name)
			}
			refused = append(refused, fmt.Sprint(r.Index))
		}
		if got := strings.Join(taken, " "); got != c.taken {
			t.Errorf("%s: took %s, want %s", c.name, got, c.taken)
		}
		if got := strings.Join(refused, " "); got != c.refused {
			t.Errorf("%s: refused %s, want %s", c.name, got, c.refused)
		}
	}
}

// The one patient a bundle without a Patient is about becomes the record's.
func TestImportAlias(t *testing.T) {
	im := planImport(t, bundle("collection", item("", `{"resourceType":"Observation","subject":{"reference":"http://h/Patient/9/_history/1"},"performer":[{"reference":"http://h/Patient/9"},{"reference":"Practitioner/9"}]}`)))
	if got := string(im.Changes[0].Resource.Bytes()); got != `{"resourceType":"Observation","subject":{"reference":"Patient/me"},"performer":[{"reference":"Patient/me"},{"reference":"Practitioner/9"}]}` || im.Dangling != 1 {
		t.Error(got, im.Dangling)
	}
}

// A refused entry is not pointed to by its new id: there is none.
func TestReferencesToTheRefused(t *testing.T) {
	im := planImport(t, bundle("collection",
		item("urn:uuid:1", `{"resourceType":"Parameters"}`),
		item("urn:uuid:2", `{"resourceType":"Basic","subject":{"reference":"Device/1"},"extension":[{"url":"x","valueReference":{"reference":"urn:uuid:1"}}]}`)))
	if got := string(im.Changes[0].Resource.Bytes()); !strings.Contains(got, `"urn:uuid:1"`) || im.Dangling != 2 {
		t.Error(got, im.Dangling)
	}
}

func TestVersionsOfOneResource(t *testing.T) {
	version := func(n, updated string) string {
		return item("http://h/Basic/1", `{"resourceType":"Basic","id":"1","meta":{"versionId":"`+n+`","lastUpdated":"`+updated+`"}}`)
	}
	older, newer := version("1", "2020-01-01T00:00:00Z"), version("2", "2021-01-01T00:00:00+01:00")
	for _, c := range []struct{ name, bundle, want string }{
		{"a history begins with the newest", bundle("history", newer, older), "2"},
		{"a history, whatever it says", bundle("history", older, newer), "1"},
		{"the newer first", bundle("collection", newer, older), "2"},
		{"the newer last", bundle("collection", older, newer), "2"},
		{"undated: the last", bundle("collection", version("1", "x"), version("2", "x")), "2"},
		{"deleted", bundle("history", `{"fullUrl":"http://h/Basic/1","request":{"method":"DELETE","url":"Basic/1"}}`, newer), ""},
		{"deleted, and made again", bundle("history", newer, `{"fullUrl":"http://h/Basic/1","request":{"method":"DELETE","url":"Basic/1"}}`, older), "2"},
	} {
		im := planImport(t, c.bundle)
		got := ""
		for _, ch := range im.Changes {
			got += ch.Resource.VersionID()
		}
		if got != c.want {
			t.Errorf("%s: version %q, want %q", c.name, got, c.want)
		}
	}
}

func TestPatientSummary(t *testing.T) {
	im := planImport(t, bundle("collection", item("", `{"resourceType":"Patient","birthDate":"1950-02","identifier":[{"system":"other","value":"1"},{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9000000009"}],
"name":[{"use":"old","text":"Old Name"},{"use":"official","prefix":["Mrs"],"given":["Ann","M\u0061ria"],"_given":[{"id":"x"}],"family":"Lee"},{"use":"usual","text":"Annie"}]}`)))
	want := change.PatientSummary{Name: "Mrs Ann Maria Lee", BirthDate: "1950-02", NHSNumber: "9000000009"}
	if len(im.Patients) != 1 || im.Patients[0] != want {
		t.Errorf("%+v", im.Patients)
	}
	for _, odd := range []string{`"name":"x"`, `"name":[1,{"given":"x"},{"family":{"a":1}}]`, `"birthDate":1970`, `"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":7}]`} {
		if im := planImport(t, bundle("collection", item("", `{"resourceType":"Patient",`+odd+`}`))); im.Patients[0] != (change.PatientSummary{}) {
			t.Errorf("%s: %+v", odd, im.Patients[0])
		}
	}
}

func TestImportNeedsTheRecordsPatient(t *testing.T) {
	b, _ := change.ParseBundle([]byte(bundle("collection")), change.Limits{})
	if _, err := change.PlanImport(b, "source", ""); err == nil {
		t.Error("imported into nobody's record")
	}
}

// Another source gives other ids; the order of entries does not matter.
func TestSourcesDoNotMix(t *testing.T) {
	text := bundle("collection", item("urn:uuid:1", `{"resourceType":"Basic"}`), item("urn:uuid:2", `{"resourceType":"Basic","id":"2"}`))
	turned := bundle("collection", item("urn:uuid:2", `{"resourceType":"Basic","id":"2"}`), item("urn:uuid:1", `{"resourceType":"Basic"}`))
	ids := func(text, source string) []string {
		b, _ := change.ParseBundle([]byte(text), change.Limits{})
		im, _ := change.PlanImport(b, source, "me")
		var out []string
		for _, c := range im.Changes {
			out = append(out, c.Ref.String())
		}
		slices.Sort(out)
		return out
	}
	if a, b := ids(text, "a"), ids(turned, "a"); !slices.Equal(a, b) {
		t.Error(a, b)
	}
	for _, id := range ids(text, "a") {
		if slices.Contains(ids(text, "b"), id) {
			t.Error("two sources, one id", id)
		}
	}
}

func TestBundleInABundleIsKept(t *testing.T) {
	inner := bundle("document", item("urn:uuid:1", `{"resourceType":"Basic","subject":{"reference":"urn:uuid:1"}}`))
	im := planImport(t, bundle("collection", item("urn:uuid:1", `{"resourceType":"Basic"}`), item("urn:uuid:2", inner)))
	if got := im.Changes[1].Resource.Bytes(); !bytes.Equal(got, []byte(inner)) {
		t.Errorf("%s", got)
	}
}
