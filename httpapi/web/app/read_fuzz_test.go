package app

import (
	"encoding/xml"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode"

	"carehold/record/fhir"
	"carehold/record/fhir/speak"
	"carehold/record/store"
)

// FuzzShown: whatever somebody put into an entry, a page tells it in text that turns and hides
// nothing of what stands around it, and a chart of it is a picture and nothing more: XML of the
// elements that charts are made of.
func FuzzShown(f *testing.F) {
	for _, s := range []string{
		`{"resourceType":"Observation","status":"final","code":{"text":"a\u202eb"},"effectiveDateTime":"2020-02","valueQuantity":{"value":4.2,"comparator":"<","unit":"<script>","code":"\u0000"},"referenceRange":[{"low":{"value":1}}]}`,
		`{"resourceType":"Observation","code":{"coding":[{"display":"x"}]},"issued":"2020-02-30T25:00:00Z","component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":1e99}},{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":-1}}]}`,
		`{"resourceType":"Observation","effectivePeriod":{"start":"2030","end":"2020"},"interpretation":[{"coding":[{"code":"HH"}]}],"valueQuantity":{"value":3}}`,
		`{"resourceType":"MedicationRequest","dosageInstruction":[{"timing":{"repeat":{"frequency":-2,"period":0,"periodUnit":"\u2066"}},"doseAndRate":[{"doseQuantity":{"value":1,"unit":"\u200f"}}]}]}`,
		`{"resourceType":"Patient","name":[{"given":["\u061c"],"family":["x"]}],"birthDate":"2020-13-45","contact":[{}]}`,
		`{"resourceType":"Communication","payload":[{"contentReference":{"display":{"display":"x"}}},[]],"sent":7}`,
	} {
		f.Add([]byte(s))
	}
	a, r := screens(), httptest.NewRequest("GET", "/", nil)
	f.Fuzz(func(t *testing.T, body []byte) {
		res, err := fhir.Parse(body, fhir.Limits{})
		if err != nil {
			return
		}
		e := store.Entry{Ref: fhir.Ref{Type: res.Type(), ID: "x"}, Body: body}
		s, x := a.shown(r, &e), a.item(r, &e)
		said := []string{s.Word, s.Title, s.Value, s.Date, s.Status, x.Title, x.Value, x.Date, x.Status}
		for _, row := range append(s.Rows, s.More...) {
			said = append(said, row.Label, row.Value)
		}
		for _, text := range said {
			for _, c := range text {
				if c != '\n' && c != '\t' && (unicode.IsControl(c) || speak.Turns(c)) {
					t.Fatalf("%q is told of %q", text, body)
				}
			}
		}
		(&browser{}).lacking(body, []string{"a"})
		charts, _, _ := a.charts(r, "x", store.Page{Entries: []store.Found{{Entry: e}, {Entry: e}}})
		for _, c := range charts {
			for d := xml.NewDecoder(strings.NewReader(string(c.SVG))); ; {
				token, err := d.Token()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatalf("%v: %s", err, c.SVG)
				}
				if el, is := token.(xml.StartElement); is && !strings.Contains(" svg title desc g line path text circle rect polyline polygon ", " "+el.Name.Local+" ") {
					t.Fatalf("<%s> in a chart: %s", el.Name.Local, c.SVG)
				}
			}
		}
	})
}
