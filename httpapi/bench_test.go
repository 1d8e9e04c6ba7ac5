package httpapi_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
)

// What a request costs without a network: from ServeHTTP to the answer. What the
// program does over loopback is measured by cmd/bench.
func BenchmarkServe(b *testing.B) {
	w := newWorld(b)
	all, err := grant.ParseScopes("patient/*.cruds")
	w.check(err)
	issued, err := w.ada.Grant(context.Background(), holder.GrantRequest{To: grant.Party{Name: "a surgery"},
		Sections: record.AllSections, Scopes: all, Purpose: "TREAT", Daily: 1 << 31})
	w.check(err)
	for _, row := range []struct {
		name, path, token string
		want              int
	}{
		{"Read", "/fhir/Observation/potassium", issued.Token, http.StatusOK},
		{"Search", "/fhir/Observation", issued.Token, http.StatusOK},
		{"NotThere", "/fhir/Observation/sodium", issued.Token, http.StatusNotFound},
		{"Metadata", "/fhir/metadata", "", http.StatusOK}, // the router, the limits and the log alone
	} {
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				r := httptest.NewRequest("GET", "https://record.example.org"+row.path, nil)
				r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1", byte(i>>16), byte(i>>8), byte(i))
				if row.token != "" {
					r.Header.Set("Authorization", "Bearer "+row.token)
				}
				a := httptest.NewRecorder()
				w.server.ServeHTTP(a, r)
				if a.Code != row.want {
					b.Fatal(a.Code, a.Body)
				}
			}
		})
	}
}
