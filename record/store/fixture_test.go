package store_test

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/holder/holdertest"
	"carehold/record/keys"
	"carehold/record/store"
)

// A fixture is a store as a program of its time left it, with what must be found
// in it: testdata/format*/README.md. The keys in it are nobody's.
//
// This file is copied into the tree of a format that is about to change, and run
// there with CAREHOLD_WRITE_FIXTURE: so it asks for no more of the store than any
// version of it can do.
type fixture struct {
	Format int             `json:"format"`
	Note   string          `json:"note"`
	Made   time.Time       `json:"made"`
	Store  string          `json:"store"`
	People []fixturePerson `json:"people"`
}

type fixturePerson struct {
	Person     string           `json:"person"`
	State      string           `json:"state,omitempty"` // "waits" to be carried on, or "closed"
	Recovery   string           `json:"recovery"`
	DeviceKey  string           `json:"device_key"`
	Passphrase string           `json:"passphrase"`
	Memory     string           `json:"memory"`
	Log        uint64           `json:"log"` // its size
	Versions   []fixtureVersion `json:"versions"`
	Grants     []fixtureGrant   `json:"grants"`
}

type fixtureVersion struct {
	Ref     string         `json:"ref"`
	Version record.Version `json:"version"`
	Section string         `json:"section"`
	Deleted bool           `json:"deleted,omitempty"`
	SHA256  string         `json:"sha256,omitempty"` // of the JSON
	Size    int            `json:"size,omitempty"`
}

type fixtureGrant struct {
	Name  string `json:"name"`
	Token string `json:"token"`
	State string `json:"state"`
	Opens bool   `json:"opens"`
}

// fixtureBackup makes a backup of the store there is, beside the fixture, in formats
// that have one: fixture_backup_test.go.
var fixtureBackup = func(*testing.T, *store.Store, string) {}

// fixtureMore makes people that older formats could not have: fixture_moved_test.go.
var fixtureMore []func(*testing.T, holdertest.Server) []fixturePerson

const fixtureNote = "Credentials of a store made for tests. Nobody's record, and no secret of anybody's."

// fixtureLarge are the sizes of a document's versions: of three rows and of two.
var fixtureLarge = []int{330 << 10, 70 << 10}

