package crypto

import (
	"bytes"
	"crypto/aes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
)

// marked is the byte of which every secret here consists, and leak finds runs of
// it however they are written; of four, since an address may hold two.
const marked = 0xa7

var leak = regexp.MustCompile(`(?i)(a7[ ,x0\\]*){4}|(167[, ]+){4}|(247\D?){4}|p6enp6en|(10100111[ ,]*){4}|` +
	`\x{fffd}|\\ufffd|(U\+00A7[, ]+){2}|(§ *){4}|` + TokenPattern)

func leaks(text string) bool {
	return strings.Contains(text, "\xa7\xa7") || leak.MatchString(text)
}

func TestLeakIsFound(t *testing.T) { // the test of the test
	b := bytes.Repeat([]byte{marked}, 16)
	for _, format := range []string{"%v", "%+v", "%#v", "%d", "%x", "%X", "% x", "%#x", "%s", "%q", "%o", "%b", "%c"} {
		if text := fmt.Sprintf(format, b); !leaks(text) {
			t.Errorf("%s: %q passes", format, text)
		}
	}
	if j, _ := json.Marshal(b); !leaks(string(j)) {
		t.Errorf("%s passes", j)
	}
	if leaks(redacted) {
		t.Error("[secret] does not pass")
	}
}

// secrets is one of each type that must not print, full of the marked byte.
func secrets(t *testing.T) map[string]any {
	b := bytes.Repeat([]byte{marked}, KeySize)
	k, err := KeyFrom(b)
	if err != nil {
		t.Fatal(err)
	}
	c := Credential{kind: Access, secret: k}
	return map[string]any{
		"Key": k, "*Key": &k, "Credential": c, "*Credential": &c,
		"CapsuleKey": c.CapsuleKey(), "CapsuleKey of marked": CapsuleKey{Kind: Access, KEK: k},
		"DeviceKey":    DeviceKey{version: '1', key: hide((*[deviceKeySize]byte)(b))},
		"RecoveryCode": RecoveryCode{bits: hide((*[recoverySize]byte)(b))},
		"SigningKey":   NewSigningKey(k), "BoxKey": NewBoxKey(k), "Secret": SecretOf(b),
		"Tagger": taggerOf(b[:16]),
		"no Key": Key{}, "no Credential": Credential{}, "no Secret": Secret{}, "no SigningKey": SigningKey{},
		"no BoxKey": BoxKey{}, "no DeviceKey": DeviceKey{}, "no RecoveryCode": RecoveryCode{},
	}
}

// taggerOf is a tagger whose AES key is known, to be looked for.
func taggerOf(key []byte) Tagger {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	return Tagger{block: hide(&block)}
}

// Structs of other packages: fmt asks the methods of exported fields only.
type (
	outer struct {
		Name string
		Open any
	}
	hiddenKey struct {
		name  string
		k     Key
		c     Credential
		ck    CapsuleKey
		d     DeviceKey
		r     RecoveryCode
		s     SigningKey
		b     BoxKey
		typed Secret
		tags  Tagger
	}
)

func TestNothingPrints(t *testing.T) {
	for name, v := range secrets(t) {
		for _, verb := range "vTtbcdoOqxXUeEfFgGspw" {
			for _, flag := range []string{"", "+", "#", " ", "0", "-", "+#", "10", ".3", "-20.5"} {
				format := "%" + flag + string(verb)
				text := fmt.Sprintf(format, v)
				if leaks(text) {
					t.Errorf("%s under %s: %s", name, format, text)
				}
				// Of %T, %p and %w outside Errorf fmt decides alone; there is no leak.
				if !strings.ContainsRune("Tpw", verb) && text != redacted {
					t.Errorf("%s under %s: %q", name, format, text)
				}
				for _, in := range []any{outer{"x", v}, &outer{"x", v}, []any{v}, map[string]any{"k": v}, [1]any{v}} {
					if text := fmt.Sprintf(format, in); leaks(text) {
						t.Errorf("%s inside %T under %s: %s", name, in, format, text)
					}
				}
			}
		}
		for _, text := range []string{fmt.Sprint(v), fmt.Sprintln(v), errors.Join(fmt.Errorf("%v", v)).Error()} {
			if strings.TrimSpace(text) != redacted {
				t.Errorf("%s: %q", name, text)
			}
		}
		encoded(t, name, v)
		logged(t, name, v)
		asked(t, name, v)
	}
}

