package fhir_test

import (
	"fmt"
	"strings"
	"testing"

	"carehold/record/fhir"
	"pgregory.net/rapid"
)

// A resource of any members, in any order, written in any way, keeps its bytes.
func TestSpliceOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := space.Draw(t, "before") + object(t, 0) + space.Draw(t, "after")
		r, err := fhir.Parse([]byte(raw), fhir.Limits{})
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		if err := checkSplice(r); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		same := r.Rewrite(func(ref fhir.Reference) (string, bool) { return ref.Value, true })
		if string(same.Bytes()) != raw {
			t.Fatalf("%s became %s", raw, same.Bytes())
		}
	})
}

var (
	space  = rapid.SampledFrom([]string{"", "", "", " ", "\n  ", "\t", "\r\n", strings.Repeat(" ", 70)})
	scalar = rapid.OneOf(rapid.SampledFrom([]string{"true", "false", "0", "-0.10", "1E+400", "12345678901234567890.0"}), text)
	text   = rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		for _, r := range rapid.StringN(1, 8, -1).Draw(t, "text") {
			switch {
			case r < ' ' || r == '"' || r == '\\' || rapid.IntRange(0, 9).Draw(t, "escape") == 0 && r < 0x10000 && (r < 0xd800 || r > 0xdfff):
				fmt.Fprintf(&b, `\u%04x`, r)
			default:
				b.WriteRune(r)
			}
		}
		return `"` + b.String() + `"`
	})
)

// object draws a resource (depth 0), its meta (depth 1) or something inside.
func object(t *rapid.T, depth int) string {
	names := []string{"a", "é", "text", "reference", "url", "code"}
	switch depth {
	case 0:
		names = []string{"id", "meta", "a", "identifier", "_id", "x-id"}
	case 1:
		names = []string{"versionId", "lastUpdated", "_versionId", "tag", "source"}
	}
	names = rapid.Permutation(names).Draw(t, "names")[:rapid.IntRange(1, len(names)).Draw(t, "count")]
	if depth == 0 {
		names = append(names[:len(names):len(names)], "resourceType")
		at := rapid.IntRange(0, len(names)-1).Draw(t, "place")
		names[at], names[len(names)-1] = names[len(names)-1], names[at]
	}
	var members []string
	for _, name := range names {
		member := space.Draw(t, "s") + spelled(t, name) + space.Draw(t, "s") + ":" + space.Draw(t, "s") + value(t, name, depth) + space.Draw(t, "s")
		members = append(members, member)
	}
	return "{" + strings.Join(members, ",") + "}"
}

func value(t *rapid.T, name string, depth int) string {
	switch name {
	case "resourceType":
		return `"Basic"`
	case "id", "versionId", "lastUpdated":
		return rapid.SampledFrom([]string{`"1"`, `"\u0061b"`, `"2020"`}).Draw(t, "own")
	case "meta":
		return object(t, 1)
	}
	switch kind := rapid.IntRange(0, 4).Draw(t, "kind"); {
	case kind == 0 && depth < 4:
		return object(t, depth+2)
	case kind == 1 && depth < 4:
		return "[" + space.Draw(t, "s") + object(t, depth+2) + "," + scalar.Draw(t, "v") + space.Draw(t, "s") + "]"
	}
	return scalar.Draw(t, "v")
}

// spelled is a name as JSON, at times with its first letter escaped.
func spelled(t *rapid.T, name string) string {
	if rapid.IntRange(0, 4).Draw(t, "spell") == 0 && name[0] < 0x80 {
		return fmt.Sprintf(`"\u%04x%s"`, name[0], name[1:])
	}
	return `"` + name + `"`
}
