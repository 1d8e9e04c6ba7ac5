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
	differ, err := s.distinct(append(s.take(), in...), 0)
	is := triOf(len(differ) == len(in))
	s.give(differ)
	return is, err
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
	set := newSet(s, len(other))
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

// distinct takes out of a collection, from the place on, what is equal to
// something before it.
func (s *state) distinct(all []Value, from int) ([]Value, error) {
	n := from
	if len(all)-from <= few {
		return s.distinctFew(all, from)
	}
	set := newSet(s, len(all)-from)
	for _, v := range all[from:] {
		is, err := set.add(v)
		if err != nil {
			return all, err
		}
		if is {
			all[n] = v
			n++
		}
	}
	clear(all[n:])
	return all[:n], nil
}

// distinctFew compares each with each.
func (s *state) distinctFew(all []Value, from int) ([]Value, error) {
	n := from
next:
	for i := from; i < len(all); i++ {
		for k := from; k < n; k++ {
			is, err := s.equal(all[k], all[i])
			if err != nil {
				return all, err
			}
			if is == isTrue {
				continue next
			}
		}
		all[n] = all[i]
		n++
	}
	clear(all[n:])
	return all[:n], nil
}

// set is items that differ.
type set struct {
	s      *state
	items  []Value
	byHash map[uint64][]int32 // nil while there are few
}

// few is how many items are compared one by one.
const few = 8

func newSet(s *state, size int) *set {
	t := &set{s: s, items: make([]Value, 0, min(size, few))}
	if size > few {
		t.byHash = make(map[uint64][]int32)
	}
	return t
}

// add puts a value in; it reports whether it was not there.
func (t *set) add(v Value) (bool, error) {
	has, h, err := t.find(v)
	if err != nil || has {
		return false, err
	}
	if t.byHash != nil {
		t.byHash[h] = append(t.byHash[h], int32(len(t.items)))
	}
	t.items = append(t.items, v)
	return true, nil
}

func (t *set) has(v Value) (bool, error) {
	has, _, err := t.find(v)
	return has, err
}

func (t *set) find(v Value) (has bool, h uint64, err error) {
	if t.byHash == nil {
		for i := range t.items {
			if is, err := t.s.equal(t.items[i], v); err != nil || is == isTrue {
				return is == isTrue, 0, err
			}
		}
		return false, 0, nil
	}
	if h, err = t.s.hash(v); err != nil {
		return false, 0, err
	}
	for _, i := range t.byHash[h] {
		if is, err := t.s.equal(t.items[i], v); err != nil || is == isTrue {
			return is == isTrue, h, err
		}
	}
	return false, h, nil
}
