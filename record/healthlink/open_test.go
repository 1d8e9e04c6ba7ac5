package healthlink_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/fetch"
	"carehold/record/healthlink"
	"carehold/record/testdata"
)

// server is somebody's server, made by hand: it answers by address.
type server struct {
	answers map[string]answer
	asked   []fetch.Request
}

type answer struct {
	status     int
	body       string
	retryAfter string
	location   string
	reader     io.Reader
}

func (s *server) Fetch(_ context.Context, r fetch.Request) (*fetch.Response, error) {
	r.Body = bytes.Clone(r.Body) // it is cleared once it was sent
	s.asked = append(s.asked, r)
	a, ok := s.answers[r.Method+" "+r.URL]
	if !ok {
		a.status = 404
	}
	body := a.reader
	if body == nil {
		body = strings.NewReader(a.body)
	}
	return &fetch.Response{Status: a.status, RetryAfter: a.retryAfter, Location: a.location, Body: io.NopCloser(body)}, nil
}

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var doctor = healthlink.Ask{Recipient: "Dr Grün & Söhne", Now: now}

const patient = `{"resourceType":"Patient","active":true}`

func encrypt(t testing.TB, contentType, body string, deflate bool) string {
	text, err := healthlink.Encrypt(key(t), contentType, []byte(body), deflate)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func link(t testing.TB, url string, terms healthlink.Terms) healthlink.Link {
	l, err := healthlink.New(url, key(t), terms)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestPublishedSummary: HL7's own link opens, and gives HL7's own summary.
func TestPublishedSummary(t *testing.T) {
	dir := testdata.Dir(t, "health-links")
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	l, err := healthlink.Parse(read("IPS_IG-bundle-01-shl.txt"))
	if err != nil {
		t.Fatal(err)
	}
	const url = "https://raw.githubusercontent.com/seanno/shc-demo-data/main/ips/IPS_IG-bundle-01-enc.txt?recipient=Dr+Gr%C3%BCn+%26+S%C3%B6hne"
	s := &server{answers: map[string]answer{"GET " + url: {status: 200, body: read("IPS_IG-bundle-01-enc.txt")}}}
	o, err := l.Open(t.Context(), s, doctor)
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Files) != 1 || o.Files[0].ContentType != healthlink.FHIR || string(o.Files[0].Body) != read("IPS_IG-bundle-01.json") {
		t.Errorf("%d files: %+.200v", len(o.Files), o.Files)
	}
}

// TestPublishedFiles: HL7's encrypted files open: the summary's, and the one that the
// specification prints as its example, where the test data has it as a file.
func TestPublishedFiles(t *testing.T) {
	dir := testdata.Dir(t, "health-links")
	files, _ := filepath.Glob(filepath.Join(dir, "*.jwe"))
	for _, file := range append(files, filepath.Join(dir, "IPS_IG-bundle-01-enc.txt")) {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s := &server{answers: map[string]answer{"GET https://a.example/x?recipient=x": {status: 200, body: string(b)}}}
		o, err := link(t, "https://a.example/x", healthlink.Terms{Single: true}).Open(t.Context(), s, healthlink.Ask{Recipient: "x", Now: now})
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
			continue
		}
		t.Logf("%s: %s of %d bytes", filepath.Base(file), o.Files[0].ContentType, len(o.Files[0].Body))
	}
}

