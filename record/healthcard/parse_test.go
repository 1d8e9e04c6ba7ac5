package healthcard_test

import (
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/healthcard"
)

// numeric writes a JWS in digits, as the standard says: Ord(c)-45, two digits each.
func numeric(jws string) string {
	var s strings.Builder
	for _, c := range []byte(jws) {
		fmt.Fprintf(&s, "%02d", c-45)
	}
	return s.String()
}

// TestForms: one card, in every form that it may come in.
func TestForms(t *testing.T) {
	i := newIssuer(t)
	a, b := i.sign(t, payload(bundle, "", "")), i.sign(t, payload(bundle, "", `,"exp":1800000000`))
	digits := numeric(a)
	half := len(a) / 2
	chunks := []string{"shc:/1/3/" + numeric(a[:half]), "shc:/2/3/" + numeric(a[half:half+100]), "shc:/3/3/" + numeric(a[half+100:])}
	file := `{"verifiableCredential":["` + a + `"]}`
	for _, c := range []struct {
		name, text string
		want       int // 0: refused
	}{
		{"jws", a, 1},
		{"white space around", " \n" + a + "\r\n", 1},
		{"in lines", a[:70] + "\n" + a[70:140] + "\n" + a[140:], 1},
		{"file", file, 1},
		{"file of two", `{ "verifiableCredential" : [ "` + a + `", "` + b + `" ], "other": {} }`, 2},
		{"parameters", `{"resourceType":"Parameters","parameter":[{"name":"resourceLink","part":[]},{"name":"verifiableCredential","valueString":"` + a + `"}]}`, 1},
		{"digits", "shc:/" + digits, 1},
		{"SHC", "SHC:/" + digits, 1},
		{"digits in lines", "shc:/" + digits[:100] + "\n" + digits[100:] + "\n", 1},
		{"two codes", "shc:/" + digits + "\nshc:/" + numeric(b), 2},
		{"pieces", strings.Join(chunks, "\n"), 1},
		{"pieces in another order", chunks[2] + " " + chunks[0] + " " + chunks[1], 1},
		{"a piece twice", chunks[2] + " " + chunks[0] + " " + chunks[2] + " " + chunks[1], 1},
		{"deep link", "https://app.example/i/SMARTHealthCard/#" + file, 1},
		{"deep link, escaped", "https://app.example/i/SMARTHealthCard/#" + url.PathEscape(file), 1},

		{"nothing", "", 0},
		{"words", "hello", 0},
		{"a page", "<html>", 0},
		{"FHIR", bundle, 0},
		{"empty file", `{"verifiableCredential":[]}`, 0},
		{"not a list", `{"verifiableCredential":"` + a + `"}`, 0},
		{"twice", `{"verifiableCredential":[],"verifiableCredential":["` + a + `"]}`, 0},
		{"one of two is none", `{"verifiableCredential":["` + a + `","x"]}`, 0},
		{"a hundred and one", `{"verifiableCredential":["` + a + strings.Repeat(`","`+a, 100) + `"]}`, 0},
		{"Parameters without", `{"resourceType":"Parameters","parameter":[]}`, 0},
		{"no digits", "shc:/", 0},
		{"odd digits", "shc:/" + digits[1:], 0},
		{"letters", "shc:/" + digits[:20] + "ab" + digits[22:], 0},
		{"out of the alphabet", "shc:/99" + digits[2:], 0},
		{"slash is no letter of a JWS", "shc:/02" + digits[2:], 0}, // "/"
		{"other digits", "shc:/５６" + digits, 0},
		{"cut", "shc:/" + digits[:len(digits)/2&^1], 0},
		{"a piece is missing", chunks[0] + " " + chunks[2], 0},
		{"piece 0", "shc:/0/1/" + digits, 0},
		{"piece 2 of 1", "shc:/2/1/" + digits, 0},
		{"of many", "shc:/1/99999/" + digits, 0},
		{"of minus", "shc:/-1/-1/" + digits, 0},
		{"pieces of two cards", chunks[0] + " shc:/2/2/" + digits + " " + chunks[2], 0},
		{"a piece in two forms", chunks[0] + " " + chunks[1] + " " + chunks[2] + " shc:/2/3/" + numeric(a[half:half+90]), 0},
		{"four parts", "shc:/1/1/1/" + digits, 0},
		{"large", strings.Repeat(" ", 4<<20) + "x", 0},
		{"9,000 deep", `{"verifiableCredential":` + strings.Repeat("[", 9000), 0},
		{"a million deep", strings.Repeat("[", 1e6), 0},
		{"a million objects deep", strings.Repeat(`{"x":`, 8e5), 0},
		{"many codes", strings.Repeat("shc:/00 ", 1000), 0},
	} {
		cards, err := healthcard.Parse([]byte(c.text))
		if len(cards) != c.want || (err == nil) != (c.want > 0) {
			t.Errorf("%s: %d cards, %v", c.name, len(cards), err)
			continue
		}
		if c.want > 0 && (cards[0].Issuer != iss || !healthcard.IsCard([]byte(c.text))) {
			t.Errorf("%s: %+v", c.name, cards[0])
		}
		if err != nil && !errors.Is(err, record.Invalid) && !errors.Is(err, record.TooLarge) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for _, second := range []string{"shc:/2/2/" + digits, chunks[1] + " shc:/2/3/" + numeric(a[half:half+90])} {
		if _, err := healthcard.Parse([]byte(chunks[0] + " " + second)); err == nil || !strings.Contains(err.Error(), "one card at a time") {
			t.Errorf("does not say that two cards were mixed: %v", err)
		}
	}
	if _, err := healthcard.Parse([]byte(chunks[0] + " " + chunks[2])); err == nil || !strings.Contains(err.Error(), "code 2") {
		t.Errorf("does not say which code is missing: %v", err)
	}
}

// TestContent: signed rightly, and refused for what it says or how it is made.
func TestContent(t *testing.T) {
	i := newIssuer(t)
	good := payload(bundle, "", "")
	change := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not there", old)
		}
		return i.sign(t, strings.Replace(good, old, new, 1))
	}
	parts := strings.Split(i.sign(t, good), ".")
	for name, c := range map[string]struct {
		card string
		kind error // nil: it is read
	}{
		"good":                               {i.sign(t, good), nil},
		"unknown members":                    {change(`"vc":{`, `"sub":"x","vc":{"@context":[],`), nil},
		"no zip":                             {i.sign(t, good, "zip", ""), record.Invalid},
		"another zip":                        {i.sign(t, good, "zip", "GZ"), record.Unsupported},
		"another kid":                        {i.sign(t, good, "kid", "x"), record.Invalid},
		"cut":                                {parts[0] + "." + parts[1][:40] + "." + parts[2], record.Invalid},
		"no signature":                       {parts[0] + "." + parts[1] + ".", record.Invalid},
		"alg none":                           {"eyJhbGciOiJub25lIn0." + parts[1] + ".", record.Unsupported},
		"not JSON":                           {i.sign(t, "hello"), record.Invalid},
		"an array":                           {i.sign(t, "["+good+"]"), record.Invalid},
		"issuer twice":                       {change(`"iss"`, `"iss":"https://evil.example","iss"`), record.Invalid},
		"issuer over http":                   {change("https://issuer", "http://issuer"), record.Invalid},
		"issuer on this machine":             {change("https://issuer.example", "http://localhost"), record.Invalid},
		"issuer with a slash":                {change("/cards", "/cards/"), record.Invalid},
		"issuer with a query":                {change("/cards", "/cards?x=/"), record.Invalid},
		"issuer with a user":                 {change("https://issuer", "https://u:p@issuer"), record.Invalid},
		"issuer of a page":                   {change("/cards", "/cards#"), record.Invalid},
		"issuer in capitals is another name": {change(`"iss"`, `"ISS"`), record.Invalid},
		"no nbf":                             {change(`"nbf":1700000000,`, ``), record.Invalid},
		"nbf in words":                       {change(`1700000000`, `"1700000000"`), record.Invalid},
		"nbf in milliseconds":                {change(`1700000000`, `1700000000000000`), record.Invalid},
		"exp in words":                       {i.sign(t, payload(bundle, "", `,"exp":"never"`)), record.Invalid},
		"exp is null":                        {i.sign(t, payload(bundle, "", `,"exp":null`)), record.Invalid},
		"exp zero":                           {i.sign(t, payload(bundle, "", `,"exp":0`)), record.Invalid},
		"another type":                       {change("#health-card", "#other"), record.Invalid},
		"rid of 25":                          {i.sign(t, payload(bundle, `,"rid":"`+strings.Repeat("x", 25)+`"`, "")), record.Invalid},
		"rid with a dot":                     {i.sign(t, payload(bundle, `,"rid":"a.1"`, "")), record.Invalid},
		"no bundle":                          {i.sign(t, payload("null", "", "")), record.Invalid},
		"not a bundle":                       {i.sign(t, payload(`{"resourceType":"Patient"}`, "", "")), record.Invalid},
		"a bomb":                             {i.sign(t, payload(bundle, "", `,"x":"`+strings.Repeat(" ", 1<<20)+`"`)), record.TooLarge},
		"9,000 deep":                         {i.sign(t, payload(bundle, "", `,"x":`+strings.Repeat("[", 9000)+strings.Repeat("]", 9000))), nil},
		"20,000 deep":                        {i.sign(t, payload(bundle, "", `,"x":`+strings.Repeat("[", 20000)+strings.Repeat("]", 20000))), record.Invalid},
	} {
		_, err := healthcard.Parse([]byte(c.card))
		if !errors.Is(err, c.kind) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBundle: names from inside become names for outside, and nothing else changes.
func TestBundle(t *testing.T) {
	i := newIssuer(t)
	entries := func(e ...string) string {
		return payload(`{"resourceType":"Bundle","type":"collection","entry":[`+strings.Join(e, ",")+`]}`, "", "")
	}
	const pat = `{"fullUrl":"resource:0","resource":{"resourceType":"Patient"}}`
	text := i.sign(t, entries(pat,
		`{"fullUrl":"resource:1","resource":{"resourceType":"Observation","subject":{"reference":"resource:0"},"hasMember":[{"reference":"resource:2"},{"reference":"https://a.example/Observation/1"}],"valueString":"resource:0 is text","valueQuantity":{"value":1.10}}}`,
		`{"fullUrl":"resource:2","resource":{"resourceType":"Observation","subject":{"reference":"resource:0"}}}`,
		`{"resource":{"resourceType":"Observation","subject":{"reference":"resource:0"}}}`,
		`{"fullUrl":"https://a.example/Observation/1","resource":{"resourceType":"Observation","id":"1"}}`))
	b, err := one(t, text).Bundle()
	if err != nil {
		t.Fatal(err)
	}
	var urls []string
	for e := range b.Root().Get("entry").All() {
		urls = append(urls, e.Get("fullUrl").Text())
	}
	want := fmt.Sprintf(`{"resourceType":"Bundle","type":"collection","entry":[`+
		`{"fullUrl":%q,"resource":{"resourceType":"Patient"}},`+
		`{"fullUrl":%q,"resource":{"resourceType":"Observation","subject":{"reference":%q},"hasMember":[{"reference":%q},{"reference":"https://a.example/Observation/1"}],"valueString":"resource:0 is text","valueQuantity":{"value":1.10}}},`+
		`{"fullUrl":%q,"resource":{"resourceType":"Observation","subject":{"reference":%q}}},`+
		`{"fullUrl":%q,"resource":{"resourceType":"Observation","subject":{"reference":%q}}},`+
		`{"fullUrl":"https://a.example/Observation/1","resource":{"resourceType":"Observation","id":"1"}}]}`,
		urls[0], urls[1], urls[0], urls[2], urls[2], urls[0], urls[3], urls[0])
	if string(b.Bytes()) != want {
		t.Errorf("got  %s\nwant %s", b.Bytes(), want)
	}
	seen := map[string]bool{}
	for _, u := range urls {
		seen[u] = true
	}
	if len(seen) != 5 || !strings.HasPrefix(urls[0], "urn:uuid:") {
		t.Error(urls)
	}
	again, _ := one(t, text).Bundle()
	if string(again.Bytes()) != want {
		t.Error("the same card has other names")
	}

	for name, c := range map[string]struct {
		payload string
		kind    error
	}{
		"points nowhere":  {entries(pat, `{"fullUrl":"resource:1","resource":{"resourceType":"Observation","subject":{"reference":"resource:9"}}}`), record.Invalid},
		"a name twice":    {entries(pat, pat), record.Invalid},
		"no entries":      {entries(), record.Invalid},
		"no resource":     {entries(`{"fullUrl":"resource:0"}`), record.Invalid},
		"an unknown type": {entries(`{"fullUrl":"resource:0","resource":{"resourceType":"Nothing"}}`), record.Invalid},
		"a transaction":   {strings.Replace(payload(bundle, "", ""), `"collection"`, `"transaction"`, 1), record.Invalid},
		"R4B":             {strings.Replace(payload(bundle, "", ""), `4.0.1`, `4.3.0`, 1), record.Unsupported},
		"R5":              {strings.Replace(payload(bundle, "", ""), `4.0.1`, `5.0.0`, 1), record.Unsupported},
		"1,001 entries":   {entries(strings.Split(strings.Repeat(`{"resource":{"resourceType":"Basic"}};`, 1001)[:1001*38-1], ";")...), record.TooLarge},
	} {
		cards, err := healthcard.Parse([]byte(i.sign(t, c.payload)))
		if err == nil {
			_, err = cards[0].Bundle()
		}
		if !errors.Is(err, c.kind) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestMemory: a bomb costs no more than what is taken of an honest card.
func TestMemory(t *testing.T) {
	i := newIssuer(t)
	bomb := i.sign(t, payload(bundle, "", `,"x":"`+strings.Repeat(" ", 16<<20)+`"`))
	t.Logf("a bomb of %d KiB holds 16 MiB", len(bomb)>>10)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	if _, err := healthcard.Parse([]byte(bomb)); !errors.Is(err, record.TooLarge) {
		t.Error(err)
	}
	runtime.ReadMemStats(&after)
	used := after.TotalAlloc - before.TotalAlloc
	t.Logf("%d KiB allocated", used>>10)
	if used > 1<<20 {
		t.Errorf("%d bytes allocated over a bomb", used)
	}
}
