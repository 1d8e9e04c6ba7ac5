package docs

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/httpapi"
	"carehold/httpapi/oauth/clients"
	"carehold/httpapi/problem"
	"carehold/record/store"
)

// described are the doors whose every route is in api.md.
var described = regexp.MustCompile(`^/(holder|oauth|ask|manage|(fhir/)?\.well-known)(/|$)`)

var (
	sample   = regexp.MustCompile("(?ms)^```(json|http) ([\\w.]+)\n(.*?)^```")
	cells    = regexp.MustCompile(`(?m)^\| (.*) \|$`)
	headings = regexp.MustCompile(`(?m)^## `)
)

// rowsOf are the rows of the tables that have such a head, cell by cell.
func rowsOf(text, head string) (rows [][]string) {
	within := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == head:
			within = true
		case !strings.HasPrefix(line, "|"):
			within = false
		case within && !strings.HasPrefix(line, "|-"):
			row := strings.Split(cells.FindStringSubmatch(line)[1], " | ")
			rows = append(rows, row)
		}
	}
	return rows
}

// wrongAPI is what api.md says otherwise than the program does it.
func wrongAPI(text string, routes []httpapi.Route) (list []string) {
	say := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }

	var want, got []string
	for _, r := range routes {
		if described.MatchString(r.Path) {
			want = append(want, strings.Join(asRow(r), " | "))
		}
	}
	for _, row := range rowsOf(text, "| method | path | who | costs | body |") {
		got = append(got, strings.Join(row, " | "))
	}
	differ(say, "a route", want, got)

	want, got = nil, nil
	for _, row := range problem.Table {
		want = append(want, fmt.Sprintf("`%s` | %d | %s", row.Code, row.Status, row.Issue))
	}
	for _, row := range rowsOf(text, "| code | status | FHIR issue | what to do |") {
		got = append(got, strings.Join(row[:3], " | "))
	}
	differ(say, "an error", want, got)

	shown := map[string]bool{}
	for _, section := range headings.Split(text, -1) {
		for _, m := range sample.FindAllStringSubmatch(section, -1) {
			kind, name, body := m[1], m[2], m[3]
			shown[name] = true
			if kind == "http" {
				if name == "Push" || name == "Refresh" || name == "Authorize" { // TestAPIAnswers
				} else if name != "ImportHeader" {
					say("nobody holds the sample %s", name)
				} else if _, value, _ := strings.Cut(strings.TrimSpace(body), ": "); !importHeader(value) {
					say("the sample %s is refused", name)
				}
				continue
			}
			if own, ok := strings.CutPrefix(name, "oauth."); ok {
				if err := holdsOAuth(body, own, section); err != nil {
					say("the sample of %s: %v", name, err)
				}
				continue
			}
			of, known := messages[name]
			if !known {
				say("there is no message %s", name)
				continue
			}
			if err := holds(body, reflect.TypeOf(of)); err != nil {
				say("the sample of %s: %v", name, err)
			}
			for _, field := range fields(reflect.TypeOf(of)) {
				if !strings.Contains(section, "`"+field+"`") {
					say("%s: the field %s is not told", name, field)
				}
			}
		}
	}
	for name := range messages {
		if !shown[name] {
			say("there is no sample of %s", name)
		}
	}
	for name := range oauthMessages() {
		if !shown["oauth."+name] {
			say("there is no sample of oauth.%s", name)
		}
	}
	slices.Sort(list)
	return list
}

func differ(say func(string, ...any), what string, want, got []string) {
	for _, x := range want {
		if !slices.Contains(got, x) {
			say("%s is not told: %s", what, x)
		}
	}
	for _, x := range got {
		if !slices.Contains(want, x) {
			say("%s that there is not: %s", what, x)
		}
	}
	if len(got) != len(want) {
		say("%d times %s, and there are %d", len(got), what, len(want))
	}
}

// asRow is a route as a row of the table.
func asRow(r httpapi.Route) []string {
	who := map[string]string{"": "anyone", string(crypto.Invite): "invite", string(crypto.Session): "session", string(crypto.Request): "request"}[r.Kinds]
	if r.Path == "/holder/v1/statements" {
		who = "invite, or nobody"
	}
	costs := map[httpapi.Rate]string{httpapi.RateOrdinary: "request", httpapi.RateSecret: "guess"}[r.Rate]
	body := "–"
	if r.Body > 0 {
		var types []string
		for _, typ := range r.Types {
			types = append(types, map[string]string{"application/json": "JSON", "application/octet-stream": "octets",
				"application/x-www-form-urlencoded": "form"}[typ])
		}
		body = strings.Join(types, " or ") + ", " + bytesOf(r.Body)
	}
	return []string{"`" + r.Method + "`", "`" + r.Path + "`", who, costs, body}
}

func bytesOf(n int64) string {
	unit := 0
	for ; n >= 1024 && n%1024 == 0; n /= 1024 {
		unit++
	}
	return fmt.Sprint(n, " ", []string{"bytes", "KiB", "MiB", "GiB", "TiB"}[unit])
}

func readAPI(t *testing.T) string {
	t.Helper()
	return read(t, "api.md")
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func allRoutes(t *testing.T) []httpapi.Route { return aServer(t).Routes() }

// aServer is one with nobody in it, and one app that is registered.
func aServer(t *testing.T) *httpapi.Server {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	if err := store.Init(dir); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	apps := clients.Open(filepath.Join(t.TempDir(), "clients.json"), clients.Options{})
	err = apps.Add(clients.Client{ID: "app-0f3c5a7791d2e684", Name: "Sunrise", Redirects: []string{"https://app.sunrise.example/callback"},
		Auth: clients.Public, Profile: clients.SMART, Added: time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	server, err := httpapi.New(s, httpapi.Config{PublicURL: "https://record.example.org", Clients: apps, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// TestAPI: api.md has every route of its doors and no other, the table of errors as it
// is, and samples that are read as what they are said to be, every field of them told.
func TestAPI(t *testing.T) {
	for _, what := range wrongAPI(readAPI(t), allRoutes(t)) {
		t.Error(what)
	}
}

// TestAPIIsLookedAt is the test of the test: each of these changes is seen.
func TestAPIIsLookedAt(t *testing.T) {
	text, routes := readAPI(t), allRoutes(t)
	for _, x := range [][2]string{
		{"| `POST` | `/holder/v1/strikes` | session |", "| `POST` | `/holder/v1/strikes` | anyone |"},
		{"| `GET` | `/holder/v1/imports` | session | request | – |\n", ""},
		{"| `GET` | `/holder/v1/node` |", "| `GET` | `/holder/v1/nodes` |"},
		{"| `deleted` | 410 |", "| `deleted` | 404 |"},
		{`{"section": "private"}`, `{"sections": "private"}`},
		{`"store": "1212`, `"store": "12`},
		{`"deleted": 2, "restored": 0`, `"deleted": 2`},
		{"| `wrap` |", "| wrap |"},
		{"```json Strike", "```json Struck"},
		{`; source="GP`, `; sauce="GP`},
		{"| `POST` | `/oauth/par` |", "| `GET` | `/oauth/par` |"},
		{`"need_patient_banner": true`, `"need_banner": true`},
		{`"active": true, `, ""},
		{"| `cnf` |", "| cnf |"},
	} {
		changed := strings.Replace(text, x[0], x[1], 1)
		if changed == text {
			t.Errorf("%q is not in it", x[0])
		} else if len(wrongAPI(changed, routes)) == 0 {
			t.Errorf("%q for %q is not seen", x[1], x[0])
		}
	}
}
