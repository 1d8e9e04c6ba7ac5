package fhirpath

func count(_ *state, _ *call, in []Value, _ frame, to []Value) ([]Value, error) {
	return append(to, integer(len(in))), nil
}

func last(_ *state, _ *call, in []Value, _ frame, to []Value) ([]Value, error) {
	return append(to, in[max(0, len(in)-1):]...), nil
}

func tail(_ *state, _ *call, in []Value, _ frame, to []Value) ([]Value, error) {
	return append(to, in[min(1, len(in)):]...), nil
}

func distinct(s *state, _ *call, in []Value, _ frame, to []Value) ([]Value, error) {
	had := len(to)
	return s.distinct(append(to, in...), had)
}

func isDistinct(s *state, _ *call, in []Value, _ frame) (tri, error) {
	set := newSet(s, nil, len(in))
	for _, v := range in {
		if is, err := set.add(v); err != nil || !is {
			return isFalse, err
		}
	}
	return isTrue, nil
}

func combine(s *state, c *call, in []Value, f frame, to []Value) ([]Value, error) {
	return c.args[0].eval(s, f, append(to, in...))
}

func unite(s *state, c *call, in []Value, f frame, to []Value) ([]Value, error) {
	had := len(to)
	to, err := c.args[0].eval(s, f, append(to, in...))
	if err != nil {
		return to, err
	}
	return s.distinct(to, had)
}

// intersect is what is in both, once.
func intersect(s *state, c *call, in []Value, f frame, to []Value) ([]Value, error) {
	had := len(to)
	to, err := filter(s, c, in, f, to, true)
	if err != nil {
		return to, err
	}
	return s.distinct(to, had)
}

// exclude is what is not in the other.
func exclude(s *state, c *call, in []Value, f frame, to []Value) ([]Value, error) {
	return filter(s, c, in, f, to, false)
}

// filter adds the items that are in the argument, or those that are not.
func filter(s *state, c *call, in []Value, f frame, to []Value, keep bool) ([]Value, error) {
	other, err := c.arg(s, 0, f)
	if err != nil {
		return to, err
	}
	defer s.give(other)
	set := newSet(s, nil, len(other))
	for _, v := range other {
		if _, err := set.add(v); err != nil {
			return to, err
		}
	}
	for _, v := range in {
		has, err := set.has(v)
		if err != nil {
			return to, err
		}
		if has == keep {
			to = append(to, v)
		}
	}
	return to, nil
}
