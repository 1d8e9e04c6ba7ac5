package store_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"carehold/record"
)

// What follows gives a store that the program made to a second reader, in
// JavaScript, which shares no code with it and was written from docs/format.md by
// somebody who had not seen the program: what the two disagree about, one of them
// or the document has wrong. Its README.md has the commands and their answers.

const secondFolder = "../backup/testdata/reader"

// node finds Node.js and what the second reader needs. In CI, where
// CAREHOLD_NO_SKIP=1, both must be there.
func node(t *testing.T) string {
	t.Helper()
	without := t.Skipf
	if os.Getenv("CAREHOLD_NO_SKIP") == "1" {
		without = t.Fatalf
	}
	path, err := exec.LookPath("node")
	if err != nil {
		without("no node in PATH: the second reader needs Node.js 20.19 or later (%v)", err)
	}
	said, _ := exec.Command(path, "--version").Output()
	var major, minor int
	if fmt.Sscanf(string(said), "v%d.%d", &major, &minor); major < 20 || major == 20 && minor < 19 {
		without("node in PATH says it is %q: the second reader needs Node.js 20.19 or later", said)
	}
	if _, err := os.Stat(filepath.Join(secondFolder, "node_modules")); err != nil {
		without("the second reader has no node_modules: run npm ci in record/backup/testdata/reader (%v)", err)
	}
	// Read, so that go test does not answer from its cache when the reader changes.
	for _, file := range must[[]string](t)(filepath.Glob(filepath.Join(secondFolder, "*.mjs"))) {
		must[[]byte](t)(os.ReadFile(file))
	}
	return path
}

// secondRefused is why the second reader takes nothing of what it was given.
type secondRefused struct{ Section, Why, Where string }

func (r secondRefused) Error() string { return fmt.Sprintf("§%s: %s (%s)", r.Section, r.Why, r.Where) }

// trySecond runs a command of the second reader.
func trySecond(t *testing.T, command string, in, out any) error {
	t.Helper()
	cmd := exec.Command(node(t), filepath.Join(secondFolder, "reader.mjs"), command)
	cmd.Stdin = bytes.NewReader(must[[]byte](t)(json.Marshal(in)))
	var said bytes.Buffer
	cmd.Stderr = &said
	b, err := cmd.Output()
	if exit := new(exec.ExitError); errors.As(err, &exit) && exit.ExitCode() == 1 {
		var no struct{ Refused secondRefused }
		if json.Unmarshal(b, &no) == nil && no.Refused.Why != "" {
			return no.Refused
		}
	}
	if err != nil {
		t.Fatalf("the second reader: %v\n%s", err, said.String())
	}
	if err := json.Unmarshal(b, out); err != nil {
		t.Fatal(err)
	}
	return nil
}

func secondReader(t *testing.T, command string, in, out any) {
	t.Helper()
	if err := trySecond(t, command, in, out); err != nil {
		t.Fatalf("the second reader refuses: %v", err)
	}
}

// secondVersion is one version as the second reader opened it. Two are compared
// with ==.
type secondVersion struct {
	Ref     string
	Version record.Version
	Section record.Section
	Deleted bool
	Author  struct {
		Grant, Name string
		Self        bool
	}
	Time   int64
	Source string
	Filed  bool
	SHA256 string
	Bytes  int

	Content secondContent // of one whose content is not in its JSON
}

type secondContent struct {
	SHA256 string
	Bytes  int64
}

type secondEvent struct {
	Index                   uint64
	Writer                  string
	Sequence                record.Seq
	Action, Outcome, Reason uint16
	Time                    int64
	Grant, Text, Search     string
	Token                   uint32
	More                    uint64
	Entries, Grants         []string
}

type secondPerson struct {
	Person, Root           string
	Entries, Versions, Log uint64
	Waiting                bool
}

// secondRead is what the second reader says of a record, and of the store it is in.
type secondRead struct {
	Store, Verifier                            string
	Person, Patient, Root                      string
	Sequence, Epochs, Generations, Size, Bytes uint64
	Slots                                      []struct{ Kind, ID, Label string }
	Grants                                     []secondGrant
	Listed                                     []string
	Entries                                    []secondVersion
	Log                                        []secondEvent
	People                                     []secondPerson

	// With what a device keeps beside a store.
	Statements []string
	Checkpoint uint64
	Invite     struct{ Admitted string }

	// With node.key.
	Node struct {
		Heads    int
		Capsules struct{ Checked, Slots, Invites, Tokens int }
		Anchor   struct {
			Number, File uint64
			State        bool
		}
	}
}

