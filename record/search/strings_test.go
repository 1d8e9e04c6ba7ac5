package search

import (
	"testing"
	"unicode/utf8"
)

// FHIR R4 §3.1.1.4.8: "insensitive to casing and included combining characters …
// Punctuation and non-significant whitespace … should also be ignored".
func TestFold(t *testing.T) {
	for text, want := range map[string]string{
		"Eve":                 "eve",
		"":                    "",
		"Carreño Quiñones":    "carreno quinones",
		"Carren\u0303o":       "carreno",
		"Müller-Lüdenscheidt": "muller ludenscheidt",
		"O'Brien":             "obrien",
		"O’Brien":             "obrien",
		"St. John":            "st john",
		"Smith,  John\t\n":    "smith john",
		"  Mary\u00a0Anne ":   "mary anne",
		"Straße":              "strasse",
		"STRASSE":             "strasse",
		"İstanbul":            "istanbul",
		"Αθήνα":               "αθηνα",
		"ΑΘΗΝΑΣ":              "αθηνασ",
		"Αθηνας":              "αθηνασ", // the sigma at the end is the same letter
		"Йод":                 "иод",
		"ᏏᏲ":                  "ꮟᏺ",
		"ꮟᏺ":                  "ꮟᏺ",
		"ﬁbre":                "fibre",
		"Ⅳ":                   "iv",
		"ｆｕｌｌ":                "full",
		"Nguyễn":              "nguyen",
		"अमित":                "अमित", // a vowel sign that takes room is no accent
		"123 Main St., #4":    "123 main st 4",
		"a_b/c(d)":            "a b c d",
		"<5 mg + 3":           "<5 mg + 3",
		"soft\u00adhyphen":    "softhyphen",
		"...":                 "",
		"--":                  "",
		"山田 太郎":               "山田 太郎",
		"\u3000山田":            "山田",
	} {
		if got := Fold(text); got != want {
			t.Errorf("Fold(%q) = %q, want %q", text, got, want)
		}
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"O’Brien, St. John", "Straße", "İ", "\xff\xfe", "ﷺ", "\u0345", "Ǆ", "Ꮟ", "\xf4ʳ", "a\u0300\u0301b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := Fold(s)
		if utf8.ValidString(s) && !utf8.ValidString(once) {
			t.Fatalf("Fold(%q) is no UTF-8", s)
		}
		if twice := Fold(once); twice != once {
			t.Fatalf("Fold(%q) = %q, and of that %q", s, once, twice)
		}
	})
}

func BenchmarkFold(b *testing.B) {
	var w writer
	s := []byte("Body mass index (BMI) [Ratio]")
	b.ReportAllocs()
	for b.Loop() {
		w.fold = w.fold[:0]
		w.folded(s)
	}
}
