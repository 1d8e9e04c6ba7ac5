package ucum

import (
	"math/big"
	"strings"

	"carehold/record"
)

// What an expression can cost is bounded.
const (
	MaxLength = 100 // bytes
	maxDepth  = 8
	maxExp    = 99 // of 10*
	maxPower  = 15 // of anything else
)

// Parse reads an expression.
func Parse(s string) (Unit, error) {
	if len(s) > MaxLength {
		return Unit{}, record.Errorf(record.Invalid, "the unit %q… is longer than %d bytes", s[:20], MaxLength)
	}
	return table().parse(s)
}

func (t *tables) parse(s string) (Unit, error) {
	p := parser{t: t, s: s}
	u, ok := p.term(0)
	if !ok || p.at < len(s) {
		return Unit{}, record.Errorf(record.Invalid, "%q is not a UCUM unit that is known here", s)
	}
	return u, nil
}

type parser struct {
	t  *tables
	s  string
	at int
}

func (p *parser) peek() byte {
	if p.at < len(p.s) {
		return p.s[p.at]
	}
	return 0
}

func (p *parser) take(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.at++
	return true
}

// term is components between . and /, from left to right: a/b.c is (a/b).c (UCUM
// §7). It may begin with /.
func (p *parser) term(depth int) (u Unit, ok bool) {
	if depth > maxDepth {
		return u, false
	}
	u = one
	exp := 1
	if p.take('/') {
		exp = -1
	}
	for {
		v, ok := p.component(depth)
		if !ok {
			return u, false
		}
		if u, ok = u.times(v, exp); !ok {
			return u, false
		}
		switch {
		case p.take('.'):
			exp = 1
		case p.take('/'):
			exp = -1
		default:
			return u, true
		}
	}
}

// component is a term in parentheses, a whole number, or a symbol with an exponent
// and an annotation, or an annotation alone, which is 1.
func (p *parser) component(depth int) (Unit, bool) {
	if p.take('(') {
		u, ok := p.term(depth + 1)
		return u, ok && p.take(')')
	}
	if p.peek() == '{' {
		return one, p.annotation()
	}
	start := p.at
	u, ok := p.number()
	if !ok || p.at < len(p.s) && strings.IndexByte("*^", p.peek()) >= 0 { // 10*
		p.at = start
		if u, ok = p.power(); !ok {
			return u, false
		}
	}
	if p.peek() == '{' {
		return u, p.annotation()
	}
	return u, true
}

func (p *parser) annotation() bool {
	end := strings.IndexByte(p.s[p.at:], '}')
	if end < 0 || strings.IndexByte(p.s[p.at+1:p.at+end], '{') >= 0 {
		return false
	}
	p.at += end + 1
	return true
}

// number is digits alone.
func (p *parser) number() (Unit, bool) {
	start := p.at
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		p.at++
	}
	n, ok := new(big.Rat).SetString(p.s[start:p.at])
	if !ok || n.Sign() == 0 {
		return Unit{}, false
	}
	return Unit{Factor: n, Offset: one.Offset}, true
}

// power is a symbol and the exponent after it.
func (p *parser) power() (Unit, bool) {
	start := p.at
	if strings.HasPrefix(p.s[p.at:], "10*") || strings.HasPrefix(p.s[p.at:], "10^") {
		p.at += 3
	} else {
		p.letters()
	}
	symbol := p.s[start:p.at]
	u, ok := p.t.symbol(symbol)
	if !ok {
		return u, false
	}
	limit := maxPower
	if start+3 == p.at && symbol[:2] == "10" {
		limit = maxExp
	}
	exp, ok := p.exponent(limit)
	if !ok {
		return u, false
	}
	return one.times(u, exp)
}

// letters goes over a symbol: what is in brackets is part of it, digits outside are
// not.
func (p *parser) letters() {
	brackets := false
	for ; p.at < len(p.s); p.at++ {
		c := p.s[p.at]
		switch {
		case c == '[':
			brackets = true
		case c == ']':
			brackets = false
		case brackets:
		case strings.IndexByte(".+-/(){}0123456789", c) >= 0:
			return
		}
	}
}

// exponent is 1 when there is none.
func (p *parser) exponent(limit int) (int, bool) {
	sign := 1
	signed := true
	switch {
	case p.take('-'):
		sign = -1
	case p.take('+'):
	default:
		signed = false
	}
	n, start := 0, p.at
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		if n = n*10 + int(c-'0'); n > limit {
			return 0, false
		}
		p.at++
	}
	if p.at == start {
		return 1, !signed
	}
	return sign * n, true
}
