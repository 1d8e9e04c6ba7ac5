package oracle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// What R4 says of JSON and of Bundles and the oracle does not check, put here from
// the standard and not from the server's code.

type bundle struct {
	ResourceType, Type string
	Meta               struct{ VersionID string }
	Identifier         struct{ System, Value string }
	Timestamp          string
	Total              *int
	Link               []struct{ Relation, URL string }
	Entry              []struct {
		FullURL           string
		Resource          json.RawMessage
		Search            *struct{ Mode string }
		Request, Response *struct {
			Method, URL, Status string
			Outcome             json.RawMessage
		}
	}
}

// next is the link to the next page, if there is one.
func (b *bundle) next() string {
	for _, l := range b.Link {
		if l.Relation == "next" {
			return l.URL
		}
	}
	return ""
}

func parseBundle(b []byte) (*bundle, error) {
	var out bundle
	err := json.Unmarshal(b, &out)
	return &out, err
}

// kindOf names what an answer is, and what rule it breaks.
func kindOf(raw []byte) (string, error) {
	if err := plain(raw); err != nil {
		return "not FHIR's JSON", err
	}
	b, err := parseBundle(raw)
	if err != nil || b.ResourceType != "Bundle" {
		switch b.ResourceType {
		case "OperationOutcome", "CapabilityStatement":
			return b.ResourceType, nil
		}
		return "resource", nil
	}
	if b.Meta.VersionID != "" { // somebody put it into the record: it is theirs
		return "resource", nil
	}
	return "Bundle of type " + b.Type, b.rules()
}

// rules are the invariants of Bundle (R4 §2.36.3), and what goes with its types.
func (b *bundle) rules() error {
	has := func(types ...string) bool { return strings.Contains(" "+strings.Join(types, " ")+" ", " "+b.Type+" ") }
	if b.Total != nil && !has("searchset", "history") {
		return errors.New("bdl-1: total only when a search or history")
	}
	relations := make(map[string]bool)
	for _, l := range b.Link {
		if relations[l.Relation] {
			return fmt.Errorf("two links %s", l.Relation)
		}
		relations[l.Relation] = true
	}
	if b.Type == "searchset" && !relations["self"] {
		return errors.New("§3.1.1.7: a searchset has a link self")
	}
	if b.Type == "document" {
		if err := b.document(); err != nil {
			return err
		}
	}
	seen := make(map[string]bool)
	for i, e := range b.Entry {
		var r struct {
			ResourceType, ID string
			Meta             struct{ VersionID string }
		}
		if e.Resource != nil {
			if err := json.Unmarshal(e.Resource, &r); err != nil {
				return err
			}
		}
		var broken string
		switch {
		case e.Search != nil && b.Type != "searchset":
			broken = "bdl-2: entry.search only when a search"
		case (e.Request != nil) != has("batch", "transaction", "history"):
			broken = "bdl-3: entry.request for batch, transaction and history, and for nothing else"
		case (e.Response != nil) != has("batch-response", "transaction-response", "history"):
			broken = "bdl-4: entry.response for batch-response, transaction-response and history, and for nothing else"
		case e.Resource == nil && e.Request == nil && e.Response == nil:
			broken = "bdl-5: a resource unless there is a request or response"
		case strings.Contains(e.FullURL, "/_history/"):
			broken = "bdl-8: fullUrl is not version specific"
		case e.FullURL != "" && r.ID != "" && !strings.HasPrefix(e.FullURL, "urn:uuid:") && !strings.HasSuffix(e.FullURL, "/"+r.ResourceType+"/"+r.ID):
			broken = "§2.36.4: the fullUrl is consistent with the resource's id"
		case b.Type == "searchset" && e.Search == nil:
			broken = "an entry of a searchset without its mode"
		case b.Type == "searchset" && e.FullURL == "" && r.ResourceType != "OperationOutcome":
			broken = "§2.36.4: a fullUrl for each resource that has an identity"
		case e.Response != nil && (len(e.Response.Status) < 3 || strings.Trim(e.Response.Status[:3], "0123456789") != ""):
			broken = "response.status starts with a 3 digit HTTP code"
		}
		if name := e.FullURL + " " + r.Meta.VersionID; e.FullURL != "" && e.Resource != nil && !has("batch-response") {
			if seen[name] {
				broken = "bdl-7: fullUrl is unique in a bundle, or else entries with the same fullUrl have different meta.versionId"
			}
			seen[name] = true
		}
		if broken != "" {
			return fmt.Errorf("entry[%d] %s: %s", i, e.FullURL, broken)
		}
		if inner, err := parseBundle(e.Resource); has("batch-response") && err == nil && inner.ResourceType == "Bundle" {
			if err := inner.rules(); err != nil {
				return fmt.Errorf("entry[%d]: %w", i, err)
			}
		}
	}
	return nil
}

