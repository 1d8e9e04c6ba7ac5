package store_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/holder"
	"carehold/record/holder/holdertest"
	"carehold/record/store"
)

// documentsFixture is a store with contents, links and an upload, as the program that
// gave them their form left it: testdata/documents/README.md.
type documentsFixture struct {
	fixture
	Recovery string            `json:"recovery"`
	Contents map[string]string `json:"contents"` // SHA-256, by Binary/id/version
	Links    []fixtureLink     `json:"links"`
	Upload   string            `json:"upload"`
	There    int64             `json:"there"`
}

type fixtureLink struct {
	Link     string `json:"link"`
	Passcode string `json:"passcode"`
	Key      string `json:"key"`
	File     string `json:"file"` // SHA-256 of the JWE
	Used     int    `json:"used"`
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// TestWriteDocuments writes the fixture into a folder.
func TestWriteDocuments(t *testing.T) {
	to := os.Getenv("CAREHOLD_WRITE_DOCUMENTS")
	if to == "" {
		return
	}
	dir, s := newStore(t)
	x := enrolDocuments(t, s)
	x.upload(t, "small", scan(1000))
	x.upload(t, "letter", scan(300<<10)) // a row in the tables, and one beside them
	x.upload(t, "letter", scan(100<<10))
	x.link(t, "", true, 1000)
	x.link(t, "4711", false, 140<<10)
	x.begin(t, 300<<10, 260<<10)
	if _, err := openLink(s, x.url(t, 1), "0000"); err == nil {
		t.Fatal("another passcode opens it")
	}
	f := documentsFixture{Recovery: x.kit.Recovery.Text(), Contents: map[string]string{}, Upload: hex.EncodeToString(x.sent[:]), There: int64(len(x.there))}
	f.Format, f.Note, f.Made, f.Store = 2, fixtureNote, s.Now().Truncate(time.Second), s.ID().String()
	for name, b := range x.contents {
		f.Contents[name] = hashOf(b)
	}
	for i, l := range x.links {
		o, err := openLink(s, x.url(t, i), l.Passcode)
		if err != nil {
			t.Fatal(err)
		}
		var jwe bytes.Buffer
		if err := o.File(1, &jwe); err != nil {
			t.Fatal(err)
		}
		o.Close()
		f.Links = append(f.Links, fixtureLink{Link: l.Link, Passcode: l.Passcode, Key: l.Key, File: hashOf(jwe.Bytes()), Used: i})
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		t.Fatal(err)
	}
	packFixture(t, dir, filepath.Join(to, "store.tar.gz"))
	b := must[[]byte](t)(json.MarshalIndent(f, "", " "))
	if err := os.WriteFile(filepath.Join(to, "want.json"), append(b, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestDocumentsFixture: contents, links and an upload that an earlier program wrote are
// what they were.
func TestDocumentsFixture(t *testing.T) {
	t.Parallel()
	dir, want, opt := openFixture(t, "documents")
	var f documentsFixture
	if err := json.Unmarshal(must[[]byte](t)(os.ReadFile("testdata/documents/want.json")), &f); err != nil {
		t.Fatal(err)
	}
	start := time.Now() // the upload and the links have a day, and an hour
	opt.Now = func() time.Time { return want.Made.Add(10*time.Minute + time.Since(start)) }
	s := open(t, dir, opt)
	if r := must[store.VerifyReport](t)(s.Verify(t.Context(), nil)); r.All() != 0 || r.LeftOver != 0 || s.ID().String() != f.Store {
		t.Errorf("%+v", r)
	}
	srv := holdertest.Server{Store: s}
	h := must[*holder.Holder](t)(holder.Unlock(t.Context(), srv, must[crypto.RecoveryCode](t)(crypto.ParseRecoveryCode(f.Recovery)).Slot(), holder.Memory{}))
	defer h.Close()
	me := must[*store.View](t)(srv.View(t.Context(), signIn(t, h)))
	defer me.Close()
	for name, sum := range f.Contents {
		part := strings.Split(name, "/")
		var version record.Version
		fmt.Sscan(part[2], &version)
		if got := hashOf(contentOf(t, me, part[1], version)); got != sum {
			t.Errorf("%s is %s, and was %s", name, got, sum)
		}
	}
	for _, l := range f.Links {
		url := must[crypto.Credential](t)(crypto.ParseToken("chdl_" + l.Link))
		if l.Passcode != "" {
			_, err := openLink(s, url, "0000")
			if wrong, ok := errors.AsType[store.WrongPasscode](err); !ok || wrong.Remaining != 5-1-l.Used {
				t.Errorf("another passcode: %v", err)
			}
		}
		o, err := openLink(s, url, l.Passcode)
		if err != nil {
			t.Errorf("a link: %v", err)
			continue
		}
		var jwe bytes.Buffer
		if err := o.File(1, &jwe); err != nil || hashOf(jwe.Bytes()) != l.File || hex.EncodeToString(o.Key.Bytes()) != l.Key {
			t.Errorf("its file: %d bytes, %v", jwe.Len(), err)
		}
		o.Close()
	}
	var id store.SentID
	copy(id[:], must[[]byte](t)(hex.DecodeString(f.Upload)))
	if x := must[store.Sent](t)(me.Sent(t.Context(), id)); x.Offset != f.There || x.Size != 300<<10 {
		t.Errorf("the upload: %+v", x)
	}
	x := must[store.Sent](t)(me.Send(t.Context(), id, f.There, bytes.NewReader(scan(300 << 10)[f.There:])))
	put(t, me, claim("claimed", x.ID, ""))
	if !bytes.Equal(contentOf(t, me, "claimed", 0), scan(300<<10)) {
		t.Error("an upload that an earlier program began is another content")
	}
}

// TestSecondDocumentsFixture: and so they are to the second reader.
func TestSecondDocumentsFixture(t *testing.T) {
	node(t)
	t.Parallel()
	dir, want, _ := openFixture(t, "documents")
	var f documentsFixture
	if err := json.Unmarshal(must[[]byte](t)(os.ReadFile("testdata/documents/want.json")), &f); err != nil {
		t.Fatal(err)
	}
	out := &secondStore{}
	out.write(t, dir)
	var got struct {
		secondRead
		Uploads []struct {
			ID          string
			Size, There int64
		}
	}
	secondReader(t, "open", out.with("recovery", f.Recovery), &got)
	found := 0
	for _, v := range got.Entries {
		if sum, there := f.Contents[fmt.Sprintf("%s/%d", v.Ref, v.Version)]; there && v.Content.SHA256 == sum {
			found++
		}
	}
	if found != len(f.Contents) || got.Store != f.Store {
		t.Errorf("%d contents of %d", found, len(f.Contents))
	}
	if len(got.Uploads) != 1 || got.Uploads[0].ID != f.Upload || got.Uploads[0].There != f.There {
		t.Errorf("%+v", got.Uploads)
	}
	var opened struct {
		Links []struct {
			Opens  bool
			Failed string
			Used   int
			Files  []struct{ Bytes int }
		}
	}
	secondReader(t, "link", out.with("links", f.Links, "now", want.Made.Unix()+600), &opened)
	for i, l := range opened.Links {
		if !l.Opens || l.Used != f.Links[i].Used || len(l.Files) != 1 || l.Files[0].Bytes != []int{1000, 140 << 10}[i] {
			t.Errorf("link %d: %+v", i, l)
		}
	}
}
