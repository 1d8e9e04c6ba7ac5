package derived_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/derived"
	"carehold/record/fhir"
	"carehold/record/fhir/validate"
	"carehold/record/grant"
)

var write = flag.String("write", "", "a `folder` to write everything that is made to, for another reader of FHIR")

// Whatever is made is valid FHIR R4, also of what is odd.
func TestValid(t *testing.T) {
	for name, b := range all() {
		r, err := fhir.Parse(b, fhir.Limits{})
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, b)
			continue
		}
		for _, i := range validate.Resource(r) {
			t.Errorf("%s: %s %s\n%s", name, i.Severity, i.Text, b)
		}
		if n, ok := derived.Parse(fhir.Ref{Type: r.Type(), ID: r.ID()}); !ok || n.Type != r.Type() {
			t.Errorf("%s is called %s", name, r.ID())
		}
		if *write != "" {
			if err := os.WriteFile(*write+"/"+strings.ReplaceAll(name, " ", "-")+".json", b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// The same facts are the same bytes.
func TestSameBytes(t *testing.T) {
	first := all()
	for range 20 {
		for name, b := range all() {
			if !bytes.Equal(b, first[name]) {
				t.Fatalf("%s: %s\n%s", name, b, first[name])
			}
		}
	}
}

// Names have one spelling, and none else is one.
func TestNames(t *testing.T) {
	good := []string{"Provenance/pv-aaaaaaaaaaaaaaaaaaaaaaaaaa-1", "Provenance/pv-abcdefghijklmnopqrstuvwxy4-18446744073709551615",
		"Consent/grant-00112233445566778899aabbccddeeff", "AuditEvent/log-0", "AuditEvent/log-x00000000000000ff", "AuditEvent/log-18446744073709551615"}
	for _, text := range good {
		ref, err := fhir.ParseRef(text)
		if err != nil {
			t.Fatal(err)
		}
		if n, ok := derived.Parse(ref); !ok || n.Ref() != ref {
			t.Errorf("%s is %+v, %v", text, n, ok)
		}
	}
	for _, text := range []string{"Provenance/pv-aaaaaaaaaaaaaaaaaaaaaaaaaa-0", "Provenance/pv-aaaaaaaaaaaaaaaaaaaaaaaaaa-01", "Provenance/pv-aaaaaaaaaaaaaaaaaaaaaaaaaa",
		"Provenance/pv-AAAAAAAAAAAAAAAAAAAAAAAAAA-1", "Provenance/pv-aaaaaaaaaaaaaaaaaaaaaaaaab-1", "Provenance/pv-aaaa-1", "Provenance/pv--1", "Provenance/log-1",
		"Consent/grant-00112233445566778899AABBCCDDEEFF", "Consent/grant-0011", "Consent/x", "Consent/log-1",
		"AuditEvent/log-", "AuditEvent/log-01", "AuditEvent/log-x1", "AuditEvent/log-x00000000000000FF", "AuditEvent/log-x", "AuditEvent/log-x000000000000000ff", "AuditEvent/log--1", "AuditEvent/log-18446744073709551616", "AuditEvent/1", "Observation/log-1"} {
		ref, err := fhir.ParseRef(text)
		if err != nil {
			t.Fatal(err)
		}
		if n, ok := derived.Parse(ref); ok {
			t.Errorf("%s is %+v", text, n)
		}
	}
}

// What a resource says, in the words of the table.
func TestSays(t *testing.T) {
	made := all()
	for _, c := range []struct{ name, has, hasNot string }{
		{"AuditEvent read", `"reference":"Observation/o1/_history/2"`, ""},
		{"AuditEvent read", `"display":"Dr Amara Okafor"`, `"address":"x"`},
		{"AuditEvent read", `{"system":"urn:carehold:token","value":"a1b2c3d4"}`, ""},
		{"AuditEvent read", `"reference":"Consent/grant-02000000000000000000000000000000"`, ""},
		{"AuditEvent read-self", `"display":"the person themself"`, "Consent/"},
		{"AuditEvent history-instance", `"code":"history-instance"`, ""},
		{"AuditEvent history-type", `"code":"history-type"`, ""},
		{"AuditEvent history-empty", `"code":"history-system"`, ""},
		{"AuditEvent read-refused", `"outcome":"4","outcomeDesc":"it is not in what was shared, or not there"`, "profile"},
		{"AuditEvent read-refused", `"contained":[{"resourceType":"OperationOutcome"`, ""},
		{"AuditEvent search", `"description":"Observation","_query":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unsupported"}]}`, `"query":"`},
		{"AuditEvent search-all", `"code":"search-system"`, ""},
		{"AuditEvent search-counted", `{"url":"urn:carehold:more","valueUnsignedInt":12}`, ""},
		{"AuditEvent create-and-update", `"display":"Amendment"`, ""},
		{"AuditEvent create-and-update", `"display":"Origination / Creation"`, ""},
		{"AuditEvent delete", `"display":"Logical deletion"`, `"display":"Amendment"`},
		{"AuditEvent change-refused", `"outcome":"4"`, `"lifecycle"`},
		{"AuditEvent opened", `{"extension":[{"url":"urn:carehold:claim","valueBoolean":true}]`, ""},
		{"AuditEvent opened-silent", `"who":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}`, "urn:carehold:claim"},
		{"AuditEvent opened-wrong-code", `"outcomeDesc":"the passcode was another"`, ""},
		{"AuditEvent used-stopped", `"outcome":"4","outcomeDesc":"the grant was stopped"`, ""},
		{"AuditEvent unknown-grant", `"value":"77000000000000000000000000000000"`, `"name"`},
		{"AuditEvent later-action", `"outcome":"4","outcomeDesc":"it was refused"`, ""},
		{"AuditEvent revoke", `"reference":"Consent/grant-03000000000000000000000000000000"`, ""},
		{"AuditEvent revoke", `"outcomeDesc":"You ended the grant to Dr Amara Okafor"`, ""},
		{"AuditEvent unlock", `"code":"110132"`, "Consent/"},
		{"AuditEvent exchanged", `"what":{"display":"an authorization code"}`, "profile"},
		{"AuditEvent exchanged", `"reference":"Consent/grant-02000000000000000000000000000000"`, ""},
		{"AuditEvent exchanged-not-theirs", `"outcome":"4","outcomeDesc":"the token is another client's, or came without its key"`, ""},
		{"AuditEvent refreshed", `"what":{"display":"a refresh token"}`, ""},
		{"AuditEvent refreshed-on-hold", `"outcome":"4","outcomeDesc":"the grant is suspended"`, ""},
		{"AuditEvent collected", `"what":{"display":"an answer to a request"}`, ""},
		{"AuditEvent replayed", `"what":{"display":"a code or refresh token that was used before"}`, ""},
		{"AuditEvent used-not-theirs", `"code":"forbidden"`, ""},
		{"AuditEvent suspend", `"outcomeDesc":"You suspended the grants to Dr Amara Okafor and a pharmacy"`, ""},
		{"AuditEvent suspend", `"reference":"Consent/grant-03000000000000000000000000000000"`, ""},
		{"AuditEvent approve", `"reference":"Consent/grant-02000000000000000000000000000000"`, ""},
		{"AuditEvent address", `"display":"a device of the person's"`, "Consent/"},
		{"AuditEvent asked", `"outcomeDesc":"somebody asked for access at an address of the person's"`, "Consent/"},

		{"Consent live", `"status":"active"`, "urn:carehold:ended"},
		{"Consent live", `"modifierExtension":[{"url":"urn:carehold:section","valueCode":"identity"}`, `"valueCode":"mental-health"`},
		{"Consent live", `{"url":"urn:carehold:scope","valueString":"patient/*.rs"}`, ""},
		{"Consent live", `"end":"2027-01-30T09:00:00.000Z"`, ""},
		{"Consent live", `{"url":"urn:carehold:organisation","valueString":"Elm Road Surgery"}`, ""},
		{"Consent live", `"text":"GP"`, ""},
		{"Consent until-stopped", `"period":{"start":"2026-11-01T09:00:00.000Z"}`, `"end"`},
		{"Consent until-stopped", `"display":"Lindenapotheke <Wien> & \"Söhne\""`, ""},
		{"Consent revoked", `"status":"inactive"`, ""},
		{"Consent revoked", `{"url":"urn:carehold:ended","valueInstant":"2026-11-22T10:15:30.250Z"},{"url":"urn:carehold:end-reason","valueString":"revoked"}`, ""},
		{"Consent ended-somehow", `"status":"inactive"`, "urn:carehold:ended"},

		{"Provenance own", `"target":[{"reference":"Condition/c1/_history/1"}]`, `"entity"`},
		{"Provenance own", `{"url":"urn:carehold:section","valueCode":"mental-health"},{"url":"urn:carehold:filing-rule","valueString":"type"}`, ""},
		{"Provenance grantee", `"value":"02000000000000000000000000000000"`, ""},
		{"Provenance grantee", `{"role":"revision","what":{"reference":"Condition/c1/_history/1"}}`, ""},
		// A grantee learns who wrote it, and not the other's grant, nor where it is filed and why.
		{"Provenance grantee-to-other", `"display":"Dr Amara Okafor"`, "02000000000000000000000000000000"},
		{"Provenance grantee-to-other", `"code":"author"`, "urn:carehold:section"},
		{"Provenance deleted", `"code":"DELETE"`, ""},
		{"Provenance imported", `{"role":"source","what":{"display":"GP practice export"}}`, "05000000000000000000000000000000"},
		{"Provenance imported", `"code":"enterer"`, ""},
		{"Provenance imported-to-person", `"value":"05000000000000000000000000000000"`, ""},
		{"Provenance imported-to-person", `{"url":"urn:carehold:filed-by-hand","valueBoolean":true}`, ""},
		{"Provenance nameless", `"valueCode":"unknown"`, "display\":\"\""},
	} {
		b, there := made[c.name]
		if !there || !strings.Contains(string(b), c.has) || c.hasNot != "" && strings.Contains(string(b), c.hasNot) {
			t.Errorf("%s: has %s, has not %s:\n%s", c.name, c.has, c.hasNot, b)
		}
	}
}

// What has no profile says by type, subtype and action what it was: IHE IUA's ITI-71 where
// a token was given out, DICOM's codes where rights changed.
func TestCodes(t *testing.T) {
	made := all()
	for name, want := range map[string]string{
		"collected": "110114 ITI-71 E", "exchanged": "110114 ITI-71 E", "refreshed": "110114 ITI-71 E", "replayed": "110113 110132 110137 U", "gave-back": "110113 110137 U",
		"used-not-theirs": "110113 110132 E", "used-on-hold": "110113 110132 E", "exchanged-not-theirs": "110114 ITI-71 E",
		"contributed": "rest create C", "taken-in": "rest create C", "dismissed": "rest delete D",
		"grant": "110113 110137 C", "approve": "110113 110137 C", "amend": "110113 110137 U", "suspend": "110113 110137 U", "resume": "110113 110137 U", "revoke": "110113 110137 U",
		"address": "110113 110129 U", "asked": "110100 E", "later-action": "110100 E",
	} {
		var x struct {
			Type    struct{ Code string }
			Subtype []struct{ Code string }
			Action  string
		}
		if err := json.Unmarshal(made["AuditEvent "+name], &x); err != nil {
			t.Fatal(name, err)
		}
		got := x.Type.Code
		for _, s := range x.Subtype {
			got += " " + s.Code
		}
		if got += " " + x.Action; got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// The grant in a Consent's source is what the person signed.
func TestSource(t *testing.T) {
	var c struct {
		SourceAttachment struct{ Data []byte }
	}
	if err := json.Unmarshal(derived.Consent(about, derived.Decision{Grant: grants[gp], Live: true}), &c); err != nil {
		t.Fatal(err)
	}
	g, err := grant.Parse(c.SourceAttachment.Data)
	if err != nil || g.ID != gp || g.Sections != grant.Clinical || grant.FormatScopes(g.Scopes) != grant.FormatScopes(grants[gp].Scopes) {
		t.Errorf("%+v, %v", g, err)
	}
}

// Nothing that may stand in a log makes what is not valid.
func FuzzAuditEvent(f *testing.F) {
	for _, l := range logged {
		f.Add(l.entry.Event.Marshal(), byte(l.entry.Writer))
	}
	f.Fuzz(func(t *testing.T, b []byte, writer byte) {
		e, err := audit.ParseEvent(b)
		if err != nil || len(e.Entries) > 50 {
			return
		}
		out := derived.AuditEvent(about, derived.Logged(1), audit.Entry{Index: 1, Writer: audit.Writer(writer%3 + 1), Event: e}, func(record.GrantID) (grant.Grant, bool) { return grant.Grant{}, false })
		r, err := fhir.Parse(out, fhir.Limits{})
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, i := range validate.Resource(r) {
			if i.Severity == validate.Error {
				t.Fatalf("%s\n%s", i.Text, out)
			}
		}
	})
}
