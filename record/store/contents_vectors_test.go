package store_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/crypto/jose"
	"carehold/record"
	"carehold/record/entry"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/wire"
)

// The expected values in these vectors are those of generate_contents.py beside them,
// a second implementation that shares nothing with this one. The second reader, a
// third, runs them too.

func readVectors(t *testing.T, name string, into any) {
	t.Helper()
	b := must[[]byte](t)(os.ReadFile(filepath.Join("..", "..", "crypto", "testdata", "vectors", name+".json")))
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(name, err)
	}
}

// hexed is bytes in hex in the vectors.
type hexed []byte

func (h *hexed) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

func vectorKey(t *testing.T, b []byte) crypto.Key {
	t.Helper()
	return must[crypto.Key](t)(crypto.KeyFrom(b))
}

type linkVector struct {
	Name, Segment string
	ID            hexed
	Hour          uint32
	Blob          hexed
	Passcodes     []string
	Person, Grant hexed
	AuditKey      hexed `json:"audit_key"`
	End           int64
	Flags         uint64
	Tries         uint32
	Salt, Key     hexed
	GrantKey      hexed `json:"grant_key"`
	Outer         hexed
	File          struct {
		Number     int
		Row        hexed
		JWE, Plain string
	}
}

// open opens the outer half, and the inner one with a passcode.
func (v linkVector) open(t *testing.T, passcode string) (l keys.LinkCapsule, s keys.LinkSecrets, err error) {
	t.Helper()
	c := must[crypto.Credential](t)(crypto.ParseToken("chdl_" + v.Segment))
	id := c.CapsuleID()
	if !bytes.Equal(id[:], v.ID) {
		t.Errorf("%s: the capsule's id is %x", v.Name, id)
	}
	if l, err = keys.OpenLink(c.CapsuleKey(), record.Capsule{ID: id, Hour: v.Hour, Blob: v.Blob}); err != nil {
		return l, s, err
	}
	s, err = l.Open(c, crypto.SecretString(passcode))
	return l, s, err
}

func TestVectorsLink(t *testing.T) {
	t.Parallel()
	var file struct {
		Keys []struct {
			Secret, Salt, Key hexed
			Passcode          *string
		}
		Opens, Refused []linkVector
		Lists          []struct {
			Row   hexed
			Files []struct {
				Type         string
				Length, Made int64
			}
		}
		Tries []struct {
			NodeKey        hexed `json:"node_key"`
			Store, ID, Row hexed
			Count          uint32
		}
	}
	readVectors(t, "link", &file)
	if len(file.Keys) < 18 || len(file.Opens) < 5 || len(file.Refused) < 17 || len(file.Lists) < 3 || len(file.Tries) < 4 {
		t.Fatal("there are fewer vectors than there were")
	}
	url := must[crypto.Credential](t)(crypto.ParseToken("chdl_" + file.Opens[0].Segment))
	for i, v := range file.Keys {
		var passcode crypto.Secret
		if v.Passcode != nil {
			passcode = crypto.SecretString(*v.Passcode)
		}
		if got := url.LinkKey(passcode, [16]byte(v.Salt)); !got.Equal(vectorKey(t, v.Key)) {
			t.Errorf("key %d is another", i)
		}
	}
	for _, v := range file.Opens {
		typed := v.Passcodes
		if len(typed) == 0 {
			typed = []string{"", "of no meaning"}
		}
		for _, passcode := range typed {
			l, s, err := v.open(t, passcode)
			if err != nil {
				t.Errorf("%s: %v", v.Name, err)
				continue
			}
			if !bytes.Equal(l.Person[:], v.Person) || !bytes.Equal(l.Grant[:], v.Grant) || !bytes.Equal(l.Salt[:], v.Salt) || !l.Audit.Equal(vectorKey(t, v.AuditKey)) ||
				l.Until.Unix() != v.End || uint64(l.Flags) != v.Flags || l.Tries != v.Tries {
				t.Errorf("%s: %+v", v.Name, l)
			}
			for _, k := range []struct {
				got  crypto.Key
				want hexed
			}{{s.Key, v.Key}, {s.Grant, v.GrantKey}, {s.Outer, v.Outer}} {
				if k.got.IsZero() != (k.want == nil) || k.want != nil && !k.got.Equal(vectorKey(t, k.want)) {
					t.Errorf("%s: a key is another", v.Name)
				}
			}
			jwe := []byte(v.File.Row)
			if !s.Outer.IsZero() {
				jwe = must[[]byte](t)(keys.OpenLinkFile(s.Outer, crypto.CapsuleID(v.ID), v.File.Number, jwe))
				if _, err := keys.OpenLinkFile(s.Outer, crypto.CapsuleID(v.ID), v.File.Number+1, v.File.Row); err == nil {
					t.Errorf("%s: a file opens as another", v.Name)
				}
			}
			typ, plain, err := jose.Open(s.Key, jwe, 1<<20)
			if err != nil || string(jwe) != v.File.JWE || string(plain) != v.File.Plain || typ != "application/fhir+json" {
				t.Errorf("%s: the file is a %q of %d bytes, %v", v.Name, typ, len(plain), err)
			}
		}
	}
	for _, v := range file.Refused {
		for _, passcode := range append(v.Passcodes, "") {
			if _, _, err := v.open(t, passcode); err == nil {
				t.Errorf("%s: it opens", v.Name)
			}
		}
	}
	for i, v := range file.Lists {
		list := must[[]keys.LinkFile](t)(keys.ParseFiles(v.Row))
		if len(list) != len(v.Files) || !bytes.Equal(keys.MarshalFiles(list), v.Row) {
			t.Fatalf("list %d: %+v", i, list)
		}
		for j, f := range v.Files {
			made := list[j].Made.Unix()
			if list[j].Made.IsZero() {
				made = 0
			}
			if list[j].ContentType != f.Type || list[j].Size != f.Length || made != f.Made {
				t.Errorf("list %d: %+v", i, list[j])
			}
		}
	}
	for _, v := range file.Tries {
		mac := vectorKey(t, v.NodeKey).MAC(crypto.LabelTries, v.Store, v.ID, crypto.U32(v.Count))
		if !bytes.Equal(append(crypto.U32(v.Count), mac[:]...), v.Row) {
			t.Errorf("%d tries: the row is another", v.Count)
		}
	}
}

