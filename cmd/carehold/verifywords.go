package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"carehold/record/rows"
)

// damagedRecord is what is damaged of one person.
type damagedRecord struct {
	Record   string         `json:"record"`
	Count    uint64         `json:"count"`
	Findings []rows.Finding `json:"findings"`
}

// findingText says in words what is damaged.
func findingText(f rows.Finding) string {
	is := "is not what was stored"
	if f.Missing {
		is = "is gone"
	}
	switch f.Part {
	case rows.PartEntry:
		return fmt.Sprintf("version %d of the entry %s %s", f.Version, f.Entry, is)
	case rows.PartLog:
		are := "are not what was stored"
		if f.Missing {
			are = "are gone"
		}
		if f.To == f.From+1 {
			return fmt.Sprintf("entry %d of the log %s", f.From, is)
		}
		return fmt.Sprintf("entries %d to %d of the log, or some of them, %s", f.From, f.To-1, are)
	case rows.PartSegment:
		return fmt.Sprintf("part %d of 64 of the directory %s", f.Number, is)
	case rows.PartEpoch:
		return fmt.Sprintf("the link from epoch %d to the one before %s", f.Number, is)
	case rows.PartVersions:
		return fmt.Sprintf("it has more than %s versions of entries, or has rows left over from many, and cannot be checked", thousands(rows.MaxVersions))
	case rows.PartRows:
		return "some of it lies where a table of the database is damaged"
	}
	return fmt.Sprintf("the %s %s", f.Part, is)
}

// meaning says what that comes to for the person.
func meaning(f rows.Finding) string {
	switch f.Part {
	case rows.PartEntry:
		return "This entry cannot be read."
	case rows.PartLog:
		return "The record can be read; its history cannot be checked across the gap."
	case rows.PartSegment:
		return "About one entry in 64 cannot be read, and nothing can be added there; the rest can be read."
	case rows.PartEpoch:
		return "Entries from before that epoch cannot be read under grants; the person's own devices hold the keys of all epochs."
	case rows.PartGrant:
		return "That grant opens nothing; the person can make it again."
	case rows.PartSlot:
		return "That way to unlock does not work; the others do. With none left, nothing of this record opens."
	case rows.PartRows:
		return "Entries that lie elsewhere can still be read one by one, but for what else is said of this record here. Lists, searches, exports and imports of it fail: something could be missing from them, unseen. The way on is the last good backup."
	case rows.PartVersions:
		return "It opens here as before; it is not restored from a backup, and not moved."
	}
	return "Nothing of this record opens until that is mended."
}

// showVerified says what was found, and what to do.
func (a *app) showVerified(v verified) error {
	if a.json {
		if err := a.summary(v); err != nil {
			return err
		}
	} else {
		if b := v.Backup; b != nil {
			a.say("The backup of %s, in %s", local(b.Time), plural(len(b.Files), "file", "files"))
			a.say("Store %s, signed with %s", b.Store, b.Verifier)
		}
		a.say("Verified %s, %s in %s: %s, %s.", plural(int(v.People), "record", "records"), humanize.IBytes(v.Bytes), plural(int(v.Rows), "row", "rows"),
			entriesOf(int(v.Entries)), plural(int(v.Leaves), "log entry", "log entries"))
	}
	if v.Damage == 0 {
		if !a.json {
			a.say("Nothing is damaged.")
		}
		return nil
	}
	if !a.json {
		a.showDamage(v)
	}
	found := errors.New(plural(int(v.Damage), "thing is", "things are") + " damaged")
	if v.Backup != nil {
		return coded(exitIntegrity, found, "use an older backup: name its file with --from (one that ends with -full.age needs no other); or restore this one with --accept-damage, and go on without what is damaged")
	}
	hint := `change nothing here yet. Copy the data folder as it is; see with "carehold verify --from" which backup is whole, and restore it into a new folder`
	if !inTables(v) {
		hint += "; or go on without what is named above"
	}
	return coded(exitIntegrity, found, hint)
}

// inTables reports whether tables of the database are damaged: what is missing then
// is not known one by one, and nothing goes on without it.
func inTables(v verified) bool {
	for _, r := range v.Records {
		for _, f := range r.Findings {
			if f.Part == rows.PartRows {
				return true
			}
		}
	}
	return false
}

func (a *app) showDamage(v verified) {
	for _, r := range v.Records {
		a.say("")
		a.say("Record %s", r.Record)
		told := make(map[string]bool)
		for _, f := range r.Findings {
			a.paragraph("  ", upperFirst(findingText(f))+".")
			if m := meaning(f); !told[m] {
				told[m] = true
				a.paragraph("    ", m)
			}
		}
		if more := int(r.Count) - len(r.Findings); more > 0 {
			a.say("  And %d more.", more)
		}
	}
	if v.Credentials > 0 {
		a.say("")
		a.paragraph("", upperFirst(plural(int(v.Credentials), "credential is", "credentials are"))+" damaged: a token, an invite or a way to unlock opens nothing any more. Whoever misses it is given another.")
	}
	for _, what := range v.Server {
		a.say("")
		a.paragraph("", "Of the server's own: "+what+".")
	}
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
