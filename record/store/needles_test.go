//go:build unix

package store_test

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/search"
	"carehold/record/statement"
	"carehold/record/store"
)

// haystack finds needles, in every form a careless program could write them in.
type haystack struct {
	starts map[[5]byte][]form
	maybe  [1 << 24 / 8]byte // by the first three bytes
	count  int
}

type form struct{ what, text string }

func (h *haystack) add(needle string) {
	h.count++
	forms := map[string]string{"as it is": needle,
		"hex": hex.EncodeToString([]byte(needle)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(needle))),
		"base32": strings.TrimRight(base32.StdEncoding.EncodeToString([]byte(needle[:len(needle)/5*5])), "=")}
	for i := range 3 { // base64, at each place it could begin
		whole := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", i) + needle))
		end := (i + len(needle)) * 8 / 6
		for _, url := range []bool{false, true} {
			text := whole[[]int{0, 2, 3}[i]:end]
			if url {
				text = strings.NewReplacer("+", "-", "/", "_").Replace(text)
			}
			forms[fmt.Sprint("base64 ", i, url)] = text
		}
	}
	var le, be []byte
	for _, c := range utf16.Encode([]rune(needle)) {
		le, be = append(le, byte(c), byte(c>>8)), append(be, byte(c>>8), byte(c))
	}
	forms["UTF-16LE"], forms["UTF-16BE"] = string(le), string(be)
	for what, text := range forms {
		if len(text) < 5 {
			continue
		}
		start := [5]byte([]byte(text))
		h.starts[start] = append(h.starts[start], form{what + " of " + needle, text})
		n := int(start[0])<<16 | int(start[1])<<8 | int(start[2])
		h.maybe[n/8] |= 1 << (n % 8)
	}
}

func (h *haystack) find(b []byte) (found []string) {
	for i := 0; i+5 <= len(b); i++ {
		n := int(b[i])<<16 | int(b[i+1])<<8 | int(b[i+2])
		if h.maybe[n/8]&(1<<(n%8)) == 0 {
			continue
		}
		for _, f := range h.starts[[5]byte(b[i:i+5])] {
			if bytes.HasPrefix(b[i:], []byte(f.text)) {
				found = append(found, f.what)
			}
		}
	}
	return found
}

// search looks through every file below dir.
func (h *haystack) search(t *testing.T, dir string) (found []string, size int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if f := h.find([]byte(d.Name())); f != nil {
			found = append(found, fmt.Sprint("file name: ", f))
		}
		if d.IsDir() {
			return nil
		}
		b, err := os.ReadFile(path)
		size += len(b)
		for _, f := range h.find(b) {
			found = append(found, filepath.Base(path)+": "+f)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found, size
}

func checkModes(t *testing.T, dir string) {
	t.Helper()
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			t.Fatal(err)
		}
		info, err := d.Info()
		if err != nil {
			return nil // a log that was just removed
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s is %o, want %o", filepath.Base(path), info.Mode().Perm(), want)
		}
		return nil
	})
}

