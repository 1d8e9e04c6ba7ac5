package main

import "carehold/record/statement"

// tellCarried says that this device went along with what another has accepted.
func (u *unlocked) tellCarried() {
	c := u.Carried()
	if c == nil {
		return
	}
	u.app.note("Your record was restored or moved, and another of your devices went on with it, %s. This device goes along.", local(c.At))
	if c.Entries > 0 {
		u.app.note("%s had to be given up then; that device knew of them.", plural(int(c.Entries), "entry of the log", "entries of the log"))
	}
}

// tellMoved says where a closed record is now: from the keyring, for no server can
// send a device elsewhere.
func (u *unlocked) tellMoved() {
	url, at := u.Moved()
	if url == "" {
		return
	}
	if url == statement.Deleted {
		u.app.warn("you had your record deleted on %s, and this server has only closed it: ask whoever runs it to take it away (carehold forget)", local(at))
		return
	}
	if j, err := loadJournal(u.device); err == nil && j != nil && j.To == url {
		u.app.warn("your record is closed at this server since %s, and is being moved to %s: that is not done yet. carehold move-record goes on with it; carehold move-record --cancel opens it again here", local(at), clean(url))
		return
	}
	u.app.warn("your record is closed at this server since %s: it has moved to %s. When that is done, this device follows with: carehold device server %s", local(at), clean(url), clean(url))
}
