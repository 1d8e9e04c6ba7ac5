package search

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
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
	for _, s := range []string{"O’Brien, St. John", "Straße", "İ", "\xff\xfe", "ﷺ", "\u0345", "Ǆ", "Ꮟ", "\xf4ʳ", "a\u0300\u0301b", strings.Repeat("\u0301\u0323", 40), "\u1100\u1161\u11a8", "\U0001d157\U0001d165"} {
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
		if whole := foldedWhole(s); whole != once {
			t.Fatalf("Fold(%q) = %q, and all of it at once is %q", s, once, whole)
		}
	})
}

// foldedWhole folds a text as one, as it is written down above Fold.
func foldedWhole(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	var to []byte
	for _, r := range norm.NFKD.String(cases.Fold().String(norm.NFKD.String(s))) {
		switch {
		case dropped(r):
		case spacing(r):
			to = appendSpace(to, 0)
		default:
			to = utf8.AppendRune(to, unicode.ToLower(r))
		}
	}
	return string(trimSpace(to, 0))
}

// TestFoldEachRune: each character of the planes that have more than ideographs, alone, after
// a letter and before a mark.
func TestFoldEachRune(t *testing.T) {
	for r := range rune(0x20000) {
		for _, s := range []string{string(r), "a" + string(r) + "\u0345\u0301 b", "\u1100" + string(r) + "\u0323"} {
			if got, want := Fold(s), foldedWhole(s); got != want {
				t.Fatalf("Fold(%q) = %q, and all of it at once is %q", s, got, want)
			}
		}
	}
}

func BenchmarkFold(b *testing.B) {
	for name, s := range map[string]string{"ASCII": "Body mass index (BMI) [Ratio]", "Welsh": "Mynegai màs y corff, ŵy", "Arabic": "مؤشر كتلة الجسم", "expanding": strings.Repeat("ﷺ", 100)} {
		b.Run(name, func(b *testing.B) {
			var w writer
			s := []byte(s)
			b.ReportAllocs()
			b.SetBytes(int64(len(s)))
			for b.Loop() {
				w.fold = w.fold[:0]
				w.folded(s)
			}
		})
	}
}
