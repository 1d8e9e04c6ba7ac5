package docs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"carehold/httpapi/message"
	"carehold/httpapi/problem"
)

// messages are what a sample in api.md can be of, by the word behind ```json. What is
// not a message of its own stands within one.
var messages = map[string]any{
	"Error": problem.Holder{},
	"Node":  message.Node{}, "SlotRequest": message.SlotRequest{}, "Slot": message.Slot{},
	"RingRequest": message.RingRequest{}, "Ring": message.Ring{}, "RingLogRequest": message.RingLogRequest{},
	"Receipt": message.Receipt{}, "SessionRequest": message.SessionRequest{}, "Session": message.Session{}, "Cookie": message.Cookie{},
	"SignedOut": message.SignedOut{}, "Log": message.Log{}, "Proof": message.Proof{}, "Strike": message.Strike{},
	"Entries": message.Entries{}, "EntryInfo": message.EntryInfo{}, "Move": message.Move{}, "Moved": message.Moved{},
	"Imports": message.Imports{}, "Undone": message.Undone{},
	"PreviewRequest": message.PreviewRequest{}, "SummaryRequest": message.SummaryRequest{}, "Preview": message.Preview{}, "Taken": message.Taken{},
	"Requests": message.Requests{}, "Answer": message.Answer{}, "Lookup": message.Lookup{}, "Coded": message.Coded{},
	"Asking": message.Asking{}, "AskedFor": message.AskedFor{}, "Told": message.Told{},
	"Inbox": message.Inbox{}, "InboxAnswer": message.InboxAnswer{}, "TakenIn": message.TakenIn{}, "Note": message.Note{}, "Noted": message.Noted{},
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
	o, own, err := message.ImportOrigin(http.Header{message.ImportHeaderName: {value}})
	return err == nil && message.ImportHeader(o, own) == value
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
