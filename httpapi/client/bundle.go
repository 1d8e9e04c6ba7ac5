package client

import (
	"bytes"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"carehold/record"
	"carehold/record/fhir"
)

// eachFound calls fn for the matches of a searchset and returns the link to the
// next page. Resources are slices of the answer, byte for byte.
func eachFound(body []byte, fn func(Found) error) (next string, err error) {
	var b struct {
		ResourceType string `json:"resourceType"`
		Link         []struct {
			Relation string `json:"relation"`
			URL      string `json:"url"`
		} `json:"link"`
		Entry []struct {
			Resource jsontext.Value `json:"resource"`
			Search   struct {
				Mode string `json:"mode"`
			} `json:"search"`
		} `json:"entry"`
	}
	bad := record.Safef(record.Unavailable, "the server's answer is not a Bundle")
	if err := json.UnmarshalRead(bytes.NewReader(body), &b); err != nil || b.ResourceType != "Bundle" {
		return "", bad
	}
	for _, e := range b.Entry {
		if e.Search.Mode != "match" {
			continue
		}
		res, err := fhir.Parse(e.Resource, fhir.Limits{})
		if err != nil {
			return "", bad
		}
		if err := fn(Found{fhir.Ref{Type: res.Type(), ID: res.ID()}, e.Resource}); err != nil {
			return "", err
		}
	}
	for _, l := range b.Link {
		if l.Relation == "next" {
			next = l.URL
		}
	}
	return next, nil
}
