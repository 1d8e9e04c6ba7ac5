package ucum_test

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"carehold/record/search/ucum"
)

// Worked out by hand from the definitions of UCUM 2.2 (ucum-essence), in which for
// instance [lb_av] is 7000 [gr], and [gr] 64.79891 mg.
func TestConversions(t *testing.T) {
	for _, c := range []struct{ value, from, want, to string }{
		{"1", "kg", "1000", "g"},
		{"100", "mg/dL", "1", "g/L"},
		{"5.4", "mmol/L", "0.0054", "mol/L"},
		{"1", "L", "1000", "mL"},
		{"1", "l", "1", "L"},
		{"1", "mL", "1", "cm3"},
		{"120", "mm[Hg]", "15998.64", "Pa"},
		{"1", "kPa", "500000/66661", "mm[Hg]"},
		{"10", "cm[H2O]", "980.665", "Pa"},
		{"37", "Cel", "310.15", "K"},
		{"98.6", "[degF]", "37", "Cel"},
		{"32", "[degF]", "273.15", "K"},
		{"-40", "[degF]", "-40", "Cel"},
		{"1", "[lb_av]", "453.59237", "g"},
		{"1", "[oz_av]", "28.349523125", "g"},
		{"11", "[stone_av]", "69.85322498", "kg"},
		{"5", "[ft_i]", "152.4", "cm"},
		{"1", "[in_i]", "25.4", "mm"},
		{"1", "[foz_us]", "29.5735295625", "mL"},
		{"1", "[foz_br]", "28.4130625", "mL"},
		{"1", "[tsp_m]", "5", "mL"},
		{"72", "/min", "1.2", "/s"},
		{"72", "{beats}/min", "1.2", "Hz"},
		{"90", "mL/min/{1.73_m2}", "0.0015", "L/s"},
		{"1", "10*9/L", "1", "10*3/uL"},
		{"1", "10^9/L", "1000", "/uL"},
		{"4.5", "10*12/L", "4500000", "/uL"},
		{"5", "%", "0.05", "1"},
		{"5", "{score}", "5", "1"},
		{"13", "g%", "130", "g/L"},
		{"1", "U", "1/60", "umol/s"},
		{"40", "kU/L", "40", "U/mL"},
		{"60", "U/L", "1", "ukat/L"},
		{"2", "m[IU]/mL", "2", "[iU]/L"},
		{"4", "[IU]", "4", "[iU]"},
		{"280", "mosm/kg", "0.28", "osm/kg"},
		{"140", "meq/L", "140", "mmol/L"},
		{"1", "h", "3600", "s"},
		{"1", "wk", "168", "h"},
		{"1", "mo", "30.4375", "d"},
		{"1", "a", "8766", "h"},
		{"1", "[Cal]", "4184", "J"},
		{"1", "kcal", "1", "[Cal]"},
		{"23", "mm/h", "23/3600000", "m/s"},
		{"1", "umol/(L.h)", "1", "umol/L/h"},
		{"25", "kg/m2", "0.0025", "kg/cm2"},
		{"20", "[drp]", "1", "mL"},
		{"1", "ug/kg/min", "60", "ug/kg/h"},
		{"1", "mg/100.mL", "1", "mg.mL/100"},
		{"1", "dyn.s/cm5", "100000", "N.s/m5"},
		{"1", "Gy", "100", "RAD"},
		{"1", "[diop]", "1", "m-1"},
		{"180", "deg", "3.1415926535897932384626433832795028841971693993751058209749445923", "rad"},
	} {
		from, err := ucum.Parse(c.from)
		if err != nil {
			t.Errorf("%s: %v", c.from, err)
			continue
		}
		to, err := ucum.Parse(c.to)
		if err != nil {
			t.Errorf("%s: %v", c.to, err)
			continue
		}
		value, _ := new(big.Rat).SetString(c.value)
		want, _ := new(big.Rat).SetString(c.want)
		if a, b := inBase(value, from), inBase(want, to); a.Cmp(b) != 0 || from.Dimension() != to.Dimension() {
			t.Errorf("%s %s is %s %s, not %s %s", c.value, c.from, a.RatString(), from.Dimension(), b.RatString(), to.Dimension())
		}
	}
}

