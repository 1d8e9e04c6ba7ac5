package search

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func decimal(t testing.TB, s string) Decimal {
	t.Helper()
	d, ok := ParseDecimal(s)
	if !ok {
		t.Fatalf("%q is no decimal", s)
	}
	return d
}

// FHIR R4 §3.1.1.4.6 and .11 give the first six; the others follow from "the number
// of significant digits".
func TestBounds(t *testing.T) {
	for _, c := range []struct{ number, low, high string }{
		{"100", "99.5", "100.5"},
		{"100.00", "99.995", "100.005"},
		{"1e2", "95", "105"},
		{"2.0", "1.95", "2.05"},
		{"5.4", "5.35", "5.45"},
		{"5.40e-3", "0.005395", "0.005405"},
		{"1.00e2", "99.5", "100.5"}, // "100 and 1.00e2 both have the same number of significant digits"
		{"-5.4", "-5.45", "-5.35"},
		{"0", "-0.5", "0.5"},
		{"0.0", "-0.05", "0.05"},
		{"12e1", "115", "125"},
		{"8e-1", "0.75", "0.85"},
		{"007", "6.5", "7.5"},
		{"999999999999999999", "999999999999999998.5", "999999999999999999.5"},
		{"123456789012345678901234567890", "123456789012345678901234567889.5", "123456789012345678901234567890.5"},
	} {
		low, high := decimal(t, c.number).Bounds()
		if low.Cmp(decimal(t, c.low)) != 0 || high.Cmp(decimal(t, c.high)) != 0 {
			t.Errorf("%s: not [%s, %s): %v %v", c.number, c.low, c.high, low, high)
		}
	}
}

// A tenth to either side (FHIR R4 §3.1.1.4.5, ap), or what the precision says.
func TestAround(t *testing.T) {
	for _, c := range []struct{ number, low, high string }{
		{"100", "90", "110"},
		{"5.4", "4.86", "5.94"},
		{"-100", "-110", "-90"},
		{"0", "-0.5", "0.5"},
		{"1", "0.5", "1.5"},
		{"-2", "-2.5", "-1.5"},
	} {
		low, high := decimal(t, c.number).Around()
		if low.Cmp(decimal(t, c.low)) != 0 || high.Cmp(decimal(t, c.high)) != 0 {
			t.Errorf("%s: not [%s, %s]: %v %v", c.number, c.low, c.high, low, high)
		}
	}
}

func TestDecimalsRefused(t *testing.T) {
	for _, s := range []string{"", "-", "+", ".", ".5", "5.", "5.e1", "e5", "1e", "1e+", "1e1.5", "1 ", " 1", "1,5", "0x10", "Inf", "NaN", "1_000", "--1", "+-1", "1.2.3", "１"} {
		if d, ok := ParseDecimal(s); ok {
			t.Errorf("%q was taken for %v", s, d)
		}
	}
}

// What a stranger's number costs is bounded, and it is still in its place.
func TestDecimalsFarOut(t *testing.T) {
	ascending := []string{
		"-1e18446744073709551617", "-" + strings.Repeat("9", 1_000_000), "-1e400", "-1", "-1e-400", "0", "1e-99999999999999999999", "1e-400",
		"0." + strings.Repeat("0", 300) + "1", "1", "1e18", "12345678901234567890", "1e400", strings.Repeat("9", 1_000_000), "1e1000001", "1e18446744073709551617",
	}
	start := time.Now()
	for i, a := range ascending {
		for j, b := range ascending {
			if got, want := decimal(t, a).Cmp(decimal(t, b)), compare(int64(i), int64(j)); got != want {
				t.Errorf("%.20s… against %.20s…: %d, want %d", a, b, got, want)
			}
		}
		low, high := decimal(t, a).Bounds()
		if low.Cmp(high) >= 0 {
			t.Errorf("%.20s… has no bounds", a)
		}
		decimal(t, a).Around()
		Canonical(decimal(t, a), "[degF]")
		Canonical(decimal(t, a), "mm[Hg]")
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
}

var decimalGen = rapid.StringMatching(`-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,22})?([eE][+-]?[0-9]{1,2})?`)

// math/big does the same, slower.
func TestDecimalsAgainstBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := decimalGen.Draw(t, "a"), decimalGen.Draw(t, "b")
		if rapid.Bool().Draw(t, "near") {
			b = a + "0"
			if !strings.ContainsAny(a, ".eE") {
				b = a + ".0"
			}
		}
		d, ok1 := ParseDecimal(a)
		e, ok2 := ParseDecimal(b)
		r, _ := new(big.Rat).SetString(a)
		s, _ := new(big.Rat).SetString(b)
		if !ok1 || !ok2 {
			t.Fatalf("%s or %s was refused", a, b)
		}
		if got, want := d.Cmp(e), r.Cmp(s); got != want {
			t.Fatalf("%s against %s: %d, want %d", a, b, got, want)
		}
		if got := rat(d.sum(e)); got.Cmp(new(big.Rat).Add(r, s)) != 0 {
			t.Fatalf("%s + %s is not %v", a, b, got)
		}
		if got := rat(d.product(e)); got.Cmp(new(big.Rat).Mul(r, s)) != 0 {
			t.Fatalf("%s × %s is not %v", a, b, got)
		}
		n, m := rapid.Int64Range(1, 1e6).Draw(t, "n"), rapid.Int64Range(1, 1e6).Draw(t, "m")
		got := Amount{d, n}.Cmp(Amount{e, m})
		want := new(big.Rat).Quo(r, big.NewRat(n, 1)).Cmp(new(big.Rat).Quo(s, big.NewRat(m, 1)))
		if got != want {
			t.Fatalf("%s/%d against %s/%d: %d, want %d", a, n, b, m, got, want)
		}
	})
}

func rat(d Decimal) *big.Rat {
	r := new(big.Rat).SetInt(d.big())
	scale := new(big.Rat).SetInt(pow10(max(int64(d.exp), -int64(d.exp))))
	if d.exp < 0 {
		scale.Inv(scale)
	}
	return r.Mul(r, scale)
}

func FuzzDecimal(f *testing.F) {
	for _, s := range []string{"100", "-5.40e-3", "1e400", "0.1e-999999999999", "9223372036854775807", "-9223372036854775808", "00.000"} {
		f.Add(s, "1.0")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		d, ok := ParseDecimal(a)
		if !ok {
			return
		}
		low, high := d.Bounds()
		if low.Cmp(d) > 0 || high.Cmp(d) < 0 || d.Cmp(d) != 0 {
			t.Fatalf("%q is not within its bounds", a)
		}
		if e, ok := ParseDecimal(b); ok && d.Cmp(e) != -e.Cmp(d) {
			t.Fatalf("%q against %q is not the opposite of the other way", a, b)
		}
		var w writer
		w.decimal(d, true)
		r := reader{w.b, 0, len(w.b)}
		if back, flag := r.decimal(); back.Cmp(d) != 0 || back.exp != d.exp || !flag {
			t.Fatalf("%q came back as %v", a, back)
		}
	})
}

func BenchmarkCmp(b *testing.B) {
	x, y := decimal(b, "5.4"), decimal(b, "5.40")
	b.ReportAllocs()
	for b.Loop() {
		x.Cmp(y)
	}
}
