// Package definitions reads HL7's definitions for the generators of packages fhir and
// r4. Nothing that ships imports it.
package definitions

import (
	"bufio"
	"encoding/json"
	"log"
	"os"
)

// Read reads a file of one JSON value a line, or of one in all; a generator ends where
// it cannot.
func Read[T any](path string) []T {
	f, err := os.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	var all []T
	for d := json.NewDecoder(bufio.NewReader(f)); d.More(); {
		var v T
		if err := d.Decode(&v); err != nil {
			log.Fatalf("%s: %v", path, err)
		}
		all = append(all, v)
	}
	return all
}
