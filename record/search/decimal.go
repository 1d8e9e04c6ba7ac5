package search

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"strings"
)

// Decimal is an exact decimal number, coef × 10^exp, with the precision it was
// written in: 2.0 is 20 × 10^-1. One of up to 18 digits needs no memory of its own.
type Decimal struct {
	coef int64
	exp  int32
	wide *big.Int // the coefficient when it does not fit in coef
}

// What a number can cost is bounded: of more than maxDigits digits only the first
// count, and an exponent beyond maxExp is maxExp, which is still larger, or
// closer to nothing, than every number that means something.
const (
	maxDigits = 100
	maxExp    = 1_000_000_000
)

// ParseDecimal reads a number as JSON and FHIR write it; a sign + and leading
// zeros are taken too, which a search may hold. ok is false for anything else.
//
// A single digit with an exponent above 0 gets a second: 1e2 is as precise as 1.0e2,
// "the range [95 ... 105)" (FHIR R4 §3.1.1.4.6), where its digits alone would say
// [50, 150).
func ParseDecimal(s string) (d Decimal, ok bool) {
	rest, negative := strings.CutPrefix(s, "-")
	if !negative {
		rest = strings.TrimPrefix(rest, "+")
	}
	mantissa, exponent, scientific := cutExponent(rest)
	exp := int64(0)
	if scientific {
		if exp, ok = parseExponent(exponent); !ok {
			return Decimal{}, false
		}
	}
	var coef uint64
	var long []byte // all digits, once there are more than fit in coef
	digits, point, seen := 0, false, 0
	for i := range len(mantissa) {
		c := mantissa[i]
		if c == '.' && !point {
			point = true
			continue
		}
		if c < '0' || c > '9' {
			return Decimal{}, false
		}
		seen++
		if digits >= maxDigits {
			if !point {
				exp++
			}
			continue
		}
		if point {
			exp--
		}
		if digits > 0 || c != '0' {
			digits++
		}
		switch {
		case digits <= 18:
			coef = coef*10 + uint64(c-'0')
		case long == nil:
			long = append(strconv.AppendUint(make([]byte, 0, maxDigits), coef, 10), c)
		default:
			long = append(long, c)
		}
	}
	if seen == 0 || strings.HasSuffix(mantissa, ".") || strings.HasPrefix(mantissa, ".") {
		return Decimal{}, false
	}
	if exp > 0 && digits == 1 && seen == 1 {
		coef, exp = coef*10, exp-1
	}
	d.exp = int32(max(-maxExp, min(maxExp, exp)))
	if long != nil {
		d.wide, _ = new(big.Int).SetString(string(long), 10)
		if negative {
			d.wide.Neg(d.wide)
		}
		return d, true
	}
	if d.coef = int64(coef); negative {
		d.coef = -d.coef
	}
	return d, true
}

func cutExponent(s string) (mantissa, exponent string, found bool) {
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// parseExponent reads an exponent of any length, up to ±maxExp.
func parseExponent(s string) (n int64, ok bool) {
	negative := strings.HasPrefix(s, "-")
	if negative || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = min(n*10+int64(s[i]-'0'), maxExp)
	}
	if negative {
		n = -n
	}
	return n, s != ""
}

func (d Decimal) sign() int {
	switch {
	case d.wide != nil:
		return d.wide.Sign()
	case d.coef < 0:
		return -1
	case d.coef > 0:
		return 1
	}
	return 0
}

// Cmp compares by value: 2.0 equals 2.
func (d Decimal) Cmp(e Decimal) int {
	if d.exp == e.exp && d.wide == nil && e.wide == nil {
		return compare(d.coef, e.coef)
	}
	if s, t := d.sign(), e.sign(); s != t || s == 0 {
		return compare(int64(s), int64(t))
	}
	// Where the first digit stands tells numbers of different size apart, so that
	// what is left differs by few digits.
	if a, b := d.magnitude(), e.magnitude(); a != b {
		return d.sign() * compare(a, b)
	}
	if d.wide == nil && e.wide == nil {
		return compareScaled(d, e)
	}
	return d.cmpWide(e)
}

// magnitude is the power of ten of the first digit.
func (d Decimal) magnitude() int64 {
	return int64(d.exp) + int64(d.digits()) - 1
}

