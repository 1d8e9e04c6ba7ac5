package message

import (
	"bytes"
	"strings"
	"testing"

	"carehold/record"
)

func TestRead(t *testing.T) {
	const zero = "00000000000000000000000000000000"
	for text, ok := range map[string]bool{
		`{"person":"` + zero + `","slot":"` + zero + `"}`:     true,
		` {"slot":"` + zero + `" , "person":"` + zero + `"} `: true,
		`{}`:                                 true, // ids of zeros, which nothing has
		`{"person":"` + zero + `","more":1}`: false,
		`{"Person":"` + zero + `"}`:          false,
		`{"person":"` + zero + `","person":"` + zero + `"}`: false,
		`{"person":"` + zero[1:] + `"}`:                     false,
		`{"person":"` + zero + `0"}`:                        false,
		`{"person":"` + strings.Repeat("A", 32) + `"}`:      false,
		`{"person":[0]}`:                                    false,
		`{"person":null}`:                                   true,
		`{} {}`:                                             false,
		`[]`:                                                false,
		``:                                                  false,
		`{"person":"` + zero + `"`:                          false,
		"{\"person\":\"\xff\"}":                             false,
	} {
		var q RingRequest
		err := Read(strings.NewReader(text), &q)
		if (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
		if err != nil && record.KindOf(err) != record.Invalid {
			t.Errorf("%s: the error is %q", text, record.KindOf(err))
		}
	}
}

// An error never repeats what was sent: it may be a key.
func TestReadErrorsAreMute(t *testing.T) {
	for _, text := range []string{`{"key":"needle!"}`, `{"needle":1}`, `{"grant":"needle"}`, `needle`, `{"key":{"needle":1}}`, `{"key":"AAAA","key":"needle"}`} {
		var q SessionRequest
		err := Read(strings.NewReader(text), &q)
		if err == nil || strings.Contains(err.Error(), "needle") || strings.Contains(record.SafeText(err), "needle") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"person":"00000000000000000000000000000000","grant":"00000000000000000000000000000000","key":"AQE="}`))
	f.Add([]byte(`{"sections":["plan"],"scopes":"patient/*.rs"}`))
	f.Add([]byte(`{"id":"00000000000000000000000000000001"}`))
	f.Add([]byte(`{"id":"x","id":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, q := range []any{&SessionRequest{}, &RingRequest{}, &SlotRequest{}, &PreviewRequest{}, &Strike{}, &Move{}} {
			if err := Read(bytes.NewReader(b), q); err != nil {
				if record.KindOf(err) != record.Invalid {
					t.Errorf("%q: a stranger's bytes are a fault of ours: %v", b, err)
				}
				continue
			}
			var out, again bytes.Buffer
			if err := Write(&out, q); err != nil {
				t.Fatal(err)
			}
			if err := Read(bytes.NewReader(out.Bytes()), q); err != nil {
				t.Errorf("%s is not read back: %v", out.Bytes(), err)
			}
			if Write(&again, q); !bytes.Equal(out.Bytes(), again.Bytes()) {
				t.Errorf("%s became %s", out.Bytes(), again.Bytes())
			}
		}
	})
}
