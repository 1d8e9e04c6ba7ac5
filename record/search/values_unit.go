package search

import (
	"math"
	"math/big"
	"strings"
	"sync"
	"sync/atomic"

	"carehold/record/search/ucum"
)

const ucumURL = "http://unitsofmeasure.org"

// Canonical converts a number with a UCUM unit into base units. ok is false for a
// unit that package ucum does not know, and for one so far out that no exact number
// of bounded size says what it is.
func Canonical(d Decimal, code string) (a Amount, unit string, ok bool) {
	c, ok := conversionOf(code)
	if !ok {
		return Amount{}, "", false
	}
	a, ok = c.apply(d)
	return a, c.unit, ok
}

// conversion is what a unit does to a number: (d × factor + offset) / over, in base
// units. Factor and over are whole but for a power of ten, which is in the exponent.
type conversion struct {
	unit    string
	factor  Decimal
	offset  Decimal
	shifted bool // offset is not 0
	over    int64
}

// conversions are those of the units that were met. What stands in braces can be
// anybody's words and is left out, and there is an end to how many are kept.
var (
	conversions     sync.Map // string → conversion
	conversionCount atomic.Int64
)

const maxConversions = 2000

func conversionOf(code string) (conversion, bool) {
	if len(code) > ucum.MaxLength {
		return conversion{}, false
	}
	code = withoutNotes(code)
	if c, ok := conversions.Load(code); ok {
		return c.(conversion), true
	}
	u, err := ucum.Parse(code)
	if err != nil {
		return conversion{}, false
	}
	c, ok := newConversion(u)
	if ok && conversionCount.Load() < maxConversions {
		if _, had := conversions.LoadOrStore(code, c); !had {
			conversionCount.Add(1)
		}
	}
	return c, ok
}

// withoutNotes empties the braces.
func withoutNotes(code string) string {
	if strings.IndexByte(code, '{') < 0 {
		return code
	}
	var b strings.Builder
	inside := false
	for i := range len(code) {
		c := code[i]
		if c == '}' {
			inside = false
		}
		if !inside {
			b.WriteByte(c)
		}
		if c == '{' {
			inside = true
		}
	}
	return b.String()
}

func newConversion(u ucum.Unit) (c conversion, ok bool) {
	// One denominator for both: the offset is a sum with the product.
	den := new(big.Int).Mul(u.Factor.Denom(), u.Offset.Denom())
	den.Div(den, new(big.Int).GCD(nil, nil, u.Factor.Denom(), u.Offset.Denom()))
	whole, exp, ok := withoutTens(den)
	if !ok {
		return c, false
	}
	over := new(big.Rat).SetInt(den)
	factor := new(big.Rat).Mul(u.Factor, over)
	offset := new(big.Rat).Mul(u.Offset, over)
	// den = whole × 2^a × 5^b, and 10^exp is the power that covers 2^a × 5^b.
	rest := new(big.Rat).SetFrac(new(big.Int).Mul(whole, pow10(int64(exp))), den)
	factor.Mul(factor, rest)
	offset.Mul(offset, rest)
	c.unit, c.over = u.Dimension(), whole.Int64()
	c.factor = decimalOf(factor.Num(), -exp)
	c.offset = decimalOf(offset.Num(), -exp)
	c.shifted = offset.Sign() != 0
	return c, c.factor.digits() <= 40
}

// withoutTens takes the twos and fives out of n; exp is how many tens they need.
func withoutTens(n *big.Int) (whole *big.Int, exp int, ok bool) {
	whole = new(big.Int).Set(n)
	for _, p := range []int64{2, 5} {
		times := 0
		q, r := new(big.Int), new(big.Int)
		for {
			if q.QuoRem(whole, big.NewInt(p), r); r.Sign() != 0 {
				break
			}
			whole.Set(q)
			times++
		}
		exp = max(exp, times)
	}
	return whole, exp, whole.IsInt64()
}

// decimalOf is n × 10^exp, with the zeros of n in the exponent.
func decimalOf(n *big.Int, exp int) Decimal {
	if n.Sign() == 0 {
		return Decimal{}
	}
	q, r, ten := new(big.Int).Set(n), new(big.Int), big.NewInt(10)
	for {
		t, _ := new(big.Int).QuoRem(q, ten, r)
		if r.Sign() != 0 {
			break
		}
		q, exp = t, exp+1
	}
	d := Decimal{exp: int32(exp)}
	if q.IsInt64() {
		d.coef = q.Int64()
	} else {
		d.wide = q
	}
	return d
}

func (c *conversion) apply(d Decimal) (Amount, bool) {
	a := Amount{Over: c.over}
	a.Decimal = d.product(c.factor)
	if c.shifted {
		// Adding needs both at one exponent: of a temperature of 1e400 nothing is left.
		if math.Abs(float64(a.exp)-float64(c.offset.exp)) > 50 {
			return Amount{}, false
		}
		a.Decimal = a.sum(c.offset)
	}
	return a, true
}
