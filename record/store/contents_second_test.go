package store_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/crypto/jose"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/holder/holdertest"
	"carehold/record/keys"
	"carehold/record/store"
)

// documents is a record with everything that is large or beside it: contents of every
// size in versions of Binaries, links with and without a passcode, and uploads.
type documents struct {
	s        *store.Store
	srv      holdertest.Server
	h        *holder.Holder
	kit      *holder.Kit
	me       *store.View
	contents map[string][]byte // by Binary/id/version
	links    []madeLink
	sent     store.SentID // under way
	there    []byte       // of it
}

// madeLink is a link that the device made.
type madeLink struct {
	Link     string `json:"link"`
	Passcode string `json:"passcode,omitempty"`
	Key      string `json:"key"`

	id    crypto.CapsuleID
	plain []byte
	grant record.GrantID
}

func enrolDocuments(t *testing.T, s *store.Store) *documents {
	t.Helper()
	x := &documents{s: s, srv: holdertest.Server{Store: s}, contents: map[string][]byte{}}
	ticket := must[crypto.Credential](t)(s.Invite(t.Context(), keys.Invite{Until: s.Now().Add(time.Hour)})).Token()
	var err error
	x.h, x.kit, err = holder.Enrol(t.Context(), x.srv, holder.Enrolment{Invite: ticket, Passphrase: crypto.SecretString("a passphrase of some words"), Label: "laptop", Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.h.Close)
	x.me = x.session(t)
	put(t, x.me, allergy)
	return x
}

func makeDocuments(t *testing.T, s *store.Store) *documents {
	t.Helper()
	x := enrolDocuments(t, s)
	x.upload(t, "small", scan(1000))
	x.upload(t, "letter", scan(3<<20))
	x.inline(t, "letter", scan(400<<10))                                                          // a later version, sent as JSON
	x.upload(t, "letter", scan(64<<10-1))                                                         // and one that fills the first row
	put(t, x.me, `{"resourceType":"Binary","id":"old","contentType":"text/plain","data":"QUJD"}`) // in its JSON
	x.contents["Binary/old/1"] = []byte("ABC")

	x.link(t, "", true, 700<<10)
	x.link(t, "Straße 9", true, 300<<10)
	x.link(t, "4711", false, 10)
	for range 2 { // wrong, and so counted
		if _, err := openLink(s, x.url(t, 2), "0000"); err == nil {
			t.Fatal("another passcode opens it")
		}
	}

	x.begin(t, 600<<10, 300<<10)
	return x
}

func (x *documents) session(t *testing.T) *store.View {
	t.Helper()
	v := must[*store.View](t)(x.srv.View(t.Context(), signIn(t, x.h)))
	t.Cleanup(v.Close)
	return v
}

// begin sends some of a content, of which the whole parts are there then.
func (x *documents) begin(t *testing.T, size, some int) {
	t.Helper()
	all, whole := scan(size), some/(256<<10)*(256<<10)
	begun := must[store.Sent](t)(x.me.Begin(t.Context(), int64(size)))
	got, err := x.me.Send(t.Context(), begun.ID, 0, bytes.NewReader(all[:some]))
	if err != nil || got.Offset != int64(whole) {
		t.Fatalf("%+v %v", got, err)
	}
	x.sent, x.there = begun.ID, all[:whole]
}

func (x *documents) upload(t *testing.T, id string, content []byte) {
	t.Helper()
	res := put(t, x.me, claim(id, send(t, x.me, content, 1<<20), ""))
	x.contents[fmt.Sprintf("Binary/%s/%d", id, res.Version)] = content
}

func (x *documents) inline(t *testing.T, id string, content []byte) {
	t.Helper()
	res := put(t, x.me, `{"resourceType":"Binary","id":"`+id+`","data":"`+base64.StdEncoding.EncodeToString(content)+`","contentType":"image/png"}`)
	x.contents[fmt.Sprintf("Binary/%s/%d", id, res.Version)] = content
}

// link makes a link as a device does: one file, of so many bytes, and a summary.
func (x *documents) link(t *testing.T, passcode string, summary bool, size int) {
	t.Helper()
	l := holder.PrepareLink()
	defer l.Destroy()
	plain := scan(size)
	jwe := []byte(must[string](t)(jose.Seal(l.Key, "application/fhir+json", plain, passcode == "")))
	kept := jwe
	if passcode != "" {
		kept = l.Guard(1, jwe)
	}
	made := x.s.Now().Truncate(time.Second)
	list := keys.MarshalFiles([]keys.LinkFile{{ContentType: "application/fhir+json", Size: int64(len(jwe)), Made: made}})
	for n, b := range [][]byte{1: kept, 0: list} {
		if err := x.me.PutLinkFile(t.Context(), l.ID(), n, bytes.NewReader(b)); err != nil {
			t.Fatal(err)
		}
	}
	issued := must[holder.Issued](t)(x.h.Link(t.Context(), l, holder.LinkRequest{Passcode: crypto.SecretString(passcode), Tries: 5, Summary: summary,
		GrantRequest: holder.GrantRequest{To: grant.Party{Name: "Ward 7"}, Sections: grant.Clinical, Scopes: scopes("patient/*.rs"), Purpose: "TREAT", Lasts: time.Hour}}))
	x.links = append(x.links, madeLink{Link: issued.Token, Passcode: passcode, Key: hex.EncodeToString(l.Key.Bytes()), id: l.ID(), plain: plain, grant: issued.Grant.ID})
}

func (x *documents) url(t *testing.T, i int) crypto.Credential {
	t.Helper()
	return must[crypto.Credential](t)(crypto.ParseToken("chdl_" + x.links[i].Link))
}

// equal demands every content, byte for byte, raw and in the JSON.
func (x *documents) equal(t *testing.T, v *store.View) {
	t.Helper()
	for name, want := range x.contents {
		part := strings.Split(name, "/")
		var version record.Version
		fmt.Sscan(part[2], &version)
		if got := contentOf(t, v, part[1], version); !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, and another content", name, len(got))
		}
		body := wholeBody(t, v, must[store.Entry](t)(v.Read(t.Context(), binaryRef(part[1]), version)))
		r := must[*fhir.Resource](t)(fhir.Parse(body, fhir.Limits{}))
		if r.Root().Get("data").Text() != base64.StdEncoding.EncodeToString(want) {
			t.Errorf("%s: as JSON it is another", name)
		}
	}
}

