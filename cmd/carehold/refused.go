package main

import (
	"errors"
	"fmt"
	"time"

	"carehold/record/store"
)

// refusedStatus is what status says of a store that does not open.
type refusedStatus struct {
	Data     string    `json:"data"`
	Serving  bool      `json:"serving"`
	Version  string    `json:"version"`
	Anchor   time.Time `json:"anchor_commit,omitzero"`
	Database time.Time `json:"database_commit,omitzero"`
	Problems []problem `json:"problems"`
}

// showRefused says why the store does not open, and what can be chosen. It ends
// with 7, as serve does.
func (a *app) showRefused(s *settings, err error) error {
	st := refusedStatus{Data: s.get("data"), Version: version(), Problems: []problem{refusedProblem(err)}}
	if r, ok := errors.AsType[*store.Rollback](err); ok {
		st.Anchor, st.Database = r.AnchorTime.UTC(), r.DatabaseTime.UTC()
	}
	switch {
	case a.json:
		if err := a.summary(st); err != nil {
			return err
		}
	case a.quiet:
		a.showProblems(st.Problems)
	default:
		rows := [][]string{{"Serving", "no, and the store does not open"}, {"Store", st.Data}, {"Version", st.Version}}
		if !st.Anchor.IsZero() || !st.Database.IsZero() {
			rows = append(rows, []string{"Last written", whenOr(st.Anchor, "not known") + ", as the anchor remembers"},
				[]string{"In the database", whenOr(st.Database, "not known")})
		}
		a.table("", rows)
		a.say("")
		a.showProblems(st.Problems)
	}
	return coded(exitIntegrity, errors.New("the store does not open"), "nothing was changed; "+refusedSection(err)+" has more")
}

// refusedSection is where the documents say more of it.
func refusedSection(err error) string {
	r, ok := errors.AsType[*store.Rollback](err)
	switch {
	case errors.Is(err, store.ErrNodeKey):
		return `docs/lost.md, "The server's node.key is lost",`
	case !ok || r.Damaged > 0:
		return `docs/operations.md, "Restore",`
	}
	return `docs/operations.md, "It refuses to start",`
}

// refusedProblem has the choices of docs/operations.md, "It refuses to start".
func refusedProblem(err error) problem {
	const restore = `"carehold restore" makes a new store of the last good backup; grants do not come back, which is safe`
	r, ok := errors.AsType[*store.Rollback](err)
	switch {
	case errors.Is(err, store.ErrNodeKey):
		return problem{errorText(err), "put this store's own node.key there, or say where it is with --node-key; if it is gone: " + restore}
	case !ok:
		return problem{errorText(err), "copy the data folder as it is, to another disk; then " + restore}
	case r.Damaged > 0:
		return problem{fmt.Sprintf("%s: %s damaged", r.Reason, plural(r.Damaged, "table of the database is", "tables of the database are")),
			"the disk has changed what was written: copy the data folder as it is, to another disk; then " + restore}
	}
	return problem{"the store is not the one that was last written: " + r.Reason,
		"1. Did you, or a snapshot of the disk, put a copy back? Put the newer one back, database and anchor together, if there is one. " +
			"2. There is a backup, and it is newer than what is here: " + restore + ". " +
			`3. What is here is the newest there is: "carehold serve --accept-loss", once; it stops every grant but the people's own, and everybody sees it in their history.`}
}
