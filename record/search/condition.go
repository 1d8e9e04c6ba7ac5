package search

// A test is what a condition asks of the values an entry has for its parameter.
type test interface {
	cost() int
	holds(e *Entry, v Values) bool
}

// A late test has to look at everything once before it can look at an entry: a
// chain at what may be pointed at.
type late interface {
	test
	bind(all everything) (test, error)
}

// everything is what a late test looks at: it calls f with every entry that a bound
// condition holds for.
type everything interface {
	each(c condition, f func(*Entry)) error
}

// A test that can fail says so after it was asked.
type failing interface{ failed() error }

// failed is the first failure of a bound condition.
func (c condition) failed() error {
	for _, a := range c.tests {
		if f, ok := a.test.(failing); ok && f.failed() != nil {
			return at(f.failed(), c.name)
		}
	}
	return nil
}

// What a test costs, roughly, so that the cheap ones are asked first.
const (
	costRef = iota // the entry's own name or time
	costSet
	costMissing
	costToken
	costReference
	costOrdered
	costURI
	costQuantity
	costString
	costComposite
)

// asked is the test of a type's own parameter. place is where its values lie in
// an index of that type; -1 when they are not in the index.
type asked struct {
	place int
	test  test
	sieve sieve // while it is asked
}

// A condition is one name=value: a test for each type searched, which is nearly
// always one.
type condition struct {
	name  string
	tests map[string]asked
}

func (c condition) cost() int {
	most := 0
	for _, a := range c.tests {
		most = max(most, a.test.cost())
	}
	return most
}

func (a *asked) holds(e *Entry) bool {
	if a.place < 0 {
		return a.test.holds(e, Values{})
	}
	return a.sieve.passes(e.Index) && a.test.holds(e, Lookup(e.Index, a.place))
}

// bind makes every late test of the condition one that can be asked. The types
// share one test where they can, and it is bound once.
func (c condition) bind(all everything) (condition, error) {
	var bound map[string]asked
	done := map[late]test{}
	for typ, a := range c.tests {
		l, ok := a.test.(late)
		if !ok {
			continue
		}
		t, ok := done[l]
		if !ok {
			var err error
			if t, err = l.bind(all); err != nil {
				return c, err
			}
			done[l] = t
		}
		if bound == nil {
			bound = make(map[string]asked, len(c.tests))
			for typ, a := range c.tests {
				bound[typ] = a
			}
		}
		bound[typ] = asked{place: a.place, test: t}
	}
	if bound != nil {
		c.tests = bound
	}
	return c, nil
}
