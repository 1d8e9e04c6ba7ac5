package fhirpath

import (
	"strings"
)

const (
	maxText  = 1 << 16 // R4's longest has 5,000 bytes
	maxDepth = 100     // parentheses, operators and arguments inside one another; R4's deepest has 8
)

// parser reads an expression by precedence (N1, "Operator precedence").
type parser struct {
	lexer
	tok    token
	depth  int
	lambda int  // arguments that are evaluated for each item, inside one another
	index  bool // $index has been read
	memos  int
}

func (p *parser) all() (node, error) {
	if len(p.in) > maxText {
		return nil, (&lexer{in: p.in[:32]}).errorf(0, "the expression is longer than %d bytes", maxText)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	n, err := p.expression(0)
	if err == nil && p.tok.kind != end {
		err = p.unexpected()
	}
	return n, err
}

func (p *parser) advance() (err error) { p.tok, err = p.next(); return err }

func (p *parser) unexpected() error {
	if p.tok.kind == end {
		return p.errorf(p.tok.at, "the expression ends too early")
	}
	return p.errorf(p.tok.at, "%q is not expected here", p.tok.text)
}

// expect passes over a symbol that must be there.
func (p *parser) expect(kind byte) error {
	if p.tok.kind != kind {
		return p.unexpected()
	}
	return p.advance()
}

// operator is the operator the parser is at, and how tightly it binds; 0 for none.
func (p *parser) operator() (op string, binds int) {
	switch p.tok.kind {
	case word, '|', '<', '>', lessEq, greatEq, '=', notEq, '+', '-', '&', '*', '/':
		return p.tok.text, precedence[p.tok.text]
	}
	return "", 0
}

var precedence = map[string]int{
	"implies": 1,
	"or":      2, "xor": 2,
	"and": 3,
	"in":  4, "contains": 4,
	"=": 5, "!=": 5,
	"<": 6, ">": 6, "<=": 6, ">=": 6,
	"|":  7,
	"is": 8, "as": 8,
	"+": 9, "-": 9, "&": 9,
	"*": 10, "/": 10, "div": 10, "mod": 10,
}

// expression reads operators that bind more tightly than over. All of them take
// what is to their left first.
func (p *parser) expression(over int) (node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.errorf(p.tok.at, "the expression is deeper than %d", maxDepth)
	}
	defer func() { p.depth-- }()
	left, err := p.polarity()
	for err == nil {
		op, binds := p.operator()
		if binds <= over {
			break
		}
		if err = p.advance(); err != nil {
			break
		}
		if op == "is" || op == "as" {
			var t typeName
			if t, err = p.typeName(); err == nil {
				left = typed(op, left, t)
			}
			continue
		}
		var right node
		if right, err = p.expression(binds); err == nil {
			left = operation(op, left, right)
		}
	}
	return left, err
}

// polarity reads + and -, which bind less than a path: -7.combine(3) negates the
// whole.
func (p *parser) polarity() (node, error) {
	op := p.tok.kind
	if op != '+' && op != '-' {
		return p.path()
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	n, err := p.path()
	if err != nil || op == '+' {
		return n, err
	}
	return &arithmetic{op: "-", left: literal{made("integer", "0")}, right: n}, nil
}

// path reads a term and the invocations and indexers behind it.
func (p *parser) path() (node, error) {
	n, err := p.term()
	for err == nil {
		switch p.tok.kind {
		case '.':
			if err = p.advance(); err == nil {
				n, err = p.invocation(n)
			}
		case '[':
			if err = p.advance(); err != nil {
				break
			}
			var i node
			if i, err = p.expression(0); err == nil {
				n, err = &call{in: n, fn: functions["[]"], args: []node{i}}, p.expect(']')
			}
		default:
			return p.remember(n), nil
		}
	}
	return nil, err
}

func (p *parser) term() (node, error) {
	t := p.tok
	if err := p.advance(); err != nil {
		return nil, err
	}
	switch t.kind {
	case '(':
		n, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		return n, p.expect(')')
	case '{':
		return nothing{}, p.expect('}')
	case text:
		return literal{made("string", t.text)}, nil
	case number:
		if strings.Contains(t.text, ".") {
			return literal{made("decimal", t.text)}, nil
		}
		return literal{made("integer", t.text)}, nil
	case '%':
		return p.environment()
	case variable:
		return p.variable(t)
	case word:
		if t.text == "true" || t.text == "false" {
			return literal{boolean(t.text == "true")}, nil
		}
	case quoted:
	default:
		p.tok = t
		return nil, p.unexpected()
	}
	// "resolved as a type name first" (N1 "Identifiers").
	if typ, ok := lookupType(t.text); ok && p.tok.kind != '(' && t.text[0] < 'a' {
		return &path{steps: []*step{{kind: stepType, typ: typ}}}, nil
	}
	return p.named(nil, t)
}

// invocation reads what stands behind a dot.
func (p *parser) invocation(in node) (node, error) {
	t := p.tok
	if t.kind != word && t.kind != quoted && t.kind != variable {
		return nil, p.unexpected()
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if t.kind == variable {
		return nil, p.errorf(t.at, "%s behind a dot is not supported", t.text)
	}
	return p.named(in, t)
}

// named makes a member of in, or reads the arguments of a function of it. in is
// nil for $this.
func (p *parser) named(in node, t token) (node, error) {
	if p.tok.kind == '(' && t.kind == word {
		return p.function(in, t)
	}
	return extend(in, &step{kind: stepMember, name: t.text}), nil
}

func (p *parser) variable(t token) (node, error) {
	switch t.text {
	case "$this":
		return this{}, nil
	case "$index":
		p.index = true
		return index{}, nil
	}
	return nil, p.errorf(t.at, "%s is not supported", t.text)
}
