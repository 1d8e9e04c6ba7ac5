package healthlink_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"carehold/crypto"
	"carehold/crypto/jose"
	"carehold/record"
	"carehold/record/healthlink"
)

// TestHostileFiles: a link whose files are not what they should be gives nothing at
// all, also not the file before.
func TestHostileFiles(t *testing.T) {
	other, err := healthlink.Encrypt(crypto.NewKey(), healthlink.FHIR, []byte(patient), true)
	if err != nil {
		t.Fatal(err)
	}
	good := encrypt(t, healthlink.FHIR, patient, true)
	parts := strings.Split(good, ".")
	header := func(h string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(h)) + "." + strings.Join(parts[1:], ".")
	}
	for name, c := range map[string]struct {
		said, file string
		kind       error
	}{
		"another key":          {healthlink.FHIR, other, record.Integrity},
		"cut":                  {healthlink.FHIR, good[:len(good)-9], record.Invalid},
		"a page":               {healthlink.FHIR, "<html>sign in</html>", record.Invalid},
		"not encrypted":        {healthlink.FHIR, patient, record.Invalid},
		"a signed card":        {healthlink.HealthCard, "eyJhbGciOiJFUzI1NiJ9.AA.AA", record.Invalid},
		"alg none":             {healthlink.FHIR, header(`{"alg":"none","enc":"A256GCM"}`), record.Unsupported},
		"alg twice":            {healthlink.FHIR, header(`{"alg":"none","alg":"dir","enc":"A256GCM"}`), record.Invalid},
		"header was changed":   {healthlink.FHIR, header(`{"alg":"dir","enc":"A256GCM","cty":"application/fhir+json","zip":"DEF","x":1}`), record.Integrity},
		"card said to be FHIR": {healthlink.FHIR, encrypt(t, healthlink.HealthCard, `{"verifiableCredential":[]}`, true), record.Invalid},
		"FHIR that is a card":  {healthlink.FHIR, encrypt(t, healthlink.FHIR, `{"verifiableCredential":[]}`, true), record.Invalid},
		"both at once":         {healthlink.FHIR, encrypt(t, healthlink.FHIR, `{"resourceType":"Patient","verifiableCredential":[]}`, true), record.Invalid},
		"a type twice":         {healthlink.FHIR, encrypt(t, healthlink.FHIR, `{"resourceType":"Patient","resourceType":"Patient"}`, true), record.Invalid},
		"neither":              {healthlink.FHIR, encrypt(t, healthlink.FHIR, `{}`, true), record.Invalid},
		"no JSON":              {healthlink.FHIR, encrypt(t, healthlink.FHIR, "%PDF-1.7", true), record.Invalid},
		"an array":             {healthlink.FHIR, encrypt(t, healthlink.FHIR, "["+patient+"]", true), record.Invalid},
		"a million deep":       {healthlink.FHIR, encrypt(t, healthlink.FHIR, `{"resourceType":"Patient","x":`+strings.Repeat("[", 1e6), true), record.Invalid},
		"a bomb":               {healthlink.FHIR, encrypt(t, healthlink.FHIR, `{"resourceType":"`+strings.Repeat(" ", 8<<20)+`"}`, true), record.TooLarge},
	} {
		manifest := fmt.Sprintf(`{"files":[{"contentType":"application/fhir+json","embedded":%q},{"contentType":%q,"location":"https://f.example/1"}]}`, good, c.said)
		s := &server{answers: map[string]answer{
			"POST https://a.example/m":                  {status: 200, body: manifest},
			"GET https://f.example/1":                   {status: 200, body: c.file},
			"GET https://a.example/m?recipient=" + "Dr": {status: 200, body: c.file},
		}}
		o, err := link(t, "https://a.example/m", healthlink.Terms{}).Open(t.Context(), s, doctor)
		if !errors.Is(err, c.kind) || len(o.Files) != 0 {
			t.Errorf("%s: %v, %d files", name, err, len(o.Files))
		} else if strings.Contains(record.SafeText(err), "Patient") {
			t.Errorf("%s: the log gets %s", name, record.SafeText(err))
		}
		// Alone, a file is held to its own word.
		if c.said == healthlink.FHIR && name != "card said to be FHIR" {
			o, err := link(t, "https://a.example/m", healthlink.Terms{Single: true}).Open(t.Context(), s, healthlink.Ask{Recipient: "Dr", Now: now})
			if !errors.Is(err, c.kind) || len(o.Files) != 0 {
				t.Errorf("%s, single: %v", name, err)
			}
		}
	}
	if _, err := healthlink.Encrypt(key(t), "text/html", nil, false); !errors.Is(err, record.Unsupported) {
		t.Error("a type that links do not have is sealed")
	}
}

