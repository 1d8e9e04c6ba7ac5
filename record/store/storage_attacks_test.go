package store_test

import (
	"crypto/sha256"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/entry"
	"carehold/record/fhir"
	at "carehold/record/rows"
)

// Whoever can write to the disk, and has no node.key, can do each of these. The
// table says who meets it, and the words they are told; "" is that nobody is told
// anything, because nothing has come of it. Whatever else anybody asks is answered
// as ever, or with damage: never with another entry, with "not there", or to whom
// it was closed.

// damaged is what is said of a row that is not what was stored.
func damaged(what string) string {
	return "the " + what + " of a record is not what was stored. Keep a copy of the server's folder as it is before anything else is tried; \"carehold verify\" says what is damaged"
}

const (
	startFails = "the operator starts it"
	otherRow   = "at least one row is not the one that was last written"
	wrongLog   = "the log has been changed: "
)

// where an attack is done, when rows in memory do not show it.
type where int

const (
	inRows   where = iota
	onDisk         // the anchor matters
	byDevice       // and only a device that remembers finds it: a new one, and the server, cannot
)

var storageAttacks = []struct {
	name  string
	where where
	do    func(*attack)
	meets string // who asks what
	words string
}{
	// Two rows exchanged.
	{"two entries of a section", inRows, func(a *attack) { a.swap(a.version(allergyRef, 3), a.version(allergyRefOf("n1"), 1)) },
		"the GP reads AllergyIntolerance/n1/0", damaged("entry")},
	{"entries of two sections", inRows, func(a *attack) {
		a.swap(a.version(allergyRef, 3), a.version(fhir.Ref{Type: "Condition", ID: "c1"}, 1))
	}, "the GP looks for AllergyIntolerance", damaged("entry")},
	{"two versions of an entry", inRows, func(a *attack) { a.swap(a.version(allergyRef, 2), a.version(allergyRef, 1)) },
		"Ada reads AllergyIntolerance/a1/1", damaged("entry")},
	{"entries of two people", inRows, func(a *attack) { a.swap(a.version(allergyRef, 3), a.kind("now", a.ben, "e")[0]) },
		"Ben reads AllergyIntolerance/a1/0", damaged("entry")},
	{"two parts of a large entry", inRows, func(a *attack) { a.swap(a.other(binaryRef("letter"), 1, 1), a.other(binaryRef("letter"), 1, 2)) },
		"the GP reads Binary/letter/1", damaged("entry")},
	{"parts of two versions", inRows, func(a *attack) { a.swap(a.other(binaryRef("letter"), 1, 1), a.other(binaryRef("letter"), 2, 1)) },
		"the GP reads Binary/letter/0", damaged("entry")},
	{"capsules of two tokens", inRows, func(a *attack) { a.swap(a.token(a.gp.Token), a.token(a.nurse.Token)) },
		"the GP comes", damaged("capsule")},
	{"slots of two people", inRows, func(a *attack) { a.swap(capsuleRow(a.adaSlot), capsuleRow(a.benSlot)) },
		"Ada unlocks", damaged("capsule")},
	{"rows of two grants", inRows, func(a *attack) { a.swap(a.grantRow(a.gp), a.grantRow(a.nurse)) },
		"the nurse comes", damaged("grant")},
	{"two back rows", inRows, func(a *attack) { a.swap(a.ada.row("b", crypto.U32(2)), a.ada.row("b", crypto.U32(3))) },
		"the GP reads AllergyIntolerance/a1/1", damaged("epoch of an entry")},
	{"directories of two people", inRows, func(a *attack) { a.swap(a.ada.row("d"), a.ben.row("d")) },
		"Ada reads AllergyIntolerance/a1/0", damaged("directory")},
	{"live lists of two people", inRows, func(a *attack) { a.swap(a.ada.row("v"), a.ben.row("v")) },
		"the GP comes", damaged("live list")},
	{"keyrings of two people", inRows, func(a *attack) { a.swap(a.ada.row("r"), a.ben.row("r")) },
		"Ada unlocks", damaged("keyring")},
	{"accounts of two people", inRows, func(a *attack) { a.swap(a.ada.row("a"), a.ben.row("a")) },
		"Ada unlocks", damaged("account")},
	{"heads of two people", onDisk, func(a *attack) { a.swap(a.ada.row("h"), a.ben.row("h")) },
		startFails, otherRow},

	// Something older over what is now.
	{"an older version over the newest", inRows, func(a *attack) { a.put(a.version(allergyRef, 3), a.now(a.version(allergyRef, 2))) },
		"the GP reads AllergyIntolerance/a1/0", damaged("entry")},
	{"an older version's part over the newest's", inRows, func(a *attack) {
		a.put(a.other(binaryRef("letter"), 2, 2), a.now(a.other(binaryRef("letter"), 1, 2)))
	}, "Ada reads Binary/letter/2", damaged("entry")},
	{"the rows from before a move", inRows, func(a *attack) { // a nurse would see again what is private now
		a.put(a.version(allergyRefOf("moved"), 1), a.row("yesterday", a.version(allergyRefOf("moved"), 1)))
	}, "", ""},
	{"yesterday's directory and segments", inRows, func(a *attack) { a.was(append(a.kind("yesterday", a.ada, "s"), a.ada.row("d"))...) },
		"the GP looks for Binary", damaged("directory")},
	{"a segment of yesterday under today's name", inRows, func(a *attack) {
		id := a.thief.EntryID("AllergyIntolerance", "a1")
		n := string([]byte{id[0] >> 2})
		a.put(a.kind("now", a.ada, "s"+n)[0], a.row("yesterday", a.kind("yesterday", a.ada, "s"+n)[0]))
	}, "the GP reads AllergyIntolerance/a1/0", damaged("directory")},
	{"yesterday's live list", inRows, func(a *attack) { a.was(a.ada.row("v")) },
		"whose grant ended comes", damaged("live list")},
	{"yesterday's row, with its certificate, of a grant that ended", inRows, func(a *attack) { a.was(a.grantRow(a.ended)) }, "", ""},
	{"yesterday's row of a grant that goes on", inRows, func(a *attack) { a.was(a.grantRow(a.gp)) },
		"the GP comes", damaged("grant")},
	{"yesterday's live list, account, keyring and grants", inRows, func(a *attack) {
		a.was(append(a.kind("yesterday", a.ada, "g"), a.ada.row("v"), a.ada.row("a"), a.ada.row("r"))...)
	}, "whose grant ended comes", damaged("account")},
	{"yesterday's account", inRows, func(a *attack) { a.was(a.ada.row("a")) },
		"Ada unlocks", damaged("account")},
	{"yesterday's head", onDisk, func(a *attack) { a.was(a.ada.row("h")) },
		startFails, otherRow},
	{"yesterday's keyring", inRows, func(a *attack) { a.was(a.ada.row("r")) },
		"Ada unlocks", damaged("keyring")},
	{"the capsule of a way in that was removed", inRows, func(a *attack) { a.was(capsuleRow(a.oldSlot)) }, "", ""},
	{"all of yesterday's rows of a person", onDisk, func(a *attack) {
		for _, key := range a.kind("now", a.ada, "") {
			a.set[key] = nil
		}
		a.was(a.kind("yesterday", a.ada, "")...)
	}, startFails, otherRow},
	{"yesterday's clock mark, and the clock set back to it", onDisk, func(a *attack) {
		a.was(strings.Repeat("\x00", 16) + "mc")
		a.at = -time.Hour
	}, startFails, otherRow},
	{"yesterday's database under today's anchor", onDisk, func(a *attack) { a.swapDatabase("yesterday") },
		startFails, "the database is older than the anchor"},
	{"yesterday's anchor beside today's database", onDisk, func(a *attack) { a.file("yesterday", "anchor") },
		startFails, "the anchor is older than the database"},
	{"yesterday's backup of the whole folder", byDevice, func(a *attack) { a.swapDatabase("yesterday"); a.file("yesterday", "anchor") },
		"Ada unlocks", "the server shows an older keyring than this device has seen"},
	{"a backup from before the last reads", byDevice, func(a *attack) { a.swapDatabase("noon"); a.file("noon", "anchor") },
		"Ada unlocks", wrongLog + "entries that were there are gone"},

	// Something gone.
	{"the newest version dropped", inRows, func(a *attack) { a.drop(a.version(allergyRef, 3)) },
		"the GP reads AllergyIntolerance/a1/0", damaged("entry")},
	{"an older version dropped", inRows, func(a *attack) { a.drop(a.version(allergyRef, 2)) },
		"Ada reads AllergyIntolerance/a1/1", damaged("entry")},
	{"a part dropped", inRows, func(a *attack) { a.drop(a.other(binaryRef("letter"), 1, 2)) },
		"the GP reads Binary/letter/1", damaged("entry")},
	{"a whole entry dropped, with its line in the directory", inRows, func(a *attack) {
		a.drop(a.version(allergyRefOf("n1"), 1))
		a.withoutLine(allergyRefOf("n1"))
	}, "the GP reads AllergyIntolerance/n1/0", damaged("directory")},
	{"a segment dropped", inRows, func(a *attack) { a.drop(a.kind("now", a.ada, "s")[0]) },
		"Ada looks for Binary", damaged("directory")},
	{"the directory dropped", inRows, func(a *attack) { a.drop(a.ada.row("d")) },
		"Ada looks for Binary", damaged("directory")},
	{"the live list dropped", inRows, func(a *attack) { a.drop(a.ada.row("v")) },
		"the GP comes", damaged("live list")},
	{"the account dropped", inRows, func(a *attack) { a.drop(a.ada.row("a")) },
		"Ada unlocks", damaged("account")},
	{"the keyring dropped", inRows, func(a *attack) { a.drop(a.ada.row("r")) },
		"Ada unlocks", damaged("keyring")},
	{"a live grant's row dropped", inRows, func(a *attack) { a.drop(a.grantRow(a.gp)) },
		"the GP comes", damaged("grant")},
	{"a back row dropped", inRows, func(a *attack) { a.drop(a.ada.row("b", crypto.U32(3))) },
		"the GP reads AllergyIntolerance/n1/1", damaged("epoch of an entry")},
	{"a head dropped", onDisk, func(a *attack) { a.drop(a.ada.row("h")) },
		startFails, otherRow},
	{"a person dropped", onDisk, func(a *attack) {
		for _, key := range a.kind("now", a.ben, "") {
			a.drop(key)
		}
	}, startFails, otherRow},
	{"the store's own row dropped", inRows, func(a *attack) { a.drop(strings.Repeat("\x00", 16) + "ms") },
		startFails, damaged("name")},
	{"the anchor dropped", onDisk, func(a *attack) { _ = os.Remove(filepath.Join(a.dir, "anchor")) },
		startFails, "the anchor is missing or damaged"},

	// The log.
	{"the log cut short", inRows, func(a *attack) { a.drop(a.lastLeaf(0)) },
		"Ada checks the log", damaged("log")},
	{"a log entry dropped and the rest moved up", inRows, func(a *attack) {
		leaves := a.kind("now", a.ada, "l")
		for i := 5; i < len(leaves)-1; i++ {
			a.put(leaves[i], a.now(leaves[i+1]))
		}
		a.drop(leaves[len(leaves)-1])
	}, "Ada checks the log", damaged("log")},
	{"two log entries exchanged", inRows, func(a *attack) { a.swap(a.lastLeaf(0), a.lastLeaf(1)) },
		"Ada checks the log", wrongLog + "the entries are not those the server signed for"},
	{"a log entry forged with a token's key", inRows, func(a *attack) {
		key := a.lastLeaf(0)
		index := uint64(len(a.kind("now", a.ada, "l")) - 1)
		a.put(key, audit.GrantLeaf(a.thiefLog, record.PersonID([]byte(a.ada)), a.gp.Grant.ID, index, audit.Event{Time: time.Now(), Action: audit.Read}))
	}, "Ada checks the log", wrongLog + "the entries are not those the server signed for"},
	{"the log forked: yesterday's, and another end", inRows, func(a *attack) {
		was := a.kind("yesterday", a.ada, "l")
		for _, key := range a.kind("now", a.ada, "l")[len(was):] {
			a.put(key, a.now(was[3]))
		}
	}, "Ada checks the log", wrongLog + "the entries are not those the server signed for"},
	{"a log entry behind the end", inRows, func(a *attack) {
		n := uint64(len(a.kind("now", a.ada, "l")))
		a.put(a.ada.row("l", crypto.U64(n+40)), a.now(a.lastLeaf(0)))
	}, "", ""},

	// Something forged, or brought from elsewhere.
	{"another identity in the account", inRows, func(a *attack) {
		acc, _ := at.ParseAccount(a.now(a.ada.row("a")))
		acc.Signing = crypto.NewSigningKey(crypto.NewKey()).Public()
		a.put(a.ada.row("a"), acc.Marshal())
	}, "Ada unlocks", damaged("account")},
	{"the newest version forged with a token's key", inRows, func(a *attack) { a.forge(allergyRef, 3) },
		"the GP reads AllergyIntolerance/a1/0", damaged("entry")},
	{"an older version forged with a token's key", inRows, func(a *attack) { a.forge(allergyRef, 1) },
		"the GP reads AllergyIntolerance/a1/1", damaged("entry")},
	{"a version to come, forged with a token's key", inRows, func(a *attack) { a.forge(allergyRef, 4) }, "", ""},
	{"an entry that no directory names", inRows, func(a *attack) { a.forge(allergyRefOf("new"), 1) }, "", ""},
	{"an entry forged, with its line in the directory", inRows, func(a *attack) {
		a.forge(allergyRef, 3)
		a.withLine(allergyRef, 3)
	}, "the GP reads AllergyIntolerance/a1/0", damaged("directory")},
	{"an end put off in a token's capsule", inRows, func(a *attack) {
		row := slices.Clone(a.now(a.token(a.gp.Token)))
		copy(row[1:5], "\x00\xff\xff\xff")
		a.put(a.token(a.gp.Token), row)
	}, "the GP comes", damaged("capsule")},
	{"a row of another store", inRows, func(a *attack) {
		for key, row := range a.rows["elsewhere"] {
			if key[16] == 'e' {
				a.put(a.version(allergyRef, 3), row)
			}
		}
	}, "the GP reads AllergyIntolerance/a1/0", damaged("entry")},
	{"a person of another store", onDisk, func(a *attack) { maps.Copy(a.set, a.person("elsewhere")) },
		startFails, otherRow},
	{"the name of another store", inRows, func(a *attack) {
		key := strings.Repeat("\x00", 16) + "ms"
		a.put(key, a.row("elsewhere", key))
	}, "the GP comes", damaged("capsule")},
	{"the node.key of another store", onDisk, func(a *attack) { a.file("elsewhere", "node.key") },
		startFails, "is not this store's node key"},
	{"an older format number", inRows, func(a *attack) { a.format(1) }, "", ""},
	{"a newer format number", inRows, func(a *attack) { a.format(9) },
		startFails, "this store is of format 9; this program knows format 2: use the program that made it"},
	{"an upgrade that never was", inRows, func(a *attack) { a.put(strings.Repeat("\x00", 16)+"mu", []byte{1}) }, "", ""},

	// The rows of credentials and the node's own are in no head: the anchor answers
	// for each of them.
	{"a live token's capsule dropped", onDisk, func(a *attack) { a.drop(a.token(a.nurse.Token)) }, startFails, otherRow},
	{"a way in's capsule dropped", onDisk, func(a *attack) { a.drop(capsuleRow(a.benSlot)) }, startFails, otherRow},
	{"a session's capsule put back after it was signed out", onDisk, func(a *attack) { a.was(a.token(a.session)) }, startFails, otherRow},
	{"an invite put back to unused", onDisk, func(a *attack) { a.was(capsuleRow(a.invite)) }, startFails, otherRow},
	{"a loss that nobody accepted", onDisk, func(a *attack) { a.put(strings.Repeat("\x00", 16)+"ml", []byte{1}) }, startFails, otherRow},
	{"an upgrade that never was, on the disk", onDisk, func(a *attack) { a.put(strings.Repeat("\x00", 16)+"mu", []byte{1}) }, startFails, otherRow},
}