type contentVector struct {
	Name, Type, ID, JSON, Lead, Trail string
	Entry                             hexed
	Stamp                             uint64 `json:",string"`
	Rows                              []hexed
	At                                int
	Length                            int64
	ContentSHA256                     hexed `json:"content_sha256"`
	ResourceSHA256                    hexed `json:"resource_sha256"`
	ResourceLength                    int   `json:"resource_length"`
}

// open opens the version, as far as a reader of its first row does, and all of it.
func (v contentVector) open(t *testing.T, hold *keys.Hold) (h entry.Header, json, plain []byte, err error) {
	t.Helper()
	id := hold.EntryID(v.Type, v.ID)
	if !bytes.Equal(id[:], v.Entry) {
		t.Errorf("%s: the entry's id is %x", v.Name, id)
	}
	sealed := [][]byte{v.Rows[0][sha256.Size:]}
	for _, r := range v.Rows[1:] {
		sealed = append(sealed, r)
	}
	s, e, ok := hold.Recognise(id, record.Version(v.Stamp), sealed[0])
	if !ok || s != record.Documents || e != 1 {
		t.Fatalf("%s: recognised as section %v, epoch %d, %v", v.Name, s, e, ok)
	}
	sums := must[[][sha256.Size]byte](t)(keys.Parts(sealed[0]))
	for i, sum := range sums {
		if sha256.Sum256(sealed[i+1]) != sum {
			t.Errorf("%s: row %d is another", v.Name, i+1)
		}
	}
	first := must[[]byte](t)(hold.OpenFirst(s, e, id, record.Version(v.Stamp), sealed[0]))
	plain = must[[]byte](t)(hold.OpenEntry(s, e, id, record.Version(v.Stamp), sealed))
	h, json, err = entry.Parse(first)
	if err == nil && hold.EntryID(h.Type, h.ID) != id {
		err = wire.ErrFormat
	}
	return h, json, plain, err
}

// vectorHold is a grant to everything, in epoch 1, under the keys of the examples of
// docs/format.md.
func vectorHold(t *testing.T) *keys.Hold {
	t.Helper()
	key := func(b byte) crypto.Key { return vectorKey(t, bytes.Repeat([]byte{b}, crypto.KeySize)) }
	identity := crypto.NewSigningKey(key(0x65))
	person := record.PersonID(crypto.PersonOf(identity.Public()))
	g := record.GrantID(bytes.Repeat([]byte{0x21}, 16))
	full := grant.Grant{ID: g, Person: person, Self: true, To: grant.Party{Name: "you"}, Sections: record.AllSections,
		Scopes: scopes("patient/*.cruds"), Purpose: "PATRQT", From: time.Unix(1795269600, 0).UTC(), Daily: 1_000_000}
	row := must[*keys.GrantRow](t)(keys.OpenGrantRow(person, g, keys.GrantKey(key(0x66), g),
		keys.SealGrantRow(full, full.Sign(identity), keys.EpochKey{Epoch: 1, Key: key(0x51)}, key(0x41), key(0x66), key(0x61))))
	return row.Hold
}

