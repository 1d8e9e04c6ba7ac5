package httpapi_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/grant"
)

// kind is a sort of grant, the stage of the record that shows all that it reaches, and
// which part of the questions it asks: every one, every third. With CAREHOLD_LONG set
// each asks all.
type kind struct {
	name, scopes string
	sections     []record.Section
	stage        int
	every        int
}

var (
	narrow = []record.Section{record.Results}
	many   = []record.Section{record.AboutMe, record.Allergies, record.Medicines, record.Vaccination, record.Results, record.Measures, record.Visits, record.Plan}
)

var kinds = []kind{
	{"results", "patient/*.cruds", narrow, 0, 1},
	{"log", "patient/*.rs", narrow, 0, 1}, // which is asked of the log, and nothing else
	{"reader", "patient/*.r", narrow, 0, 3},
	{"writer", "patient/*.cud", narrow, 0, 3},
	{"derived", "patient/Provenance.rs patient/Consent.rs patient/AuditEvent.rs", narrow, 0, 3},
	// Of many sections some types: what there is of others is forbidden by name, and so
	// known of; in no search, count, page, summary or list is there anything of it.
	{"typed", "patient/Observation.rs patient/Patient.rs patient/Provenance.rs patient/Consent.rs patient/AuditEvent.rs", many, 1, 3},
	{"clinical", "patient/*.cruds", grant.Clinical.List(), 2, 2},
}

func (k kind) asks(n int) bool { return n%k.every == 0 || os.Getenv("CAREHOLD_LONG") != "" }

// notByName is for what names one entry: to who is forbidden its type it is forbidden.
func notByName(k kind) bool { return k.name != "typed" && k.name != "log" }

// What is hidden from one grant or another, and what never was.
var unseen = []string{"Condition/secret", "Encounter/visit", "Observation/smoking", "Binary/scan", "DocumentReference/letter", "Condition/mind", "Observation/mood", "Observation/left", "Binary/tape", "Binary/along", "DocumentReference/moved", "Provenance/whisper", "Provenance/murmur", "DocumentReference/diary", "Consent/paper", "AuditEvent/elsewhere", "Binary/never"}