// TestStorageAttacks does what the table says.
func TestStorageAttacks(t *testing.T) {
	t.Parallel()
	w := newPast(t)
	start := func() *attack { return &attack{past: w, t: t, set: map[string][]byte{}} }
	base := start().run(func(*attack) {}, false)
	for question, said := range start().run(func(*attack) {}, true) {
		if base[question] != said {
			t.Fatalf("the store in memory is not that on the disk: %s: %v, and %v", question, base[question], said)
		}
	}
	checkPast(t, base)
	detected, without, harmful := 0, 0, 0
	for _, x := range storageAttacks {
		a := start()
		got := a.run(x.do, x.where != inRows)
		bad := false
		for question, said := range got {
			switch {
			case said == base[question], x.where == byDevice:
			case said.bad && said.kind == record.Integrity:
			case said.bad && a.at != 0 && said.kind == record.Unavailable:
			case said.bad && said.kind == record.Unsupported && question == startFails:
			default:
				bad = true
				t.Errorf("%s: %s: %.200q, not %.100q", x.name, question, said.text, base[question].text)
			}
			if said != base[question] && x.meets == "" {
				bad = true
				t.Errorf("%s: it has an effect: %s: %.200q", x.name, question, said.text)
			}
		}
		if x.meets != "" {
			if said, asked := got[x.meets]; !asked || !said.bad || !strings.Contains(said.text, x.words) {
				bad = true
				t.Errorf("%s: %s: %.300q, want %.100q", x.name, x.meets, said.text, x.words)
			}
		}
		switch {
		case bad:
			harmful++
		case x.meets == "":
			without++
			t.Logf("%-60s  without effect", x.name)
		default:
			detected++
			said, _, _ := strings.Cut(got[x.meets].text, ". Keep a copy") // which all of them say
			t.Logf("%-60s  %s: %s", x.name, x.meets, said)
		}
	}
	t.Logf("%d storage attacks: %d detected, %d without effect, %d harmful", len(storageAttacks), detected, without, harmful)
	if len(storageAttacks) < 36 {
		t.Error("there are fewer than 36")
	}
}

