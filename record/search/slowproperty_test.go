package search_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"carehold/record/search"
	"pgregory.net/rapid"
)

// TestPropertySlow: over random records and random searches the package finds what
// the slow matcher finds, all of it and nothing else.
func TestPropertySlow(t *testing.T) {
	searches, hits := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		var all []search.Entry
		var objects []object
		for i := range rapid.IntRange(0, 9).Draw(t, "entries") {
			text := randomResource(t, i)
			all = append(all, entryOf(t, text))
			d := json.NewDecoder(bytes.NewReader([]byte(text)))
			d.UseNumber()
			var o object
			if err := d.Decode(&o); err != nil {
				t.Fatal(err)
			}
			objects = append(objects, o)
		}
		for range 4 {
			typ := rapid.SampledFrom(slowTypes).Draw(t, "type")
			var conds []slowCond
			var parts []string
			for range rapid.IntRange(0, 3).Draw(t, "conditions") {
				c := randomCond(t, typ, true)
				conds = append(conds, c)
				parts = append(parts, c.name()+"="+url.QueryEscape(strings.Join(c.innermost().values, ",")))
			}
			query := strings.Join(parts, "&")
			q, err := search.Parse(typ, query, search.Options{Base: standardBase, Strict: true, Now: standardNow})
			if err != nil {
				t.Fatalf("%s?%s: %v", typ, query, err)
			}
			r, err := q.Run(all)
			if err != nil {
				t.Fatalf("%s?%s: %v", typ, query, err)
			}
			page, _, err := r.Page(nil, len(all)+1)
			if err != nil {
				t.Fatal(err)
			}
			for i, o := range objects {
				want := o["resourceType"] == typ
				for _, c := range conds {
					want = want && slowMatch(o, c, objects)
				}
				if got := slices.Contains(page, i); got != want {
					text, _ := json.Marshal(o)
					t.Fatalf("%s?%s\nfound: %v, want %v:\n%s", typ, query, got, want, text)
				}
				if want {
					hits++
				}
			}
			searches++
		}
	})
	t.Logf("%d searches, %d entries found", searches, hits)
}

var slowTypes = []string{"Observation", "Observation", "Condition", "Patient", "Practitioner", "RiskAssessment"}

func (c slowCond) name() string {
	switch {
	case c.has:
		return "_has:" + c.chainType + ":" + c.code + ":" + c.chain.name()
	case c.chain != nil:
		return c.code + ":" + c.chainType + "." + c.chain.name()
	case c.modifier != "":
		return c.code + ":" + c.modifier
	}
	return c.code
}

func (c slowCond) innermost() slowCond {
	if c.chain != nil {
		return *c.chain
	}
	return c
}

// A few of everything, so that searches meet what is there.
var (
	slowSystems = []string{"", "http://loinc.org", "http://snomed.info/sct"}
	slowCodes   = []string{"a", "b", "2823-3"}
	slowStrings = []string{"Ångström", "angstrom", "Ang", "van der Berg", "Zoë", "zoe", "Très bien", "tres", "B"}
	slowDates   = []string{"2013", "2013-01", "2013-02", "2013-01-14", "2013-01-15", "2013-01-14T10:00:00Z", "2013-01-14T11:00:00+01:00", "2012-12-31T23:59:59Z", "2014-01-01"}
	slowNumbers = []string{"5", "5.4", "5.40", "0.8", "0.80", "70", "70000", "7e1", "-3", "0", "5.449", "5.45", "100"}
	slowUnits   = []string{"kg", "g", "mg", "mmol/L", "puffs"}
	slowRefs    = []string{"Patient/e0", "Patient/e1", "Practitioner/e2", "Practitioner/e3", standardBase + "/Patient/e1"}
)

func pickOf(t *rapid.T, list []string) string { return rapid.SampledFrom(list).Draw(t, "pick") }

func one(t *rapid.T, n int) bool { return rapid.IntRange(0, n-1).Draw(t, "whether") == 0 }

func randomCoding(t *rapid.T) object {
	o := object{"code": pickOf(t, slowCodes)}
	if s := pickOf(t, slowSystems); s != "" {
		o["system"] = s
	}
	if one(t, 3) {
		o["display"] = pickOf(t, slowStrings)
	}
	return o
}

