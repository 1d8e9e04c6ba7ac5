package store_test

import (
	"bytes"
	"crypto/sha256"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/keys"
)

// The expected values in these vectors are those of generate_requests.py beside them, a
// second implementation; the second reader runs them too.

type termsVector struct {
	Name, Kind, Token string
	ID, Blob          hexed
	Hour              uint32
	Person, Grant     hexed
	GrantKey          hexed `json:"grant_key"`
	AuditKey          hexed `json:"audit_key"`
	End               int64
	Client, Scope     string
	Bound, Challenge  hexed
	Place, Backend    uint32
	Redirect, Nonce   string
	Public            hexed `json:"public_sha256"`
	Fetched           int64
	Words             string
	terms             keys.TokenCapsule
	refresh           keys.Refresh
	code              keys.Code
}

func (v termsVector) capsule(t *testing.T) (crypto.Credential, record.Capsule) {
	t.Helper()
	c := must[crypto.Credential](t)(crypto.ParseToken(v.Token))
	id := c.CapsuleID()
	if !bytes.Equal(id[:], v.ID) {
		t.Errorf("%s: the capsule's id is %x", v.Name, id)
	}
	return c, record.Capsule{ID: id, Hour: v.Hour, Blob: v.Blob}
}

func unixOf(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.Unix()
}

// open opens it as what it is, and reports whether all of it is the vector's.
func (v termsVector) open(t *testing.T) (same bool, err error) {
	t.Helper()
	c, sealed := v.capsule(t)
	switch k := c.CapsuleKey(); v.Kind {
	case "a":
		v.terms, err = keys.OpenToken(k, sealed)
		same = true
	case "r":
		v.refresh, err = keys.OpenRefresh(k, sealed)
		v.terms, same = v.refresh.TokenCapsule, v.refresh.Number == v.Place && v.refresh.Backend == (v.Backend == 1)
	case "c":
		v.code, err = keys.OpenCode(k, sealed)
		v.terms, same = v.code.TokenCapsule, v.code.Redirect == v.Redirect && v.code.Nonce == v.Nonce && bytes.Equal(v.code.Challenge[:], v.Challenge)
	default:
		a, err := keys.OpenAddress(k, sealed)
		return bytes.Equal(a.Person[:], v.Person) && unixOf(a.Until) == v.End, err
	}
	if err != nil {
		return false, err
	}
	bound := make(hexed, 32)
	copy(bound, v.Bound)
	x := v.terms
	return same && bytes.Equal(x.Person[:], v.Person) && bytes.Equal(x.Grant[:], v.Grant) && x.Key.Equal(vectorKey(t, v.GrantKey)) && x.Audit.Equal(vectorKey(t, v.AuditKey)) &&
		unixOf(x.Until) == v.End && x.Client == v.Client && x.Scope == v.Scope && bytes.Equal(x.Bound[:], bound), nil
}

func TestVectorsTerms(t *testing.T) {
	t.Parallel()
	var file struct{ Opens, Refused []termsVector }
	readVectors(t, "terms", &file)
	if len(file.Opens) < 14 || len(file.Refused) < 20 {
		t.Fatal("there are fewer vectors than there were")
	}
	for _, v := range file.Opens {
		if same, err := v.open(t); !same || err != nil {
			t.Errorf("%s: %v, %v", v.Name, same, err)
		}
	}
	for _, v := range file.Refused {
		if _, err := v.open(t); err == nil {
			t.Errorf("%s: it opens", v.Name)
		}
	}
}