// TestEveryDoorIsTheSame: at every door a grant is answered from a record that has
// everything, in which others read, write and share, what it is answered from one that
// has what it reaches and nothing else. The records are twins (leak_twins_test.go).
func TestEveryDoorIsTheSame(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("asks some thousand questions")
	}
	full, bare := stages(t)
	looks, changes := doors()
	pairsOf := map[string]*pairs{}
	asked, lively := 0, 0
	there := map[string]int{}
	ask := func(k kind, q question) {
		if q.only != nil && !q.only(k) || q.only == nil && k.name == "log" {
			return
		}
		asked++
		other := bare[k.stage]
		for _, w := range []*twin{full, other} {
			w.vars["asker"] = k.name
		}
		now := full.at.Add(100)
		for _, b := range bare {
			b.at.Store(now)
		}
		a, b := askBoth(full, other, k, q)
		// What a machine that stood still had no time for is asked again: that is no answer.
		for try := 0; try < 3 && looking(q) && noTime.MatchString(a) != noTime.MatchString(b); try++ {
			t.Logf("%s: %s %s: no time in one of the two, asked again", k.name, q.method, q.target)
			a, b = askBoth(full, other, k, q)
		}
		if strings.HasPrefix(a, "20") && len(a) > 600 {
			there[k.name]++
		}
		if why := pairsOf[k.name].same(a, b); why != "" {
			t.Errorf("%s: %s %s %s: of the full record and of the bare one\n%s", k.name, q.method, q.target, q.body, why)
		}
		if k.stage == 0 && strings.Contains(a, "needle") && !strings.Contains(q.target+q.body, "needle") {
			t.Errorf("%s: %s %s: shows what is hidden: %.300s", k.name, q.method, q.target, a)
		}
		if asked%7 == 0 {
			lively++
			full.elsewhere(lively)
		}
	}
	for _, k := range kinds {
		pairsOf[k.name] = newPairs()
		for i, q := range looks {
			if k.asks(i) {
				ask(k, q)
			}
		}
	}
	// A link shows the summary of its own sections, whoever asks, and says of a passcode
	// what its own tries say. It is sealed for who has its key: what is compared is inside.
	for i, link := range full.opens {
		other := bare[[]int{0, 0, 2, 2}[i]]
		p := newPairs()
		for _, body := range []string{`{"recipient":"Ward 7"}`, `{"recipient":"Ward 7","passcode":"000000"}`, `{"recipient":"Ward 7","passcode":"482913"}`, `{"recipient":"Ward 7","passcode":"482913","embeddedLengthMax":1}`,
			`{"recipient":"","passcode":"482913"}`, `{"recipient":"x","passcode":7}`, `{"recipient":"Ward 7","passcode":"000001"}`, `{"recipient":"Ward 7","passcode":"000002"}`, `{"recipient":"Ward 7","passcode":"482913"}`} {
			asked++
			full.elsewhere(asked)
			now := full.at.Add(100)
			for _, b := range bare {
				b.at.Store(now)
			}
			q := question{method: "POST", target: link.path, body: body}
			a, b := full.unsealed(link, full.asks("", q)), other.unsealed(link, other.asks("", q))
			if why := p.same(a, b); why != "" {
				t.Errorf("link %d: %s: of the full record and of the bare one\n%s", i, body, why)
			}
			if i < 2 && strings.Contains(a, "needle") || strings.Contains(a, "needle calm") || strings.Contains(a, "needle state") {
				t.Errorf("link %d shows what is hidden: %s", i, a)
			}
			if strings.Contains(a, `"resourceType":"Composition"`) {
				there["links"]++
			}
		}
		q := question{method: "GET", target: link.path + "?recipient=x"}
		if why := p.same(full.asks("", q), other.asks("", q)); why != "" {
			t.Errorf("link %d: %s", i, why)
		}
	}
	for _, k := range kinds {
		for _, w := range append(bare, full) {
			for name := range w.vars {
				if strings.HasPrefix(name, "new ") {
					w.vars[name] = "none"
				}
			}
		}
		for i, q := range changes {
			if !strings.Contains(k.scopes, "cud") && !k.asks(i) { // who writes asks for what they wrote
				continue
			}
			ask(k, q)
			for stage, w := range bare { // what one changes, others may see
				if stage != k.stage && q.method != "GET" && q.method != "HEAD" && (q.only == nil || q.only(k)) {
					w.asks(w.vars[k.name], q)
				}
			}
		}
	}
	if there["links"] < 10 {
		t.Errorf("links showed a summary only %d times", there["links"])
	}
	for _, k := range kinds {
		if there[k.name] < 10 {
			t.Errorf("%s was shown something only %d times", k.name, there[k.name])
		}
	}
	t.Logf("%d questions, %d acts of others", asked, lively)
}

func askBoth(full, other *twin, k kind, q question) (a, b string) {
	a, b = full.asks(full.vars[k.name], q), other.asks(other.vars[k.name], q)
	if q.now {
		a, b = seconds.ReplaceAllString(a, "NOW"), seconds.ReplaceAllString(b, "NOW")
	}
	return a, b
}

// looking is of a question that changes nothing, and may be asked twice.
func looking(q question) bool {
	return q.method == "GET" || q.method == "HEAD" || q.method == "POST" && strings.HasSuffix(strings.Split(q.target, "\n")[0], "/_search")
}

// noTime is said when something took longer than it may, by the machine's clock: of one
// condition, one batch, one page, one turn.
var noTime = regexp.MustCompile(`take too long|took as long as one batch may|others are doing that|^(429|503) `)

var (
	embedded = regexp.MustCompile(`"embedded":"([^"]*)"`)
	located  = regexp.MustCompile(`"location":"` + regexp.QuoteMeta(publicURL) + `([^"]*)"`)
	lengths  = regexp.MustCompile(`Content-Length: \d+`)
)

// unsealed is a manifest with what its files say in their place. How long one is sealed
// differs with the random ids in it, which do not compress alike.
func (w *twin) unsealed(link made, answer string) string {
	inside := func(jwe string) string {
		return seconds.ReplaceAllString(w.opened(link, jwe), "NOW")
	}
	out := embedded.ReplaceAllStringFunc(answer, func(m string) string { return inside(embedded.FindStringSubmatch(m)[1]) })
	for _, m := range located.FindAllStringSubmatch(answer, -1) {
		head, jwe, _ := strings.Cut(w.asks("", question{method: "GET", target: m[1]}), "\r\n\r\n")
		if jwe == "" {
			head, jwe = head[:strings.LastIndex(head, "\n")], head[strings.LastIndex(head, "\n")+1:]
		}
		out += head + inside(jwe)
	}
	return lengths.ReplaceAllString(out, "Content-Length")
}

// seconds are times as a summary says them.
var seconds = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)
