package app

import (
	"context"
	"strings"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/store"
)

// use is what the log has of a grant: how it was used, and whether it is of a link.
type use struct {
	last   time.Time
	times  int
	link   bool
	opened int    // a link; what it then fetched counts among times
	wrong  int    // passcodes of it
	left   uint64 // tries of it
}

// mostUses is how many entries of the log the uses are told from.
const mostUses = 2000

// madeLink begins what a device says in the log of a link that it made. Of a grant it says
// another thing, and a name comes later in both.
const madeLink = "made a link "

// uses looks through the log for what was done under the person's grants, and which of
// them are links: the keyring knows that too, but it is for devices only.
func uses(ctx context.Context, v *store.View) (map[record.GrantID]*use, error) {
	own := v.Grant().ID
	made := func(e audit.Entry) bool {
		return e.Writer == audit.ByDevice && e.Event.Action == audit.Grant && strings.HasPrefix(e.Event.Text, madeLink)
	}
	looks, err := v.LooksPage(ctx, store.LooksQuery{Limit: mostUses, Keep: func(e audit.Entry) bool {
		return e.Writer == audit.ByGrant && e.Event.Grant != own || made(e)
	}})
	if err != nil {
		return nil, err
	}
	all := map[record.GrantID]*use{}
	of := func(id record.GrantID) *use {
		if all[id] == nil {
			all[id] = &use{}
		}
		return all[id]
	}
	for _, e := range looks.Entries { // the newest comes first
		switch u := of(e.Event.Grant); {
		case made(e):
			for _, id := range e.Event.About {
				of(id).link = true
			}
		case e.Event.Reason == audit.WrongCode:
			if u.wrong++; u.wrong == 1 {
				u.left = e.Event.More
			}
		case e.Event.Outcome == audit.Done:
			if u.times++; u.times == 1 {
				u.last = e.Event.Time
			}
			if e.Event.Action == audit.Opened {
				u.opened++
			}
		}
	}
	return all, nil
}
