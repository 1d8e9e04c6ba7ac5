package fhirpath

// item evaluates an argument of the call for item i of in.
func (c *call) forItem(s *state, arg int, in []Value, i int) (tri, error) {
	if err := s.spend(1); err != nil {
		return isEmpty, err
	}
	return truth(c.args[arg], s, frame{this: in[i : i+1 : i+1], index: i})
}

// exists is what of exists() and empty() a path does not do on its way.
func exists(s *state, c *call, in []Value, _ frame) (tri, error) {
	for i := range in {
		if len(c.args) == 0 {
			return isTrue, nil
		}
		if is, err := c.forItem(s, 0, in, i); err != nil || is == isTrue {
			return is, err
		}
	}
	return isFalse, nil
}

// all is true when the criterion is true of every item (N1 §5.1.3).
func all(s *state, c *call, in []Value, _ frame) (tri, error) {
	for i := range in {
		if is, err := c.forItem(s, 0, in, i); err != nil || is != isTrue {
			return isFalse, err
		}
	}
	return isTrue, nil
}

func where(s *state, c *call, in []Value, _ frame, to []Value) ([]Value, error) {
	for i := range in {
		is, err := c.forItem(s, 0, in, i)
		if err != nil {
			return to, err
		}
		if is == isTrue {
			to = append(to, in[i])
		}
	}
	return to, nil
}

// project is select().
func project(s *state, c *call, in []Value, _ frame, to []Value) ([]Value, error) {
	for i := range in {
		if err := s.spend(1); err != nil {
			return to, err
		}
		var err error
		if to, err = c.args[0].eval(s, frame{this: in[i : i+1 : i+1], index: i}, to); err != nil {
			return to, err
		}
	}
	return to, nil
}

// iif evaluates its arguments for the whole collection, not for each item, as
// ctm-1 uses it: member.resolve().iif(empty(), true, …). Only the one that is
// chosen is evaluated (N1 §5.5).
func iif(s *state, c *call, in []Value, _ frame, to []Value) ([]Value, error) {
	f := frame{this: in}
	is, err := truth(c.args[0], s, f)
	switch {
	case err != nil:
		return to, err
	case is == isTrue:
		return c.args[1].eval(s, f, to)
	case len(c.args) == 3:
		return c.args[2].eval(s, f, to)
	}
	return to, nil
}

// trace writes nothing: a log must never hold what is in a record.
func trace(_ *state, _ *call, in []Value, _ frame, to []Value) ([]Value, error) {
	return append(to, in...), nil
}

// unknown is a function that needs terminology or profiles, which are not here.
func unknown(_ *state, _ *call, _ []Value, _ frame, to []Value) ([]Value, error) { return to, nil }

// not is the boolean that in is not (N1 "not() : Boolean").
func not(_ *state, _ *call, in []Value, _ frame) (tri, error) {
	is, err := truthOf(in)
	return is.not(), err
}

// hasValue is true of one primitive that has a value (FHIR R4 fhirpath.html#functions).
func hasValue(_ *state, _ *call, in []Value, _ frame) (tri, error) {
	return triOf(len(in) == 1 && in[0].system() != none && in[0].HasValue()), nil
}
