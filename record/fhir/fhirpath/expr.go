package fhirpath

import "carehold/record"

// Expr is a compiled expression. It does not change, and may be used by several
// goroutines.
type Expr struct {
	text  string
	root  node
	memos int
}

// Compile reads an expression. What is not supported is refused here, not when it
// is evaluated.
func Compile(text string) (*Expr, error) {
	p := parser{lexer: lexer{in: text}}
	root, err := p.all()
	if err != nil {
		return nil, err
	}
	return &Expr{text: text, root: root, memos: p.memos}, nil
}

// MustCompile is Compile for an expression of R4's own tables, which a test has
// compiled.
func MustCompile(text string) *Expr {
	e, err := Compile(text)
	if err != nil {
		panic(err)
	}
	return e
}

// String is the text that was compiled.
func (e *Expr) String() string { return e.text }

// Eval gives the collection that the expression is, of the context: a resource
// (Root) or an element of one (Element).
func (e *Expr) Eval(ctx Value) ([]Value, error) { return e.Append(nil, ctx) }

// Append is Eval that adds to a collection.
func (e *Expr) Append(to []Value, ctx Value) ([]Value, error) {
	s := begin(ctx, e.memos)
	this := append(s.take(), ctx)
	to, err := e.root.eval(s, frame{this: this}, to)
	s.give(this)
	s.done()
	return to, err
}

// True evaluates a constraint. An empty result is true: a rule that cannot be told
// to be broken is not.
func (e *Expr) True(ctx Value) (bool, error) {
	s := begin(ctx, e.memos)
	this := append(s.take(), ctx)
	is, err := truth(e.root, s, frame{this: this})
	s.give(this)
	s.done()
	return is != isFalse, err
}

// errMany is what a collection is refused with where there may be one value.
var errMany = record.Safef(record.Unprocessed, "there are several values where FHIRPath allows one")

// node is a part of an expression.
type node interface {
	// eval adds what the node is to a collection.
	eval(s *state, f frame, to []Value) ([]Value, error)
}

// condition is a node that is a boolean, and need not be made a collection.
type condition interface {
	node
	truth(s *state, f frame) (tri, error)
}

// tri is a boolean that may be empty.
type tri uint8

const (
	isEmpty tri = iota
	isTrue
	isFalse
)

func triOf(b bool) tri {
	if b {
		return isTrue
	}
	return isFalse
}

func (t tri) not() tri { return [...]tri{isEmpty, isFalse, isTrue}[t] }

func (t tri) append(to []Value) []Value {
	if t == isEmpty {
		return to
	}
	return append(to, boolean(t == isTrue))
}

// truth is a node as a boolean (N1 "Singleton Evaluation of Collections").
func truth(n node, s *state, f frame) (tri, error) {
	if c, ok := n.(condition); ok {
		return c.truth(s, f)
	}
	all, err := n.eval(s, f, s.take())
	defer func() { s.give(all) }()
	if err != nil {
		return isEmpty, err
	}
	return truthOf(all)
}

func truthOf(all []Value) (tri, error) {
	switch {
	case len(all) == 0:
		return isEmpty, nil
	case len(all) > 1:
		return isEmpty, errMany
	case all[0].Type != "boolean":
		return isTrue, nil
	case !all[0].HasValue():
		return isEmpty, nil
	}
	return triOf(all[0].Text() == "true"), nil
}
