package fhir_test

import (
	"testing"
	"time"

	"carehold/record/fhir"
)

// The halves of a Binary, put together again, are the bytes that came.
func TestSplit(t *testing.T) {
	for _, x := range []struct{ text, json, base64 string }{
		{`{"resourceType":"Binary","contentType":"a/b","data":"AQID"}`, `{"resourceType":"Binary","contentType":"a/b"}`, "AQID"},
		{"{\n \"data\" : \"AQID\",\n \"resourceType\":\"Binary\"}", "{\n \"resourceType\":\"Binary\"}", "AQID"},
		{`{"resourceType":"Binary", "data":"AQID", "contentType":"a/b"}`, `{"resourceType":"Binary", "contentType":"a/b"}`, "AQID"},
		{`{"resourceType":"Binary","extension":[{"url":"x","valueString":"\"data\":\"AAAA\""}],"d\u0061ta":"AQID"}`,
			`{"resourceType":"Binary","extension":[{"url":"x","valueString":"\"data\":\"AAAA\""}]}`, "AQID"},
		{`{"resourceType":"Binary"}`, "", ""},
		{`{"resourceType":"Binary","data":"A\/ID"}`, "", ""}, // an escape: it stays where it is
		{`{"resourceType":"Media","content":{"data":"AQID"}}`, "", ""},
	} {
		r, err := fhir.Parse([]byte(x.text), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		h, base64 := r.Split()
		if string(h.JSON) != x.json || string(base64) != x.base64 {
			t.Errorf("%s: %s and %s", x.text, h.JSON, base64)
		}
		if base64 == nil {
			continue
		}
		if got := string(h.JSON[:h.At]) + string(h.Lead) + x.base64 + string(h.Trail) + string(h.JSON[h.At:]); got != x.text {
			t.Errorf("%s is put together as %s", x.text, got)
		}
		m := fhir.Meta{ID: "an-id", VersionID: "12", LastUpdated: time.Unix(1795000000, 0)}
		for range 2 { // what is new, and what takes its place
			if h, err = h.With(m); err != nil {
				t.Fatalf("%s: %v", h.JSON, err)
			}
			if r, err = fhir.Parse([]byte(x.text), fhir.Limits{}); err != nil {
				t.Fatal(err)
			}
			if got, want := string(h.JSON[:h.At])+string(h.Lead)+x.base64+string(h.Trail)+string(h.JSON[h.At:]), string(r.With(m)); got != want {
				t.Errorf("%s with meta is\n%s, want\n%s", x.text, got, want)
			}
			m.VersionID = "1234567"
		}
	}
}

func TestClaim(t *testing.T) {
	claim := `{"extension":[{"url":"other","valueString":"x"},{"url":"` + fhir.UploadURL + `","valueUri":"Binary/$upload/u1"}]}`
	for _, x := range []struct{ text, upload, with string }{
		{`{"resourceType":"Binary","contentType":"a/b","_data":` + claim + `}`, "Binary/$upload/u1", `{"resourceType":"Binary","contentType":"a/b","data":"AQID"}`},
		{`{"_data": ` + claim + `, "resourceType":"Binary"}`, "Binary/$upload/u1", `{"data": "AQID", "resourceType":"Binary"}`},
		{`{"resourceType":"Binary","data":"AQID","_data":` + claim + `}`, "", ""}, // it has one
		{`{"resourceType":"Binary","_data":{"extension":[{"url":"other","valueUri":"x"}]}}`, "", ""},
		{`{"resourceType":"Binary"}`, "", ""},
		{`{"resourceType":"Media","_data":` + claim + `}`, "", ""},
	} {
		r, err := fhir.Parse([]byte(x.text), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		upload, h, ok := r.Claim()
		if ok != (x.with != "") || upload != x.upload {
			t.Errorf("%s: %q, %v", x.text, upload, ok)
		}
		if !ok {
			continue
		}
		if got := string(h.JSON[:h.At]) + string(h.Lead) + "AQID" + string(h.Trail) + string(h.JSON[h.At:]); got != x.with {
			t.Errorf("%s becomes %s", x.text, got)
		}
	}
}
