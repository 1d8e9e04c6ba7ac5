package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/derived"
	"carehold/record/keys"
	"carehold/record/store"
)

// TestNoPasscodeIsNoTry: whoever has only the link does not use its tries up, nor the
// openings of its day, by asking without a passcode. What they are told, one wrong
// passcode tells too.
func TestNoPasscodeIsNoTry(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	url, _, _ := d.link(keys.LinkPasscode|keys.LinkSummary, "482 913", 2, time.Time{})
	without := func(left int) {
		t.Helper()
		_, err := openLink(s, url, "")
		if bad, ok := errors.AsType[store.WrongPasscode](err); !ok || bad.Remaining != left {
			t.Fatalf("without a passcode: %v, want %d tries left", err, left)
		}
	}
	me := d.session()
	before := logged(t, me)
	for range 600 { // more than a link is opened in a day
		without(2)
	}
	if n := logged(t, me); n != before+1 { // that the log was read
		t.Errorf("%d log entries of it", n-before-1)
	}
	if _, err := openLink(s, url, "482 914"); !errors.As(err, new(store.WrongPasscode)) {
		t.Fatal(err)
	}
	without(1)
	o, err := openLink(s, url, "482 913")
	if err != nil {
		t.Fatal(err)
	}
	o.Close()
	if _, err := openLink(s, url, "482 914"); !errors.As(err, new(store.WrongPasscode)) {
		t.Fatal(err)
	}
	// Used up, it is nothing to them as to everybody.
	for _, passcode := range []string{"", "482 913"} {
		if _, err := openLink(s, url, passcode); !errors.Is(err, store.NoLink) {
			t.Errorf("used up, with %q: %v", passcode, err)
		}
	}
}

// logged is how many entries the person's log has.
func logged(t *testing.T, me *store.View) uint64 {
	t.Helper()
	page, err := me.Log(ctx, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	return page.Size
}

// TestOpeningsAreNotTold: who opened a link, and what they said of themselves, is the
// person's to know. A token of the link's own grant, as --api-access hands over, finds
// nothing of it, by any name.
func TestOpeningsAreNotTold(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	url, _, g := d.link(keys.LinkSummary, "", 10, time.Time{})
	token := crypto.NewCredential(crypto.Access)
	b := d.body()
	b.Capsules = []record.Capsule{keys.SealToken(token.CapsuleKey(), keys.TokenCapsule{Person: d.person, Grant: g.ID,
		Key: keys.GrantKey(d.grants, g.ID), Audit: keys.AuditKey(d.audit, g.ID), Until: g.Until})}
	if err := d.submit(b); err != nil {
		t.Fatal(err)
	}
	v := view(t, s, token)
	o, err := openLink(s, url, "") // by "Ward 7"
	if err != nil {
		t.Fatal(err)
	}
	o.Close()
	if e := d.lastEvent(t); e.Action != audit.Opened || e.Text != "Ward 7" {
		t.Fatalf("the log says %+v", e)
	}
	if _, err := lookFor(v, "Observation", "", 5); err != nil { // what they may know of
		t.Fatal(err)
	}
	own := 0
	for _, text := range []string{"", "type=http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle|disclose", "agent-name=Ward", "action=R", "_sort=date"} {
		for _, e := range allOf(t, v, "AuditEvent", text) {
			if own++; strings.Contains(string(e.Body), "Ward 7") || strings.Contains(string(e.Body), "disclose") {
				t.Errorf("AuditEvent?%s tells of an opening: %s", text, e.Body)
			}
		}
	}
	if own == 0 {
		t.Error("they see nothing of what they did themselves")
	}
	told, hidden := 0, keys.NamesOf(keys.AuditKey(d.audit, g.ID))
	for _, e := range allOf(t, d.reader(), "AuditEvent", "") {
		if strings.Contains(string(e.Body), `"Ward 7"`) {
			told++
		}
	}
	if told != 1 {
		t.Errorf("the person is told %d times", told)
	}
	for i := range logged(t, d.session()) {
		ref := derived.Name{Type: derived.TypeAuditEvent, Index: hidden.Name(i), Hidden: true}.Ref()
		if e, err := v.Read(ctx, ref, 0); err == nil && strings.Contains(string(e.Body), "Ward 7") {
			t.Errorf("%s tells of an opening", ref)
		}
	}
}
