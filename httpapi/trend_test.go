package httpapi_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// What a trend shows as a picture: each unit by itself, limits as limits, and in the table
// alone what has no number or was a mistake.
func TestTrendCharts(t *testing.T) {
	quantity := func(value, more string) string { return fmt.Sprintf(`,"valueQuantity":{"value":%s%s}`, value, more) }
	const mmol, mg = `,"unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"`, `,"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"`
	const band = `,"referenceRange":[{"low":{"value":3.5` + mmol + `},"high":{"value":5.1` + mmol + `}}]`
	pressure := func(high, low string) string {
		part := func(code, v string) string {
			return `{"code":{"coding":[{"system":"http://loinc.org","code":"` + code + `"}]},"valueQuantity":{"value":` + v + `,"unit":"mmHg"}}`
		}
		return `,"component":[` + part("8462-4", low) + `,` + part("8480-6", high) + `]`
	}
	all := []string{
		measured("a", "2020-02-01", "2345-7", quantity("4.2", mmol)+band),
		measured("b", "2021", "2345-7", quantity("6.3", mmol)+band),
		measured("c", "2022-02-01", "2345-7", quantity("3", mmol+`,"comparator":"<"`)),
		measured("d", "2022-03-01", "2345-7", quantity("99", mg)),
		measured("e", "2022-04-01", "2345-7", `,"valueString":"haemolysed <b>"`),
		measured("f", "2022-05-01", "2345-7", quantity("777.7", mmol)),
		measured("g", "2022-06-01", "2345-7", quantity("1e400", mmol)),
		measured("p", "2021-02-01", "85354-9", pressure("142", "84")),
		measured("q", "2022-02-01", "85354-9", pressure("136", "80")),
		measured("one", "2022-02-01", "718-7", quantity("140", `,"unit":"g/L"`)),
	}
	all[5] = strings.Replace(all[5], `"final"`, `"entered-in-error"`, 1)
	_, _, v := reader(t, all...)
	text := v.page("/app/entry/Observation/a/trend")
	charts := regexp.MustCompile(`(?s)<svg class="chart" .*?</svg>`).FindAllString(text, -1)
	if len(charts) != 2 {
		t.Fatalf("%d charts, not one for each unit:\n%s", len(charts), text)
	}
	mine := charts[0]
	if strings.Contains(mine, "mg/dL") {
		mine = charts[1]
	}
	for _, want := range []string{`role="img"`, "test of 2345-7, in mmol/L", "3 values. First: 4.2 mmol/L on 1 February 2020. Last: &lt; 3 mmol/L on 1 February 2022. Lowest: &lt; 3 mmol/L on 1 February 2022. Highest: 6.3 mmol/L on 2021.",
		`class="mark above"`, `class="mark limit"`, `class="band"`, `class="span"`} {
		if !strings.Contains(mine, want) {
			t.Errorf("the chart has no %s\n%s", want, mine)
		}
	}
	for _, not := range []string{"mg/dL", "777", "haemolysed"} {
		if strings.Contains(mine, not) {
			t.Errorf("the chart has %s in it", not)
		}
	}
	for _, want := range []string{"2 values are only in the table", "haemolysed", "1e400", "Above the range", "the exact number is not known", "The grey band"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	two := v.page("/app/entry/Observation/p/trend")
	for _, want := range []string{"Upper number (systolic): 2 values. First: 142 mmHg", "Lower number (diastolic): 2 values. First: 84 mmHg", `class="trace two"`, `class="mark second"`} {
		if !strings.Contains(two, want) || strings.Count(two, `class="chart" `) != 1 {
			t.Errorf("blood pressure has no %q", want)
		}
	}
	if one := v.page("/app/entry/Observation/one/trend"); !strings.Contains(one, "One value: 140 g/L on 1 February 2022.") {
		t.Error("one value")
	}
	for name, page := range map[string]string{"mixed": text, "pressure": two} {
		if dir := os.Getenv("PAGES"); dir != "" {
			_ = os.WriteFile(dir+"/"+name+".html", []byte(page), 0o600)
		}
	}
}

// Measurements too large to be held all at once are all there, each with its day, and the
// page says why it tells no more of them; the others are drawn.
func TestTrendOfLargeEntries(t *testing.T) {
	const value = `,"valueQuantity":{"value":%d,"unit":"mmol/L"}`
	notes := `,"note":[{"text":"` + strings.TrimSuffix(strings.Repeat(strings.Repeat("a", 1000<<10)+`"},{"text":"`, 9), `,{"text":"`) + `]`
	all := []string{measured("s1", "2020-02-01", "2345-7", fmt.Sprintf(value, 4)), measured("s2", "2020-03", "2345-7", fmt.Sprintf(value, 5)),
		measured("l1", "2021-02-01", "2345-7", fmt.Sprintf(value, 11)+notes), measured("l2", "2022-02", "2345-7", fmt.Sprintf(value, 12)+notes)}
	_, _, v := reader(t, all...)
	for _, path := range []string{"/app/entry/Observation/l1/trend", "/app/entry/Observation/l2/trend", "/app/list/results"} {
		text := v.page(path)
		for _, want := range []string{"/app/entry/Observation/s1", "/app/entry/Observation/s2", "/app/entry/Observation/l1", "/app/entry/Observation/l2",
			"1 February 2020", "March 2020", "1 February 2021", "February 2022", "4 mmol/L", "5 mmol/L"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s has no %q", path, want)
			}
		}
		if n := strings.Count(text, "Too large to read beside the others"); n != 1 { // the first of the two has room
			t.Errorf("%s says of %d that they are too large", path, n)
		}
		if strings.HasSuffix(path, "trend") && (!strings.Contains(text, "<h1><bdi>test of 2345-7</bdi></h1>") || !strings.Contains(text, "1 value is only in the table") || !strings.Contains(text, "3 values. First: 4 mmol/L")) {
			t.Errorf("%s: the title, the chart, or what is left out of it", path)
		}
	}
}

// A page that there is not is the last one, whatever number it has.
func TestListPages(t *testing.T) {
	var all []string
	for i := range 51 {
		all = append(all, measured(fmt.Sprintf("o%03d", i), "2020-02-01", "2345-7", ""))
	}
	_, _, v := reader(t, all...)
	for _, p := range []string{"2", "3", "4611686018427387905", "9223372036854775807", "99999999999999999999"} {
		if text := v.page("/app/list/results?p=" + p); strings.Count(text, `href="/app/entry/Observation/`) != 1 {
			t.Errorf("page %s has not the one entry of the last page", p)
		}
	}
	if text := v.page("/app/list/results?p=-99999999999999999999"); strings.Count(text, `href="/app/entry/Observation/`) != 50 {
		t.Error("a page before the first is not the first")
	}
}

// People and places come before the notes of where entries came from.
func TestPeopleFirst(t *testing.T) {
	_, _, v := reader(t, measured("a", "2020-02-01", "2345-7", ""),
		`{"resourceType":"Practitioner","id":"okafor","name":[{"text":"Dr Amara Okafor"}]}`,
		`{"resourceType":"Provenance","id":"note","recorded":"2026-03-01T09:30:00Z","target":[{"reference":"Observation/a"}],"agent":[{"who":{"display":"Elm Road"}}]}`)
	text := v.page("/app/list/people")
	who, note := strings.Index(text, "Dr Amara Okafor"), strings.Index(text, "/app/entry/Provenance/")
	if who < 0 || note < who || !strings.Contains(text[note-400:], "1 March 2026") {
		t.Errorf("Dr Okafor is at %d, the note at %d, or has no date:\n%s", who, note, text)
	}
}