// checkPast: before any attack everybody is answered as they must be, or the
// table shows nothing.
func checkPast(t *testing.T, base map[string]answer) {
	t.Helper()
	for question, kind := range map[string]record.Kind{"whose grant ended comes": record.Unauthorized, "whose grant ended later comes": record.Unauthorized,
		"whose session was signed out comes": record.Unauthorized, "the removed way in": record.Unauthorized, "the used invite": record.Unauthorized,
		"the GP reads Condition/c1/0": record.NotFound, "the GP reads AllergyIntolerance/moved/0": record.NotFound} {
		if said := base[question]; !said.bad || said.kind != kind {
			t.Fatalf("%s: %+v", question, said)
		}
	}
	for _, question := range []string{startFails, "Ada unlocks", "Ada checks the log", "Ada reads AllergyIntolerance/a1/3", "Ada reads AllergyIntolerance/moved/1",
		"Ada reads Condition/c1/0", "the GP reads Binary/letter/2", "the nurse reads AllergyIntolerance/a1/1", "Ben reads AllergyIntolerance/a1/0", "a new device of Ada's checks the log"} {
		if said, asked := base[question]; !asked || said.bad {
			t.Fatalf("%s: %+v", question, said)
		}
	}
}

// forge seals a version with the GP's keys, with the link that is there.
func (a *attack) forge(ref fhir.Ref, stamp uint64) {
	plain := entry.Marshal(entry.Header{Type: ref.Type, ID: ref.ID, Time: time.Now()}, []byte(`{"resourceType":"`+ref.Type+`","id":"`+ref.ID+`"}`))
	sealed := must[[][]byte](a.t)(a.thief.SealEntry(record.Allergies, a.thief.EntryID(ref.Type, ref.ID), record.Version(stamp), plain))
	link := make([]byte, 32)
	if stamp > 1 {
		sum := sha256.Sum256(a.now(a.version(ref, stamp-1)))
		link = sum[:]
	}
	a.put(a.version(ref, stamp), append(link, sealed[0]...))
}