// TestWriteFixture writes the fixture of this program's format into a folder.
func TestWriteFixture(t *testing.T) {
	to := os.Getenv("CAREHOLD_WRITE_FIXTURE")
	if to == "" {
		return
	}
	dir, s := newStore(t)
	srv := holdertest.Server{Store: s}
	f := fixture{Note: fixtureNote, Made: s.Now().Truncate(time.Second), Store: s.ID().String()}
	people := []*fixtureMaker{newFixturePerson(t, srv), newFixturePerson(t, srv)}
	people[0].story()
	people[1].evicted()
	if err := os.MkdirAll(to, 0o755); err != nil {
		t.Fatal(err)
	}
	fixtureBackup(t, s, to)
	for _, p := range people {
		f.People = append(f.People, p.finish())
	}
	for _, more := range fixtureMore {
		f.People = append(f.People, more(t, srv)...)
	}
	fixtureBackup(t, s, to)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	packFixture(t, dir, filepath.Join(to, "store.tar.gz"))
	f.Format = formatOf(t, dir)
	b, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(to, "want.json"), append(b, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// formatOf reads a closed store's format number: the last field of its row.
func formatOf(t *testing.T, dir string) int {
	t.Helper()
	row := badgerRows(t, dir)["72"+hex.EncodeToString(make([]byte, 16))+hex.EncodeToString([]byte("ms"))]
	b, err := hex.DecodeString(row)
	if err != nil || len(b) < 8 {
		t.Fatal("no store row")
	}
	return int(b[len(b)-1])
}

// fixtureMaker makes one person's record.
type fixtureMaker struct {
	t   *testing.T
	srv holdertest.Server
	h   *holder.Holder
	kit *holder.Kit
	out fixturePerson
}

func newFixturePerson(t *testing.T, srv holdertest.Server) *fixtureMaker {
	t.Helper()
	invite, err := srv.Invite(t.Context(), keys.Invite{Until: srv.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	m := &fixtureMaker{t: t, srv: srv, out: fixturePerson{Passphrase: "a passphrase of a test"}}
	m.h, m.kit, err = holder.Enrol(t.Context(), srv, holder.Enrolment{Invite: invite.Token(), Passphrase: crypto.SecretString(m.out.Passphrase), Label: "laptop"})
	if err != nil {
		t.Fatal(err)
	}
	m.out.Person, m.out.Recovery, m.out.DeviceKey = m.h.Person().String(), m.kit.Recovery.Text(), m.kit.DeviceKey.Text()
	return m
}

func (m *fixtureMaker) me() *store.View {
	m.t.Helper()
	v, err := m.srv.View(m.t.Context(), signIn(m.t, m.h))
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(v.Close)
	return v
}

func (m *fixtureMaker) give(name, state string, lasts time.Duration) record.GrantID {
	m.t.Helper()
	g, err := m.h.Grant(m.t.Context(), holder.GrantRequest{To: grant.Party{Name: name}, Sections: grant.Clinical,
		Scopes: scopes("patient/*.rs"), Purpose: "TREAT", Lasts: lasts})
	if err != nil {
		m.t.Fatal(err)
	}
	m.out.Grants = append(m.out.Grants, fixtureGrant{Name: name, Token: g.Token, State: state, Opens: state == "live"})
	return g.Grant.ID
}

func (m *fixtureMaker) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// story is a record with something of everything.
func (m *fixtureMaker) story() {
	ctx, me := m.t.Context(), m.me()
	put(m.t, me, allergy)
	put(m.t, me, `{"resourceType":"AllergyIntolerance","id":"a1","code":{"text":"Penicillin and latex"},"patient":{"display":"her"}}`)
	put(m.t, me, low)
	put(m.t, me, `{"resourceType":"Condition","id":"gone","code":{"text":"entered in error"},"subject":{"display":"her"}}`)
	put(m.t, me, `{"resourceType":"Binary","id":"letter","contentType":"text/plain","data":"AAAA"}`)
	for _, size := range fixtureLarge {
		put(m.t, me, large("letter", size))
	}
	put(m.t, me, `{"resourceType":"Binary","id":"letter","contentType":"text/plain","data":"BBBB"}`)
	put(m.t, me, `{"resourceType":"AllergyIntolerance","id":"moved","code":{"text":"first"},"patient":{"display":"her"}}`)
	put(m.t, me, `{"resourceType":"AllergyIntolerance","id":"moved","code":{"text":"second"},"patient":{"display":"her"}}`)
	_, err := me.Move(ctx, []fhir.Ref{allergyRefOf("moved")}, record.Private)
	m.must(err)
	_, err = me.Apply(ctx, []change.Change{{Verb: change.Delete, Ref: fhir.Ref{Type: "Condition", ID: "gone"}}}, store.ApplyOptions{})
	m.must(err)
	m.give("Dr Live", "live", 0)
	ended := m.give("Dr Ended", "ended", 0)
	struck := m.give("Dr Struck", "struck", 0)
	m.give("Dr Over", "ran out", 2*time.Hour)
	m.must(m.h.Revoke(ctx, ended))
	put(m.t, m.me(), `{"resourceType":"AllergyIntolerance","id":"a1","code":{"text":"Latex"},"patient":{"display":"her"}}`)
	v, err := m.srv.View(ctx, m.out.Grants[0].Token)
	m.must(err)
	defer v.Close()
	_, err = v.Read(ctx, allergyRef, 0)
	m.must(err)
	m.must(m.h.Strike(ctx, signIn(m.t, m.h), struck))
}

// evicted is a record whose keys were all made new.
func (m *fixtureMaker) evicted() {
	put(m.t, m.me(), allergy)
	m.give("Dr Evicted", "ended", 0)
	var keep []crypto.CapsuleID
	for _, slot := range m.h.Slots() {
		keep = append(keep, slot.ID)
	}
	m.must(m.h.Evict(m.t.Context(), keep...))
	m.give("Dr After", "live", 0)
	put(m.t, m.me(), `{"resourceType":"AllergyIntolerance","id":"a1","code":{"text":"Nuts"},"patient":{"display":"him"}}`)
}

// finish writes down what must be found.
func (m *fixtureMaker) finish() fixturePerson {
	defer m.h.Close()
	return m.look()
}

func (m *fixtureMaker) look() fixturePerson {
	m.out.Versions = everyVersion(m.t, m.me())
	report, err := m.h.Check(m.t.Context(), signIn(m.t, m.h))
	m.must(err)
	m.out.Memory, m.out.Log = hex.EncodeToString(m.h.Memory().Marshal()), report.Head.Size
	return m.out
}

// everyVersion reads every version of every entry.
func everyVersion(t testing.TB, me *store.View) (list []fixtureVersion) {
	t.Helper()
	all, err := me.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, func(a, b store.Info) int { return compare(a.Ref.String(), b.Ref.String()) })
	for _, i := range all {
		for v := record.Version(1); v <= i.Version; v++ {
			e, err := me.Read(t.Context(), i.Ref, v)
			out := fixtureVersion{Ref: i.Ref.String(), Version: v, Section: i.Section.String()}
			switch {
			case errors.Is(err, record.Gone):
				out.Deleted = true
			case err != nil:
				t.Fatal(err)
			default:
				sum := sha256.Sum256(e.Body)
				out.SHA256, out.Size, out.Section = hex.EncodeToString(sum[:]), len(e.Body), e.Section.String()
			}
			list = append(list, out)
		}
	}
	return list
}

func compare(a, b string) int {
	if a < b {
		return -1
	}
	return 1
}

// packFixture writes a folder into an archive.
func packFixture(t testing.TB, dir, to string) {
	t.Helper()
	f, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	z, _ := gzip.NewWriterLevel(f, gzip.BestCompression)
	w := tar.NewWriter(z)
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "LOCK" {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		h := &tar.Header{Name: filepath.ToSlash(name), Mode: 0o600, Size: int64(len(b)), Format: tar.FormatPAX}
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		_, err = w.Write(b)
		return err
	})
	if err := errors.Join(err, w.Close(), z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// openFixture unpacks a fixture, and returns the folder, what must be found in it
// and a clock of a day after it was made.
func openFixture(t testing.TB, name string) (dir string, want fixture, opt store.Options) {
	t.Helper()
	from := filepath.Join("testdata", name)
	b, err := os.ReadFile(filepath.Join(from, "want.json"))
	if err == nil {
		err = json.Unmarshal(b, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(t.TempDir(), "store")
	f, err := os.Open(filepath.Join(from, "store.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || !filepath.IsLocal(h.Name) {
			t.Fatal(h, err)
		}
		path := filepath.Join(dir, filepath.FromSlash(h.Name))
		b, err := io.ReadAll(r)
		if err = errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, b, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	start := time.Now()
	opt.Now = func() time.Time { return want.Made.Add(24*time.Hour + time.Since(start)) }
	return dir, want, opt
}