func randomConcept(t *rapid.T) object {
	o := object{}
	var codings []any
	for range rapid.IntRange(0, 2).Draw(t, "codings") {
		codings = append(codings, randomCoding(t))
	}
	if len(codings) > 0 {
		o["coding"] = codings
	}
	if len(codings) == 0 || one(t, 3) {
		o["text"] = pickOf(t, slowStrings)
	}
	return o
}

func randomQuantity(t *rapid.T) object {
	o := object{"value": json.Number(pickOf(t, slowNumbers))}
	switch unit := pickOf(t, slowUnits); rapid.IntRange(0, 2).Draw(t, "coded") {
	case 0:
		o["unit"] = unit
	default:
		o["system"], o["code"] = ucumSystem, unit
		if unit == "puffs" {
			o["system"] = "http://units.example"
		}
	}
	return o
}

func randomPeriod(t *rapid.T) object {
	o := object{}
	if one(t, 2) {
		o["start"] = pickOf(t, []string{"2013-01-01", "2013-01-14T10:00:00Z", "2012"})
	}
	if len(o) == 0 || one(t, 2) {
		o["end"] = pickOf(t, []string{"2013-01-14", "2013-02", "2014"})
	}
	return o
}

func randomResource(t *rapid.T, i int) string {
	o := object{"resourceType": pickOf(t, slowTypes), "id": fmt.Sprintf("e%d", i)}
	reference := func() object { return object{"reference": pickOf(t, slowRefs)} }
	may := func(name string, value func() any) {
		if one(t, 2) {
			o[name] = value()
		}
	}
	may("identifier", func() any {
		id := object{"value": pickOf(t, slowCodes)}
		if s := pickOf(t, slowSystems); s != "" {
			id["system"] = s
		}
		return []any{id}
	})
	date := func() any { return pickOf(t, slowDates) }
	switch o["resourceType"] {
	case "Observation":
		o["status"] = pickOf(t, []string{"final", "preliminary"})
		o["code"] = randomConcept(t)
		may("category", func() any { return []any{randomConcept(t), randomConcept(t)} })
		may("subject", func() any { return reference() })
		may("performer", func() any { return []any{reference(), reference()} })
		switch rapid.IntRange(0, 2).Draw(t, "effective") {
		case 0:
			o["effectiveDateTime"] = date()
		case 1:
			o["effectivePeriod"] = randomPeriod(t)
		}
		switch rapid.IntRange(0, 2).Draw(t, "value") {
		case 0:
			o["valueQuantity"] = randomQuantity(t)
		case 1:
			o["valueString"] = pickOf(t, slowStrings)
		}
		may("component", func() any {
			return []any{object{"code": randomConcept(t), "valueQuantity": randomQuantity(t)}, object{"code": randomConcept(t)}}
		})
	case "Condition":
		may("code", func() any { return randomConcept(t) })
		may("clinicalStatus", func() any { return randomConcept(t) })
		may("category", func() any { return []any{randomConcept(t)} })
		may("recordedDate", date)
		may("onsetDateTime", date)
		may("asserter", func() any { return reference() })
		o["subject"] = reference()
	case "Patient":
		may("gender", func() any { return pickOf(t, []string{"male", "female"}) })
		may("active", func() any { return one(t, 2) })
		may("birthDate", func() any { return pickOf(t, slowDates[:5]) })
		may("generalPractitioner", func() any { return []any{reference(), reference()} })
		fallthrough
	case "Practitioner":
		may("name", func() any {
			return []any{object{"family": pickOf(t, slowStrings), "given": []any{pickOf(t, slowStrings), pickOf(t, slowStrings)}}, object{"family": pickOf(t, slowStrings)}}
		})
	case "RiskAssessment":
		o["status"], o["subject"] = "final", reference()
		may("prediction", func() any {
			return []any{object{"probabilityDecimal": json.Number(pickOf(t, slowNumbers))}, object{"probabilityDecimal": json.Number(pickOf(t, slowNumbers))}}
		})
	}
	if one(t, 3) {
		contain(t, o)
	}
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// contain puts people into a resource, and points to one of them, or to nobody.
func contain(t *rapid.T, o object) {
	var people []any
	for i, typ := range []string{"Patient", "Practitioner", "Practitioner"} {
		if one(t, 2) {
			in := object{"resourceType": typ, "id": fmt.Sprintf("in%d", i), "name": []any{object{"family": pickOf(t, slowStrings)}}}
			if one(t, 2) {
				in["identifier"] = []any{object{"value": pickOf(t, slowCodes)}}
			}
			people = append(people, in)
		}
	}
	if people == nil {
		return
	}
	o["contained"] = people
	inside := func() object { return object{"reference": pickOf(t, []string{"#in0", "#in1", "#in2", "#", "#nobody"})} }
	switch o["resourceType"] {
	case "Observation":
		o["subject"], o["performer"] = inside(), []any{inside(), object{"reference": pickOf(t, slowRefs)}}
	case "Condition":
		o["subject"], o["asserter"] = inside(), inside()
	case "Patient":
		o["generalPractitioner"] = []any{inside(), inside()}
	}
}

// randomCond is a condition on the type; with chains, one that may lead elsewhere.
func randomCond(t *rapid.T, typ string, chains bool) slowCond {
	codes := make([]string, 0, 16)
	for code := range slowParams[typ] {
		codes = append(codes, code)
	}
	if typ == "Observation" {
		codes = append(codes, "code-value-quantity")
	}
	slices.Sort(codes)
	if chains && one(t, 6) && (typ == "Patient" || typ == "Practitioner") {
		from := map[string][][2]string{"Patient": {{"Observation", "subject"}, {"Condition", "subject"}}, "Practitioner": {{"Condition", "asserter"}, {"Observation", "performer"}, {"Patient", "general-practitioner"}}}[typ]
		f := rapid.SampledFrom(from).Draw(t, "from")
		inner := randomCond(t, f[0], false)
		return slowCond{code: f[1], chainType: f[0], has: true, chain: &inner}
	}
	c := slowCond{code: pickOf(t, codes)}
	kind := slowParams[typ][c.code].typ
	if chains && kind == "reference" && one(t, 2) {
		c.chainType = map[string]string{"subject": "Patient", "performer": "Practitioner", "asserter": "Practitioner", "general-practitioner": "Practitioner"}[c.code]
		inner := randomCond(t, c.chainType, false)
		c.chain = &inner
		return c
	}
	if kind != "" && one(t, 6) {
		c.modifier, c.values = "missing", []string{pickOf(t, []string{"true", "false"})}
		return c
	}
	prefix := func() string { return pickOf(t, []string{"", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"}) }
	for range rapid.IntRange(1, 2).Draw(t, "values") {
		var v string
		switch kind {
		case "string":
			v = pickOf(t, slowStrings)
		case "token":
			v = pickOf(t, append(slowCodes, "female", "final", "true"))
			if one(t, 2) && !slices.Contains([]string{"gender", "status", "active"}, c.code) { // a code's system is implied
				v = pickOf(t, slowSystems) + "|" + v
			}
		case "date":
			v = prefix() + pickOf(t, slowDates)
		case "number":
			v = prefix() + pickOf(t, slowNumbers)
		case "reference":
			v = pickOf(t, append(slowRefs, "e0", "e1", "e2"))
		case "quantity", "":
			v = prefix() + pickOf(t, slowNumbers)
			if one(t, 2) {
				v += "|" + pickOf(t, []string{"", ucumSystem}) + "|" + pickOf(t, slowUnits)
			}
			if kind == "" {
				v = pickOf(t, slowCodes) + "$" + v
			}
		}
		c.values = append(c.values, v)
	}
	if one(t, 3) {
		switch kind {
		case "string":
			c.modifier = pickOf(t, []string{"exact", "contains"})
		case "token":
			c.modifier = pickOf(t, []string{"not", "text"})
			if c.modifier == "text" {
				if slices.Contains([]string{"gender", "status", "active", "identifier"}, c.code) {
					c.modifier = "not"
				} else {
					c.values = []string{pickOf(t, slowStrings)}
				}
			}
		}
	}
	return c
}
