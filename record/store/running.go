package store

import (
	"sync"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/statement"
)

// running are the Views that are open and want to be told when their grant is stopped:
// what began before it does not go on after.
type running struct {
	mu    sync.Mutex
	views map[record.PersonID]map[*View]runs
}

type runs struct {
	stop  func()
	under grant.Grant // as it was then: the View's own may be loaded anew meanwhile
}

// OnStop has fn called when the View's grant is stopped while the View is open, or comes
// to allow less, and takes back what was to be called before. With nil there is nothing
// to call, and nothing is being called when it returns. fn must not wait, nor use the View.
func (v *View) OnStop(fn func()) {
	x := &v.s.running
	x.mu.Lock()
	defer x.mu.Unlock()
	of := x.views[v.person]
	if fn != nil {
		if of == nil {
			if x.views == nil {
				x.views = make(map[record.PersonID]map[*View]runs)
			}
			of = make(map[*View]runs)
			x.views[v.person] = of
		}
		of[v] = runs{fn, v.grant}
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
	for v, run := range x.views[p] {
		if !goesOn(v.token.Grant) {
			run.stop()
		}
	}
}

// changed tells those Views of a person's whose grant a statement made to allow less. An
// epoch renews each row, and what stands in it only who has its key can tell.
func (x *running) changed(p record.PersonID, list []statement.GrantRow, signing crypto.PublicKey) {
	x.mu.Lock()
	defer x.mu.Unlock()
	of := x.views[p]
	if len(of) == 0 {
		return
	}
	row := make(map[record.GrantID][]byte, len(list))
	for _, g := range list {
		row[g.Grant] = g.Row
	}
	for v, run := range of {
		if row := row[v.token.Grant]; row != nil && !v.allows(run.under, row, signing) {
			run.stop()
		}
	}
}

// allows reports whether a new row of the View's grant allows all that the grant did. It
// uses nothing of the View that changes while it is open.
func (v *View) allows(was grant.Grant, row []byte, signing crypto.PublicKey) bool {
	opened, err := keys.OpenGrantRow(v.person, v.token.Grant, v.token.Key, row)
	if err != nil {
		return false
	}
	defer opened.Destroy()
	g, err := grant.Verify(opened.Certificate, signing)
	return err == nil && !lost(was, v.scoped(g))
}

// scoped is a grant with what its token says of it.
func (v *View) scoped(g grant.Grant) grant.Grant {
	if v.token.Scope != "" {
		g.Scopes = grant.Intersect(g.Scopes, grant.ScopesIn(v.token.Scope))
	}
	return g
}
