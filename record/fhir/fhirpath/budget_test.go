package fhirpath

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"carehold/record"
)

// Resources as large as fhir.Limits lets in, made so that an expression takes as
// long as it can: each ends, with a result or because the budget is spent.
func TestHostileResources(t *testing.T) {
	if testing.Short() {
		t.Skip("several seconds")
	}
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	long := strings.Repeat("a", 14<<20)
	members := many(150_000, `"m%d":0`)
	for name, c := range map[string]struct {
		resource, expression string
		spent                bool
	}{
		"all descendants":            {`{"resourceType":"Questionnaire","item":[` + many(250_000, `{"linkId":"%d"}`) + `]}`, "descendants().linkId.isDistinct()", false},
		"more descendants":           {`{"resourceType":"Questionnaire","item":[` + many(200_000, `{"linkId":"%d","text":"a","type":"b","prefix":"c"}`) + `]}`, "descendants().descendants().linkId", true},
		"each with all":              {`{"resourceType":"StructureDefinition","snapshot":{"element":[` + many(100_000, `{"path":"A.%d"}`) + `]}}`, "snapshot.element.all(path.startsWith(%resource.snapshot.element.first().path & '.') or %resource.snapshot.element.exists())", false},
		"each against each":          {`{"resourceType":"StructureDefinition","snapshot":{"element":[` + many(100_000, `{"path":"A.%d"}`) + `]}}`, "snapshot.element.all(path in %resource.snapshot.element.path)", true},
		"dates that differ":          {`{"resourceType":"List","entry":[` + many(50_000, `{"date":"2020-01-01T00:00:00.%05dZ"}`) + `]}`, "entry.date.isDistinct()", false},
		"two wide objects":           {`{"resourceType":"Observation","category":[{` + members + `},{"m":1,` + members + `}]}`, "category[0] = category[1]", true},
		"a long text":                {`{"resourceType":"StructureDefinition","name":"` + long + `"}`, "name.matches('^[a-z]+$')", true},
		"siblings one by one":        {`{"resourceType":"Patient","name":[{"given":[` + many(100_000, `"%d"`) + `],"_given":[` + many(100_000, `{"id":"%d"}`) + `]}]}`, "name.given.id", true},
		"references to contained":    {`{"resourceType":"Provenance","contained":[` + many(100_000, `{"resourceType":"Patient","id":"%d"}`) + `],"target":[` + many(100_000, `{"reference":"#9%d"}`) + `]}`, "target.where(resolve() is Patient)", true},
		"a number of a billion":      {`{"resourceType":"Observation","valueQuantity":{"value":1e1000000000}}`, "value.value * 2", false},
		"digits without end":         {`{"resourceType":"Observation","valueQuantity":{"value":0.` + strings.Repeat("1", 14<<20) + `}}`, "value.value * value.value + 1 > 0", false},
		"a narrative of open tags":   {`{"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns='http://www.w3.org/1999/xhtml'>` + strings.Repeat("<b>", 4<<20) + `"}}`, "text.div.htmlChecks()", false},
		"one text against many":      {`{"resourceType":"Bundle","entry":[{"fullUrl":"` + long[:8<<20] + `"},` + many(50_000, `{"fullUrl":"%d"}`) + `]}`, "entry.fullUrl.where($this = %resource.entry.first().fullUrl)", true},
		"texts joined and joined on": {`{"resourceType":"Patient","name":[{"text":"` + long + `"}]}`, strings.TrimSuffix(strings.Repeat("name.text & ", 40), "& "), true},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := Root(mustParse(t, c.resource))
			e := MustCompile(c.expression)
			start := time.Now()
			_, err := e.Eval(ctx)
			took := time.Since(start)
			if spent := errors.Is(err, record.TooLarge); spent != c.spent || err != nil && !spent {
				t.Errorf("%v", err)
			}
			if took > 20*time.Second {
				t.Errorf("took %v", took)
			}
			t.Log(took, err)
		})
	}
}

// What R4 itself asks of the largest resource that is real must not be refused:
// a list of 5,000 elements is far above any of HL7's own.
func TestLargeButReal(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"resourceType":"StructureDefinition","kind":"resource","type":"A","snapshot":{"element":[{"id":"A","path":"A"}`)
	for i := range 5000 {
		fmt.Fprintf(&b, `,{"id":"A.%d","path":"A.b%d","min":0,"max":"1","definition":"d","base":{"path":"A.b"},"type":[{"code":"string"}]}`, i, i)
	}
	b.WriteString(`]}}`)
	root := Root(mustParse(t, b.String()))
	snapshot, err := MustCompile("snapshot").Eval(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, on := range []Value{root, snapshot[0]} {
		for _, c := range on.t.Constraints {
			if _, err := MustCompile(c.Expression).True(on); err != nil {
				t.Errorf("%s: %v", c.Key, err)
			}
		}
	}
}
