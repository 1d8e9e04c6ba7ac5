package filing

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"carehold/record/fhir"
	"carehold/record/testdata"
)

// same compares decide with the slow one, to the letter of the reason. The reader has
// read others before, as it does in a request.
func same(t *testing.T, rd *reader, r *fhir.Resource) (decided bool) {
	t.Helper()
	want := slowDecide(r)
	if got := rd.decide(r); got != want {
		t.Fatalf("%s\n got %+v\nwant %+v", cut(r.Bytes()), got, want)
	}
	if got := new(reader).decide(r); got != want {
		t.Fatalf("by itself: %s\n got %+v\nwant %+v", cut(r.Bytes()), got, want)
	}
	return want.decided
}

func cut(b []byte) []byte { return b[:min(len(b), 4000)] }

// All shared data: each entry of Synthea's people, HL7's examples, and every resource
// that is inside one of them.
func TestSameOverData(t *testing.T) {
	var files []string
	for _, name := range []string{"synthea", "r4-examples"} {
		found, _ := filepath.Glob(filepath.Join(testdata.Dir(t, name), "*.json"))
		if len(found) == 0 {
			t.Fatal("nothing in", name)
		}
		files = append(files, found...)
	}
	var rd reader
	read, decided := 0, 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range inside(raw) {
			r, err := fhir.Parse(text, fhir.Limits{})
			if err != nil {
				continue
			}
			if len(text) > 1<<20 && r.Type() == "Bundle" {
				continue // a life, whose entries are looked at one by one
			}
			if testing.Short() && read%5 != 0 && decided > 0 {
				read++
				continue
			}
			read++
			if same(t, &rd, r) {
				decided++
			}
		}
	}
	if read < 3000 || decided == 0 {
		t.Errorf("%d resources, %d of them by more than their type", read, decided)
	}
	t.Logf("%d resources, %d of them by more than their type", read, decided)
}

// inside are a resource and all in it.
func inside(raw []byte) (all []json.RawMessage) {
	var r struct {
		ResourceType string
		Entry        []struct{ Resource json.RawMessage }
		Contained    []json.RawMessage
	}
	if json.Unmarshal(raw, &r) != nil || r.ResourceType == "" {
		return nil
	}
	all = append(all, raw)
	for _, e := range r.Entry {
		all = append(all, inside(e.Resource)...)
	}
	for _, c := range r.Contained {
		all = append(all, inside(c)...)
	}
	return all
}

// Texts that were made up, of all that is looked for and all that stands in its way.
func TestSameOverTexts(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	n := 60_000
	if testing.Short() {
		n = 6_000
	}
	said, spared := 0, 0
	for range n {
		text := madeText(rnd)
		plain := slowNormal(text)
		got := appendPlain(nil, []byte(text))
		rows := rowSet(0)
		for i := range refinements {
			if slices.ContainsFunc(refinements[i].words, func(w string) bool { return strings.Contains(plain, " "+w) }) {
				rows |= 1 << i
			}
		}
		want := slowWords([]fhir.Coding{{Display: text}})
		s := look(got)
		if s.section != want.section || s.rule != want.why.Rule || s.text != want.why.Text || s.rows != rows {
			t.Fatalf("%q, plain %q\n got %+v\nwant %+v, rows %b", text, plain, s, want, rows)
		}
		if s.section != 0 {
			said++
		} else if slices.ContainsFunc(notMeant, func(p string) bool { return strings.Contains(strings.ToLower(text), p) }) {
			spared++
		}
	}
	if said < n/10 || spared == 0 {
		t.Errorf("of %d texts %d say something, and %d would if they meant it", n, said, spared)
	}
}

// Resources that were made up: codes, words and labels in every place that counts and
// in such as look like one.
func TestSameOverResources(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	n := 6_000
	if testing.Short() {
		n = 1_000
	}
	var rd reader
	rules := map[string]bool{}
	for range n {
		m := maker{rnd, 0}
		made := m.object()
		made["resourceType"] = types[rnd.IntN(len(types))].name
		if rnd.IntN(2) == 0 {
			made["resourceType"] = pick(rnd, "Observation", "Observation", "List", "Flag", "Location", "Device", "Consent", "AllergyIntolerance")
		}
		b, err := json.Marshal(made)
		if err != nil {
			t.Fatal(err)
		}
		r, err := fhir.Parse(b, fhir.Limits{})
		if err != nil {
			continue
		}
		same(t, &rd, r)
		rule, _, _ := strings.Cut(rd.decide(r).found.why.Rule, ":")
		rules[rule] = true
		if rnd.IntN(100) == 0 {
			rd = reader{}
		}
	}
	for _, rule := range []string{"label", "code", "words", "refine", "type"} {
		if !rules[rule] {
			t.Errorf("nothing was filed by a %s", rule)
		}
	}
}

