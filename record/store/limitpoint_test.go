package store_test

import (
	"errors"
	"fmt"
	"testing"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

// letterIn is a letter of a category that has a file.
func letterIn(id, category, file string) string {
	if id != "" {
		id = fmt.Sprintf(`"id":"%s",`, id)
	}
	return fmt.Sprintf(`{"resourceType":"DocumentReference",%s"status":"current","category":[{"coding":[{"system":"urn:category","code":"%s"}]}],"content":[{"attachment":{"url":"%s"}}]}`, id, category, file)
}

// Who may read letters of one category, and write such, reads no file by having one of
// these point to it; nor does the person lend them their name by changing that letter
// later. Whether there is such a file makes no difference.
func TestPointToRead(t *testing.T) {
	for name, c := range map[string]struct {
		scopes string
		point  func(v *store.View, file string) (letter string, err error)
	}{
		"a letter of theirs": {"patient/DocumentReference.crs?category=clinical-note patient/Binary.r", func(v *store.View, file string) (string, error) {
			res, err := create(v, letterIn("", "clinical-note", file))
			if err != nil {
				return "", err
			}
			return res[0].Ref.ID, nil
		}},
		"a letter of the person's": {"patient/DocumentReference.rus?category=clinical-note patient/Binary.r", func(v *store.View, file string) (string, error) {
			_, err := tryPut(v, letterIn("mine", "clinical-note", file))
			return "mine", err
		}},
		"and again after the person took it off": {"patient/DocumentReference.rus?category=clinical-note patient/Binary.r", func(v *store.View, file string) (string, error) {
			_, err := tryPut(v, letterIn("was", "clinical-note", file))
			return "was", err
		}},
	} {
		_, s := newStore(t)
		d := enrol(t, s)
		me := d.session()
		put(t, me, large("secret", 2000))
		put(t, me, large("given", 2000))
		put(t, me, letterIn("mine", "clinical-note", "Binary/given"))
		put(t, me, letterIn("was", "clinical-note", "Binary/secret"))
		put(t, me, letterIn("was", "clinical-note", "Binary/given"))
		v := narrowedTo(t, s, d, c.scopes)
		answers := func(when string) {
			t.Helper()
			for _, id := range []string{"secret", "never"} {
				for _, version := range []record.Version{0, 1} {
					if _, err := v.Read(ctx, binaryRef(id), version); !errors.Is(err, record.NotFound) {
						t.Errorf("%s, %s: %s: %v", name, when, id, err)
					}
					if _, err := v.Content(ctx, binaryRef(id), version); !errors.Is(err, record.NotFound) {
						t.Errorf("%s, %s: content of %s: %v", name, when, id, err)
					}
				}
			}
			if _, err := v.Read(ctx, binaryRef("given"), 0); err != nil {
				t.Errorf("%s, %s: what the person gave them: %v", name, when, err)
			}
		}
		answers("before")
		if _, err := c.point(v, "Binary/never"); err != nil {
			t.Fatal(name, err)
		}
		letter, err := c.point(v, "Binary/secret")
		if err != nil {
			t.Fatal(name, err)
		}
		put(t, me, letterIn("again", "clinical-note", "Binary/given"))
		answers("pointed")
		put(t, me, fmt.Sprintf(`{"description":"seen",%s`, letterIn(letter, "clinical-note", "Binary/secret")[1:]))
		answers("and changed by the person")
		put(t, me, letterIn("theirs", "clinical-note", "Binary/secret")) // now the person says so
		if _, err := v.Read(ctx, binaryRef("secret"), 0); err != nil {
			t.Errorf("%s: given by the person: %v", name, err)
		}
	}
}

// What they wrote themselves, letter and file, they read; not what the person then put
// in the file's place. A letter of the person's that they mended keeps its file.
func TestPointToOwn(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	put(t, me, large("given", 2000))
	put(t, me, letterIn("mine", "clinical-note", "Binary/given"))
	v := narrowedTo(t, s, d, "patient/DocumentReference.crus?category=clinical-note patient/Binary.cr")
	res, err := create(v, `{"resourceType":"Binary","contentType":"text/plain","data":"aGVsbG8="}`)
	if err != nil {
		t.Fatal(err)
	}
	file := res[0].Ref
	if _, err := v.Read(ctx, file, 0); !errors.Is(err, record.NotFound) {
		t.Errorf("before a letter has it: %v", err)
	}
	if _, err := create(v, letterIn("", "clinical-note", file.String())); err != nil {
		t.Fatal(err)
	}
	put(t, v, fmt.Sprintf(`{"description":"mended",%s`, letterIn("mine", "clinical-note", "Binary/given")[1:]))
	for _, ref := range []fhir.Ref{file, binaryRef("given")} {
		if _, err := v.Read(ctx, ref, 0); err != nil {
			t.Errorf("%s: %v", ref, err)
		}
	}
	put(t, me, fmt.Sprintf(`{"resourceType":"Binary","id":"%s","contentType":"text/plain","data":"c2VjcmV0"}`, file.ID))
	for _, version := range []record.Version{0, 1, 2} {
		if _, err := v.Read(ctx, file, version); !errors.Is(err, record.NotFound) {
			t.Errorf("what the person put in its place: %v", err)
		}
	}
	if _, err := me.Apply(ctx, []change.Change{{Verb: change.Delete, Ref: file}}, store.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Read(ctx, file, 0); !errors.Is(err, record.NotFound) {
		t.Errorf("deleted: %v", err)
	}
}
