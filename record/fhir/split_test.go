package fhir_test

import (
	"testing"

	"carehold/record/fhir"
)

// The halves of a Binary, put together again, are the bytes that came.
func TestSplit(t *testing.T) {
	for _, x := range []struct{ text, rest, base64, without string }{
		{`{"resourceType":"Binary","contentType":"a/b","data":"AQID"}`, `{"resourceType":"Binary","contentType":"a/b","data":""}`, "AQID", `{"resourceType":"Binary","contentType":"a/b"}`},
		{"{\n \"data\" : \"AQID\",\n \"resourceType\":\"Binary\"}", "{\n \"data\" : \"\",\n \"resourceType\":\"Binary\"}", "AQID", "{\n \"resourceType\":\"Binary\"}"},
		{`{"resourceType":"Binary"}`, `{"resourceType":"Binary"}`, "", `{"resourceType":"Binary"}`},
		{`{"resourceType":"Binary","data":"A\/ID"}`, `{"resourceType":"Binary","data":"A\/ID"}`, "", `{"resourceType":"Binary","data":"A\/ID"}`}, // an escape: it stays where it is
		{`{"resourceType":"Media","content":{"data":"AQID"}}`, `{"resourceType":"Media","content":{"data":"AQID"}}`, "", `{"resourceType":"Media","content":{"data":"AQID"}}`},
		{`{"resourceType":"Binary","extension":[{"url":"x","valueString":"\"data\":\"\""}],"data":"AQID"}`,
			`{"resourceType":"Binary","extension":[{"url":"x","valueString":"\"data\":\"\""}],"data":""}`, "AQID", `{"resourceType":"Binary","extension":[{"url":"x","valueString":"\"data\":\"\""}]}`},
	} {
		r, err := fhir.Parse([]byte(x.text), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		rest, base64, err := r.Split()
		if err != nil || string(rest.Bytes()) != x.rest || string(base64) != x.base64 || string(r.WithoutData()) != x.without {
			t.Errorf("%s: %s and %s, without %s, %v", x.text, rest.Bytes(), base64, r.WithoutData(), err)
		}
		if at := rest.DataAt(); base64 != nil && x.rest[:at]+x.base64+x.rest[at:] != x.text {
			t.Errorf("%s: the content does not go at %d", x.text, at)
		}
	}
}

func TestClaim(t *testing.T) {
	claim := `{"extension":[{"url":"other","valueString":"x"},{"url":"` + fhir.UploadURL + `","valueUri":"Binary/$upload/u1"}]}`
	for _, x := range []struct{ text, upload, rest string }{
		{`{"resourceType":"Binary","contentType":"a/b","_data":` + claim + `}`, "Binary/$upload/u1", `{"resourceType":"Binary","contentType":"a/b","data":""}`},
		{`{"_data":` + claim + `,"resourceType":"Binary"}`, "Binary/$upload/u1", `{"data":"","resourceType":"Binary"}`},
		{`{"resourceType":"Binary","data":"AQID","_data":` + claim + `}`, "", ""}, // it has one
		{`{"resourceType":"Binary","_data":{"extension":[{"url":"other","valueUri":"x"}]}}`, "", ""},
		{`{"resourceType":"Binary"}`, "", ""},
		{`{"resourceType":"Media","_data":` + claim + `}`, "", ""},
	} {
		r, err := fhir.Parse([]byte(x.text), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if x.rest == "" {
			x.rest = x.text
		}
		upload, rest, err := r.Claim()
		if err != nil || upload != x.upload || string(rest.Bytes()) != x.rest {
			t.Errorf("%s: %q, %s, %v", x.text, upload, rest.Bytes(), err)
		}
	}
}
