package backup

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"carehold/record"
)

// Name is the name of a backup's file: carehold-<store>-<time>-<to>-full.age or
// -incr.age. It says what an operator wants to see in a folder, and is believed by
// nobody: the header says it again, and a file in which it says another is refused.
type Name struct {
	Store string // the first 8 digits
	Time  time.Time
	To    uint64
	Full  bool
}

const nameTime = "20060102T150405Z"

// NameOf is the name for a backup.
func NameOf(h Header, to uint64) Name {
	return Name{h.Store.String()[:8], h.Time.UTC().Truncate(time.Second), to, h.Full()}
}

func (n Name) String() string {
	kind := "incr"
	if n.Full {
		kind = "full"
	}
	return fmt.Sprintf("carehold-%s-%s-%d-%s.age", n.Store, n.Time.Format(nameTime), n.To, kind)
}

var nameForm = regexp.MustCompile(`^carehold-([0-9a-f]{8})-([0-9]{8}T[0-9]{6}Z)-([0-9]{1,20})-(full|incr)\.age$`)

// ParseName reads a file's name.
func ParseName(s string) (n Name, ok bool) {
	m := nameForm.FindStringSubmatch(s)
	if m == nil {
		return n, false
	}
	at, err1 := time.Parse(nameTime, m[2])
	to, err2 := strconv.ParseUint(m[3], 10, 64)
	n = Name{m[1], at, to, m[4] == "full"}
	return n, err1 == nil && err2 == nil && n.String() == s
}

// named refuses a file whose name says another store, time or kind than its header.
// One with a name of another form says nothing.
func (h Header) named(file string) error {
	n, ok := ParseName(file)
	if ok && n != NameOf(h, n.To) {
		return record.Safef(record.Integrity, "its name says another server, time or kind than is in it (of the server %s, at %s): somebody renamed it, or put it there for another",
			h.Store.String()[:8], h.Time.UTC().Format(nameTime))
	}
	return nil
}

// IsOf reports whether a name can be that of a store's backup.
func (n Name) IsOf(s record.StoreID) bool { return n.Store == s.String()[:8] }
