package search_test

import (
	"encoding/json"
	"math/big"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// The slow matcher: what the standard says, entry by entry and parameter by
// parameter, over encoding/json's maps and with paths written by hand. It shares no
// line with the package. TestPropertySlow holds the package against it.

type object = map[string]any

// slowParams are where each parameter's values are, by R4's pages: element paths,
// of a choice all of its members.
var slowParams = map[string]map[string]struct {
	typ   string
	paths string
}{
	"Observation": {
		"code": {"token", "code"}, "status": {"token", "status"}, "category": {"token", "category"},
		"date": {"date", "effectiveDateTime effectivePeriod effectiveInstant"}, "value-quantity": {"quantity", "valueQuantity"},
		"value-string": {"string", "valueString"}, "subject": {"reference", "subject"}, "performer": {"reference", "performer"},
		"component-value-quantity": {"quantity", "component.valueQuantity"}, "component-code": {"token", "component.code"},
		"combo-code": {"token", "code component.code"}, "identifier": {"token", "identifier"},
	},
	"Condition": {
		"code": {"token", "code"}, "clinical-status": {"token", "clinicalStatus"}, "recorded-date": {"date", "recordedDate"},
		"onset-date": {"date", "onsetDateTime onsetPeriod"}, "subject": {"reference", "subject"}, "asserter": {"reference", "asserter"},
		"category": {"token", "category"}, "identifier": {"token", "identifier"},
	},
	"Patient": {
		"family": {"string", "name.family"}, "given": {"string", "name.given"}, "birthdate": {"date", "birthDate"}, "gender": {"token", "gender"},
		"identifier": {"token", "identifier"}, "active": {"token", "active"}, "general-practitioner": {"reference", "generalPractitioner"},
	},
	"Practitioner":   {"family": {"string", "name.family"}, "given": {"string", "name.given"}, "identifier": {"token", "identifier"}},
	"RiskAssessment": {"probability": {"number", "prediction.probabilityDecimal"}, "subject": {"reference", "subject"}},
}

// at is every value at a path, arrays looked into.
func at(v any, path string) (found []any) {
	if list, ok := v.([]any); ok {
		for _, x := range list {
			found = append(found, at(x, path)...)
		}
		return found
	}
	if path == "" {
		return []any{v}
	}
	name, rest, _ := strings.Cut(path, ".")
	if o, ok := v.(object); ok && o[name] != nil {
		return at(o[name], rest)
	}
	return nil
}

func slowValues(r object, code string) (found []any) {
	for path := range strings.FieldsSeq(slowParams[r["resourceType"].(string)][code].paths) {
		found = append(found, at(r, path)...)
	}
	return found
}

// slowCond is a parameter of a search: any of the values is enough.
type slowCond struct {
	code, modifier string
	values         []string // of composite: a$b
	chain          *slowCond
	chainType      string
	has            bool // _has:chainType:code: in chain
}

// slowMatch is whether an entry satisfies a condition. all is the record, for chains.
func slowMatch(r object, c slowCond, all []object) bool {
	self := r["resourceType"].(string) + "/" + r["id"].(string)
	switch {
	case c.has: // an entry of the type points here by the parameter, and satisfies the rest
		for _, o := range all {
			if o["resourceType"] == c.chainType && slowMatch(o, *c.chain, all) {
				for _, v := range slowValues(o, c.code) {
					if slowRef(v) == self {
						return true
					}
				}
			}
		}
		return false
	case c.chain != nil: // what the parameter points to satisfies the rest
		for _, v := range slowValues(r, c.code) {
			for _, o := range all {
				if o["resourceType"] == c.chainType && slowRef(v) == c.chainType+"/"+o["id"].(string) && slowMatch(o, *c.chain, all) {
					return true
				}
			}
			for _, o := range at(r, "contained") { // "will be evaluated inside contained resources", §3.1.1.5.5
				o := o.(object)
				if o["resourceType"] == c.chainType && v.(object)["reference"] == "#"+o["id"].(string) && slowMatch(o, *c.chain, all) {
					return true
				}
			}
		}
		return false
	}
	if c.code == "code-value-quantity" {
		for _, v := range c.values {
			code, quantity, _ := strings.Cut(v, "$")
			if slowMatch(r, slowCond{code: "code", values: []string{code}}, all) && slowMatch(r, slowCond{code: "value-quantity", values: []string{quantity}}, all) {
				return true // each is there once
			}
		}
		return false
	}
	values := slowValues(r, c.code)
	if c.modifier == "missing" {
		return (len(values) == 0) == (c.values[0] == "true")
	}
	if c.code == "family" && c.modifier == "" { // "servers should search the parts of a family name independently", R4 HumanName
		for _, v := range values {
			words := strings.Fields(v.(string))
			for i := range words {
				values = append(values, any(strings.Join(words[i:], " ")))
			}
		}
	}
	found := false
	for _, v := range values {
		for _, want := range c.values {
			found = found || slowOne(slowParams[r["resourceType"].(string)][c.code].typ, c.modifier, v, want)
		}
	}
	if c.modifier == "not" {
		return !found
	}
	return found
}

func slowOne(typ, modifier string, v any, want string) bool {
	switch typ {
	case "string":
		have := v.(string)
		switch modifier {
		case "exact":
			return have == want
		case "contains":
			return strings.Contains(slowFold(have), slowFold(want))
		}
		return strings.HasPrefix(slowFold(have), slowFold(want))
	case "token":
		for _, t := range slowTokens(v) {
			system, code, piped := strings.Cut(want, "|")
			switch {
			case modifier == "text":
				if t[2] != "" && strings.HasPrefix(slowFold(t[2]), slowFold(want)) {
					return true
				}
			case !piped && t[1] == want, piped && code == "" && t[0] == system, piped && code != "" && t[0] == system && t[1] == code:
				return true
			}
		}
		return false
	case "reference":
		want := strings.TrimPrefix(want, standardBase+"/")
		if modifier != "" {
			want = modifier + "/" + strings.TrimPrefix(want, modifier+"/")
		}
		have := slowRef(v)
		return have == want || !strings.Contains(want, "/") && strings.HasSuffix(have, "/"+want)
	case "date":
		from, to := slowSpan(v)
		prefix, text := slowPrefix(want)
		low, high := slowInstant(text)
		return slowDate(prefix, from, to, low, high)
	case "number":
		prefix, text := slowPrefix(want)
		return slowNumber(prefix, rat(v.(json.Number).String()), text, big.NewRat(1, 1))
	case "quantity":
		q := v.(object)
		prefix, text := slowPrefix(want)
		parts := strings.Split(text, "|")
		have, factor := rat(q["value"].(json.Number).String()), big.NewRat(1, 1)
		if len(parts) == 3 {
			system, _ := q["system"].(string)
			code, _ := q["code"].(string)
			unit, _ := q["unit"].(string)
			switch {
			case code == parts[2] && (parts[1] == "" || parts[1] == system), parts[1] == "" && unit == parts[2]:
			case parts[1] == ucumSystem && system == ucumSystem && grams[code] != nil && grams[parts[2]] != nil:
				have = new(big.Rat).Mul(have, grams[code])
				factor = grams[parts[2]]
			default:
				return false
			}
		}
		return slowNumber(prefix, have, parts[0], factor)
	}
	panic(typ)
}

const ucumSystem = "http://unitsofmeasure.org"

var grams = map[string]*big.Rat{"kg": big.NewRat(1000, 1), "g": big.NewRat(1, 1), "mg": big.NewRat(1, 1000)}

func slowTokens(v any) (all [][3]string) {
	text := func(o object, name string) string { s, _ := o[name].(string); return s }
	switch v := v.(type) {
	case bool:
		return [][3]string{{"", map[bool]string{true: "true", false: "false"}[v], ""}}
	case string: // a code: its system is the value set's
		return [][3]string{{"", v, ""}}
	case object:
		if list, ok := v["coding"].([]any); ok {
			for _, c := range list {
				c := c.(object)
				all = append(all, [3]string{text(c, "system"), text(c, "code"), text(c, "display")})
			}
		}
		if v["text"] != nil {
			all = append(all, [3]string{"", "", text(v, "text")})
		}
		if v["value"] != nil {
			all = append(all, [3]string{text(v, "system"), text(v, "value"), ""})
		}
	}
	return all
}

func slowRef(v any) string {
	s, _ := v.(object)["reference"].(string)
	return strings.TrimPrefix(s, standardBase+"/")
}

func slowFold(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		if !unicode.Is(unicode.Mn, r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

func slowPrefix(s string) (prefix, rest string) {
	if len(s) > 2 && strings.Contains("eq ne gt lt ge le sa eb", s[:2]) && s[0] >= 'a' {
		return s[:2], s[2:]
	}
	return "eq", s
}

var (
	longAgo = time.Date(-5000, 1, 1, 0, 0, 0, 0, time.UTC)
	never   = time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC)
)

// slowInstant is the time a date covers, its end left out.
func slowInstant(s string) (from, to time.Time) {
	for _, f := range []struct {
		layout string
		years  int
		months int
		days   int
		more   time.Duration
	}{{"2006", 1, 0, 0, 0}, {"2006-01", 0, 1, 0, 0}, {"2006-01-02", 0, 0, 1, 0}, {"2006-01-02T15:04Z07:00", 0, 0, 0, time.Minute}, {"2006-01-02T15:04:05Z07:00", 0, 0, 0, time.Second}} {
		if t, err := time.Parse(f.layout, s); err == nil {
			return t, t.AddDate(f.years, f.months, f.days).Add(f.more)
		}
	}
	panic(s)
}

func slowSpan(v any) (from, to time.Time) {
	if s, ok := v.(string); ok {
		return slowInstant(s)
	}
	from, to = longAgo, never
	if s, ok := v.(object)["start"].(string); ok {
		from, _ = slowInstant(s)
	}
	if s, ok := v.(object)["end"].(string); ok {
		_, to = slowInstant(s)
	}
	return from, to
}

// slowDate: FHIR R4 §3.1.1.4.5, the table of prefixes, with from and to the
// resource's range, low and high the search's.
func slowDate(prefix string, from, to, low, high time.Time) bool {
	contains := !from.Before(low) && !to.After(high)
	switch prefix {
	case "eq":
		return contains
	case "ne":
		return !contains
	case "gt":
		return to.After(high)
	case "lt":
		return from.Before(low)
	case "ge":
		return to.After(high) || contains
	case "le":
		return from.Before(low) || contains
	case "sa":
		return !from.Before(high)
	case "eb":
		return !to.After(low)
	}
	panic(prefix)
}

func rat(s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		panic(s)
	}
	return r
}

// slowNumber: eq and ne by the search's precision, the others exactly; factor is
// that of the search's unit.
func slowNumber(prefix string, have *big.Rat, text string, factor *big.Rat) bool {
	want := rat(text)
	mantissa, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	unit := big.NewRat(1, 1) // of the last digit
	if _, decimals, ok := strings.Cut(mantissa, "."); ok {
		for range decimals {
			unit.Quo(unit, big.NewRat(10, 1))
		}
	}
	if len(mantissa) == 1 && exponent != "" && exponent[0] != '-' {
		unit.Quo(unit, big.NewRat(10, 1)) // the standard's 1e2 is [95, 105)
	}
	if exponent != "" {
		unit.Mul(unit, rat("1e"+exponent))
	}
	half := new(big.Rat).Quo(unit, big.NewRat(2, 1))
	low, high := new(big.Rat).Sub(want, half), new(big.Rat).Add(want, half)
	for _, r := range []*big.Rat{low, high, want} {
		r.Mul(r, factor)
	}
	within := have.Cmp(low) >= 0 && have.Cmp(high) < 0
	switch prefix {
	case "eq":
		return within
	case "ne":
		return !within
	case "gt", "sa":
		return have.Cmp(want) > 0
	case "lt", "eb":
		return have.Cmp(want) < 0
	case "ge":
		return have.Cmp(want) >= 0
	case "le":
		return have.Cmp(want) <= 0
	}
	panic(prefix)
}