// withoutLine and withLine write the directory that goes with a change, all but the
// head, which has a MAC.
func (a *attack) withoutLine(ref fhir.Ref) { a.line(ref, nil) }

func (a *attack) withLine(ref fhir.Ref, stamp uint64) {
	a.line(ref, &at.Line{Stamp: at.Stamp(stamp), Hash: at.HashOf(a.now(a.version(ref, stamp)))})
}

func (a *attack) line(ref fhir.Ref, l *at.Line) {
	id := a.thief.EntryID(ref.Type, ref.ID)
	n := at.SegmentOf(id)
	d, _ := at.ParseDirectory(a.now(a.ada.row("d")))
	lines, _ := at.ParseSegment(a.now(a.ada.row("") + string(at.SegmentKey(n, d[n]))))
	lines = slices.DeleteFunc(lines, func(l at.Line) bool { return l.Entry == id })
	if l != nil {
		l.Entry = id
		lines = at.Merge(lines, map[record.EntryID]at.Line{id: *l})
	}
	row := at.MarshalSegment(lines)
	d[n] = at.HashOf(row)
	a.put(a.ada.row("")+string(at.SegmentKey(n, d[n])), row)
	a.put(a.ada.row("d"), d.Marshal())
}

// swapDatabase puts the database of another day in place of this one's.
func (a *attack) swapDatabase(when string) {
	to := filepath.Join(a.dir, "db")
	if err := os.RemoveAll(to); err != nil {
		a.t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(copyDir(a.t, a.dirs[when]), "db"), to); err != nil {
		a.t.Fatal(err)
	}
}

// person is everything of the one person of another store.
func (a *attack) person(when string) map[string][]byte {
	all := map[string][]byte{}
	for head := range a.rows[when] {
		if head[16:] != "h" {
			continue
		}
		for key, row := range a.rows[when] {
			if key[:16] == head[:16] {
				all[key] = row
			}
		}
	}
	return all
}

// lastLeaf is the key of a log entry, counted from the end.
func (a *attack) lastLeaf(back int) string {
	leaves := a.kind("now", a.ada, "l")
	return leaves[len(leaves)-1-back]
}

func (a *attack) format(n byte) {
	key := strings.Repeat("\x00", 16) + "ms"
	row := slices.Clone(a.now(key))
	row[len(row)-1] = n
	a.put(key, row)
}
