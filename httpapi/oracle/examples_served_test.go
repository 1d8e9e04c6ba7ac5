package oracle

import (
	"encoding/json"
	"strings"
	"testing"

	"carehold/record/change"
)

// Each example that the oracle takes goes into a record, and comes back so that
// the oracle takes it again: as it is, in a search, and as short as it can be.
func TestExamplesServed(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ann := s.enrol("Ann") // whose record holds all but what is about a Patient of its own
	served, others := 0, 0
	for name, b := range examples(t) {
		if refusal(b) != nil {
			continue
		}
		var head struct{ ResourceType string }
		s.check(json.Unmarshal(b, &head))
		if _, storable := change.Storable(head.ResourceType); !storable {
			others++
			continue
		}
		im, err := ann.bring(name, []byte(`{"resourceType":"Bundle","type":"collection","entry":[{"resource":`+string(b)+`}]}`))
		if err != nil || len(im.Refused) > 0 {
			t.Errorf("%s: %v, refused %v", name, err, im.Refused)
			continue
		}
		for _, c := range im.Changes {
			ref := c.Ref.String()
			ann.expect(200, ann.token, request{method: "GET", path: "/" + ref})
			id := ref[strings.Index(ref, "/")+1:]
			atOnce([]string{"_summary=true", "_summary=text", "_summary=data", "_elements=id"}, func(q string) {
				ann.expect(200, ann.token, request{method: "GET", path: "/" + ref + "?" + q})
				ann.expect(200, ann.token, request{method: "GET", path: "/" + c.Ref.Type + "?_id=" + id + "&" + q})
			})
			served++
		}
	}
	if served < 360 {
		t.Errorf("only %d examples were served", served)
	}
	t.Logf("%d examples were served, %d are of a type that no record holds; the oracle refused %d answers", served, others, ann.refused)
}