// document are the rules of R4 for a Bundle that is a document.
func (b *bundle) document() error {
	first := struct{ ResourceType string }{}
	if len(b.Entry) > 0 {
		_ = json.Unmarshal(b.Entry[0].Resource, &first)
	}
	switch {
	case b.Identifier.System == "" || b.Identifier.Value == "":
		return errors.New("bdl-9: a document must have an identifier with a system and a value")
	case b.Timestamp == "":
		return errors.New("bdl-10: a document must have a date")
	case first.ResourceType != "Composition":
		return errors.New("bdl-11: a document must have a Composition as the first resource")
	}
	return nil
}

// plain checks R4 §2.6.2: no member twice, no empty object, array or string, and
// null only to fill a gap of an array.
func plain(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return plainValue(d, "", false)
}

func plainValue(d *json.Decoder, path string, inArray bool) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	empty := true
	switch t {
	case json.Delim('{'):
		names := make(map[json.Token]bool)
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return err
			}
			if names[name] {
				return fmt.Errorf("%s.%v is there twice", path, name)
			}
			names[name], empty = true, false
			if err := plainValue(d, fmt.Sprintf("%s.%v", path, name), false); err != nil {
				return err
			}
		}
		_, err = d.Token()
	case json.Delim('['):
		for d.More() {
			if err := plainValue(d, path+"[]", true); err != nil {
				return err
			}
			empty = false
		}
		_, err = d.Token()
	default:
		empty = t == "" || t == nil && !inArray
	}
	if empty && err == nil {
		err = fmt.Errorf("%s is empty", path)
	}
	return err
}

// The rules find what is against them: one fault each.
func TestRulesFind(t *testing.T) {
	const self = `"link":[{"relation":"self","url":"http://h/fhir/Basic"}]`
	for _, c := range []struct{ why, bundle string }{
		{"bdl-1", `"type":"batch-response","total":1`},
		{"self", `"type":"searchset"`},
		{"two links", `"type":"searchset","link":[{"relation":"self","url":"a"},{"relation":"self","url":"b"}]`},
		{"bdl-2", `"type":"collection","entry":[{"search":{"mode":"match"},"resource":{"resourceType":"Basic"}}]`},
		{"bdl-3", `"type":"history","entry":[{"response":{"status":"200"}}]`},
		{"bdl-3", `"type":"searchset",` + self + `,"entry":[{"fullUrl":"http://h/fhir/Basic/1","search":{"mode":"match"},"request":{"method":"GET","url":"x"},"resource":{"resourceType":"Basic","id":"1"}}]`},
		{"bdl-4", `"type":"batch-response","entry":[{"resource":{"resourceType":"Basic"}}]`},
		{"bdl-5", `"type":"collection","entry":[{"fullUrl":"http://h/fhir/Basic/1"}]`},
		{"bdl-7", `"type":"collection","entry":[{"fullUrl":"http://h/fhir/Basic/1","resource":{"resourceType":"Basic","id":"1"}},{"fullUrl":"http://h/fhir/Basic/1","resource":{"resourceType":"Basic","id":"1"}}]`},
		{"bdl-9", `"type":"document","timestamp":"2026-11-22T09:30:00Z","entry":[{"resource":{"resourceType":"Composition"}}]`},
		{"bdl-10", `"type":"document","identifier":{"system":"s","value":"v"},"entry":[{"resource":{"resourceType":"Composition"}}]`},
		{"bdl-11", `"type":"document","identifier":{"system":"s","value":"v"},"timestamp":"2026-11-22T09:30:00Z","entry":[{"resource":{"resourceType":"Basic"}}]`},
		{"bdl-8", `"type":"collection","entry":[{"fullUrl":"http://h/fhir/Basic/1/_history/1","resource":{"resourceType":"Basic","id":"1"}}]`},
		{"consistent", `"type":"collection","entry":[{"fullUrl":"http://h/fhir/Basic/2","resource":{"resourceType":"Basic","id":"1"}}]`},
		{"mode", `"type":"searchset",` + self + `,"entry":[{"fullUrl":"http://h/fhir/Basic/1","resource":{"resourceType":"Basic","id":"1"}}]`},
		{"a fullUrl", `"type":"searchset",` + self + `,"entry":[{"search":{"mode":"match"},"resource":{"resourceType":"Basic","id":"1"}}]`},
		{"3 digit", `"type":"batch-response","entry":[{"response":{"status":"OK"}}]`},
		{"self", `"type":"batch-response","entry":[{"response":{"status":"200"},"resource":{"resourceType":"Bundle","type":"searchset"}}]`},
		{"twice", `"type":"collection","type":"collection"`},
		{".entry is empty", `"type":"collection","entry":[]`},
		{".entry[].link[] is empty", `"type":"collection","entry":[{"link":[{}]}]`},
		{".id is empty", `"type":"collection","id":""`},
		{".id is empty", `"type":"collection","id":null`},
	} {
		if _, err := kindOf([]byte(`{"resourceType":"Bundle",` + c.bundle + `}`)); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v, want %s", c.bundle, err, c.why)
		}
	}
	if kind, err := kindOf([]byte(`{"resourceType":"Bundle","type":"history","total":1,"entry":[{"fullUrl":"http://h/fhir/Basic/1","request":{"method":"DELETE","url":"Basic/1"},"response":{"status":"204"}}]}`)); err != nil || kind != "Bundle of type history" {
		t.Error(kind, err)
	}
}
