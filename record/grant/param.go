package grant

import (
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A scope may be narrowed by search parameters (SMART App Launch 2.2, "Finer-grained
// resource constraints using search parameters"):
//
//	patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory
//
// Several values between commas are one or the other, several parameters are all of
// them, and several scopes add up. What a scope says here is grammar: that Observation
// has a category, and which entries match, the server looks up when the grant is used.
// A parameter that a type does not have matches nothing.

// Param is one parameter of a scope, as a search has it once its %-encoding is undone.
type Param struct{ Name, Value string }

// paramNames are the parameters that a scope may have, and what a person reads. All are
// codes (FHIR: of type token). A code is found in the entry alone and is equal or is
// not: no other entry, no clock and no URL of a server has a say in what the person
// signed, and it can be told to them in a few words.
//
// Not among them: references and chains, for whether an entry is shown would hang on
// what another says; dates and quantities, which are ranges with rules of their own,
// and every year's results are asked for by an Until better than by a year; texts,
// which match what nobody thought of; identifiers, _id and _tag, which whoever writes
// may choose. Modifiers, _filter and _has are experimental in SMART, and refused.
var paramNames = map[string]string{
	"category":            "category",
	"class":               "class",
	"clinical-status":     "clinical status",
	"code":                "code",
	"intent":              "intent",
	"status":              "status",
	"type":                "type",
	"verification-status": "verification status",
}

// The most that one scope may ask for. Each is looked at for each entry.
const (
	maxParams = 8
	maxValue  = 512
	maxChoice = 50 // values between commas
)

// String writes the parameter in the one spelling it has in a scope.
func (p Param) String() string { return p.Name + "=" + encode(p.Value) }

// encode writes a value so that a list of scopes stays a list: RFC 6749 §3.3 has no
// space, quotation mark, backslash or letter beyond ASCII in a scope. As in the
// standard's own examples :, /, | and , stay as they are; of the rest only what RFC
// 3986 calls unreserved.
func encode(value string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(value) {
		if c := value[i]; plain(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

func plain(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("-._~:/|,", c) >= 0
}

// parseParams reads what follows the question mark, into its one order.
func parseParams(text string) ([]Param, string) {
	var params []Param
	for part := range strings.SplitSeq(text, "&") {
		name, value, found := strings.Cut(part, "=")
		if _, known := paramNames[name]; !known || !found {
			return nil, "after the question mark stands name=value, and the name is one of " + paramList() + "; modifiers and chains cannot be granted"
		}
		decoded, ok := decode(value)
		if !ok {
			return nil, "a value is encoded as in a URL: a % is followed by two hexadecimal digits, a space is %20, a plus sign %2B"
		}
		if why := checkValue(decoded); why != "" {
			return nil, why
		}
		params = append(params, Param{name, decoded})
	}
	sortParams(params)
	params = slices.Compact(params)
	if len(params) > maxParams {
		return nil, "it has more parameters than one scope may have"
	}
	return params, ""
}

// sortParams is not slices.SortFunc, of which each use is 6 kB more in the core for the
// browser; this one the keyring has brought there.
func sortParams(p []Param) {
	sort.SliceStable(p, func(i, j int) bool {
		return p[i].Name < p[j].Name || p[i].Name == p[j].Name && p[i].Value < p[j].Value
	})
}

func paramList() string {
	names := make([]string, 0, len(paramNames))
	for name := range paramNames {
		names = append(names, name)
	}
	sort.SliceStable(names, func(i, j int) bool { return names[i] < names[j] })
	return strings.Join(names, ", ")
}

// decode undoes the %-encoding. A plus sign, which is a space in a form and itself in a
// URL, is not read at all.
func decode(text string) (string, bool) {
	b := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '%':
			if i+2 >= len(text) {
				return "", false
			}
			high, ok := unhex(text[i+1])
			low, ok2 := unhex(text[i+2])
			if !ok || !ok2 {
				return "", false
			}
			b = append(b, high<<4|low)
			i += 2
		case c == '+' || c == '#' || !tokenChar(c):
			return "", false
		default:
			b = append(b, c)
		}
	}
	return string(b), true
}

func unhex(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

// tokenChar reports whether a scope may have the character: RFC 6749 §3.3, scope-token.
func tokenChar(c byte) bool { return c == 0x21 || c >= 0x23 && c <= 0x5B || c >= 0x5D && c <= 0x7E }

// checkValue reports what is wrong with a value: each choice is a code, system|code,
// |code or system|, in FHIR's escapes (FHIR R4 §3.1.1.4.10, §3.1.1.4.0.1).
func checkValue(value string) string {
	if len(value) > maxValue || !utf8.ValidString(value) {
		return "a value has at most 512 bytes, of UTF-8"
	}
	// Nothing that makes it read as another. unicode.IsPrint would say no to what a later
	// Unicode has, and brings tables of 28 kB into the core for the browser.
	if !Printable(value) || strings.ContainsFunc(value, func(r rune) bool { return r != ' ' && unicode.IsSpace(r) || unicode.Is(unicode.Co, r) }) {
		return "a value has no control characters"
	}
	choices, ok := choicesOf(value)
	if !ok || len(choices) > maxChoice {
		return "a value is one code or several between commas, and a backslash stands before a comma, a bar, a dollar sign or another"
	}
	for _, c := range choices {
		if c == "" || c == "|" || bars(c) > 1 {
			return "each value is a code, a system|code, a |code or a system|"
		}
	}
	return ""
}

// choicesOf are the values between the commas. ok is false for a backslash that escapes
// nothing.
func choicesOf(value string) (choices []string, ok bool) {
	choices = make([]string, 0, 1+strings.Count(value, ","))
	from := 0
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '\\':
			if i++; i == len(value) || strings.IndexByte(`,|$\`, value[i]) < 0 {
				return nil, false
			}
		case ',':
			choices = append(choices, value[from:i])
			from = i + 1
		}
	}
	return append(choices, value[from:]), true
}

// bars counts the bars that are not escaped.
func bars(text string) (n int) {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '|':
			n++
		}
	}
	return n
}

// narrows reports whether whatever matches p matches wide too: it has no choice that
// wide has not.
func (p Param) narrows(wide Param) bool {
	switch {
	case p.Name != wide.Name:
		return false
	case p.Value == wide.Value:
		return true
	case len(p.Value) > len(wide.Value): // at most it says something twice
		return false
	}
	mine, ok := choicesOf(p.Value)
	theirs, ok2 := choicesOf(wide.Value)
	if !ok || !ok2 {
		return false
	}
	for _, c := range mine {
		if !slices.Contains(theirs, c) {
			return false
		}
	}
	return true
}

// paramsWithin reports whether whatever matches all of narrow matches all of wide.
func paramsWithin(narrow, wide []Param) bool {
	for _, w := range wide {
		if !slices.ContainsFunc(narrow, func(n Param) bool { return n.narrows(w) }) {
			return false
		}
	}
	return true
}

// Within reports whether everything that narrow grants is granted by wide: each letter
// of each scope by one scope for its type, or for all, that is no narrower. It is what a
// client may ask to have left when it refreshes (RFC 6749 §6). It never errs to yes;
// two scopes that only together cover one that has both their choices are not enough.
func Within(narrow, wide []Scope) bool {
	for _, n := range narrow {
		if n.Verbs == 0 || coveredBy(n, wide) != n.Verbs {
			return false
		}
	}
	return true
}

// coveredBy are the letters of a scope that others grant.
func coveredBy(n Scope, wide []Scope) (covered Verbs) {
	for _, w := range wide {
		if (w.Type == "*" && len(w.Params) == 0 || w.Type == n.Type) && paramsWithin(n.Params, w.Params) {
			covered |= n.Verbs & w.Verbs
		}
	}
	return covered
}