func FuzzSame(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Observation","code":{"coding":[{"system":"http://loinc.org","code":"72166-2","display":"Tobacco \u212a"}],"text":"Lithium heparin"},"focus":[{"reference":"Goal/1"}]}`))
	f.Add([]byte(`{"resourceType":"Consent","provision":{"securityLabel":[{"code":"PSY","display":"HIV"}]},"description":"st depressions, Deprés\u0301sion"}`))
	f.Add([]byte(`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Organization","name":"Drug and Alcohol","x.security":{"code":"N"}}}]}`))
	f.Add([]byte(`{"resourceType":"DocumentReference","description":"this is me","type":{"text":"about me"},"content":[{"attachment":{"title":"what matters to me"}}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := fhir.Parse(b, fhir.Limits{}); err == nil {
			same(t, new(reader), r)
		}
	})
}

func pick[T any](rnd *rand.Rand, from ...T) T { return from[rnd.IntN(len(from))] }

// madeText is a text of phrases, letters and signs, disguised.
func madeText(rnd *rand.Rand) string {
	var b strings.Builder
	for range 1 + rnd.IntN(6) {
		switch rnd.IntN(9) {
		case 0, 1:
			b.WriteString(disguised(rnd, pick(rnd, pick(rnd, wordSets...).words...)))
		case 2, 3:
			b.WriteString(disguised(rnd, pick(rnd, notMeant...)))
		case 4:
			for w, others := range unless {
				b.WriteString(disguised(rnd, pick(rnd, w, pick(rnd, others...), "with")))
				break
			}
		case 5:
			if words := pick(rnd, refinements...).words; len(words) > 0 {
				b.WriteString(disguised(rnd, pick(rnd, words...)))
			}
		case 6: // the beginning of a phrase, and the end of another
			a, z := pick(rnd, pick(rnd, wordSets...).words...), pick(rnd, notMeant...)
			b.WriteString(a[:rnd.IntN(len(a))] + z[rnd.IntN(len(z)):])
		case 7:
			for range rnd.IntN(5) {
				b.WriteRune(pick(rnd, 'a', 'é', 'K', 'İ', 'ß', 'ſ', '́', '​', '­', '٣', '中', ' ', ' ', '\t', '-', '–', '_', 0, '�', '𝐇', rune(rnd.IntN(0x3000))))
			}
		case 8:
			b.WriteString(pick(rnd, "blood test", "for a week", "\xff", "\xe2\x80", "1", "HIV", "AIDS"))
		}
		b.WriteString(pick(rnd, " ", " ", " ", "", "-", "  ", ", ", "\u00a0", "\u200b", "/"))
	}
	return b.String()
}

// disguised is a phrase as people and programs write it.
func disguised(rnd *rand.Rand, phrase string) string {
	switch rnd.IntN(8) {
	case 0:
		return strings.ToUpper(phrase)
	case 1:
		return strings.ReplaceAll(phrase, " ", pick(rnd, "-", "  ", " (", "\u2011", "\u00a0", "/"))
	case 2:
		return strings.ReplaceAll(phrase, "k", "\u212a")
	case 3:
		return strings.ReplaceAll(phrase, "i", pick(rnd, "I", "ı", "í", "i\u0301", "İ"))
	case 4:
		at := rnd.IntN(len(phrase))
		return phrase[:at] + pick(rnd, "\u00ad", "\u200b", "\ufeff", "\u0301", "x") + phrase[at:]
	case 5:
		return phrase + pick(rnd, "s", "on", "ve", "1", "é")
	}
	return phrase
}

// maker makes what might be in a resource.
type maker struct {
	rnd  *rand.Rand
	deep int
}

var usual = []string{"code", "category", "title", "name", "resource", "contained", "confidentiality", "focus", "focusing", "display"}

var names = []string{"code", "category", "focus", "text", "display", "title", "questionnaire", "instantiatesCanonical", "description", "name", "topic", "confidentiality",
	"securityLabel", "security", "meta", "contained", "resource", "coding", "valueCodeableConcept", "valueCoding", "extension", "reference", "type", "reasonCode", "note",
	"x.security", "code.x", "category[0]", "a.securityLabel.b", "security[1]", "", ".", "code[", strings.Repeat("long", 30), strings.Repeat("q", 60) + ".securityLabel", "sécurité"}

func (m *maker) object() map[string]any {
	m.deep++
	defer func() { m.deep-- }()
	o := map[string]any{}
	for range 1 + m.rnd.IntN(4) {
		switch name := pick(m.rnd, pick(m.rnd, names, usual)...); name {
		case "confidentiality":
			o[name] = pick(m.rnd, "V", "R", "N", "PSY")
		case "focus", "focusing":
			o[name] = []any{map[string]any{"reference": pick(m.rnd, "Goal/1", "Condition/2", "goal/3")}}
		case "resource":
			o[name] = m.object()
		case "contained":
			o[name] = []any{m.object()}
		case "title", "display", "name":
			o[name] = strings.ToValidUTF8(madeText(m.rnd), "?") + "."
		default:
			o[name] = m.value()
		}
	}
	return o
}

func (m *maker) value() any {
	if m.deep > 12 {
		return madeText(m.rnd)
	}
	switch m.rnd.IntN(8) {
	case 0:
		return m.object()
	case 1:
		return []any{m.object(), m.object()}
	case 2:
		return []any{m.coding(), m.coding()}
	case 3:
		return map[string]any{"coding": []any{m.coding()}, "text": strings.ToValidUTF8(madeText(m.rnd), "?")}
	case 4:
		return m.coding()
	case 5, 6: // deep enough for a path that is cut short
		var v any = m.coding()
		for range m.rnd.IntN(40) {
			v = map[string]any{pick(m.rnd, "securityLabel", "somewhereBelow", "contained", "x"): v}
		}
		return v
	}
	return strings.ToValidUTF8(madeText(m.rnd), "?")
}

func (m *maker) coding() any {
	c := map[string]any{}
	if m.rnd.IntN(4) > 0 {
		c["display"] = strings.ToValidUTF8(madeText(m.rnd), "?") + "."
	}
	if m.rnd.IntN(4) > 0 {
		var set codeSet
		for list := range pickMap(m.rnd, codeSets) {
			set = *pick(m.rnd, list...)
		}
		code := "1"
		if len(set.codes) > 0 {
			code = pick(m.rnd, set.codes...)
		}
		for term := range set.terms {
			code = term
			break
		}
		if at := strings.IndexAny(code, "–#"); at > 0 {
			code = code[:at]
		}
		c["code"] = pick(m.rnd, code, code, strings.ToLower(code), code+".1", "PSY", "R", "V", "ETH", "vital-signs", "laboratory", "Social-History", "8480-6", "\\u212a")
	}
	if m.rnd.IntN(4) > 0 {
		c["system"] = pick(m.rnd, "http://snomed.info/sct", "http://loinc.org", "http://hl7.org/fhir/sid/icd-10", "http://terminology.hl7.org/CodeSystem/v3-ActCode",
			"http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "http://www.nlm.nih.gov/research/umls/rxnorm", "http://www.whocc.no/atc", "urn:oid:2.16.840.1.113883.6.3", "x")
	}
	if m.rnd.IntN(8) == 0 {
		c[pick(m.rnd, "extension", "_display", "userSelected", "note")] = []any{m.object()}
	}
	return c
}

// pickMap gives one value of a map.
func pickMap[K comparable, V any](rnd *rand.Rand, from map[K]V) func(func(V) bool) {
	return func(yield func(V) bool) {
		at := rnd.IntN(len(from))
		for _, v := range from {
			if at == 0 {
				yield(v)
				return
			}
			at--
		}
	}
}

// A set of rows and the phrases of unless have a bit each.
func TestBitsSuffice(t *testing.T) {
	if len(refinements) > 64 {
		t.Errorf("%d refinements: a rowSet has 64 bits", len(refinements))
	}
	others := map[string]bool{}
	for _, list := range unless {
		for _, other := range list {
			others[other] = true
		}
	}
	if len(others) > 16 {
		t.Errorf("unless lists %d phrases: spares has 16 bits", len(others))
	}
	for text := range phrases() {
		for i := range len(text) {
			if letters[text[i]] == 63 || text[0] == ' ' || len(text) < 3 {
				t.Errorf("%q: a phrase is at least three of the letters, digits and spaces of ASCII, and begins with no space", text)
				break
			}
		}
	}
	for _, set := range wordSets { // or which of two that begin at one place is named would be chance
		for _, a := range set.words {
			for _, b := range set.words {
				if a != b && strings.HasPrefix(a, b) {
					t.Errorf("%s: %q is found by %q already", set.id, a, b)
				}
			}
		}
	}
	for w := range unless {
		if len(phrases()[w].words) == 0 {
			t.Errorf("unless spares %q, which is no word", w)
		}
	}
}
