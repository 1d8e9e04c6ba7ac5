package docs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"carehold/crypto"
	"carehold/httpapi"
	"carehold/httpapi/message"
	"carehold/httpapi/problem"
	"carehold/record/store"
)

// messages are what a sample in api.md can be of, by the word behind ```json. What is
// not a message of its own stands within one.
var messages = map[string]any{
	"Error": problem.Holder{},
	"Node":  message.Node{}, "SlotRequest": message.SlotRequest{}, "Slot": message.Slot{},
	"RingRequest": message.RingRequest{}, "Ring": message.Ring{}, "RingLogRequest": message.RingLogRequest{},
	"Receipt": message.Receipt{}, "SessionRequest": message.SessionRequest{}, "Session": message.Session{},
	"SignedOut": message.SignedOut{}, "Log": message.Log{}, "Proof": message.Proof{}, "Strike": message.Strike{},
	"Entries": message.Entries{}, "EntryInfo": message.EntryInfo{}, "Move": message.Move{}, "Moved": message.Moved{},
	"Imports": message.Imports{}, "Undone": message.Undone{},
	"PreviewRequest": message.PreviewRequest{}, "Preview": message.Preview{}, "Taken": message.Taken{},
	"Requests": message.Requests{}, "Answer": message.Answer{},
}

// described are the doors whose every route is in api.md.
var described = regexp.MustCompile(`^/(holder|oauth|ask|\.well-known)(/|$)`)

var (
	sample   = regexp.MustCompile("(?ms)^```(json|http) (\\w+)\n(.*?)^```")
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
				if name != "ImportHeader" {
					say("nobody holds the sample %s", name)
				} else if _, value, _ := strings.Cut(strings.TrimSpace(body), ": "); !importHeader(value) {
					say("the sample %s is refused", name)
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
	who := map[string]string{"": "anyone", string(crypto.Invite): "invite", string(crypto.Session): "session"}[r.Kinds]
	if r.Path == "/holder/v1/statements" {
		who = "invite, or nobody"
	}
	costs := map[httpapi.Rate]string{httpapi.RateOrdinary: "request", httpapi.RateSecret: "guess"}[r.Rate]
	body := "–"
	if r.Body > 0 {
		body = map[string]string{"application/json": "JSON", "application/octet-stream": "octets",
			"application/x-www-form-urlencoded": "form"}[r.Types[0]] + ", " + bytesOf(r.Body)
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

// holds reads a sample strictly, and writes it again: so nothing is in it that the
// type has not, or would write otherwise.
func holds(body string, of reflect.Type) error {
	into := reflect.New(of)
	if err := message.Read(strings.NewReader(body), into.Interface()); err != nil {
		return err
	}
	var out bytes.Buffer
	if err := message.Write(&out, into.Interface()); err != nil {
		return err
	}
	var want, got any
	if err := json.Unmarshal([]byte(body), &want); err != nil {
		return err
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		return err
	}
	if !reflect.DeepEqual(want, got) {
		return fmt.Errorf("it is written as %s", out.Bytes())
	}
	return nil
}

func importHeader(value string) bool {
	o, err := message.ImportOrigin(http.Header{message.ImportHeaderName: {value}})
	return err == nil && message.ImportHeader(o) == value
}

// fields are the names of all fields of a message, and of what is within it.
func fields(t reflect.Type) (names []string) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t.PkgPath() == "time" {
		return nil
	}
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" {
			names = append(append(names, name), fields(t.Field(i).Type)...)
		}
	}
	return names
}

// within reports whether a type stands within a message that has a sample.
func within(name string) bool {
	var has func(t reflect.Type) bool
	has = func(t reflect.Type) bool {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice:
			return has(t.Elem())
		case reflect.Struct:
			if t.PkgPath() == "time" {
				return false
			}
			for i := range t.NumField() {
				if has(t.Field(i).Type) {
					return true
				}
			}
			return t.Name() == name
		}
		return false
	}
	for _, m := range messages {
		if has(reflect.TypeOf(m)) {
			return true
		}
	}
	return false
}

func readAPI(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("api.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func allRoutes(t *testing.T) []httpapi.Route {
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
	server, err := httpapi.New(s, httpapi.Config{PublicURL: "https://record.example.org"})
	if err != nil {
		t.Fatal(err)
	}
	return server.Routes()
}

// TestAPI: api.md has every route of its doors and no other, the table of errors as it
// is, and samples that are read as what they are said to be, every field of them told.
func TestAPI(t *testing.T) {
	for _, what := range wrongAPI(readAPI(t), allRoutes(t)) {
		t.Error(what)
	}
}

var (
	named    = regexp.MustCompile(`(?:GET|POST|PUT|DELETE) (/holder/v1/[a-z/{}]+)`)
	variable = regexp.MustCompile(`\{\w+\}`)
)

// TestAPIHasEveryMessage: what package message has, api.md shows, if it is of a route that
// is there: the one that its comment names, or that of the type before it.
func TestAPIHasEveryMessage(t *testing.T) {
	there := map[string]bool{}
	for _, r := range allRoutes(t) {
		there[variable.ReplaceAllString(r.Path, "{}")] = true
	}
	files, err := filepath.Glob("../httpapi/message/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	for _, path := range files {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		served := true
		for _, d := range f.Decls {
			of, ok := d.(*ast.GenDecl)
			if !ok || of.Tok != token.TYPE {
				continue
			}
			if m := named.FindStringSubmatch(of.Doc.Text()); m != nil {
				served = there[variable.ReplaceAllString(m[1], "{}")]
			}
			spec := of.Specs[0].(*ast.TypeSpec)
			if _, ok := spec.Type.(*ast.StructType); ok && served && spec.Name.IsExported() && !within(spec.Name.Name) {
				t.Errorf("%s: api.md shows no %s: add it to messages, with a sample", path, spec.Name.Name)
			}
		}
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
	} {
		changed := strings.Replace(text, x[0], x[1], 1)
		if changed == text {
			t.Errorf("%q is not in it", x[0])
		} else if len(wrongAPI(changed, routes)) == 0 {
			t.Errorf("%q for %q is not seen", x[1], x[0])
		}
	}
}
