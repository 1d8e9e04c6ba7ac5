package change_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
)

// checks notes what is checked, and refuses what says "bad".
type checks struct {
	mu  sync.Mutex
	all []string // index and what the resource says
}

func (c *checks) options() change.Options {
	n := 0
	return change.Options{NewID: func(string) string { n++; return fmt.Sprint("new-", n) }, Check: func(index int, r *fhir.Resource) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.all = append(c.all, fmt.Sprintf("%d %s", index, r.Bytes()))
		if strings.Contains(string(r.Bytes()), `"bad"`) {
			return record.Safef(record.Unprocessed, "bad").At(r.Type() + ".a")
		}
		return nil
	}}
}

func (c *checks) take() []string {
	all := c.all
	slices.Sort(all)
	c.all = nil
	return all
}

func prepare(t *testing.T, o change.Options, entries ...string) (*change.Transaction, error) {
	t.Helper()
	b, err := change.ParseBundle([]byte(bundle("transaction", entries...)), change.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	asked, err := change.Requests(b)
	if err != nil {
		t.Fatal(err)
	}
	return change.Prepare(asked, o)
}

// What is sent is checked before anything is looked up, whatever a condition will find:
// while one is looked up the person can do nothing. What is written is what was
// checked, but for ids.
func TestCheckedBeforeAnythingIsLookedUp(t *testing.T) {
	basic := func(members string) string { return `"resource":{"resourceType":"Basic"` + members + `}` }
	entries := []string{
		with("POST", "Basic", `"ifNoneExist":"identifier=1"`, `"fullUrl":"urn:uuid:found"`, basic(``)),
		with("POST", "Basic", `"ifNoneExist":"identifier=2"`, `"fullUrl":"urn:uuid:made"`, basic(``)),
		entry("PUT", "Basic?identifier=3", `"fullUrl":"urn:uuid:put"`, basic(``)),
		entry("POST", "Basic", `"fullUrl":"urn:uuid:new"`, basic(`,"subject":{"reference":"urn:uuid:new"}`)),
		entry("POST", "Basic", basic(`,"a":{"reference":"urn:uuid:found"},"b":{"reference":"urn:uuid:made"},"c":{"reference":"urn:uuid:put"},"d":{"reference":"urn:uuid:new"}`)),
		entry("POST", "Basic", basic(`,"a":{"reference":"Group?identifier=4"}`)),
		entry("PATCH", "Basic/9", jsonPatch(`[{"op":"add","path":"/author","value":{"reference":"urn:uuid:made"}}]`)),
	}
	var c checks
	tr, err := prepare(t, c.options(), entries...)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`0 {"resourceType":"Basic"}`, `1 {"resourceType":"Basic"}`, `2 {"resourceType":"Basic"}`,
		`3 {"resourceType":"Basic","subject":{"reference":"Basic/new-1"}}`,
		`4 {"resourceType":"Basic","a":{"reference":"Basic/0"},"b":{"reference":"Basic/0"},"c":{"reference":"Basic/0"},"d":{"reference":"Basic/new-1"}}`,
		`5 {"resourceType":"Basic","a":{"reference":"Group/0"}}`}
	if got := c.take(); !slices.Equal(got, want) {
		t.Errorf("checked before: %q", got)
	}
	if !tr.Conditional() {
		t.Error("said to be without a condition")
	}
	there := found{"Basic/9": {{}}, "Basic?identifier=1": {{Type: "Basic", ID: "one"}}, "Basic?identifier=3": {{Type: "Basic", ID: "three"}}, "Group?identifier=4": {{Type: "Group", ID: "four"}}}
	for range 2 { // the record moved on: it is planned again
		cs, err := tr.Plan(there)
		if err != nil {
			t.Fatal(err)
		}
		var written []string
		made := ""
		for _, x := range cs {
			if x.Index == 1 {
				made = x.Ref.ID
			}
			if x.Resource != nil {
				written = append(written, fmt.Sprintf("%d %s", x.Index, x.Resource.Bytes()))
			}
		}
		slices.Sort(written)
		want := []string{`1 {"resourceType":"Basic"}`, `2 {"resourceType":"Basic"}`, `3 {"resourceType":"Basic","subject":{"reference":"Basic/new-1"}}`,
			`4 {"resourceType":"Basic","a":{"reference":"Basic/one"},"b":{"reference":"Basic/` + made + `"},"c":{"reference":"Basic/three"},"d":{"reference":"Basic/new-1"}}`,
			`5 {"resourceType":"Basic","a":{"reference":"Group/four"}}`,
			`6 {"resourceType":"Basic","id":"9","subject":{"reference":"urn:uuid:old"},"other":{"reference":"Basic?identifier=old"},"author":{"reference":"Basic/` + made + `"}}`}
		if made == "" || !slices.Equal(written, want) {
			t.Errorf("written: %q", written)
		}
		// Only of a patch is it not known before what comes of it.
		if got := c.take(); len(got) != 1 || got[0] != want[5] {
			t.Errorf("checked while it is planned: %q", got)
		}
	}
	// A reference that did not come out as it was checked is checked again.
	there["Group?identifier=4"] = []fhir.Ref{{Type: "Patient", ID: "four"}}
	if _, err := tr.Plan(there); err != nil {
		t.Fatal(err)
	}
	if got := c.take(); len(got) != 2 || got[0] != `5 {"resourceType":"Basic","a":{"reference":"Patient/four"}}` {
		t.Errorf("checked again: %q", got)
	}
}

