package badger

import (
	"slices"

	"carehold/record/kv"
)

// overlay is what was written to one partition and is not committed yet. The
// keys are kept sorted, so that a scan can be laid over the rows below.
type overlay struct {
	keys []string
	rows map[string]change
	cost int // in kv's count
}

type change struct {
	value []byte
	gone  bool
}

// set takes over c's value.
func (o *overlay) set(key string, c change) {
	old, had := o.rows[key]
	if had {
		o.cost += len(c.value) - len(old.value)
	} else {
		if o.rows == nil {
			o.rows = map[string]change{}
		}
		i, _ := slices.BinarySearch(o.keys, key)
		o.keys = slices.Insert(o.keys, i, key)
		o.cost += kv.RowCost + len(key) + len(c.value)
	}
	o.rows[key] = c
}

func (o *overlay) get(key string) (c change, ok bool) {
	if o == nil {
		return c, false
	}
	c, ok = o.rows[key]
	return c, ok
}

// seek returns the first key at from, or after it if past is set.
func (o *overlay) seek(from string, past bool) (key string, ok bool) {
	if o == nil {
		return "", false
	}
	i, found := slices.BinarySearch(o.keys, from)
	if found && past {
		i++
	}
	if i == len(o.keys) {
		return "", false
	}
	return o.keys[i], true
}