// TestSecondContents: the second reader gives every content back as the program does,
// opens links and uploads, and refuses them where a byte is altered.
func TestSecondContents(t *testing.T) {
	node(t)
	if testing.Short() {
		t.Skip("makes and reads a store with large documents")
	}
	t.Parallel()
	dir, s := newStore(t)
	x := makeDocuments(t, s)
	want := secondVersions(t, x.me)
	apart := 0
	for _, v := range want {
		if v.Content.SHA256 != "" {
			apart++
		}
	}
	if apart != 4 {
		t.Fatalf("%d versions have their content apart", apart)
	}
	reading, _, err := x.h.SignInToRead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	now := s.Now().Unix()
	out := &secondStore{}
	out.write(t, dir)

	var got struct {
		secondRead
		Uploads []struct {
			ID, Grant, SHA256 string
			Size, There       int64
		}
		Links []struct {
			ID          string
			Used, Files int
			List        []struct{ Type string }
		}
	}
	secondReader(t, "open", out.with("recovery", x.kit.Recovery.Text()), &got)
	compareVersions(t, got.Entries, want)
	for _, v := range got.Entries {
		if content, there := x.contents[fmt.Sprintf("%s/%d", v.Ref, v.Version)]; there && v.Content.SHA256 != "" {
			if sum := sha256.Sum256(content); v.Content.SHA256 != hex.EncodeToString(sum[:]) || v.Content.Bytes != int64(len(content)) {
				t.Errorf("%s/%d: another content", v.Ref, v.Version)
			}
		}
	}
	if sum := sha256.Sum256(x.there); len(got.Uploads) != 1 || got.Uploads[0].ID != hex.EncodeToString(x.sent[:]) || got.Uploads[0].Size != 600<<10 ||
		got.Uploads[0].There != int64(len(x.there)) || got.Uploads[0].SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("uploads: %+v", got.Uploads)
	}
	used := map[string]int{}
	for _, l := range got.Links {
		used[l.ID] = l.Used
		if l.Files != 2 || len(l.List) != 1 {
			t.Errorf("%+v", l)
		}
	}
	if len(used) != 3 || used[hex.EncodeToString(x.links[2].id[:])] != 2 {
		t.Errorf("tries: %v", used)
	}

	// Links, and what a token of the same grant would show.
	type secondLink struct {
		Opens, Guarded, Summary bool
		Failed, Grant           string
		Used                    int
		Files                   []struct {
			SHA256 string
			Bytes  int
		}
		Entries []secondVersion
	}
	var opened struct{ Links []secondLink }
	wrong := x.links[1]
	wrong.Passcode = "Strasse 9"
	secondReader(t, "link", out.with("links", append(slices.Clone(x.links), wrong), "now", now), &opened)
	for i, l := range opened.Links[:3] {
		sum := sha256.Sum256(x.links[i].plain)
		if !l.Opens || l.Guarded != (x.links[i].Passcode != "") || l.Grant != x.links[i].grant.String() || len(l.Files) != 1 || l.Files[0].SHA256 != hex.EncodeToString(sum[:]) {
			t.Errorf("link %d: %+v", i, l)
		}
		if l.Summary != (i < 2) || (len(l.Entries) > 0) != l.Summary {
			t.Errorf("link %d shows %d entries", i, len(l.Entries))
		}
	}
	if l := opened.Links[3]; l.Opens || l.Failed != "the passcode is the link's" || len(l.Files) != 0 || len(l.Entries) != 0 {
		t.Errorf("with another passcode: %+v", l)
	}

	// A session that may read the log.
	var tokens struct {
		Tokens []struct {
			secondToken
			Reading struct{ Generations, Grants int }
		}
	}
	secondReader(t, "grant", out.with("token", reading, "now", now), &tokens)
	if len(tokens.Tokens) != 1 || !tokens.Tokens[0].Opens || tokens.Tokens[0].Reading.Generations != 1 || tokens.Tokens[0].Reading.Grants != 4 {
		t.Errorf("%+v", tokens)
	}
	out.damageContents(t, x)
}