// What cannot be written and would be is refused before anything is looked up; what a
// condition may keep from being written, only when it does not.
func TestRefusedBeforeAnythingIsLookedUp(t *testing.T) {
	first := with("POST", "Basic", `"ifNoneExist":"identifier=1"`, `"fullUrl":"urn:uuid:x"`, `"resource":{"resourceType":"Basic"}`)
	bad := `"resource":{"resourceType":"Basic","a":"bad","subject":{"reference":"urn:uuid:x"}}`
	lost := `"resource":{"resourceType":"Basic","subject":{"reference":"urn:uuid:lost"}}`
	for _, c := range []struct{ entry, before, none, one string }{
		{entry("POST", "Basic", bad), "unprocessable Bundle.entry[1].resource.a", "", ""},
		{entry("PUT", "Basic?identifier=2", bad), "unprocessable Bundle.entry[1].resource.a", "", ""},
		{entry("POST", "Basic", lost), "unprocessable Bundle.entry[1].resource.subject.reference", "", ""},
		{with("POST", "Basic", `"ifNoneExist":"identifier=2"`, bad), "", "unprocessable Bundle.entry[1].resource.a", ""},
		{with("POST", "Basic", `"ifNoneExist":"identifier=2"`, lost), "", "unprocessable Bundle.entry[1].resource.subject.reference", ""},
	} {
		var all checks
		tr, err := prepare(t, all.options(), first, c.entry, entry("POST", "Basic", bad[:len(bad)-1]+`,"later":true}`))
		if c.before == "" {
			tr, err = prepare(t, all.options(), first, c.entry)
		}
		if got := where(err); err != nil && got != c.before || err == nil && c.before != "" {
			t.Errorf("%s: before: %v, want %s", c.entry, err, c.before)
		}
		if err != nil {
			continue
		}
		for want, there := range map[string]found{c.none: {}, c.one: {"Basic?identifier=2": {{Type: "Basic", ID: "2"}}}} {
			_, err := tr.Plan(there)
			if got := where(err); err != nil && got != want || err == nil && want != "" {
				t.Errorf("%s: %v, want %q", c.entry, err, want)
			}
		}
	}
}

// Entries are prepared on several cores: of many that are wrong it is the first that is
// told.
func TestFirstOfManyIsTold(t *testing.T) {
	var entries []string
	for i := range 300 {
		a := "good"
		if i >= 37 && i%3 == 1 {
			a = "bad"
		}
		entries = append(entries, entry("POST", "Basic", fmt.Sprintf(`"resource":{"resourceType":"Basic","a":%q}`, a)))
	}
	// While one finds the 38th wrong, which takes long, another finds a later one.
	for range 20 {
		var c checks
		o := c.options()
		later, told, check := make(chan bool), make(chan bool), o.Check
		o.Check = func(index int, r *fhir.Resource) error {
			if runtime.GOMAXPROCS(0) == 1 {
				return check(index, r)
			}
			switch index {
			case 37:
				<-later
				defer close(told)
			case 40:
				close(later)
				<-told
				time.Sleep(time.Millisecond) // until the 38th has been told
			}
			return check(index, r)
		}
		if _, err := prepare(t, o, entries...); where(err) != "unprocessable Bundle.entry[37].resource.a" {
			t.Fatal(err)
		}
	}
}

// An import's plan is checked as it is.
func TestCheckAll(t *testing.T) {
	var plan []change.Change
	for i := range 50 {
		plan = append(plan, change.Change{Index: 100 + i, Resource: resource(t, fmt.Sprintf(`{"resourceType":"Basic","id":"%d"}`, i))})
	}
	var mu sync.Mutex
	seen := map[string]bool{}
	check := func(index int, r *fhir.Resource) error {
		mu.Lock()
		defer mu.Unlock()
		seen[fmt.Sprint(index, " ", r.ID())] = true
		if r.ID() == "7" || r.ID() == "9" {
			return record.Safef(record.Unprocessed, "not %s", r.ID())
		}
		return nil
	}
	if at, err := change.CheckAll(plan, check); at != 7 || err == nil || err.Error() != "not 7" || !seen["107 7"] {
		t.Errorf("%d %v", at, err)
	}
	clear(seen)
	if at, err := change.CheckAll(plan[10:], check); at != 0 || err != nil || len(seen) != 40 || !seen["149 49"] {
		t.Errorf("%d %v, %d checked", at, err, len(seen))
	}
}

// What only a reference asks of the record is a condition too.
func TestConditionalByAReference(t *testing.T) {
	for reference, want := range map[string]bool{"Group?identifier=1": true, "Group/1": false, "urn:uuid:a": false} {
		var c checks
		tr, err := prepare(t, c.options(), entry("POST", "Basic", `"fullUrl":"urn:uuid:a"`, `"resource":{"resourceType":"Basic","subject":{"reference":"`+reference+`"}}`))
		if err != nil || tr.Conditional() != want {
			t.Errorf("%s: %v, %v", reference, tr.Conditional(), err)
		}
	}
}
