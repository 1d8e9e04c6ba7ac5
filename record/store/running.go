package store

import (
	"sync"

	"carehold/record"
)

// running are the Views that are open and want to be told when their grant is stopped:
// what began before it does not go on after.
type running struct {
	mu    sync.Mutex
	views map[record.PersonID]map[*View]func()
}

// OnStop has fn called when the View's grant is stopped while the View is open, and
// takes back what was to be called before. With nil there is nothing to call, and
// nothing is being called when it returns. fn must not wait, nor use the View.
func (v *View) OnStop(fn func()) {
	x := &v.s.running
	x.mu.Lock()
	defer x.mu.Unlock()
	of := x.views[v.person]
	if fn != nil {
		if of == nil {
			if x.views == nil {
				x.views = make(map[record.PersonID]map[*View]func())
			}
			of = make(map[*View]func())
			x.views[v.person] = of
		}
		of[v] = fn
		return
	}
	if delete(of, v); len(of) == 0 {
		delete(x.views, v.person)
	}
}

// stop tells the Views of a person's grants that are not to go on.
func (x *running) stop(p record.PersonID, goesOn func(record.GrantID) bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for v, fn := range x.views[p] {
		if !goesOn(v.token.Grant) {
			fn()
		}
	}
}
