package docs

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Package oauth keeps its messages to itself: what they are is read from its source.

// discovered are those that are metadata, which api.md leaves to their standards.
var discovered = map[string]bool{"metadata": true}

// oauthMessages are the names of the members of each message, by its type. Of those that
// must be there the value is true.
var oauthMessages = sync.OnceValue(func() map[string]map[string]bool {
	all := map[string]map[string]bool{}
	files, err := filepath.Glob("../httpapi/oauth/*.go")
	if err != nil {
		panic(err)
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			panic(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			of, ok := spec.Type.(*ast.StructType)
			if !ok || discovered[spec.Name.Name] {
				return false
			}
			members := map[string]bool{}
			for _, field := range of.Fields.List {
				if field.Tag == nil {
					continue
				}
				tag, err := strconv.Unquote(field.Tag.Value)
				if err != nil {
					panic(err)
				}
				name, options, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
				members[name] = options == ""
			}
			if len(members) > 0 {
				all[spec.Name.Name] = members
			}
			return false
		})
	}
	return all
})

// holdsOAuth reports whether a sample has the members of a message, no other, and all
// that must be; and the section tells of each.
func holdsOAuth(body, name, section string) error {
	var got map[string]any
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		return err
	}
	want, ok := oauthMessages()[name]
	if !ok {
		if _, live := answered["oauth."+name]; live { // TestAPIAnswers has it
			return nil
		}
		return fmt.Errorf("there is no such message")
	}
	for member := range got {
		if _, ok := want[member]; !ok {
			return fmt.Errorf("there is no member %q", member)
		}
	}
	for member, must := range want {
		if _, ok := got[member]; must && !ok {
			return fmt.Errorf("the member %q is not there", member)
		}
		if !strings.Contains(section, "`"+member+"`") {
			return fmt.Errorf("the member %q is not told", member)
		}
	}
	return nil
}

// answered are samples of what a server answers, and how it comes to: the sample of a
// request, or a path and a sample of what is posted to it.
var answered = map[string]struct {
	request string
	path    string
	body    string
	status  int
	varies  []string // members that are another each time
}{
	"oauth.pushed": {request: "Push", status: 201, varies: []string{"request_uri"}},
	"oauth.error":  {request: "Refresh", status: 400},
	"AskedFor":     {path: "/ask/0000000000000000000000000000000000000000000000000", body: "Asking", status: 202, varies: []string{"request", "expires"}},
}

// TestAPIAnswers sends a server the requests that api.md shows, and holds what it answers
// against what api.md says it does.
func TestAPIAnswers(t *testing.T) {
	server := aServer(t)
	samples := map[string]string{}
	for _, m := range sample.FindAllStringSubmatch(readAPI(t), -1) {
		samples[m[2]] = m[3]
	}
	send := func(r *http.Request) *httptest.ResponseRecorder {
		r.Host = "record.example.org"
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		return w
	}
	for name, x := range answered {
		var r *http.Request
		if x.request != "" {
			r = request(t, samples[x.request])
		} else {
			r = httptest.NewRequest("POST", x.path, strings.NewReader(samples[x.body]))
			r.Header.Set("Content-Type", "application/json")
		}
		w := send(r)
		var got, want map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != x.status {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
			continue
		}
		if err := json.Unmarshal([]byte(samples[name]), &want); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, list := range []map[string]any{got, want} {
			for _, member := range x.varies {
				if _, ok := list[member]; !ok {
					t.Errorf("%s: %s is not there", name, member)
				}
				delete(list, member)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %s, and the sample is %s", name, w.Body, samples[name])
		}
	}
	if w := send(request(t, samples["Authorize"])); w.Code != 303 || !strings.HasPrefix(w.Header().Get("Location"), "/oauth/wait?") {
		t.Errorf("authorize: %d %s", w.Code, w.Header().Get("Location"))
	}
}

// request reads a sample of one: a line, headers, an empty line, a body that may be broken
// over lines.
func request(t *testing.T, text string) *http.Request {
	t.Helper()
	head, body, _ := strings.Cut(strings.TrimSpace(text), "\n\n")
	lines := strings.Split(head, "\n")
	line := strings.Fields(lines[0])
	if len(line) != 3 {
		t.Fatalf("no request: %s", text)
	}
	r := httptest.NewRequest(line[0], line[1], strings.NewReader(strings.ReplaceAll(body, "\n", "")))
	for _, h := range lines[1:] {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	return r
}

var codes = regexp.MustCompile("`([a-z_]+)`")

// TestAPIErrorsOfOAuth: the codes that api.md tells are those of the program, and none of
// the token endpoint's is left out.
func TestAPIErrorsOfOAuth(t *testing.T) {
	source := ""
	for _, pattern := range []string{"../httpapi/oauth/*.go", "../httpapi/oauth/dpop/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			if !strings.HasSuffix(path, "_test.go") {
				source += read(t, path)
			}
		}
	}
	told := map[string]bool{}
	for _, row := range rowsOf(readAPI(t), "| `error` | status | what to do (`error_description` says more) |") {
		for _, m := range codes.FindAllStringSubmatch(row[0], -1) {
			told[m[1]] = true
			if !strings.Contains(source, `"`+m[1]+`"`) {
				t.Errorf("there is no error %s", m[1])
			}
		}
	}
	// RFC 6749 §5.2, RFC 9449 §5 and §8.
	for _, code := range []string{"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope", "use_dpop_nonce", "invalid_dpop_proof"} {
		if !told[code] {
			t.Errorf("%s is not told", code)
		}
	}
}
