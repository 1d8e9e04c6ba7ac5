package fhirpath

import (
	"math/big"
	"strconv"
	"strings"

	"carehold/record"
)

// arithmetic is + - * / div mod of numbers, + of strings, and & (N1 "Math").
type arithmetic struct {
	op          string
	left, right node
}

var errMath = record.Safef(record.Unprocessed, "values of these types cannot be calculated with")

func integer(n int) Value { return made("integer", strconv.Itoa(n)) }

func (n *arithmetic) eval(s *state, f frame, to []Value) ([]Value, error) {
	if n.op == "&" {
		return n.join(s, f, to)
	}
	a, b, ok, err := s.operands(n.left, n.right, f)
	if err != nil || !ok {
		return to, err
	}
	x, y := a.system(), b.system()
	switch {
	case numeric(x) && numeric(y):
		typ := "decimal"
		if x == systemInteger && y == systemInteger {
			typ = "integer"
		}
		if v, ok := calculate(n.op, typ, a.Text(), b.Text()); ok {
			to = append(to, v)
		}
		return to, nil
	case n.op == "+" && x == systemString && y == systemString:
		return s.joined(to, a.Text(), b.Text())
	}
	return to, errMath
}

// join is &, to which an empty side is an empty string.
func (n *arithmetic) join(s *state, f frame, to []Value) ([]Value, error) {
	var texts [2]string
	for i, side := range []node{n.left, n.right} {
		v, ok, err := s.operand(side, f)
		switch {
		case err != nil:
			return to, err
		case !ok:
		case v.system() != systemString:
			return to, errMath
		default:
			texts[i] = v.Text()
		}
	}
	return s.joined(to, texts[0], texts[1])
}

func (s *state) joined(to []Value, a, b string) ([]Value, error) {
	if err := s.spend((len(a) + len(b)) / 64); err != nil {
		return to, err
	}
	return append(to, made("string", a+b)), nil
}

// calculate gives no result for what is not defined (a division by zero), and for
// what is too large.
func calculate(op, typ, a, b string) (Value, bool) {
	x, ok1 := rat(a)
	y, ok2 := rat(b)
	if !ok1 || !ok2 {
		return Value{}, false
	}
	z := new(big.Rat)
	switch op {
	case "+":
		z.Add(x, y)
	case "-":
		z.Sub(x, y)
	case "*":
		z.Mul(x, y)
	default:
		if y.Sign() == 0 {
			return Value{}, false
		}
		z.Quo(x, y)
		if op == "/" {
			typ = "decimal"
			break
		}
		whole := new(big.Rat).SetInt(new(big.Int).Quo(z.Num(), z.Denom()))
		if op == "div" {
			z, typ = whole, "integer"
		} else {
			z.Sub(x, whole.Mul(whole, y))
		}
	}
	if typ == "integer" {
		return made(typ, z.Num().String()), z.IsInt()
	}
	places, exact := z.FloatPrec()
	if !exact {
		places = 8 // N1 "Decimal"
	}
	text := z.FloatString(places)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return made(typ, text), true
}
