package httpapi_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestClaimedModifiers asks for every modifier of a token that the CapabilityStatement
// lists, and for those that it does not: an unlisted one is 400 (FHIR R4 §3.1.1.4.4).
func TestClaimedModifiers(t *testing.T) {
	w := newWorld(t)
	values := map[string]string{"text": "x", "not": "x", "of-type": "http://t|c|v", "missing": "true"}
	for _, typ := range []string{"Patient", "Observation", "Device", "Location"} {
		for _, r := range statement(t, w).Rest[0].Resource {
			if r.Type != typ {
				continue
			}
			for _, p := range r.SearchParam {
				if p.Type != "token" {
					continue
				}
				listed := strings.Split(strings.ReplaceAll(p.Documentation, ":", ""), ", ")
				for modifier, value := range values {
					want := 400
					for _, l := range listed {
						if l == modifier {
							want = 200
						}
					}
					resp := w.send("GET", "/fhir/"+typ+"?"+p.Name+":"+modifier+"="+value, http.Header{"Authorization": {"Bearer " + w.vars["ada"]}}, "")
					body, _ := io.ReadAll(resp.Body)
					resp.Body.Close()
					if resp.StatusCode != want {
						t.Errorf("%s?%s:%s is %d, and is listed as %q: %s", typ, p.Name, modifier, resp.StatusCode, p.Documentation, body)
					}
				}
			}
		}
	}
}
