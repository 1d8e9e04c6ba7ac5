package fhirpath

import "regexp"

// function is what a name before parentheses means.
type function struct {
	min, max int  // arguments
	each     bool // the arguments are evaluated for each item, as $this; else for the $this outside
	// Either makes a collection, or a boolean. in is not to be changed.
	list func(s *state, c *call, in []Value, f frame, to []Value) ([]Value, error)
	test func(s *state, c *call, in []Value, f frame) (tri, error)
}

// call is a function of a collection.
type call struct {
	in      node // nil for $this
	fn      *function
	args    []node
	pattern *regexp.Regexp // of matches and replaceMatches
}

// test is a call of a function that makes a boolean.
type test struct{ call }

var _ condition = (*test)(nil)

// input evaluates what the function is of. It is given back with leave.
func (c *call) input(s *state, f frame) ([]Value, error) {
	if c.in == nil {
		return f.this, nil
	}
	return c.in.eval(s, f, s.take())
}

func (c *call) leave(s *state, in []Value) {
	if c.in != nil {
		s.give(in)
	}
}

func (c *call) eval(s *state, f frame, to []Value) ([]Value, error) {
	in, err := c.input(s, f)
	if err != nil {
		return to, err
	}
	if err := s.spend(1 + len(in)); err != nil {
		return to, err
	}
	to, err = c.fn.list(s, c, in, f, to)
	c.leave(s, in)
	return to, err
}

func (t *test) truth(s *state, f frame) (tri, error) {
	in, err := t.input(s, f)
	if err != nil {
		return isEmpty, err
	}
	if err := s.spend(1 + len(in)); err != nil {
		return isEmpty, err
	}
	is, err := t.fn.test(s, &t.call, in, f)
	t.leave(s, in)
	return is, err
}

func (t *test) eval(s *state, f frame, to []Value) ([]Value, error) {
	is, err := t.truth(s, f)
	return is.append(to), err
}

// arg evaluates an argument; the caller gives it back.
func (c *call) arg(s *state, i int, f frame) ([]Value, error) {
	return c.args[i].eval(s, f, s.take())
}

// one is the argument that must be a single value; ok is false for an empty one.
func (c *call) one(s *state, i int, f frame) (v Value, ok bool, err error) {
	all, err := c.arg(s, i, f)
	if err != nil {
		return v, false, err
	}
	v, ok, err = single(all)
	s.give(all)
	return v, ok, err
}

// single is the only value of a collection. A primitive without a value is none.
func single(all []Value) (v Value, ok bool, err error) {
	switch {
	case len(all) > 1:
		return v, false, errMany
	case len(all) == 0 || all[0].system() != none && !all[0].HasValue():
		return v, false, nil
	}
	return all[0], true, nil
}

// function reads the arguments of a function, and makes the node that it is.
func (p *parser) function(in node, name token) (node, error) {
	switch name.text {
	case "is", "as", "ofType":
		if err := p.advance(); err != nil {
			return nil, err
		}
		typ, err := p.typeName()
		if err != nil {
			return nil, err
		}
		return typed(name.text, orThis(in), typ), p.expect(')')
	}
	fn, ok := functions[name.text]
	if !ok {
		return nil, p.errorf(name.at, "the function %s is not supported", name.text)
	}
	if fn.each {
		p.lambda++
		defer func() { p.lambda-- }()
	}
	args, err := p.arguments()
	if err != nil {
		return nil, err
	}
	if len(args) < fn.min || len(args) > fn.max {
		return nil, p.errorf(name.at, "%s takes %d to %d arguments", name.text, fn.min, fn.max)
	}
	if n, ok := p.fused(in, name.text, args); ok {
		return n, nil
	}
	if fn.list == nil && fn.test == nil {
		return nil, p.errorf(name.at, "%s takes a string that is written out", name.text)
	}
	c := call{in: in, fn: fn, args: args}
	if name.text == "matches" || name.text == "replaceMatches" {
		if c.pattern, err = p.pattern(name, args[0]); err != nil {
			return nil, err
		}
	}
	if fn.test != nil {
		return &test{c}, nil
	}
	return &c, nil
}

// arguments reads (a, b, …).
func (p *parser) arguments() (args []node, err error) {
	if err = p.advance(); err != nil {
		return nil, err
	}
	for p.tok.kind != ')' {
		if len(args) > 0 {
			if err = p.expect(','); err != nil {
				return nil, err
			}
		}
		n, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		args = append(args, n)
	}
	return args, p.advance()
}

// pattern compiles a regular expression, once: it must be written out, and never
// comes from a resource. Its flavour is RE2's, which takes time in proportion to
// the text. The s is N1's "single line" mode, in which a dot is a line's end too.
func (p *parser) pattern(name token, n node) (*regexp.Regexp, error) {
	l, ok := n.(literal)
	if !ok || l.Type != "string" {
		return nil, p.errorf(name.at, "%s takes a pattern that is written out", name.text)
	}
	re, err := regexp.Compile("(?s:" + l.Text() + ")")
	if err != nil {
		return nil, p.errorf(name.at, "the pattern of %s: %v", name.text, err)
	}
	return re, nil
}

// fused makes the functions that a path can do while it walks.
func (p *parser) fused(in node, name string, args []node) (node, bool) {
	switch name {
	case "where":
		if !p.index { // the place among all the items is not known on the way
			return extend(in, &step{kind: stepWhere, where: args[0]}), true
		}
	case "children", "descendants", "resolve":
		return extend(in, &step{kind: map[string]stepKind{"children": stepChildren, "descendants": stepDescendants, "resolve": stepResolve}[name]}), true
	case "extension", "hasExtension":
		url, ok := args[0].(literal)
		if !ok {
			return nil, false
		}
		n := extend(in, &step{kind: stepExtension, name: url.Text()})
		if name == "hasExtension" {
			return &some{of: n}, true
		}
		return n, true
	case "exists", "empty":
		if len(args) == 1 {
			if p.index {
				return nil, false
			}
			return &some{of: extend(in, &step{kind: stepWhere, where: args[0]})}, true
		}
		return &some{of: orThis(in), not: name == "empty"}, true
	case "first":
		return &first{of: orThis(in)}, true
	}
	return nil, false
}
