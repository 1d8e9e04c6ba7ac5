package grant_test

import (
	"testing"

	"carehold/record/grant"
)

// Intersect, in a table: never more than either list allows.
func TestIntersect(t *testing.T) {
	const lab, vital = "?category=laboratory", "?category=vital-signs"
	for _, c := range []struct{ a, b, want string }{
		{"patient/*.rs", "patient/*.rs", "patient/*.rs"},
		{"patient/*.cruds", "patient/Observation.r", "patient/Observation.r"},
		{"patient/Observation.rs", "patient/*.cru", "patient/Observation.r"},
		{"patient/Observation.rs", "patient/Condition.rs", ""},
		{"patient/Observation.rs", "patient/Observation.cud", ""},
		{"patient/Observation.rs" + lab, "patient/Observation.rs", "patient/Observation.rs" + lab},
		{"patient/Observation.rs", "patient/*.r" + lab, ""}, // a limit needs a type
		{"patient/Observation.rs" + lab, "patient/Observation.rs" + lab, "patient/Observation.rs" + lab},
		{"patient/Observation.rs" + lab, "patient/Observation.rs" + vital, "patient/Observation.rs" + lab + "&category=vital-signs"},
		{"patient/Observation.rs patient/Condition.r", "patient/*.rs", "patient/Observation.rs patient/Condition.r"},
		{"patient/*.rs", "openid launch/patient offline_access user/Observation.read", "patient/Observation.rs"},
		{"patient/*.rs", "openid", ""},
		{"patient/*.rs", "patient/Observation.rs?_has=x", ""},
	} {
		if got := grant.FormatScopes(grant.Intersect(grant.ScopesIn(c.a), grant.ScopesIn(c.b))); got != c.want {
			t.Errorf("%s and %s: %q, want %q", c.a, c.b, got, c.want)
		}
	}
}
