package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/dustin/go-humanize"

	"carehold/record"
	"carehold/record/store"
)

// serverStatus is what an operator may know.
type serverStatus struct {
	Store      string    `json:"store"`
	Verifier   string    `json:"verifier"` // the public key that its backups are signed with
	Data       string    `json:"data"`
	Serving    bool      `json:"serving"`
	Ready      bool      `json:"ready"`
	Server     string    `json:"server,omitempty"`
	Since      time.Time `json:"since,omitzero"`
	Version    string    `json:"version"`
	People     int       `json:"people"`
	Grants     int       `json:"grants"`
	Capsules   int       `json:"capsules"`
	LogEntries uint64    `json:"log_entries"`
	Bytes      uint64    `json:"bytes"`
	LastCommit time.Time `json:"last_commit,omitzero"`
	LastBackup time.Time `json:"last_backup,omitzero"`
	LastVerify time.Time `json:"last_verify,omitzero"`
	Damage     int       `json:"damage"`
	BadTables  int       `json:"damaged_tables"`
	Broken     int       `json:"broken"`
	Waiting    int       `json:"waiting"`
	Closed     int       `json:"closed"`

	DiskFree         int64     `json:"disk_free"` // -1: not known
	CertificateUntil time.Time `json:"certificate_until,omitzero"`

	Problems []problem `json:"problems"`
}

// problem is something wrong, and what to do about it.
type problem struct {
	What string `json:"what"`
	Do   string `json:"do"`
}

// How old a backup and a verification may be.
const (
	backupAge = 48 * time.Hour // nightly, and one night missed
	verifyAge = 40 * 24 * time.Hour
)

func (o *operator) status(ctx context.Context) (serverStatus, error) {
	st, err := o.store.Status(ctx)
	// A store that has failed, or that cannot be read to the end, can still say so.
	if err != nil && !errors.Is(err, record.Unavailable) && !errors.Is(err, record.Integrity) {
		return serverStatus{}, err
	}
	s := serverStatus{Store: st.Store.String(), Verifier: o.store.Verifier(), Data: o.data, Serving: o.url != "", Server: o.url, Since: o.began.UTC().Truncate(time.Second),
		Version: version(), People: st.People, Grants: st.Grants, Capsules: st.Capsules, LogEntries: st.Leaves, Bytes: st.Used,
		LastCommit: st.Commit.UTC(), LastBackup: st.LastBackup.UTC(), LastVerify: st.LastVerify.UTC(),
		Damage: st.Damage, BadTables: st.BadTables, Broken: st.Broken, Waiting: st.Waiting, Closed: st.Closed,
		DiskFree: -1, Problems: []problem{}}
	if o.server != nil {
		s.Ready = o.server.Ready() == nil
	}
	if o.certificate != nil {
		s.CertificateUntil = o.certificate.State().Until.UTC()
	}
	if m, ok := o.store.Measure(); ok {
		s.DiskFree = m.Free
	}
	if errors.Is(err, record.Integrity) {
		s.Problems = append(s.Problems, problem{"not all of the store can be read, so that what is counted here is not all there is: " + record.SafeText(err),
			`"carehold verify" says whose is damaged; restore the last good backup on another disk, before you change anything here`})
	}
	o.problems(&s, st)
	return s, nil
}

// problems finds what is wrong, the worst first: what is being lost, what is not
// served, what would be missed, what others could see.
func (o *operator) problems(s *serverStatus, st store.Status) {
	wrong := func(what, do string) { s.Problems = append(s.Problems, problem{what, do}) }
	now := o.store.Now()

	select {
	case <-o.store.Failed():
		wrong("the store stopped after a write that failed", "look at the disk, then start the server again")
	default:
	}
	if st.BadTables > 0 {
		wrong(plural(st.BadTables, "table of the database is", "tables of the database are")+" damaged, and what lies there cannot be read",
			`"carehold verify" says whose records that is; look at the disk ("dmesg"), and restore the last good backup on another disk before you change anything here`)
	}
	if st.Broken > 0 {
		wrong(plural(st.Broken, "record does", "records do")+" not open: what says whose they are is damaged",
			`"carehold verify" says which; stop the server, and restore a backup elsewhere with "carehold restore" before you change anything here`)
	}
	if st.Damage > 0 {
		wrong(plural(st.Damage, "row is", "rows are")+" damaged, the last verification found",
			`"carehold verify" says which and whose; look at the disk, and restore a backup elsewhere with "carehold restore" before you change anything here`)
	}
	if o.url == "" {
		wrong("no server is running: nobody reaches their record",
			`"systemctl status carehold" and "journalctl -u carehold" say why, where it is a service; "carehold serve" serves it`)
	}
	if st.Clock != "" {
		wrong("the clock is wrong, and nothing opens: "+st.Clock,
			`set this machine's clock right, and all goes on by itself; if it is right now, and was wrong before: "carehold clock --accept"`)
	}
	if m, ok := o.store.Measure(); ok && m.Free >= 0 {
		free := humanize.IBytes(uint64(m.Free)) + " are free on the disk of " + o.data
		switch {
		case m.Free < m.Reserve/2:
			wrong("the disk is full, and nothing is served: "+free, "make room on it")
		case m.Free < m.Reserve:
			wrong("the disk is nearly full, and large changes are refused: "+free, fmt.Sprintf("make room on it; below %s nothing is served, since each read is logged", humanize.IBytes(uint64(m.Reserve/2))))
		case m.Free < 4*m.Reserve:
			wrong("the disk will soon be full: "+free, fmt.Sprintf("make room on it; below %s large changes are refused", humanize.IBytes(uint64(m.Reserve))))
		}
	}
	if o.certificate != nil {
		if c := o.certificate.State(); c.Wrong != "" {
			wrong(c.Wrong, c.Do)
		}
	}
	switch {
	case st.People == 0: // nothing to lose
	case st.LastBackup.IsZero():
		do := `"carehold backup --to FOLDER --recipient age1…" makes one; let it run every night`
		if o.backups {
			do = `"carehold backup" makes one; let it run every night`
		}
		wrong("there has never been a backup", do)
	case st.BackupLacks:
		wrong("the last backup lacks a record of which one row is too large", `"carehold backup" names it; keep the backups from before`)
	case now.Sub(st.LastBackup) > backupAge:
		wrong(fmt.Sprintf("the last backup is %s old", plural(int(now.Sub(st.LastBackup).Hours()/24), "day", "days")),
			`see why the nightly one does not run; "carehold backup" makes one now`)
	}
	if !st.LastVerify.IsZero() && now.Sub(st.LastVerify) > verifyAge {
		wrong(fmt.Sprintf("the store was last verified %s ago", plural(int(now.Sub(st.LastVerify).Hours()/24), "day", "days")), `run "carehold verify", or leave the server running: it does so every week`)
	}
	if st.Waiting > 0 {
		wrong(plural(st.Waiting, "record waits", "records wait")+" for the person to carry on after a restore or a move",
			`tell them to run "carehold carry-on" on their device; until then nobody reads it, and those whom they had granted something lose that. "carehold forget" lists them`)
	}
	if info, err := os.Stat(o.data); err == nil && othersMayRead(info.Mode()) {
		wrong("others on this machine may look into "+o.data, "chmod 700 "+o.data)
	}
	if o.url == "" {
		return // what follows is about the server's process
	}
	if n, known := coreLimit(); known && n > 0 || dumpable() {
		wrong("this server's memory could be written to disk if it failed", "set LimitCORE=0 for the service")
	}
}