// asked calls each method by itself, for one covers for another.
func asked(t *testing.T, name string, v any) {
	j, err := v.(json.Marshaler).MarshalJSON()
	if err != nil || string(j) != `"`+redacted+`"` {
		t.Errorf("%s: MarshalJSON %s, %v", name, j, err)
	}
	for method, text := range map[string]string{
		"String": v.(fmt.Stringer).String(), "GoString": v.(fmt.GoStringer).GoString(),
		"LogValue": v.(slog.LogValuer).LogValue().String(),
	} {
		if text != redacted {
			t.Errorf("%s: %s %q", name, method, text)
		}
	}
}

func encoded(t *testing.T, name string, v any) {
	for _, in := range []any{v, outer{"x", v}, map[string]any{"k": v}, []any{v}} {
		j, err := json.Marshal(in)
		if err != nil || leaks(string(j)) || !strings.Contains(string(j), `"`+redacted+`"`) {
			t.Errorf("%s as JSON: %s, %v", name, j, err)
		}
	}
	if x, err := xml.Marshal(outer{"x", v}); err != nil || leaks(string(x)) {
		t.Errorf("%s as XML: %s, %v", name, x, err)
	}
	var g bytes.Buffer
	if err := gob.NewEncoder(&g).Encode(v); err != nil || bytes.Contains(g.Bytes(), []byte{marked, marked}) || !strings.Contains(g.String(), redacted) {
		t.Errorf("%s as gob: %q, %v", name, g.String(), err)
	}
}

func logged(t *testing.T, name string, v any) {
	var out bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		out.Reset()
		l := slog.New(h).With("with", v)
		l.Info("m", "k", v, slog.Group("g", "k", v), "in", outer{"x", v}, "err", fmt.Errorf("a %v", v), "list", []any{v})
		if leaks(out.String()) || strings.Count(out.String(), redacted) < 5 {
			t.Errorf("%s logged: %s", name, out.String())
		}
	}
}

func TestNothingPrintsFromUnexportedFields(t *testing.T) {
	s := secrets(t)
	h := hiddenKey{"x", s["Key"].(Key), s["Credential"].(Credential), s["CapsuleKey of marked"].(CapsuleKey), s["DeviceKey"].(DeviceKey),
		s["RecoveryCode"].(RecoveryCode), s["SigningKey"].(SigningKey), s["BoxKey"].(BoxKey), s["Secret"].(Secret), s["Tagger"].(Tagger)}
	for _, verb := range "vTtbcdoOqxXUeEfFgGspw" {
		for _, flag := range []string{"", "+", "#", " ", "+#"} {
			for _, in := range []any{h, &h, []hiddenKey{h}, []*hiddenKey{&h}, map[string]hiddenKey{"x": h}, outer{"x", h}} {
				if text := fmt.Sprintf("%"+flag+string(verb), in); leaks(text) {
					t.Errorf("%T under %%%s%c: %s", in, flag, verb, text)
				}
			}
		}
	}
	logged(t, "outer", outer{"x", s["Key"]})
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "h", h, "p", &h)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "h", h, "p", &h)
	if leaks(out.String()) {
		t.Error(out.String())
	}
}

// TestNothingReadsBack: what was redacted cannot come back as a secret.
func TestNothingReadsBack(t *testing.T) {
	var k Key
	var s Secret
	//lint:ignore SA9005 that nothing is read into them is what is tested
	if json.Unmarshal([]byte(`"[secret]"`), &k) == nil || json.Unmarshal([]byte(`"[secret]"`), &s) == nil {
		t.Error("a secret read from JSON")
	}
}

// TestErrorsQuoteNothing: what was typed is not repeated in an error.
func TestErrorsQuoteNothing(t *testing.T) {
	const typed = "TYPED-BY-A-PERSON-123456789"
	_, token := ParseToken(typed)
	_, code := ParseRecoveryCode(typed)
	_, device := ParseDeviceKey(typed)
	_, prf := PasskeySlot([]byte(typed))
	_, key := KeyFrom([]byte(typed))
	_, box := ParseBoxPublicKey([]byte(typed))
	_, public := ParsePublicKey([]byte(typed))
	for _, err := range []error{token, code, device, prf, key, box, public} {
		if err == nil || strings.Contains(err.Error(), "TYPED") || strings.Contains(err.Error(), "123") {
			t.Errorf("%v", err)
		}
	}
}