type secondGrant struct {
	Grant, Name, Purpose string
	Self, Live           bool
	Generation           uint64
	Sections             []record.Section
	Scopes, Tokens       []string
}

type secondToken struct {
	Opens         bool
	Failed        string
	Grant, Name   string
	Entries       []secondVersion
	EntriesClosed int `json:"entries_closed"`
}

// TestSecondReader: a second implementation, after docs/format.md, opens all that
// this one wrote, and refuses it where a byte is altered.
func TestSecondReader(t *testing.T) {
	node(t)
	if testing.Short() {
		t.Skip("makes and reads a whole store twice")
	}
	t.Parallel()
	s := makeSecondStore(t)
	var got secondRead
	secondReader(t, "open", s.with("recovery", s.recovery, "statements", s.statements, "checkpoint", s.checkpoint, "invite", s.invite), &got)
	s.compare(t, got)
	s.compareLog(t, got.Log)

	// The other way in leads to the same.
	var again secondRead
	secondReader(t, "open", s.with("passphrase", s.passphrase, "device_key", s.deviceKey), &again)
	got.Statements, got.Checkpoint, got.Invite = nil, 0, again.Invite
	if !reflect.DeepEqual(got, again) {
		t.Error("the second reader finds another record by the passphrase than by the recovery code")
	}
	// Statements are a chain up to the account.
	for name, list := range map[string][]string{"the last is missing": s.statements[:len(s.statements)-1], "the first is missing": s.statements[1:],
		"two changed places": slices.Concat(s.statements[:2], s.statements[3:4], s.statements[2:3], s.statements[4:])} {
		if err := trySecond(t, "open", s.with("recovery", s.recovery, "statements", list), &again); err == nil {
			t.Errorf("the second reader takes statements of which %s", name)
		}
	}
	s.compareTokens(t)
	s.compareOthers(t)
	s.compareDamage(t)
	t.Logf("%d versions, %d leaves, %d statements, %d capsules and %d people read", len(got.Entries), len(got.Log), len(s.statements), got.Node.Capsules.Checked, len(got.People))
}

func (s *secondStore) compare(t *testing.T, got secondRead) {
	t.Helper()
	kinds := make(map[string]string)
	for _, slot := range got.Slots {
		kinds[slot.ID] = slot.Kind
	}
	type pair [2]any
	for name, p := range map[string]pair{
		"store": {got.Store, s.want.Store}, "person": {got.Person, s.want.Person}, "patient": {got.Patient, s.want.Patient},
		"root": {got.Root, s.want.Root}, "size": {got.Size, s.want.Size}, "verifier": {got.Verifier, s.want.Verifier},
		"epochs": {got.Epochs, s.want.Epochs}, "generations": {got.Generations, s.want.Generations}, "slots": {kinds, s.slots},
		"statements": {got.Statements, s.hashes}, "sequence": {got.Sequence, uint64(len(s.statements))}, "checkpoint": {got.Checkpoint, s.want.Size},
		"entries": {len(got.Entries), len(s.want.Entries)}, "leaves": {len(got.Log), len(s.want.Log)}, "invite": {got.Invite.Admitted, s.want.Person},
		"anchor": {got.Node.Anchor.State, true}, "commit": {got.Node.Anchor.Number, got.Node.Anchor.File}, "heads": {got.Node.Heads, len(s.others) + 1},
		"waiting": {waiting(got.People), s.waiting}, "capsules": {got.Node.Capsules.Checked, s.capsules},
	} {
		if !reflect.DeepEqual(p[0], p[1]) {
			t.Errorf("%s: the second reader has %v, the program %v", name, p[0], p[1])
		}
	}
	compareVersions(t, got.Entries, s.want.Entries)
	names, listed := make(map[string]bool), make(map[string]bool)
	for _, g := range got.Grants {
		names[g.Name] = g.Live
		if g.Live {
			listed[g.Grant] = true
		}
	}
	if !maps.Equal(names, map[string]bool{"Ada": true, "Dr Okafor": false, "Mr Lee": false, "Mx Brief": false, "Dr Amara Okafor": true}) {
		t.Errorf("grants: %v", names)
	}
	if !slices.Equal(slices.Sorted(slices.Values(got.Listed)), slices.Sorted(maps.Keys(listed))) {
		t.Errorf("the live list has %q, and live are %v", got.Listed, listed)
	}
}

func waiting(people []secondPerson) (list []string) {
	for _, p := range people {
		if p.Waiting {
			list = append(list, p.Person)
		}
	}
	return list
}