func inBase(value *big.Rat, u ucum.Unit) *big.Rat {
	r := new(big.Rat).Mul(value, u.Factor)
	return r.Add(r, u.Offset)
}

// Units that must never convert into one another.
func TestApart(t *testing.T) {
	for _, c := range [][2]string{
		{"mg/dL", "mmol/L"}, // how much a mole weighs depends on the substance
		{"[iU]/L", "U/L"}, {"[iU]", "[arb'U]"}, {"[CFU]", "1"}, {"[iU]", "mg"}, {"[iU]/mL", "10*3/mL"},
		{"[pH]", "1"}, {"[pH]", "mol/L"}, {"B", "1"}, {"B[V]", "V"},
		{"kg/m2", "kg"}, {"g", "s"}, {"Cel", "1"}, {"[APL'U]", "[GPL'U]"}, {"Hz", "s"},
	} {
		a, err := ucum.Parse(c[0])
		if err != nil {
			t.Fatal(err)
		}
		b, err := ucum.Parse(c[1])
		if err != nil {
			t.Fatal(err)
		}
		if a.Dimension() == b.Dimension() {
			t.Errorf("%s and %s are both %s", c[0], c[1], a.Dimension())
		}
	}
}

func TestDimension(t *testing.T) {
	for unit, want := range map[string]string{
		"mg/dL": "g.m-3", "mm[Hg]": "g.m-1.s-2", "kg/m2": "g.m-2", "{score}": "1", "%": "1", "g/g": "1",
		"/min": "s-1", "m[iU]/L": "m-3.[iU]", "V": "g.m2.s-2.C-1", "1": "1", "10*3": "1",
	} {
		u, err := ucum.Parse(unit)
		if err != nil {
			t.Errorf("%s: %v", unit, err)
		} else if u.Dimension() != want {
			t.Errorf("%s is %s, want %s", unit, u.Dimension(), want)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, unit := range []string{
		"", " ", "mmHg", "mcg", "mEq", "hr", "ml/hr", "ea", "KG", "mg/", "mg//dL", "mg.", "/", ".", "mg dL", "mg/dl ",
		"(mg", "mg)", "()", "{", "{a", "{a{b}}", "m-", "m+", "m--2", "10*-", "kCel2", "Cel.m", "Cel/s", "Cel2", "Cel0", "/Cel",
		"k[lb_av]", "kk", "mmin", "[in_i", "in_i]", "0", "0mg", "m0x", "µg", "µmol/L", "10*100", "m99", "+",
		strings.Repeat("(", 50) + "m" + strings.Repeat(")", 50), strings.Repeat("m.", 60) + "m",
	} {
		if u, err := ucum.Parse(unit); err == nil {
			t.Errorf("%q was taken for %s", unit, u.Dimension())
		}
	}
}

// Whatever stands there, it is read at once, and what is read does not grow.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"mg/dL", "10*9/L", "mL/min/{1.73_m2}", "umol/(L.h)", "[pi]15.[pi]15.[pi]15", "10*99.10*99/10*-99", "((((m))))", "Cel", "m[H2O]", "a2/b.c-3{x}(y)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		start := time.Now()
		u, err := ucum.Parse(s)
		if took := time.Since(start); took > 20*time.Second {
			t.Fatalf("%q took %v", s, took)
		}
		if err != nil {
			return
		}
		if u.Factor.Sign() <= 0 {
			t.Fatalf("%q has the factor %v", s, u.Factor)
		}
		again, err := ucum.Parse(u.Dimension())
		if err != nil && len(u.Dimension()) <= ucum.MaxLength && !strings.ContainsAny(u.Dimension(), "0123456789") {
			t.Fatalf("%q is %s, which is no unit: %v", s, u.Dimension(), err)
		}
		if err == nil && again.Dimension() != u.Dimension() {
			t.Fatalf("%q is %s, which is %s", s, u.Dimension(), again.Dimension())
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := ucum.Parse("mL/min/{1.73_m2}"); err != nil {
			b.Fatal(err)
		}
	}
}
