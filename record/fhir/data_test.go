package fhir_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"carehold/record/testdata"
)

// sample is a resource as it stands in a file, or in an entry of a bundle.
type sample struct {
	name string
	raw  []byte
}

// samples are HL7's 375 examples and every entry of the six Synthea people,
// taken apart with encoding/json: its RawMessage keeps the bytes.
func samples(t testing.TB) []sample {
	t.Helper()
	examples, synthea := testdata.Dir(t, "r4-examples"), testdata.Dir(t, "synthea")
	return read(examples, synthea)
}

var (
	once sync.Once
	all  []sample
)

func read(examples, synthea string) []sample {
	once.Do(func() {
		files, _ := filepath.Glob(filepath.Join(examples, "*.json"))
		for _, f := range files {
			raw, err := os.ReadFile(f)
			if err != nil {
				panic(err)
			}
			all = append(all, sample{filepath.Base(f), raw})
		}
		files, _ = filepath.Glob(filepath.Join(synthea, "*.json"))
		for _, f := range files {
			raw, err := os.ReadFile(f)
			if err != nil {
				panic(err)
			}
			var b struct {
				Entry []struct{ Resource json.RawMessage }
			}
			if err := json.Unmarshal(raw, &b); err != nil {
				panic(err)
			}
			for i, e := range b.Entry {
				all = append(all, sample{fmt.Sprintf("%s#%d", filepath.Base(f), i), e.Resource})
			}
		}
	})
	return all
}