// damageContents alters a byte of each row of a content, of an upload and of tries.
func (s *secondStore) damageContents(t *testing.T, x *documents) {
	t.Helper()
	var bad []map[string]any
	kinds := map[byte]int{}
	for row, value := range s.rows {
		key := must[[]byte](t)(hex.DecodeString(row.Key))
		if row.Partition != x.h.Person().String() || !strings.ContainsRune("exwt", rune(key[0])) {
			continue
		}
		kinds[key[0]]++
		for _, at := range []int{0, len(value) / 2, -1} {
			bad = append(bad, map[string]any{"name": fmt.Sprintf("%c %s at %d", key[0], row.Key, at), "row": row, "flip": at})
		}
	}
	if kinds['e'] != 6 || kinds['x'] < 15 || kinds['w'] != 1 || kinds['t'] != 1 {
		t.Errorf("rows: %v", kinds)
	}
	var out struct {
		Results []struct {
			Name    string
			Refused bool
		}
	}
	secondReader(t, "damage", s.with("recovery", x.kit.Recovery.Text(), "alterations", bad), &out)
	for _, r := range out.Results {
		if !r.Refused {
			t.Errorf("the second reader takes a store with an altered byte: %s", r.Name)
		}
	}
	t.Logf("%d damaged stores refused", len(out.Results))
}
