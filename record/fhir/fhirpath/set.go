package fhirpath

// set is items that differ, as = has it. Up to a few are compared one by one, more
// are found by a hash.
type set struct {
	s     *state
	items []Value
	first map[uint64]int32 // by hash, an item; nil while there are few
	next  []int32          // of an item, another of the same hash, or -1
}

const few = 8

// newSet makes a set that keeps its items in a slice, for as many as may come.
func newSet(s *state, in []Value, size int) *set {
	t := &set{s: s, items: in}
	if size > few {
		t.first = make(map[uint64]int32, min(size, 1024))
	}
	return t
}

// distinct takes out of a collection, from the place on, what is equal to
// something before it.
func (s *state) distinct(all []Value, from int) ([]Value, error) {
	if len(all)-from <= few {
		return s.distinctFew(all, from)
	}
	// The set keeps its items where they were read from: it never has more than
	// have been read.
	set := newSet(s, all[from:from], len(all)-from)
	for _, v := range all[from:] {
		if _, err := set.add(v); err != nil {
			return all, err
		}
	}
	n := from + len(set.items)
	clear(all[n:])
	return all[:n], nil
}

// distinctFew is distinct without a set.
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

// add puts a value in; it reports whether it was not there.
func (t *set) add(v Value) (bool, error) {
	has, h, err := t.find(v)
	if err != nil || has {
		return false, err
	}
	if t.first != nil {
		other, ok := t.first[h]
		if !ok {
			other = -1
		}
		t.next = append(t.next, other)
		t.first[h] = int32(len(t.items))
	}
	t.items = append(t.items, v)
	return true, nil
}

func (t *set) has(v Value) (bool, error) {
	has, _, err := t.find(v)
	return has, err
}

func (t *set) find(v Value) (has bool, h uint64, err error) {
	if t.first == nil {
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
	i, ok := t.first[h]
	for ; ok && i >= 0; i = t.next[i] {
		if is, err := t.s.equal(t.items[i], v); err != nil || is == isTrue {
			return is == isTrue, h, err
		}
	}
	return false, h, nil
}