// TestNeedles plants 500 needles in everything a person or an operator can type,
// lives a life with them, and looks for them in every byte the server left.
func TestNeedles(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077)) // as cmd/carehold does
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	h := &haystack{starts: map[[5]byte][]form{}}
	n := 0
	needle := func(kind string) string {
		n++
		s := fmt.Sprintf("%s-Ndl%04d-%s", kind, n, "Quillfeather"[:4+n%8])
		h.add(s)
		return s
	}
	var logged bytes.Buffer
	log := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	dir := filepath.Join(tmp, "data")
	if err := store.Init(dir); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, store.Options{Log: log})
	invite, err := s.Invite(ctx, keys.Invite{Until: s.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	h.add(invite.Token())
	d := newDevice(t, s)
	d.ring = []byte(needle("keyring") + needle("passphrase"))
	code := crypto.NewRecoveryCode()
	d.slot = code.Slot()
	h.add(code.Text())
	st := d.first()
	if _, err := s.Apply(ctx, st, invite); err != nil {
		t.Fatal(err)
	}
	d.done(st)
	for _, word := range append(strings.Fields("patient/*.rs patient/*.cruds patient/Condition.r TREAT CAREMGT PATRQT AllergyIntolerance Condition DocumentReference Observation Patient/ versionId lastUpdated"),
		strings.Split(record.SectionNames(), ", ")...) {
		if len(word) >= 5 {
			h.add(word)
		}
	}
	session := func() *store.View {
		c, _, err := s.SignIn(ctx, d.person, d.self.ID, keys.GrantKey(d.grants, d.self.ID))
		if err != nil {
			t.Fatal(err)
		}
		h.add(c.Token())
		return view(t, s, c)
	}
	me := session()
	nhs := func(i int) string {
		h.add(fmt.Sprintf("943476%04d", i))
		return fmt.Sprintf("943476%04d", i)
	}
	var changes []change.Change
	for i := range 300 {
		typ := []string{"AllergyIntolerance", "Condition", "DocumentReference"}[i%3]
		id := fmt.Sprintf("id-Ndl-%06d", i*7919)
		if i < 60 {
			h.add(id)
		}
		text := "plain"
		if i < 260 {
			text = needle("note")
		}
		extra := ""
		if i < 50 {
			extra = `,"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"` + nhs(i) + `"}]`
		}
		json := map[string]string{
			"AllergyIntolerance": `{"resourceType":"AllergyIntolerance","id":"%s"%s,"code":{"text":"%s"},"patient":{"display":"her"}}`,
			"Condition":          `{"resourceType":"Condition","id":"%s"%s,"code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"F32.1"}],"text":"%s"},"subject":{"display":"her"}}`,
			"DocumentReference":  `{"resourceType":"DocumentReference","id":"%s"%s,"status":"current","description":"%s","content":[{"attachment":{"contentType":"text/plain"}}]}`}[typ]
		r, err := fhir.Parse(fmt.Appendf(nil, json, id, extra, text), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		changes = append(changes, change.Change{Verb: change.Update, Ref: fhir.Ref{Type: typ, ID: id}, Resource: r})
	}
	origin := entry.Origin{Import: record.ImportID(crypto.RandomID()), Source: needle("source")}
	if _, err := me.Apply(ctx, changes, store.ApplyOptions{Origin: origin}); err != nil {
		t.Fatal(err)
	}
	ref := changes[0].Ref
	var tokens []crypto.Credential
	var given []grant.Grant
	for range 8 {
		g, token := d.share(grant.Grant{To: grant.Party{Name: needle("name"), Organisation: needle("org"), Role: needle("role")},
			Sections: grant.Clinical, Purpose: "CAREMGT", Scopes: scopes("patient/*.rs patient/Condition.r")})
		h.add(token.Token())
		tokens, given = append(tokens, token), append(given, g)
		v := view(t, s, token)
		if _, err := v.Read(ctx, ref, 0); err != nil {
			t.Fatal(err)
		}
		v.Read(ctx, changes[1].Ref, 0)                                                                           // refused: a sensitive section
		v.Read(ctx, fhir.Ref{Type: "Condition", ID: needle("asked")}, 0)                                         // not there
		lookFor(v, "AllergyIntolerance", "", 20)                                                                 //
		v.Search(ctx, &search.Query{Type: needle("Type")}, store.SearchOptions{})                                // no such type
		v.Apply(ctx, []change.Change{{Verb: change.Delete, Ref: ref}}, noOptions)                                // without the verb
		v.Apply(ctx, []change.Change{{Verb: change.Create, Ref: ref, Err: errNeedle(needle("err"))}}, noOptions) // a bad request
	}
	if _, err := me.Move(ctx, []fhir.Ref{ref, changes[3].Ref}, record.Private); err != nil {
		t.Fatal(err)
	}
	d.stop(given[0].ID)
	s.Open(ctx, tokens[0])
	me = session()
	if err := me.Strike(ctx, given[1].ID); err != nil {
		t.Fatal(err)
	}
	s.Open(ctx, tokens[1])
	if _, err := me.Undo(ctx, origin.Import); err != nil {
		t.Fatal(err)
	}
	me.SignOut(ctx)
	other, err := s.Invite(ctx, keys.Invite{Until: s.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	h.add(other.Token())
	s.Apply(ctx, statement.Signed{Body: []byte(needle("statement"))}, other)
	for h.count < 500 {
		if _, err := tryPut(session(), fmt.Sprintf(allergyWith, h.count, needle("late"))); err != nil {
			t.Fatal(err)
		}
	}
	checkModes(t, dir)
	found, _ := h.search(t, tmp) // as it runs, and as it is left
	s.Close()
	more, size := h.search(t, tmp)
	for _, f := range append(found, more...) {
		t.Errorf("found %s", f)
	}
	if f := h.find(logged.Bytes()); f != nil {
		t.Errorf("in the log: %v", f)
	}
	checkModes(t, dir)
	// The control: the same search finds what is there.
	for what, b := range map[string][]byte{"as it is": []byte(given[2].To.Name), "in base64": []byte(base64.StdEncoding.EncodeToString([]byte("xy" + given[2].To.Name))),
		"a word": []byte("..mental-health.."), "in hex": []byte(hex.EncodeToString([]byte(given[3].To.Role)))} {
		plain := filepath.Join(tmp, "plain")
		if err := os.WriteFile(plain, append(make([]byte, 100_000), b...), 0o600); err != nil {
			t.Fatal(err)
		}
		if found, _ := h.search(t, tmp); len(found) == 0 {
			t.Errorf("a needle that is there, %s, was not found", what)
		}
	}
	t.Logf("%d needles in %d bytes of files and %d of log: %d found", h.count, size, logged.Len(), len(found)+len(more))
}

const allergyWith = `{"resourceType":"AllergyIntolerance","id":"late%d","code":{"text":"%s"},"patient":{"display":"her"}}`

var noOptions store.ApplyOptions

func errNeedle(text string) error { return record.Errorf(record.Invalid, "%s", text) }
