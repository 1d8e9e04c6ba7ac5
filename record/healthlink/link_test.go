package healthlink_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/healthlink"
	"carehold/record/testdata"
)

const (
	specKey = "rxTgYlOaKJPFtcEd0qcceN8wEU4p94SqAwIWQe6uX7Q"
	specURL = "https://ehr.example.org/qr/Y9xwkUdtmN9wwoJoN3ffJIhX2UGvCL1JnlPVNL3kDWM/m"
	// What the specification's example makes of them ("Example SMART Health Link
	// Generation").
	specLink = "shlink:/eyJ1cmwiOiJodHRwczovL2Voci5leGFtcGxlLm9yZy9xci9ZOXh3a1VkdG1OOXd3b0pvTjNmZkpJaFgyVUd2Q0wxSm5sUFZOTDNrRFdNL20iLCJmbGFnIjoiTFAiLCJrZXkiOiJyeFRnWWxPYUtKUEZ0Y0VkMHFjY2VOOHdFVTRwOTRTcUF3SVdRZTZ1WDdRIiwibGFiZWwiOiJCYWNrLXRvLXNjaG9vbCBpbW11bml6YXRpb25zIGZvciBPbGl2ZXIgQnJvd24ifQ"
)

func key(t testing.TB) crypto.Key {
	b, err := base64.RawURLEncoding.DecodeString(specKey)
	if err != nil {
		t.Fatal(err)
	}
	k, err := crypto.KeyFrom(b)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func pack(payload string) string {
	return "shlink:/" + base64.RawURLEncoding.EncodeToString([]byte(payload))
}

// TestSpecLink: the specification's example, read and written, byte for byte.
func TestSpecLink(t *testing.T) {
	l, err := healthlink.Parse(specLink)
	if err != nil {
		t.Fatal(err)
	}
	want := healthlink.Terms{Label: "Back-to-school immunizations for Oliver Brown", LongTerm: true, Passcode: true}
	if l.Terms != want || l.URL() != specURL {
		t.Errorf("%+v %s", l.Terms, l.URL())
	}
	made, err := healthlink.New(specURL, key(t), want)
	if err != nil || made.Text() != specLink || l.Text() != specLink {
		t.Errorf("%v %s", err, made.Text())
	}
	if text, err := made.TextFor("https://viewer.example.org#"); err != nil || text != "https://viewer.example.org#"+specLink {
		t.Errorf("%s %v", text, err)
	}
	if _, err := made.TextFor("https://viewer.example.org#x#"); err == nil {
		t.Error("a viewer with two #")
	}
}

// TestPublishedLinks: HL7's published links, with and without a viewer, read and
// written.
func TestPublishedLinks(t *testing.T) {
	dir := testdata.Dir(t, "health-links")
	files, _ := filepath.Glob(filepath.Join(dir, "*-shl.txt"))
	if len(files) == 0 {
		t.Fatal("no links")
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.TrimSpace(string(b))
		l, err := healthlink.Parse(text)
		if err != nil || !l.Single || !l.LongTerm || l.Passcode || l.Label == "" {
			t.Fatalf("%s: %+v %v", file, l.Terms, err)
		}
		viewer, bare, _ := strings.Cut(text, "#")
		if again, err := l.TextFor(viewer); err != nil || again != text || l.Text() != bare {
			t.Errorf("%s: written as %s", file, again)
		}
	}
}

// TestParse is what is taken and what is refused.
func TestParse(t *testing.T) {
	body := strings.TrimPrefix(specLink, "shlink:/")
	minimal := `{"url":"https://a.example/x","key":"` + specKey + `"`
	url := func(n int) string { return "https://a.example/" + strings.Repeat("x", n-len("https://a.example/")) }
	for _, c := range []struct {
		name, text string
		kind       error // nil: it is read
		terms      healthlink.Terms
	}{
		{name: "minimal", text: pack(minimal + "}")},
		{name: "white space around", text: " \n\t" + pack(minimal+"}") + "\r\n"},
		{name: "broken into lines", text: pack(minimal + "}")[:40] + "\r\n  " + pack(minimal + "}")[40:]},
		{name: "scheme in capitals", text: "SHLINK:/" + strings.TrimPrefix(pack(minimal+"}"), "shlink:/")},
		{name: "mixed letters, viewer", text: "HTTPS://V.example/a?b#ShLink:/" + strings.TrimPrefix(pack(minimal+"}"), "shlink:/")},
		{name: "padded", text: pack(minimal+`,"a":1}`) + "=="},
		{name: "white space in JSON", text: pack(" {\n\"key\": \"" + specKey + "\",\n \"url\":\"https://a.example/x\" } ")},
		{name: "unknown members", text: pack(minimal + `,"extension":[{"url":"x"}],"_x":{"y":[null]},"URL":"http://evil.example"}`)},
		{name: "unknown flags", text: pack(minimal + `,"flag":"AUz"}`), terms: healthlink.Terms{Single: true}},
		{name: "flags in another order", text: pack(minimal + `,"flag":"PL"}`), terms: healthlink.Terms{Passcode: true, LongTerm: true}},
		{name: "small letters are other flags", text: pack(minimal + `,"flag":"up"}`)},
		{name: "nulls", text: pack(minimal + `,"flag":null,"exp":null,"label":null,"v":null}`)},
		{name: "version 1", text: pack(minimal + `,"v":1}`)},
		{name: "version 1.0", text: pack(minimal + `,"v":1.0}`)},
		{name: "expires", text: pack(minimal + `,"exp":1700000000}`), terms: healthlink.Terms{Expires: time.Unix(1700000000, 0).UTC()}},
		{name: "expires, fraction", text: pack(minimal + `,"exp":1.7000000005e9}`), terms: healthlink.Terms{Expires: time.Unix(1700000000, 0).UTC()}},
		{name: "expires beyond 32 bits", text: pack(minimal + `,"exp":4294967296}`), terms: healthlink.Terms{Expires: time.Unix(4294967296, 0).UTC()}},
		{name: "expires in milliseconds", text: pack(minimal + `,"exp":1700000000000}`)},
		{name: "label of 80", text: pack(minimal + `,"label":"` + strings.Repeat("é", 80) + `"}`), terms: healthlink.Terms{Label: strings.Repeat("é", 80)}},
		{name: "label that steers", text: pack(minimal + `,"label":"a\u001b[2Jb\u202ec\nd"}`), terms: healthlink.Terms{Label: "a[2Jbcd"}},
		{name: "url of 128", text: pack(`{"url":"` + url(128) + `","key":"` + specKey + `"}`)},

		{name: "nothing", text: "", kind: record.Invalid},
		{name: "scheme only", text: "shlink:/", kind: record.Invalid},
		{name: "no slash", text: "shlink:" + body, kind: record.Invalid},
		{name: "two slashes", text: "shlink://" + body, kind: record.Invalid},
		{name: "a card", text: "shc:/5676", kind: record.Invalid},
		{name: "a web page", text: "https://a.example/", kind: record.Invalid},
		{name: "a sentence first", text: "Here: " + specLink, kind: record.Invalid},
		{name: "viewer over http", text: "http://v.example/#" + specLink, kind: record.Invalid},
		{name: "viewer is script", text: "javascript:x#" + specLink, kind: record.Invalid},
		{name: "in capitals", text: strings.ToUpper(specLink), kind: record.Invalid},
		{name: "cut", text: specLink[:len(specLink)-20], kind: record.Invalid},
		{name: "words behind", text: specLink + " see you", kind: record.Invalid},
		{name: "base64, not url", text: "shlink:/" + base64.RawStdEncoding.EncodeToString([]byte(minimal+`,"a":"???>>>"}`)), kind: record.Invalid},
		{name: "not JSON", text: pack("hello"), kind: record.Invalid},
		{name: "an array", text: pack("[" + minimal + "}]"), kind: record.Invalid},
		{name: "two values", text: pack(minimal + "}{}"), kind: record.Invalid},
		{name: "a name twice", text: pack(minimal + `,"url":"https://evil.example/"}`), kind: record.Invalid},
		{name: "a name twice, escaped", text: pack(minimal + `,"\u0075rl":"https://evil.example/"}`), kind: record.Invalid},
		{name: "not UTF-8", text: pack(minimal + ",\"label\":\"\xff\"}"), kind: record.Invalid},
		{name: "a million deep", text: pack(minimal + `,"x":` + strings.Repeat("[", 1e6) + `}`), kind: record.TooLarge},
		{name: "9,000 deep", text: pack(minimal + `,"x":` + strings.Repeat("[", 9000) + `}`), kind: record.Invalid},
		{name: "no url", text: pack(`{"key":"` + specKey + `"}`), kind: record.Invalid},
		{name: "no key", text: pack(`{"url":"https://a.example/x"}`), kind: record.Invalid},
		{name: "url over http", text: pack(`{"url":"http://a.example/x","key":"` + specKey + `"}`), kind: record.Invalid},
		{name: "url is a file", text: pack(`{"url":"file:///etc/passwd","key":"` + specKey + `"}`), kind: record.Invalid},
		{name: "url with a user", text: pack(`{"url":"https://u:p@a.example/x","key":"` + specKey + `"}`), kind: record.Invalid},
		{name: "url of 129", text: pack(`{"url":"` + url(129) + `","key":"` + specKey + `"}`), kind: record.Invalid},
		{name: "url a number", text: pack(`{"url":1,"key":"` + specKey + `"}`), kind: record.Invalid},
		{name: "key of 42", text: pack(`{"url":"https://a.example/x","key":"` + specKey[:42] + `"}`), kind: record.Invalid},
		{name: "key of 44", text: pack(`{"url":"https://a.example/x","key":"` + specKey + `A"}`), kind: record.Invalid},
		{name: "key padded", text: pack(`{"url":"https://a.example/x","key":"` + specKey + `="}`), kind: record.Invalid},
		{name: "key with loose bits", text: pack(`{"url":"https://a.example/x","key":"` + specKey[:42] + `R"}`), kind: record.Invalid},
		{name: "key with a line break", text: pack(`{"url":"https://a.example/x","key":"` + specKey[:20] + `\n` + specKey[20:] + `"}`), kind: record.Invalid},
		{name: "key of zeros", text: pack(`{"url":"https://a.example/x","key":"` + strings.Repeat("A", 43) + `"}`), kind: record.Invalid},
		{name: "P and U", text: pack(minimal + `,"flag":"PU"}`), kind: record.Invalid},
		{name: "flag a list", text: pack(minimal + `,"flag":["P"]}`), kind: record.Invalid},
		{name: "label of 81", text: pack(minimal + `,"label":"` + strings.Repeat("é", 81) + `"}`), kind: record.Invalid},
		{name: "exp in words", text: pack(minimal + `,"exp":"1700000000"}`), kind: record.Invalid},
		{name: "exp below zero", text: pack(minimal + `,"exp":-1}`), kind: record.Invalid},
		{name: "exp not finite", text: pack(minimal + `,"exp":1e999}`), kind: record.Invalid},
		{name: "version 2", text: pack(minimal + `,"v":2}`), kind: record.Unsupported},
		{name: "version 1.5", text: pack(minimal + `,"v":1.5}`), kind: record.Unsupported},
		{name: "version in words", text: pack(minimal + `,"v":"1"}`), kind: record.Unsupported},
		{name: "version 2, key of another form", text: pack(`{"url":"https://a.example/x","key":"","label":"x","v":2}`), kind: record.Unsupported},
	} {
		l, err := healthlink.Parse(c.text)
		if c.kind == nil {
			if err != nil || l.Terms != c.terms {
				t.Errorf("%s: %+v %v", c.name, l.Terms, err)
			}
			continue
		}
		if !errors.Is(err, c.kind) {
			t.Errorf("%s: %v", c.name, err)
		} else if strings.Contains(record.SafeText(err), "example") || strings.Contains(err.Error(), specKey[:10]) {
			t.Errorf("%s: the error quotes the link: %v", c.name, err)
		}
	}
	if _, err := healthlink.Parse(strings.ToUpper(specLink)); err == nil || !strings.Contains(err.Error(), "capital") {
		t.Errorf("the error does not say what happened to the link: %v", err)
	}
	if _, err := healthlink.Parse(pack(minimal + `,"v":2,"label":"Winter"}`)); err == nil || !strings.Contains(err.Error(), "Winter") {
		t.Errorf("a later version's label is not shown: %v", err)
	}
}

func TestNew(t *testing.T) {
	for name, f := range map[string]func() (healthlink.Link, error){
		"P and U": func() (healthlink.Link, error) {
			return healthlink.New(specURL, key(t), healthlink.Terms{Passcode: true, Single: true})
		},
		"long label": func() (healthlink.Link, error) {
			return healthlink.New(specURL, key(t), healthlink.Terms{Label: strings.Repeat("x", 81)})
		},
		"label line": func() (healthlink.Link, error) {
			return healthlink.New(specURL, key(t), healthlink.Terms{Label: "a\nb"})
		},
		"http": func() (healthlink.Link, error) {
			return healthlink.New("http://a.example/x", key(t), healthlink.Terms{})
		},
		"long URL": func() (healthlink.Link, error) {
			return healthlink.New("https://a.example/"+strings.Repeat("x", 128), key(t), healthlink.Terms{})
		},
	} {
		if _, err := f(); !errors.Is(err, record.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Whatever is made is read as it was made.
	for _, terms := range []healthlink.Terms{
		{}, {Single: true, LongTerm: true}, {Passcode: true, Label: `a "b" <c> & é`, Expires: time.Unix(4e9, 0).UTC()},
	} {
		l, err := healthlink.New("http://localhost:8080/shl/x", key(t), terms)
		if err != nil {
			t.Fatal(err)
		}
		again, err := healthlink.Parse(l.Text())
		if err != nil || again.Terms != terms || again.Text() != l.Text() || again.URL() != l.URL() {
			t.Errorf("%+v: %+v %v", terms, again.Terms, err)
		}
	}
}

// TestLinkIsSecret: no way of printing shows the URL or the key.
func TestLinkIsSecret(t *testing.T) {
	l, err := healthlink.Parse(specLink)
	if err != nil {
		t.Fatal(err)
	}
	type holder struct {
		name string
		l    healthlink.Link
		any  any
	}
	b, _ := base64.RawURLEncoding.DecodeString(specKey)
	for _, v := range []any{l, &l, holder{"x", l, l}, &holder{"x", l, l}, []healthlink.Link{l}, map[string]any{"l": l}} {
		var texts []string
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t"} {
			texts = append(texts, fmt.Sprintf(verb, v))
		}
		if j, err := json.Marshal(v); err == nil {
			texts = append(texts, string(j))
		}
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		for _, text := range append(texts, log.String()) {
			for _, secret := range []string{specKey, "ehr.example", "Y9xwk", fmt.Sprintf("%x", b[:4]), fmt.Sprint(b[:4]), "Oliver"} {
				if strings.Contains(text, secret) && !(secret == "Oliver" && strings.Contains(fmt.Sprintf("%T", v), "holder")) {
					t.Errorf("%T prints %q: %s", v, secret, text)
				}
			}
		}
	}
}
