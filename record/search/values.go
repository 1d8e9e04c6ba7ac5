package search

import "carehold/record/fhir"

// Values are the values of one parameter in an Index, read where they lie. What
// is handed out points into the index and lives as long as it does: the bytes
// must not be changed or kept. Each list is walked with range:
//
//	for t := range Lookup(index, number).Tokens { … }
//
// and only the list of the parameter's own type may be asked for: a date's bytes
// read as tokens are nonsense, though never a panic. The zero Values is empty.
type Values struct {
	index    []byte
	from, to int
}

// Missing reports that the resource has no value for the parameter (FHIR R4
// §3.1.1.4.4, :missing).
func (v Values) Missing() bool { return v.from >= v.to }

// Token is a code of a CodeableConcept, Coding, Identifier or ContactPoint, or a
// primitive (FHIR R4 §3.1.1.4.10). A concept gives a Token for each of its
// codings; its text is a Token too, with Text alone. What is not there is empty:
// FHIR knows no empty string.
type Token struct {
	System, Code []byte
	// Text is what :text looks at, folded (Fold): the display, the concept's text,
	// the text of the identifier's type.
	Text []byte
	// TypeSystem and TypeCode are of the identifier's type, for :of-type. An
	// identifier whose type has several codings gives a Token for each.
	TypeSystem, TypeCode []byte
	// Implied is set when the System was not written but follows from the element's
	// required value set. |code matches it too.
	Implied bool
	// Caseless is set for an element of type string: "If the underlying data type is
	// string then the search is not case sensitive".
	Caseless bool
}

// String is a text (FHIR R4 §3.1.1.4.8). HumanName and Address give one for each
// part. A family name of several words, and a name's text, also give one from
// each further word on ("servers should search the parts of a family name
// independently"); these have no Exact, and do not count for :exact.
type String struct {
	Folded []byte // Fold of the text
	Exact  []byte // as written
}

// Reference is what a Reference, a canonical or a uri points to (FHIR R4
// §3.1.1.4.12).
//
//	Patient/1, Patient/1/_history/2        Type, ID
//	https://x.org/fhir/Patient/1           Type, ID, URL: https://x.org/fhir/Patient/1
//	urn:uuid:…, a canonical, another URL   URL (and Version, after the canonical's |)
//	#contained, or a display alone         nothing: it is not :missing, and is not found
//
// Type alone comes from Reference.type. System and Value are its identifier's,
// for :identifier.
type Reference struct {
	Type, ID, URL, Version []byte
	System, Value          []byte
}

// Date is a time from From up to but without To, in Unix milliseconds (FHIR R4
// §3.1.1.4.7). An end that a Period does not say is MinTime or MaxTime. Precision
// is that of the text; 0 for a Period or a Timing. An instant is one millisecond.
type Date struct {
	From, To  int64
	Precision fhir.Precision
}

// MinTime and MaxTime are before and after every time.
const (
	MinTime = -1 << 63
	MaxTime = 1<<63 - 1
)

// Number is a number as it was written, with its precision: 2.0 is not 2. Integer
// is set when the element can hold no fraction (FHIR R4 §3.1.1.4.6: searching such
// "is based on exact matches"). A Range gives a Number for each end.
type Number struct {
	Decimal
	Integer bool
}

// Quantity is a Quantity, Money, Range or SampledData (FHIR R4 §3.1.1.4.11).
type Quantity struct {
	// Span is where the value lies, in the unit as written: a point for a value, an
	// interval for a Range, a half line for a comparator.
	Span
	System, Code, Unit []byte // Money: its currency is the Code, System urn:iso:std:iso:4217
	// Canonical is the Span in CanonicalUnit, which is empty unless the System is
	// UCUM's and the Code an expression that package ucum converts. Two of the same
	// CanonicalUnit compare by Canonical, all others by System and Code.
	Canonical     Span
	CanonicalUnit []byte
}

// Tuple is one value of a composite parameter: what its components have, each in
// the same place of the resource (FHIR R4 §3.1.1.4.17).
type Tuple struct {
	index    []byte
	from, to int
}

// Component are the values of component i, in the order of Param.Components, to
// be read as the type of the parameter that the component's definition is.
func (t Tuple) Component(i int) Values {
	r := reader{t.index, t.from, t.to}
	for ; i > 0 && r.more(); i-- {
		r.block()
	}
	if !r.more() {
		return Values{}
	}
	from, to := r.block()
	return Values{t.index, from, to}
}

// Lookup finds the values of a parameter of the resource type that the index is
// of. number is the parameter's place in r4.Params of the type (Place).
func Lookup(index []byte, number int) Values {
	d := directory(index)
	for at, n := 0, -1; d.more(); {
		head := d.count()
		n += head>>1 + 1
		from, size := at, d.count()
		if head&1 == 0 {
			at += size
		} else {
			from = d.count()
		}
		if n > number {
			break
		}
		if n == number && from <= len(index) && size <= len(index)-from {
			return Values{index, from, from + size}
		}
	}
	return Values{}
}

// Tokens are the values of a parameter of type token.
func (v Values) Tokens(yield func(Token) bool) {
	for r := v.reader(); r.more(); {
		if !yield(r.token()) {
			return
		}
	}
}

// Strings are the values of a parameter of type string.
func (v Values) Strings(yield func(String) bool) {
	for r := v.reader(); r.more(); {
		if !yield(r.str()) {
			return
		}
	}
}

// References are the values of a parameter of type reference.
func (v Values) References(yield func(Reference) bool) {
	for r := v.reader(); r.more(); {
		if !yield(r.reference()) {
			return
		}
	}
}

// Dates are the values of a parameter of type date.
func (v Values) Dates(yield func(Date) bool) {
	for r := v.reader(); r.more(); {
		if !yield(r.date()) {
			return
		}
	}
}

// Numbers are the values of a parameter of type number.
func (v Values) Numbers(yield func(Number) bool) {
	for r := v.reader(); r.more(); {
		if !yield(r.number()) {
			return
		}
	}
}

// Quantities are the values of a parameter of type quantity.
func (v Values) Quantities(yield func(Quantity) bool) {
	for r := v.reader(); r.more(); {
		if !yield(r.quantity()) {
			return
		}
	}
}

// URIs are the values of a parameter of type uri.
func (v Values) URIs(yield func([]byte) bool) {
	for r := v.reader(); r.more(); {
		if !yield(r.text()) {
			return
		}
	}
}

// Tuples are the values of a parameter of type composite.
func (v Values) Tuples(yield func(Tuple) bool) {
	r := v.reader()
	for n := r.byte(); r.more(); {
		from := r.at
		for range n {
			r.block()
		}
		if r.at == from || !yield(Tuple{v.index, from, r.at}) {
			return
		}
	}
}

func (v Values) reader() reader { return reader{v.index, v.from, v.to} }
