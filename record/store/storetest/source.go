package storetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"strings"
	"testing"
)

// Sent is one entry of a bundle, as encoding/json reads it.
type Sent struct {
	FullURL  string
	Resource json.RawMessage
	Type, ID string // of the resource, as it was sent
	Ref      string // what it must be called in the record
}

// Source reads a bundle, and computes what an import from that source into the
// record of Patient/patient must make of it: the name of each entry, and what
// references become. It is package change's doc.go, written a second time.
func Source(t testing.TB, bundle []byte, source, patient string) (sent []Sent, moved map[string]string) {
	t.Helper()
	var b struct{ Entry []Sent }
	if err := json.Unmarshal(bundle, &b); err != nil {
		t.Fatal(err)
	}
	moved = make(map[string]string)
	for i := range b.Entry {
		e := &b.Entry[i]
		var r struct{ ResourceType, ID string }
		if err := json.Unmarshal(e.Resource, &r); err != nil {
			t.Fatal(err)
		}
		e.Type, e.ID = r.ResourceType, r.ID
		name := e.FullURL
		if name == "" {
			name = r.ResourceType + "/" + r.ID
		}
		e.Ref = r.ResourceType + "/" + ImportID(source, name)
		if r.ResourceType == "Patient" {
			e.Ref = "Patient/" + patient
		}
		if e.FullURL != "" {
			moved[e.FullURL] = e.Ref
		}
		if r.ID != "" {
			moved[r.ResourceType+"/"+r.ID] = e.Ref
		}
	}
	return b.Entry, moved
}

// ImportID is the id of what a source calls name.
func ImportID(source, name string) string {
	var b bytes.Buffer
	for _, s := range []string{"carehold/import", source, name} {
		b.Write([]byte{byte(len(s) >> 24), byte(len(s) >> 16), byte(len(s) >> 8), byte(len(s))})
		b.WriteString(s)
	}
	sum := sha256.Sum256(b.Bytes())
	return strings.ToLower(strings.TrimRight(base32.StdEncoding.EncodeToString(sum[:16]), "="))
}
