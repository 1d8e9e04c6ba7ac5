package oracle

import (
	"encoding/json"
	"fmt"

	"github.com/google/fhir/go/fhirversion"
	"github.com/google/fhir/go/jsonformat"
)

// reader is the oracle. UTC is for dates without a zone, which it keeps.
var reader = func() *jsonformat.Unmarshaller {
	u, err := jsonformat.NewUnmarshaller("UTC", fhirversion.R4)
	if err != nil {
		panic(err)
	}
	return u
}()

// refusal is why the oracle does not take a resource or a Bundle; nil, when it
// does. Contained resources are given to it alone too, for inside another it does
// not look for what they must have.
func refusal(b []byte) error {
	if _, err := reader.Unmarshal(b); err != nil {
		return err
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	return contained(v)
}

func contained(v any) error {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			if err := contained(x); err != nil {
				return err
			}
		}
	case map[string]any:
		for name, x := range v {
			if list, ok := x.([]any); ok && name == "contained" {
				for i, c := range list {
					b, err := json.Marshal(c)
					if err != nil {
						return err
					}
					if _, err := reader.Unmarshal(b); err != nil {
						return fmt.Errorf("contained[%d]: %w", i, err)
					}
				}
			}
			if err := contained(x); err != nil {
				return err
			}
		}
	}
	return nil
}