// TestHostileManifests: lists that are refused.
func TestHostileManifests(t *testing.T) {
	file := `{"contentType":"application/fhir+json","location":"https://f.example/1"}`
	list := func(files ...string) string { return `{"files":[` + strings.Join(files, ",") + `]}` }
	many := func(n int) string {
		return list(strings.Split(strings.Repeat(file+"\n", n)[:n*(len(file)+1)-1], "\n")...)
	}
	for name, c := range map[string]struct {
		body string
		kind error // nil: it is read
	}{
		"one":                     {list(file), nil},
		"none":                    {list(), nil},
		"no files":                {`{}`, nil},
		"a hundred":               {many(100), nil},
		"a hundred and one":       {many(101), record.TooLarge},
		"a mebibyte":              {`{"files":[],"x":"` + strings.Repeat("x", 1<<20-19) + `"}`, nil},
		"a mebibyte and one":      {`{"files":[],"x":"` + strings.Repeat("x", 1<<20-18) + `"}`, record.TooLarge},
		"an array":                {`[` + file + `]`, record.Invalid},
		"files an object":         {`{"files":` + file + `}`, record.Invalid},
		"a file is null":          {list("null"), record.Invalid},
		"a file is text":          {list(`"x"`), record.Invalid},
		"files twice":             {`{"files":[],"files":[` + file + `]}`, record.Invalid},
		"location twice":          {list(`{"contentType":"application/fhir+json","location":"https://f.example/1","location":"https://g.example/"}`), record.Invalid},
		"no type":                 {list(`{"location":"https://f.example/1"}`), record.Invalid},
		"nowhere":                 {list(`{"contentType":"application/fhir+json"}`), record.Invalid},
		"over http":               {list(`{"contentType":"application/fhir+json","location":"http://f.example/1"}`), record.Invalid},
		"a file of this disk":     {list(`{"contentType":"application/fhir+json","location":"file:///etc/passwd"}`), record.Invalid},
		"relative":                {list(`{"contentType":"application/fhir+json","location":"/1"}`), record.Invalid},
		"embedded not text":       {list(`{"contentType":"application/fhir+json","embedded":{}}`), record.Invalid},
		"9,000 deep":              {`{"files":[],"x":` + strings.Repeat(`{"x":`, 9000) + `}`, record.Invalid},
		"a hundred thousand deep": {`{"files":[],"x":` + strings.Repeat(`[`, 1e5) + strings.Repeat(`]`, 1e5) + `}`, record.Invalid},
		"cut":                     {list(file)[:40], record.Invalid},
		"two":                     {list(file) + list(file), record.Invalid},
	} {
		m, err := healthlink.ParseManifest([]byte(c.body))
		if !errors.Is(err, c.kind) || c.kind != nil && len(m.Files) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestMemory: what a hostile server makes a reader allocate is bounded by what is
// taken, not by what it sends.
func TestMemory(t *testing.T) {
	allocated := func(f func()) uint64 {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	l := link(t, "https://a.example/m", healthlink.Terms{})

	// A manifest without an end.
	s := &server{answers: map[string]answer{"POST https://a.example/m": {status: 200, reader: endless{}}}}
	used := allocated(func() {
		if _, err := l.Open(t.Context(), s, doctor); !errors.Is(err, record.TooLarge) {
			t.Error(err)
		}
	})
	t.Logf("manifest without an end: %d KiB", used>>10)
	if used > 8<<20 {
		t.Errorf("a manifest without an end: %d bytes allocated", used)
	}

	// A hundred bombs, each within the ratio, together beyond what a link may hold.
	bomb := encrypt(t, healthlink.FHIR, `{"resourceType":"Patient","x":"`+bombText(t)+`"}`, true)
	var files []string
	for range 100 {
		files = append(files, `{"contentType":"application/fhir+json","location":"https://f.example/1"}`)
	}
	s = &server{answers: map[string]answer{
		"POST https://a.example/m": {status: 200, body: `{"files":[` + strings.Join(files, ",") + `]}`},
		"GET https://f.example/1":  {status: 200, body: bomb},
	}}
	used = allocated(func() {
		if o, err := l.Open(t.Context(), s, doctor); !errors.Is(err, record.TooLarge) || len(o.Files) != 0 {
			t.Error(len(o.Files), err)
		}
	})
	t.Logf("bombs of %d KiB, %d fetched: %d MiB allocated", len(bomb)>>10, len(s.asked)-1, used>>20)
	if used > 128<<20 || len(s.asked) > 12 {
		t.Errorf("a hundred bombs: %d bytes allocated, %d fetched", used, len(s.asked)-1)
	}
	if testing.Short() {
		return
	}

	// A file without an end: at most what a link may hold, and reading it.
	s.answers["GET https://f.example/1"] = answer{status: 200, reader: endless{}}
	used = allocated(func() {
		if _, err := l.Open(t.Context(), s, doctor); !errors.Is(err, record.TooLarge) {
			t.Error(err)
		}
	})
	t.Logf("file without an end: %d MiB", used>>20)
	if used > 512<<20 {
		t.Errorf("a file without an end: %d bytes allocated", used)
	}
}

// TestLimits: all files of a link together, to the byte; both as they are fetched and
// as they are when they are open.
func TestLimits(t *testing.T) {
	file := encrypt(t, healthlink.FHIR, patient, false)
	const listed = `{"contentType":"application/fhir+json","location":"https://f.example/1"}`
	s := &server{answers: map[string]answer{
		"POST https://a.example/m": {status: 200, body: `{"files":[` + listed + "," + listed + `]}`},
		"GET https://f.example/1":  {status: 200, body: file},
	}}
	for _, c := range []struct {
		fetched, inflated int
		want              error
	}{
		{2 * len(file), 2 * len(patient), nil},
		{2*len(file) - 1, 2 * len(patient), record.TooLarge},
		{2 * len(file), 2*len(patient) - 1, record.TooLarge},
	} {
		o, err := healthlink.OpenWithin(link(t, "https://a.example/m", healthlink.Terms{}), t.Context(), s, doctor, c.fetched, c.inflated)
		if !errors.Is(err, c.want) || (err == nil) != (len(o.Files) == 2) {
			t.Errorf("%+v: %d files, %v", c, len(o.Files), err)
		}
	}
}

// TestContentType: in every form that a header may have it (RFC 7515 §4.1.10).
func TestContentType(t *testing.T) {
	for cty, want := range map[string]error{
		"application/fhir+json": nil, "fhir+json": nil, "APPLICATION/FHIR+JSON": nil, "application/fhir+json; fhirVersion=4.0.1": nil, "": nil,
		"application/smart-health-card": record.Invalid, "application/pdf": record.Unsupported, "text/fhir+json": record.Unsupported, "json": record.Unsupported,
	} {
		text, err := jose.Seal(key(t), cty, []byte(patient), true)
		if err != nil {
			t.Fatal(err)
		}
		s := &server{answers: map[string]answer{"GET https://a.example/m?recipient=x": {status: 200, body: text}}}
		if _, err = link(t, "https://a.example/m", healthlink.Terms{Single: true}).Open(t.Context(), s, healthlink.Ask{Recipient: "x", Now: now}); !errors.Is(err, want) {
			t.Errorf("%q: %v", cty, err)
		}
	}
}

// bombText is 8 MiB that shrink to a hundredth, which an honest file might.
func bombText(t *testing.T) string {
	line := bytes.Repeat([]byte("0123456789 abcdefghij "), 8)
	var out bytes.Buffer
	for i := 0; out.Len() < 8<<20; i++ {
		fmt.Fprintf(&out, "%s%d", line, i%10000)
	}
	var packed bytes.Buffer
	w, _ := flate.NewWriter(&packed, 9)
	w.Write(out.Bytes())
	w.Close()
	t.Logf("%d bytes shrink to %d", out.Len(), packed.Len())
	return out.String()
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}