func TestVectorsContent(t *testing.T) {
	t.Parallel()
	var file struct {
		Opens, Refused []contentVector
		Whole          []contentVector `json:"refused_whole"`
	}
	readVectors(t, "content", &file)
	if len(file.Opens) < 8 || len(file.Refused) < 14 || len(file.Whole) < 4 {
		t.Fatal("there are fewer vectors than there were")
	}
	hold := vectorHold(t)
	for _, v := range file.Opens {
		h, body, plain, err := v.open(t, hold)
		if err != nil || h.Content == nil || string(body) != v.JSON || !h.Holds(plain) {
			t.Errorf("%s: %+v %s %v", v.Name, h, body, err)
			continue
		}
		c := h.Content
		if c.At != v.At || string(c.Lead) != v.Lead || string(c.Trail) != v.Trail || c.Length != v.Length || !bytes.Equal(c.SHA256[:], v.ContentSHA256) ||
			h.Time.Unix() != 1795269720 || !h.Author.Self || h.Author.Name != "you" || h.Why != "type:Binary" {
			t.Errorf("%s: %+v", v.Name, h)
		}
		content := plain[must[int64](t)(entry.ContentAt(plain)):]
		if sum := sha256.Sum256(content); int64(len(content)) != v.Length || !bytes.Equal(sum[:], v.ContentSHA256) {
			t.Errorf("%s: a content of %d bytes is another", v.Name, len(content))
		}
		served := string(body[:c.At]) + string(c.Lead) + base64.StdEncoding.EncodeToString(content) + string(c.Trail) + string(body[c.At:])
		if sum := sha256.Sum256([]byte(served)); len(served) != v.ResourceLength || !bytes.Equal(sum[:], v.ResourceSHA256) {
			t.Errorf("%s: served it is %.200s", v.Name, served)
		}
		// What this program would write is the same, but for what is random.
		if again := append(entry.Marshal(h, body), content...); !bytes.Equal(again, plain) {
			t.Errorf("%s: written again it is another", v.Name)
		}
		for i := range content[:min(len(content), 3)] {
			if row, at := keys.Place(int64(len(plain)-len(content)) + int64(i)); row != 0 || at != 4+len(plain)-len(content)+i {
				t.Errorf("%s: byte %d is in row %d at %d", v.Name, i, row, at)
			}
		}
	}
	for _, v := range file.Refused {
		if h, _, _, err := v.open(t, hold); err == nil {
			t.Errorf("%s: it is read as %+v", v.Name, h)
		}
	}
	for _, v := range file.Whole {
		if h, _, plain, err := v.open(t, hold); err == nil && h.Holds(plain) {
			t.Errorf("%s: it holds %+v", v.Name, h)
		}
	}
}

func TestVectorsUpload(t *testing.T) {
	t.Parallel()
	var file struct {
		Opens []struct {
			GrantKey              hexed `json:"grant_key"`
			Person, Grant, Upload hexed
			Size, There, Until    uint64
			Row                   hexed
			Parts                 []hexed
		}
	}
	readVectors(t, "upload", &file)
	if len(file.Opens) < 3 {
		t.Fatal("there are fewer vectors than there were")
	}
	for _, v := range file.Opens {
		key := keys.TokenCapsule{Key: vectorKey(t, v.GrantKey)}.SentKey()
		at := func(i uint32) crypto.Context {
			return keys.SentContext(record.PersonID(v.Person), record.GrantID(v.Grant), [16]byte(v.Upload), i)
		}
		until := time.Unix(int64(v.Until), 0)
		if hour, size := binary.BigEndian.Uint32(v.Row), binary.BigEndian.Uint64(v.Row[4:]); hour != keys.ExpiryHour(until) || size != v.Size {
			t.Errorf("it says hour %d and %d bytes", hour, size)
		}
		d := wire.Decode("upload", must[[]byte](t)(key.Open(at(1<<32-1), v.Row[12:])))
		if size, there, end := d.Uint(1), d.Uint(2), d.Time(3); d.Finish() != nil || size != v.Size || there != v.There || !end.Equal(until) {
			t.Errorf("%d bytes of %d until %v", there, size, end)
		}
		var all []byte
		for i, p := range v.Parts {
			all = append(all, must[[]byte](t)(key.Open(at(uint32(i)), p))...)
		}
		for i, b := range all {
			if int(b) != i%251 {
				t.Fatalf("byte %d is %d", i, b)
			}
		}
		if uint64(len(all)) != v.There {
			t.Errorf("%d bytes are there", len(all))
		}
	}
}
