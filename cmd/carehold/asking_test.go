package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// What the sessions have of those who ask: somebody at an address, and an app.

// askAt is ask URL QUESTION ANSWER: asks at an address, with the JSON in a file, and keeps
// what the answer can be fetched with in another.
func askAt(ts *testscript.TestScript, _ bool, args []string) {
	answer, err := http.Post(args[0], "application/json", strings.NewReader(ts.ReadFile(args[1])))
	ts.Check(err)
	defer answer.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(answer.Body)
	ts.Check(err)
	o, ok := parseObject(body.Bytes())
	if !ok || answer.StatusCode != http.StatusAccepted {
		ts.Fatalf("POST: %s\n%s", answer.Status, body.String())
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(fmt.Sprint(o["request"])), 0o600))
}

// answeredWith is answered ANSWER STATUS [TOKEN]: what whoever asked is told, into the file answer; and
// their token, into another.
func answeredWith(ts *testscript.TestScript, _ bool, args []string) {
	r, err := http.NewRequest("POST", ts.Getenv("SERVER")+"/ask/answer", nil)
	ts.Check(err)
	r.Header.Set("Authorization", "Bearer "+ts.ReadFile(args[0]))
	answer, err := http.DefaultClient.Do(r)
	ts.Check(err)
	defer answer.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(answer.Body)
	ts.Check(err)
	o, ok := parseObject(body.Bytes())
	if !ok || o["status"] != args[1] {
		ts.Fatalf("asked for the answer: %s, want %s\n%s", answer.Status, args[1], body.String())
	}
	ts.Check(os.WriteFile(ts.MkAbs("answer"), body.Bytes(), 0o600))
	if len(args) > 2 {
		ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(fmt.Sprint(o["token"])), 0o600))
	}
}

// authorize is authorize CLIENT SCOPE: an app sends its person to the server; the code on
// the page is then in $CODE.
func authorize(servers *sync.Map) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, _ bool, args []string) {
		v, _ := servers.Load(ts.Getenv("WORK"))
		s := v.(*server)
		var code string
		var err error
		s.sent, code, err = sendTo(s.url, args[0], args[1])
		ts.Check(err)
		ts.Setenv("CODE", code)
	}
}

// sentBack is sentback TEXT: the page that waits sends its browser back to the app, with
// this.
func sentBack(servers *sync.Map) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, _ bool, args []string) {
		v, _ := servers.Load(ts.Getenv("WORK"))
		to, err := v.(*server).sent.back()
		ts.Check(err)
		if !strings.Contains(to, args[0]) {
			ts.Fatalf("it is sent to %q", to)
		}
	}
}

// sent is the browser of somebody whom an app has sent, and the page it waits on.
type sent struct {
	browser http.Client
	waits   string
}

// sendTo sends a browser to a server, for an app, and returns the code on the page.
func sendTo(server, client, scope string) (*sent, string, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, "", err
	}
	s := &sent{browser: http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	q := url.Values{"response_type": {"code"}, "client_id": {client}, "redirect_uri": {"https://diary.example/cb"}, "state": {"af0ifjsldkj"}, "aud": {server + "/fhir"},
		"scope": {scope}, "code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}} // RFC 7636, Appendix B
	s.waits = server + "/oauth/authorize?" + q.Encode()
	for range 3 {
		resp, err := s.browser.Get(s.waits)
		if err != nil {
			return nil, "", err
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			return nil, "", err
		}
		if m := regexp.MustCompile(`carehold approve ([0-9A-Z-]{14})`).FindSubmatch(body); m != nil {
			return s, string(m[1]), nil
		}
		to, err := resp.Location()
		if err != nil {
			return nil, "", fmt.Errorf("the page shows no code: %s\n%s", resp.Status, body)
		}
		s.waits = to.String()
	}
	return nil, "", errors.New("it is sent on and on")
}

// back is where it is sent from the page it waits on: to the app.
func (s *sent) back() (string, error) {
	resp, err := s.browser.Get(s.waits)
	if err != nil {
		return "", err
	}
	resp.Body.Close()
	to := resp.Header.Get("Location")
	if !strings.HasPrefix(to, "https://diary.example/cb?") {
		err = fmt.Errorf("%s, to %q", resp.Status, to)
	}
	return to, err
}
