package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/grant"
)

// A conversation is a text of requests and what is answered:
//
//	--> GET /fhir/Patient/{patient}      {name} is a token or an id of the world
//	Authorization: Bearer {gp}
//
//	a body, after an empty line
//	<-- 200
//	ETag: W/"1"          a header, exactly
//	Location: /^https/   or matching
//	!Set-Cookie          not there
//	has "penicillin"     in the body
//	not "penicillin"
//	json entry.0.resource.id = "allergy"
//	save next link.1.url for later, as {next}
//	location upload      its Location for later, as {upload}
//	content job          its Content-Location for later, as {job}
//	keep refused         the whole answer, but for its request id
//	same refused         is that
//	do revoke gp         something that happens in the world
//	do take-in           what waits in the inbox is taken in, and notices are looked at
//	opens ward "text"    the body, or the value at a path after it, is a file of this link, and has it
//	query code           of its Location, for later, as {code}; "query error what" as {what}
//	cookies              those it sets, for later, as {cookies}
//	typed                the code on the page that waits, as {typed}
//	nonce phone          the DPoP-Nonce is that of the key called phone, from now on
//	do app …             and more of OAuth: oauth_conversation_test.go, oauth_attack_test.go
//	do at-once 50        the next request so often at the same time; its answers are
//	                     counted, <-- 200 x1, 400 x49, and the first of them is looked at
//	answer 2             and now the second
//	{page} and {book}    are 320 KiB and 1.25 MiB of digits
//
// Lines that begin with # say why.
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/*.http.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no conversations in testdata", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".http.txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c := &conversation{t: t, net: newNetwork(), kept: map[string]string{}, links: map[string]made{}}
			if strings.Contains(string(text), "\ndo serves ") {
				c.world = newWorld(t, c.net)
			} else {
				c.world = newWorld(t)
			}
			c.vars["page"] = strings.Repeat("0123456789abcdef", 20<<10) // 327,680 bytes: kept apart from its JSON
			c.vars["book"] = strings.Repeat(c.vars["page"], 4)          // 1,310,720: five parts of an upload
			for i, line := range strings.Split(string(text), "\n") {
				c.at = fmt.Sprintf("%s:%d", file, i+1)
				c.line(line)
			}
			c.finish()
		})
	}
}

type conversation struct {
	*world
	t       *testing.T
	net     *network // what there is beside the server, of files that have "do serves"
	at      string
	request []string // lines, while one is being read
	status  int
	header  http.Header
	body    []byte
	kept    map[string]string
	links   map[string]made
	provers map[string]*prover // DPoP keys, by name
	keyed   map[string]*keyed  // clients that have one
	times   int                // the next request, at once; 0: one
	many    []answer           // to that
}

func (c *conversation) line(line string) {
	switch {
	case strings.HasPrefix(line, "#"):
	case strings.HasPrefix(line, "--> "):
		c.finish()
		c.request = []string{line[4:]}
	case strings.HasPrefix(line, "<-- "):
		got := c.exchange()
		if want := strings.TrimSpace(line[4:]); got != want {
			c.t.Fatalf("%s: status %s, want %s\n%s", c.at, got, want, c.body)
		}
	case c.request != nil:
		c.request = append(c.request, line)
	case strings.TrimSpace(line) != "":
		c.expect(c.expand(line))
	}
}

func (c *conversation) finish() {
	if c.request != nil {
		c.t.Fatalf("%s: a request without an answer", c.at)
	}
}

// exchange sends the request, and says the status that came.
func (c *conversation) exchange() string {
	method, path, _ := strings.Cut(c.expand(c.request[0]), " ")
	h := http.Header{}
	i := 1
	for ; i < len(c.request) && c.request[i] != ""; i++ {
		name, value, _ := strings.Cut(c.expand(c.request[i]), ": ")
		h.Add(name, value)
	}
	body := ""
	if i < len(c.request) {
		body = c.expand(strings.TrimSpace(strings.Join(c.request[i:], "\n")))
	}
	c.request = nil
	if c.times > 0 {
		return c.atOnce(method, path, h, body)
	}
	resp := c.send(method, path, h, body)
	defer resp.Body.Close()
	var err error
	c.body, err = io.ReadAll(resp.Body)
	c.check(err)
	c.status, c.header = resp.StatusCode, resp.Header
	return strconv.Itoa(c.status)
}

func (c *conversation) expect(line string) {
	verb, rest, _ := strings.Cut(line, " ")
	switch verb {
	case "has", "not":
		text, err := strconv.Unquote(rest)
		c.check(err)
		if bytes.Contains(c.body, []byte(text)) != (verb == "has") {
			c.t.Errorf("%s: %s\n%s", c.at, line, c.body)
		}
	case "json":
		path, text, _ := strings.Cut(rest, " = ")
		var want any
		c.check(json.Unmarshal([]byte(text), &want))
		if got := c.json(path); !reflect.DeepEqual(got, want) {
			c.t.Errorf("%s: %s is %v\n%s", c.at, path, got, c.body)
		}
	case "save":
		name, path, _ := strings.Cut(rest, " ")
		c.vars[name] = strings.TrimPrefix(fmt.Sprint(c.json(path)), publicURL)
	case "content": // its Content-Location for later
		c.vars[rest] = strings.TrimPrefix(c.header.Get("Content-Location"), publicURL)
	case "location":
		c.vars[rest] = strings.TrimPrefix(c.header.Get("Location"), publicURL)
	case "keep":
		c.kept[rest] = c.whole()
	case "same":
		if got := c.whole(); got != c.kept[rest] {
			c.t.Errorf("%s: the answer differs\n%s\n---\n%s", c.at, got, c.kept[rest])
		}
	case "do":
		c.do(rest)
	case "query", "cookies", "typed", "nonce":
		c.keepOAuth(verb, rest)
	case "answer":
		n, err := strconv.Atoi(rest)
		c.check(err)
		c.status, c.header, c.body = c.many[n-1].status, c.many[n-1].header, c.many[n-1].body
	case "opens":
		name, rest, _ := strings.Cut(rest, " ")
		quoted, err := strconv.QuotedPrefix(rest)
		c.check(err)
		text, err := strconv.Unquote(quoted)
		c.check(err)
		jwe := string(c.body)
		if path := strings.TrimSpace(rest[len(quoted):]); path != "" {
			jwe = fmt.Sprint(c.json(path))
		}
		if got := c.opened(c.links[name], jwe); !strings.Contains(got, text) {
			c.t.Errorf("%s: it opens to %.400s", c.at, got)
		}
	default:
		c.headers(line)
	}
}

func (c *conversation) headers(line string) {
	name, want, _ := strings.Cut(line, ": ")
	got := strings.Join(c.header.Values(strings.TrimPrefix(name, "!")), ", ")
	switch {
	case name[0] == '!':
		if got != "" {
			c.t.Errorf("%s: there is a header %s: %s", c.at, name[1:], got)
		}
	case strings.HasPrefix(want, "/") && strings.HasSuffix(want, "/"):
		if !regexp.MustCompile(want[1 : len(want)-1]).MatchString(got) {
			c.t.Errorf("%s: %s is %q, want %s", c.at, name, got, want)
		}
	case got != want:
		c.t.Errorf("%s: %s is %q, want %q", c.at, name, got, want)
	}
}

// json is the value at a dotted path of the body; # is the length of an array.
func (c *conversation) json(path string) (v any) {
	if err := json.Unmarshal(c.body, &v); err != nil {
		c.t.Fatalf("%s: not JSON: %v\n%s", c.at, err, c.body)
	}
	for step := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			if step == "#" {
				v = float64(len(x))
				continue
			}
			n, err := strconv.Atoi(step)
			if err != nil || n >= len(x) {
				return nil
			}
			v = x[n]
		default:
			return nil
		}
	}
	return v
}

// whole is everything an answer says, but for its request id and the time.
func (c *conversation) whole() string {
	return whole(c.status, c.header, c.body)
}

func whole(status int, h http.Header, body []byte) string {
	id := h.Get("X-Request-Id")
	h = h.Clone()
	h.Del("Date")
	h.Del("X-Request-Id")
	var b bytes.Buffer
	fmt.Fprintln(&b, status)
	_ = h.Write(&b)
	b.Write(bytes.ReplaceAll(body, []byte(id), []byte("ID")))
	return b.String()
}

func (c *conversation) do(what string) {
	ctx := c.t.Context()
	verb, name, _ := strings.Cut(what, " ")
	switch verb {
	case "revoke":
		id, err := record.ParseGrantID(c.vars[name+".id"])
		c.check(err)
		c.check(c.ada.Revoke(ctx, id))
	case "link":
		name, terms, _ := strings.Cut(name, " ")
		c.links[name] = c.linkTo(name, terms)
	case "sign-in": // a new session, once the clock has moved on
		c.vars["ada"] = c.session(c.ada)
	case "share": // the clinical sections, with a word of its own and scopes
		name, scopes, _ := strings.Cut(name, " ")
		c.grant(c.ada, name, 24*time.Hour, scopes, grant.Clinical.List()...)
	case "take-in":
		items, err := c.ada.Inbox(ctx, c.vars["ada"])
		c.check(err)
		if len(items) == 0 {
			c.t.Errorf("%s: nothing waits", c.at)
		}
		for _, x := range items {
			if x.Notice() {
				c.check(c.ada.Looked(ctx, c.vars["ada"], x))
				continue
			}
			_, err := c.ada.TakeIn(ctx, c.vars["ada"], x, 0)
			c.check(err)
		}
	case "sign-in-to-read": // a session that the log is shown to
		token, _, err := c.ada.SignInToRead(ctx)
		c.check(err)
		c.vars["ada.reads"] = token
	case "wait":
		d, err := time.ParseDuration(name)
		c.check(err)
		c.wait(d)
	default:
		if !c.doOAuth(verb, strings.Fields(name)) {
			c.t.Fatalf("%s: nothing is called %q", c.at, what)
		}
	}
}