// TestManifest: files embedded and elsewhere, of each type; what is asked, and what
// is told.
func TestManifest(t *testing.T) {
	const card = `{"verifiableCredential":["eyJ.a.b"]}`
	const access = `{"access_token":"x","token_type":"Bearer","aud":"https://fhir.example"}`
	manifest := fmt.Sprintf(`{"list":{"resourceType":"List"},"new":1,"files":[
		{"contentType":"application/fhir+json","embedded":%q,"lastUpdated":"2025-03-09T15:29:46Z","status":"finalized","fhirVersion":"4.0.1"},
		{"contentType":"application/smart-health-card","location":"https://files.example/1?sig=a"},
		{"contentType":"application/fhir+json; charset=utf-8","location":"https://files.example/1","embedded":%q,"lastUpdated":"yesterday","status":"odd"},
		{"contentType":"application/pdf","location":"https://files.example/never"},
		{"contentType":"application/smart-api-access","location":"https://files.example/2"}]}`,
		encrypt(t, healthlink.FHIR, patient, true), encrypt(t, healthlink.FHIR, patient, false))
	s := &server{answers: map[string]answer{
		"POST https://a.example/m":          {status: 200, body: manifest, retryAfter: "60"},
		"GET https://files.example/1?sig=a": {status: 302, location: "https://elsewhere.example/1"},
		"GET https://elsewhere.example/1":   {status: 200, body: encrypt(t, healthlink.HealthCard, card, true) + "\n"},
		"GET https://files.example/2":       {status: 200, body: encrypt(t, healthlink.APIAccess, access, false)},
	}}
	l := link(t, "https://a.example/m", healthlink.Terms{Passcode: true, LongTerm: true})
	ask := doctor
	ask.Passcode = crypto.SecretString("geh€im\"")
	o, err := l.Open(t.Context(), s, ask)
	if err != nil {
		t.Fatal(err)
	}
	want := []healthlink.File{
		{ContentType: healthlink.FHIR, Body: []byte(patient), Updated: time.Date(2025, 3, 9, 15, 29, 46, 0, time.UTC), Status: "finalized", FHIRVersion: "4.0.1"},
		{ContentType: healthlink.HealthCard, Body: []byte(card)},
		{ContentType: healthlink.FHIR, Body: []byte(patient)},
		{ContentType: healthlink.APIAccess, Body: []byte(access)},
	}
	if fmt.Sprintf("%+v", o.Files) != fmt.Sprintf("%+v", want) {
		t.Errorf("files\n%+v\nwant\n%+v", o.Files, want)
	}
	if len(o.Others) != 1 || o.Others[0] != "application/pdf" || o.Wait != time.Minute {
		t.Errorf("%q %s", o.Others, o.Wait)
	}
	// What was asked, as the standard has it, and of nobody else.
	var sent map[string]any
	if err := json.Unmarshal(s.asked[0].Body, &sent); err != nil || len(sent) != 3 ||
		sent["recipient"] != "Dr Grün & Söhne" || sent["passcode"] != "geh€im\"" || sent["embeddedLengthMax"] != 8192.0 {
		t.Errorf("%s %v", s.asked[0].Body, err)
	}
	for i, r := range s.asked[1:] {
		if r.Method != "GET" || len(r.Body) != 0 || strings.Contains(r.URL, "never") || strings.Contains(r.URL, "recipient") {
			t.Errorf("request %d: %+v", i+1, r)
		}
	}
	if len(s.asked) != 4 {
		t.Errorf("%d requests", len(s.asked))
	}
}

// TestSingleKeepsQuery: an address that is signed stays as it is.
func TestSingleKeepsQuery(t *testing.T) {
	s := &server{answers: map[string]answer{"GET https://a.example/x?z=%2f&a=1&recipient=Dr+Gr%C3%BCn+%26+S%C3%B6hne": {status: 200, body: encrypt(t, healthlink.FHIR, patient, true)}}}
	if _, err := link(t, "https://a.example/x?z=%2f&a=1", healthlink.Terms{Single: true}).Open(t.Context(), s, doctor); err != nil {
		t.Error(err, s.asked)
	}
}

// TestRefusals: what a server may answer, and what the person is told to do.
func TestRefusals(t *testing.T) {
	const m = "POST https://a.example/m"
	for _, c := range []struct {
		name      string
		answer    answer
		kind      error
		text      string
		remaining int // of a wrong passcode
	}{
		{"wrong passcode", answer{status: 401, body: `{"remainingAttempts":4}`}, record.Unauthorized, "4 tries", 4},
		{"one left", answer{status: 401, body: `{"remainingAttempts":1}`}, record.Unauthorized, "One try", 1},
		{"last", answer{status: 401, body: `{"remainingAttempts":0}`}, record.Unauthorized, "last try", 0},
		{"does not say", answer{status: 401, body: `no`}, record.Unauthorized, "ask whoever", -1},
		{"says nonsense", answer{status: 401, body: `{"remainingAttempts":-5}`}, record.Unauthorized, "ask whoever", -1},
		{"says too much", answer{status: 401, body: `{"remainingAttempts":1e99}`}, record.Unauthorized, "ask whoever", -1},
		{"stopped", answer{status: 404, body: "x"}, record.NotFound, "Ask for a new one", 0},
		{"gone", answer{status: 410}, record.NotFound, "Ask for a new one", 0},
		{"too often", answer{status: 429, retryAfter: "90"}, record.TooMany, "1m30s", 0},
		{"too often, until", answer{status: 429, retryAfter: "Sun, 01 Mar 2026 12:10:00 GMT"}, record.TooMany, "10m0s", 0},
		{"too often, until it was", answer{status: 429, retryAfter: "Sun, 01 Mar 2026 11:10:00 GMT"}, record.TooMany, "few minutes", 0},
		{"too often, no time", answer{status: 429, retryAfter: "soon"}, record.TooMany, "few minutes", 0},
		{"too often, for ever", answer{status: 429, retryAfter: "99999999999"}, record.TooMany, "168h", 0},
		{"fault", answer{status: 503}, record.Unavailable, "later", 0},
		{"odd", answer{status: 418}, record.Invalid, "418", 0},
		{"no content", answer{status: 204}, record.Invalid, "204", 0},
		{"moved", answer{status: 307, location: "https://b.example/"}, record.Unavailable, "new one", 0},
		{"a page", answer{status: 200, body: "<html>"}, record.Invalid, "not a list", 0},
		{"nothing", answer{status: 200}, record.Invalid, "not a list", 0},
		{"no files", answer{status: 200, body: `{"files":[]}`}, record.NotFound, "no files", 0},
	} {
		s := &server{answers: map[string]answer{m: c.answer}}
		ask := doctor
		ask.Passcode = crypto.SecretString("1234")
		o, err := link(t, "https://a.example/m", healthlink.Terms{Passcode: true}).Open(t.Context(), s, ask)
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.text) || len(o.Files) != 0 {
			t.Errorf("%s: %v", c.name, err)
		}
		if wrong, ok := errors.AsType[*healthlink.WrongPasscode](err); ok != (c.answer.status == 401) || ok && wrong.Remaining != c.remaining {
			t.Errorf("%s: %+v", c.name, wrong)
		}
	}
	// A file that is no longer where it was said to be.
	s := &server{answers: map[string]answer{m: {status: 200, body: `{"files":[{"contentType":"application/fhir+json","location":"https://f.example/1"}]}`}}}
	if _, err := link(t, "https://a.example/m", healthlink.Terms{}).Open(t.Context(), s, doctor); !errors.Is(err, record.NotFound) || !strings.Contains(err.Error(), "once more") {
		t.Error(err)
	}
}

