package fhir_test

import (
	"encoding/hex"
	"testing"

	"carehold/record/fhir"
)

// RFC 9562, appendices A.4 and B.2: the hashes of one name, and the UUIDs of them.
func TestUUID(t *testing.T) {
	for _, c := range []struct {
		hash    string
		version byte
		want    string
	}{
		{"2ed6657de927468b55e12665a8aea6a2", 5, "2ed6657d-e927-568b-95e1-2665a8aea6a2"},
		{"5c146b143c524afd938a375d0df1fbf6", 8, "5c146b14-3c52-8afd-938a-375d0df1fbf6"},
	} {
		b, err := hex.DecodeString(c.hash)
		if err != nil {
			t.Fatal(err)
		}
		if got := fhir.UUID([16]byte(b), c.version); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}