// compareVersions compares what was opened with what the program shows, in the order
// of references and versions.
func compareVersions(t *testing.T, got, want []secondVersion) {
	t.Helper()
	got = slices.SortedFunc(slices.Values(got), byRef)
	for i, w := range want[:min(len(want), len(got))] {
		if got[i] != w {
			t.Errorf("version %d:\n second %+v\nprogram %+v", i, got[i], w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("the second reader opens %d versions, the program %d", len(got), len(want))
	}
}

func byRef(a, b secondVersion) int {
	if c := strings.Compare(a.Ref, b.Ref); c != 0 {
		return c
	}
	return int(a.Version) - int(b.Version)
}

func (s *secondStore) compareLog(t *testing.T, log []secondEvent) {
	t.Helper()
	for i, w := range s.want.Log[:min(len(s.want.Log), len(log))] {
		g := log[i]
		if w.Time == 0 { // of what happened after History, only this much is known
			w.Time, w.Grant, w.Token, w.More = g.Time, g.Grant, g.Token, g.More
		}
		if b, c := must[[]byte](t)(json.Marshal(g)), must[[]byte](t)(json.Marshal(w)); !bytes.Equal(b, c) {
			t.Errorf("leaf %d:\n second %s\nprogram %s", i, b, c)
		}
	}
}

func (s *secondStore) compareTokens(t *testing.T) {
	t.Helper()
	var got struct{ Tokens []secondToken }
	secondReader(t, "grant", s.with("tokens", s.tokens, "now", s.now), &got)
	if len(got.Tokens) != 3 || got.Tokens[0].Opens || got.Tokens[1].Opens || !got.Tokens[2].Opens {
		t.Fatalf("of a revoked, a struck and a live token: %+v", got.Tokens)
	}
	for _, token := range got.Tokens[:2] {
		if token.Failed != "the grant is on the live list" {
			t.Errorf("a token opens nothing because %q fails", token.Failed)
		}
	}
	// The live grant is of epoch 4: o1 is too, o0 is two near links away, the rest a far one.
	var want []secondVersion
	for _, v := range s.want.Entries {
		if v.Ref != "Condition/c1" && v.Ref != "AllergyIntolerance/a1" {
			want = append(want, v)
		}
	}
	compareVersions(t, got.Tokens[2].Entries, want)
	if got.Tokens[2].EntriesClosed != 2 {
		t.Errorf("%d entries are closed to the live token", got.Tokens[2].EntriesClosed)
	}
}

// compareOthers opens the records that moved: one waits, one was carried on, two are
// closed.
func (s *secondStore) compareOthers(t *testing.T) {
	t.Helper()
	for _, p := range s.others {
		var got secondRead
		secondReader(t, "open", s.with("recovery", p.Recovery), &got)
		if got.Person != p.Person {
			t.Errorf("%s: another person", p.State)
		}
		var list []fixtureVersion
		for _, v := range slices.SortedFunc(slices.Values(got.Entries), byRef) {
			list = append(list, fixtureVersion{Ref: v.Ref, Version: v.Version, Section: v.Section.String(), Deleted: v.Deleted, SHA256: v.SHA256, Size: v.Bytes})
		}
		if !slices.Equal(list, p.Versions) {
			t.Errorf("%s: the second reader has\n%v, the program\n%v", p.State, list, p.Versions)
		}
	}
}

func (s *secondStore) compareDamage(t *testing.T) {
	t.Helper()
	bad := s.damages(t)
	sound := maps.Clone(bad[0]) // with its own value: what refuses everything shows nothing
	delete(sound, "flip")
	sound["name"], sound["value"] = "no damage", hex.EncodeToString([]byte(s.rows[bad[0]["row"].(secondRow)]))
	var out struct {
		Results []struct {
			Name, Section, Why string
			Refused            bool
		}
	}
	secondReader(t, "damage", s.with("recovery", s.recovery, "alterations", append(bad, sound)), &out)
	if len(out.Results) != len(bad)+1 {
		t.Fatalf("%d answers to %d alterations", len(out.Results), len(bad)+1)
	}
	if last := out.Results[len(bad)]; last.Refused {
		t.Errorf("the second reader refuses a sound store: §%s %s", last.Section, last.Why)
	}
	for _, r := range out.Results[:len(bad)] {
		if !r.Refused {
			t.Errorf("the second reader takes a store with: %s", r.Name)
		}
	}
	t.Logf("%d damaged stores refused", len(bad))
}