// TestNotAsked: what is refused before anybody is asked, so that no try is spent.
func TestNotAsked(t *testing.T) {
	past := now.Add(-time.Second)
	for name, c := range map[string]struct {
		terms healthlink.Terms
		ask   healthlink.Ask
		kind  error
	}{
		"no passcode":    {healthlink.Terms{Passcode: true}, doctor, record.Unauthorized},
		"empty passcode": {healthlink.Terms{Passcode: true}, healthlink.Ask{Recipient: "x", Now: now, Passcode: crypto.SecretString("")}, record.Unauthorized},
		"expired":        {healthlink.Terms{Expires: past}, doctor, record.Gone},
		"expires now":    {healthlink.Terms{Expires: now}, doctor, record.Gone},
		"nobody asks":    {healthlink.Terms{}, healthlink.Ask{Now: now, Recipient: " \x1b "}, record.Invalid},
	} {
		s := &server{}
		_, err := link(t, "https://a.example/m", c.terms).Open(t.Context(), s, c.ask)
		if !errors.Is(err, c.kind) || len(s.asked) != 0 {
			t.Errorf("%s: %v, %d requests", name, err, len(s.asked))
		}
	}
	if _, err := (healthlink.Link{}).Open(t.Context(), &server{}, doctor); err == nil {
		t.Error("no link opens")
	}
}

// TestRequest: what a server that made a link may be sent.
func TestRequest(t *testing.T) {
	n := func(i int) *int { return &i }
	for body, want := range map[string]*healthlink.Request{
		`{"recipient":"Dr X"}`: {Recipient: "Dr X"},
		`{"recipient":" Dr\u0000\u001b[2J X\n","passcode":" 1 ","embeddedLengthMax":0,"later":{}}`: {Recipient: "Dr [2J X", Passcode: " 1 ", EmbeddedLengthMax: n(0)},
		`{"recipient":"x","embeddedLengthMax":10000}`:                                              {Recipient: "x", EmbeddedLengthMax: n(10000)},
		`{"recipient":"x","passcode":null}`:                                                        {Recipient: "x"},
		`{}`:                                                                                       nil,
		`{"recipient":""}`:                                                                         nil,
		`{"recipient":"\n"}`:                                                                       nil,
		`{"recipient":1}`:                                                                          nil,
		`{"recipient":"x","recipient":"y"}`:                                                        nil,
		`{"recipient":"x","passcode":1234}`:                                                        nil,
		`{"recipient":"x","embeddedLengthMax":-1}`:                                                 nil,
		`{"recipient":"x","embeddedLengthMax":1.5}`:                                                nil,
		`[]`: nil, ``: nil, `{"recipient":"x"}x`: nil,
		`{"recipient":"` + strings.Repeat("€", 80) + `"}`:                 {Recipient: strings.Repeat("€", 80)},
		`{"recipient":"` + strings.Repeat("€", 81) + `"}`:                 {Recipient: strings.Repeat("€", 79) + "…"}, // a viewer's user cannot mend it
		`{"recipient":"\u202eWard\t\u00a0 7\u2066\u200b"}`:                {Recipient: "Ward 7"},
		`{"recipient":"x","passcode":"` + strings.Repeat("1", 201) + `"}`: nil,
		`{"recipient":"x","y":"` + strings.Repeat("x", 20000) + `"}`:      nil,
	} {
		got, err := healthlink.ParseRequest([]byte(body))
		if (err == nil) != (want != nil) {
			t.Errorf("%.60s: %v", body, err)
			continue
		}
		if want != nil && (got.Recipient != want.Recipient || got.Passcode != want.Passcode || (got.EmbeddedLengthMax == nil) != (want.EmbeddedLengthMax == nil) || got.EmbeddedLengthMax != nil && *got.EmbeddedLengthMax != *want.EmbeddedLengthMax) {
			t.Errorf("%s: %+v", body, got)
		}
	}
}