func magnitudeOf(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

func digitsOf(n uint64) int {
	digits := 1
	for digits < len(powers) && n >= powers[digits] {
		digits++
	}
	return digits
}

// powers of ten that fit.
var powers = func() (p [20]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return
}()

// compareScaled compares numbers of the same sign and magnitude. At one exponent
// both have the same number of digits, at most 19, which 64 bits hold.
func compareScaled(d, e Decimal) int {
	a, b := magnitudeOf(d.coef), magnitudeOf(e.coef)
	if d.exp > e.exp {
		a *= powers[d.exp-e.exp]
	} else {
		b *= powers[e.exp-d.exp]
	}
	return compare(a, b) * d.sign()
}

func (d Decimal) cmpWide(e Decimal) int {
	a, b := d.big(), e.big()
	if d.exp > e.exp {
		a = new(big.Int).Mul(a, pow10(int64(d.exp)-int64(e.exp)))
	} else {
		b = new(big.Int).Mul(b, pow10(int64(e.exp)-int64(d.exp)))
	}
	return a.Cmp(b)
}

func (d Decimal) big() *big.Int {
	if d.wide != nil {
		return d.wide
	}
	return big.NewInt(d.coef)
}

func pow10(n int64) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil) }

func compare[T int64 | uint64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Bounds are what the precision implies: from half a unit of the last digit below,
// up to without half a unit above. 100 is [99.5, 100.5).
func (d Decimal) Bounds() (low, high Decimal) { return d.plus(10, -5), d.plus(10, 5) }

// Around are the bounds of ap: a tenth of the value to either side, or its Bounds
// where these reach further.
func (d Decimal) Around() (low, high Decimal) {
	low, high = d.plus(9, 0), d.plus(11, 0)
	if d.sign() < 0 {
		low, high = high, low
	}
	from, to := d.Bounds()
	if from.Cmp(low) < 0 {
		low = from
	}
	if to.Cmp(high) > 0 {
		high = to
	}
	return low, high
}

// plus is (coef × times + more) × 10^(exp-1).
func (d Decimal) plus(times, more int64) Decimal {
	if d.wide == nil && d.coef > math.MinInt64/12 && d.coef < math.MaxInt64/12 {
		return Decimal{coef: d.coef*times + more, exp: d.exp - 1}
	}
	w := new(big.Int).Mul(d.big(), big.NewInt(times))
	return Decimal{wide: w.Add(w, big.NewInt(more)), exp: d.exp - 1}
}

// times is d × n.
func (d Decimal) times(n int64) Decimal {
	if d.wide == nil {
		hi, lo := bits.Mul64(magnitudeOf(d.coef), magnitudeOf(n))
		if hi == 0 && lo <= math.MaxInt64 {
			return Decimal{coef: d.coef * n, exp: d.exp}
		}
	}
	return Decimal{wide: new(big.Int).Mul(d.big(), big.NewInt(n)), exp: d.exp}
}

// product is d × e.
func (d Decimal) product(e Decimal) Decimal {
	exp := int32(max(-2*maxExp, min(2*maxExp, int64(d.exp)+int64(e.exp))))
	if e.wide == nil {
		d = d.times(e.coef)
		d.exp = exp
		return d
	}
	return Decimal{wide: new(big.Int).Mul(d.big(), e.wide), exp: exp}
}

// sum is d + e, whose exponents must not be far apart.
func (d Decimal) sum(e Decimal) Decimal {
	if d.exp < e.exp {
		d, e = e, d
	}
	shift := int64(d.exp) - int64(e.exp)
	if d.wide == nil && e.wide == nil && shift < int64(len(powers)) {
		hi, lo := bits.Mul64(magnitudeOf(d.coef), powers[shift])
		if hi == 0 && lo <= math.MaxInt64/2 && magnitudeOf(e.coef) <= math.MaxInt64/2 {
			return Decimal{coef: d.coef*int64(powers[shift]) + e.coef, exp: e.exp}
		}
	}
	w := new(big.Int).Mul(d.big(), pow10(shift))
	return Decimal{wide: w.Add(w, e.big()), exp: e.exp}
}

func (d Decimal) digits() int {
	if d.wide != nil {
		return len(new(big.Int).Abs(d.wide).String())
	}
	return digitsOf(magnitudeOf(d.coef))
}

// Amount is an exact number that converting units can give: a Decimal divided by
// Over. 1 per minute is 1/60 per second. Over 0 is 1.
type Amount struct {
	Decimal
	Over int64
}

// Cmp compares by value.
func (a Amount) Cmp(b Amount) int {
	n, m := max(a.Over, 1), max(b.Over, 1)
	if n == m {
		return a.Decimal.Cmp(b.Decimal)
	}
	return a.Decimal.times(m).Cmp(b.Decimal.times(n))
}

// Span is where a quantity lies: from Low to High with both, a point when they are
// the same. NoLow and NoHigh: it has no such end. Open: the one end it has is not
// in it ("<" 5 lies below 5).
type Span struct {
	Low, High     Amount
	NoLow, NoHigh bool
	Open          bool
}