func TestVectorsRequest(t *testing.T) {
	t.Parallel()
	type asked struct {
		Name, Organisation, Role, Number, Register, Purpose, Scope, Words, Client string
		ID, Sealed, Bound, Address                                                hexed
		Box                                                                       hexed `json:"box_sha256"`
		Sections                                                                  record.SectionSet
		Lasts, Time                                                               int64
		Verified                                                                  int
	}
	type waits struct {
		Name, Type, JSON, Rule         string
		ID, Sealed, Grant, Certificate hexed
		Opening, Commitment            hexed
		NoRoom                         bool `json:"no_room"`
		Time                           int64
		Entries                        []string
		More                           uint64
		Section                        record.Section
	}
	var file struct {
		Person           []struct{ Person, Seed hexed }
		Answers          []termsVector
		AnswersRefused   []termsVector `json:"answers_refused"`
		Questions        []asked
		QuestionsRefused []asked `json:"questions_refused"`
		Waiting          []waits
		WaitingRefused   []waits `json:"waiting_refused"`
	}
	readVectors(t, "request", &file)
	if len(file.Answers) < 5 || len(file.AnswersRefused) < 9 || len(file.Questions) < 3 || len(file.QuestionsRefused) < 8 || len(file.Waiting) < 5 || len(file.WaitingRefused) < 11 {
		t.Fatal("there are fewer vectors than there were")
	}
	for _, v := range file.Answers {
		c, sealed := v.capsule(t)
		if sum := sha256.Sum256(c.BoxKey().Public().Bytes()); !bytes.Equal(sum[:], v.Public) {
			t.Errorf("%s: its public key is another", v.Name)
		}
		a, err := keys.OpenAnswer(c, sealed)
		if err != nil || a.Yes() != (v.Grant != nil) || !bytes.Equal(a.Person[:], v.Person) || unixOf(a.Until) != v.Fetched || unixOf(a.Ends) != v.End || a.Words != v.Words || a.Scope != v.Scope {
			t.Errorf("%s: %+v, %v", v.Name, a, err)
		} else if a.Yes() && (!bytes.Equal(a.Grant[:], v.Grant) || !a.Key.Equal(vectorKey(t, v.GrantKey)) || !a.Audit.Equal(vectorKey(t, v.AuditKey))) {
			t.Errorf("%s: it gives something else", v.Name)
		}
	}
	for _, v := range file.AnswersRefused {
		if a, err := keys.OpenAnswer(v.capsule(t)); err == nil {
			t.Errorf("%s: it opens: %+v", v.Name, a)
		}
	}
	person, box := record.PersonID(file.Person[0].Person), crypto.NewBoxKey(vectorKey(t, file.Person[0].Seed))
	for _, v := range file.Questions {
		q, err := keys.OpenAsked(person, box, crypto.CapsuleID(v.ID), v.Sealed)
		sum := sha256.Sum256(q.Box)
		want := keys.Question{Box: q.Box, To: grant.Party{Name: "Dr Okafor", Organisation: v.Organisation, Role: v.Role, Number: v.Number, Register: v.Register}, Purpose: v.Purpose, Scope: v.Scope,
			Sections: v.Sections, Lasts: time.Duration(v.Lasts) * time.Second, Words: v.Words, Client: v.Client, Verified: v.Verified == 1, At: q.At}
		copy(want.Bound[:], v.Bound)
		copy(want.Address[:], v.Address)
		if err != nil || !bytes.Equal(sum[:], v.Box) || !bytes.Equal(q.Marshal(), want.Marshal()) || unixOf(q.At) != v.Time {
			t.Errorf("%s: %+v, %v", v.Name, q, err)
		}
	}
	for _, v := range file.QuestionsRefused {
		if _, err := keys.OpenAsked(person, box, crypto.CapsuleID(v.ID), v.Sealed); err == nil {
			t.Errorf("%s: it opens", v.Name)
		}
	}
	for _, v := range file.Waiting {
		c, err := keys.OpenContribution(person, box, [16]byte(v.ID), v.Sealed)
		if err != nil || !bytes.Equal(c.Grant[:], v.Grant) || c.Time.UnixMilli() != v.Time || len(c.Entries) != len(v.Entries) || c.More != v.More || c.Type != v.Type || string(c.JSON) != v.JSON ||
			c.Section != v.Section || c.Why != v.Rule || !bytes.Equal(c.Certificate, v.Certificate) || c.NoRoom != v.NoRoom {
			t.Errorf("%s: %+v, %v", v.Name, c, err)
			continue
		}
		for i := range c.Entries {
			if c.Entries[i] != v.Entries[i] {
				t.Errorf("%s: %q", v.Name, c.Entries)
			}
		}
		if v.Certificate != nil {
			if is, err := c.Commitment(person, [16]byte(v.ID)); err != nil || !bytes.Equal(c.Opening[:], v.Opening) || !is.Equal(v.Commitment) {
				t.Errorf("%s: committed to %x, %v", v.Name, is, err)
			}
			if _, err := grant.Verify(v.Certificate, crypto.NewSigningKey(vectorKey(t, bytes.Repeat([]byte{0x65}, 32))).Public()); err != nil {
				t.Errorf("%s: %v", v.Name, err)
			}
		}
	}
	for _, v := range file.WaitingRefused {
		if c, err := keys.OpenContribution(person, box, [16]byte(v.ID), v.Sealed); err == nil {
			t.Errorf("%s: it opens: %+v", v.Name, c)
		}
	}
}
