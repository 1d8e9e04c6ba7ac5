package grant_test

import (
	"slices"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/grant"
)

func TestParseRequested(t *testing.T) {
	r, err := grant.ParseRequested("launch/patient openid fhirUser offline_access patient/Observation.rs user/Condition.read system/*.cruds " +
		"http://smarthealthit.org/fhir/scopes/patient/*.r patient/Observation.rs?category=" + lab + " user/Observation.rs patient/Observation.sr email " +
		"launch/encounter patient/*.rs?category=a __x https://example.org/scope http://smarthealthit.org/fhir/scopes/profile")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := grant.FormatScopes(r.Scopes), "patient/Observation.rs patient/Condition.rs patient/*.cruds patient/*.r patient/Observation.rs?category="+lab; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if want := []string{"patient/Observation.sr", "email", "launch/encounter", "patient/*.rs?category=a", "__x", "https://example.org/scope"}; !slices.Equal(r.Unknown, want) {
		t.Errorf("not understood: %q", r.Unknown)
	}
	if !r.LaunchPatient || r.Launch || !r.OpenID || !r.FHIRUser || !r.Profile || !r.Offline || r.Online {
		t.Errorf("%+v", r)
	}
	if r, err := grant.ParseRequested("  launch  online_access "); err != nil || !r.Launch || !r.Online || r.Scopes != nil || r.Unknown != nil {
		t.Errorf("%+v, %v", r, err)
	}
	for _, text := range []string{"patient/*.rs\npatient/*.r", "patient/*.rs\tx", "a\"b", "a\\b", "ä", "a\x00", strings.Repeat("a ", 201), strings.Repeat("a", 20_000)} {
		if _, err := grant.ParseRequested(text); record.KindOf(err) != record.Invalid {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

// TestGranted: what a token response says, in the words that were asked.
func TestGranted(t *testing.T) {
	for _, r := range []struct{ asked, granted, want string }{
		{"patient/*.rs", "patient/*.rs", "patient/*.rs"},
		{"patient/*.rs", "patient/*.cruds", "patient/*.rs"},
		{"patient/*.cruds", "patient/*.rs", "patient/*.rs"},
		{"user/*.cruds", "patient/*.rs", "user/*.rs"},
		{"patient/Observation.read", "patient/*.rs", "patient/Observation.read"},
		{"patient/Observation.*", "patient/*.rs", "patient/Observation.read"}, // v1 was asked and granted
		{"patient/Observation.*", "patient/*.cud", "patient/Observation.write"},
		{"patient/Observation.read", "patient/*.r", "patient/Observation.r"}, // v1 has no word for it
		{"patient/*.read", "patient/Observation.rs", "patient/Observation.read"},
		{"patient/Observation.rs", "patient/Condition.rs", ""},
		{"patient/Observation.rs", "patient/Observation.rs?category=a", "patient/Observation.rs?category=a"},
		{"patient/Observation.read", "patient/Observation.rs?category=a", "patient/Observation.rs?category=a"},
		{"patient/*.rs", "patient/Observation.rs?category=a patient/Condition.r", "patient/Observation.rs?category=a patient/Condition.r"},
		{"patient/Observation.cruds", "patient/Observation.rs?category=a patient/Observation.r", "patient/Observation.r patient/Observation.s?category=a"},
		{"patient/Observation.rs?category=a", "patient/*.rs", "patient/Observation.rs?category=a"},
		{"patient/Observation.rs?category=%61", "patient/*.rs", "patient/Observation.rs?category=%61"}, // as it was asked
		{"patient/Observation.rs?category=a", "patient/Observation.rs?status=b", "patient/Observation.rs?category=a&status=b"},
		{"patient/Observation.rs?category=a,b", "patient/Observation.rs?category=b", "patient/Observation.rs?category=a,b&category=b"},
		{"patient/Observation.rs", "patient/Observation.rs?category=a,b patient/Observation.rs?category=b,a patient/Observation.r?category=a", "patient/Observation.rs?category=b,a"},
		{"http://smarthealthit.org/fhir/scopes/patient/*.cruds", "patient/*.r", "http://smarthealthit.org/fhir/scopes/patient/*.r"},
		{"openid launch/patient offline_access patient/Patient.r bogus", "patient/*.rs", "launch/patient openid offline_access patient/Patient.r"},
		{"openid fhirUser launch/patient offline_access patient/Goal.crs", "patient/*.c", "launch/patient offline_access patient/Goal.c"}, // nobody is told of
		{"patient/Patient.r user/Patient.r patient/Patient.r", "patient/*.rs", "patient/Patient.r user/Patient.r"},
	} {
		req, err := grant.ParseRequested(r.asked)
		if err != nil {
			t.Fatal(err)
		}
		g := sample(grant.Clinical, r.granted)
		got := grant.Granted(req, g)
		if got != r.want {
			t.Errorf("%s of %s: %s, want %s", r.asked, r.granted, got, r.want)
		}
		back, err := grant.ParseRequested(got)
		if err != nil || back.Unknown != nil || !grant.Within(back.Scopes, req.Scopes) || !grant.Within(back.Scopes, g.Scopes) {
			t.Errorf("%s: %+v, %v", got, back, err)
		}
	}
}

// FuzzGranted: whatever is asked and granted, what is told is within both.
func FuzzGranted(f *testing.F) {
	f.Add("patient/*.read openid user/Observation.cruds?category=a,b", "patient/Observation.rs?category=b patient/*.c")
	f.Add("http://smarthealthit.org/fhir/scopes/system/Condition.*", "patient/Condition.r?status=%22 patient/Condition.rs?status=b,a patient/Condition.rs?status=a,b")
	f.Fuzz(func(t *testing.T, asked, granted string) {
		req, err := grant.ParseRequested(asked)
		if err != nil {
			return
		}
		scopes, err := grant.ParseScopes(granted)
		if err != nil {
			return
		}
		got := grant.Granted(req, grant.Grant{Scopes: scopes})
		for part := range strings.SplitSeq(got, " ") {
			back, err := grant.ParseRequested(part)
			if err != nil {
				t.Fatalf("%q of %q: %q, %v", asked, granted, got, err)
			}
			if !grant.Within(back.Scopes, req.Scopes) || !grant.Within(back.Scopes, scopes) {
				t.Fatalf("%q of %q: %q is more", asked, granted, part)
			}
		}
	})
}
