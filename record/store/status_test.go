package store_test

import (
	"path/filepath"
	"testing"

	"carehold/record/store"
)

// One record whose first rows are damaged is counted, and the others all the same:
// an operator who asks what is wrong must be told, not refused.
func TestStatusWithDamage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	if err := store.Init(dir); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, store.Options{})
	broken, whole := enrol(t, s), enrol(t, s)
	whole.share(clinician(s))
	put(t, whole.session(), allergy)
	if st := count(t, s); st.People != 2 || st.Broken != 0 || st.Grants != 1 {
		t.Fatalf("before: %+v", st)
	}
	s.Close()
	key := string(broken.person[:]) + "a" // docs/format.md, "Rows"
	account := rows(t, dir)[key]
	if account == nil {
		t.Fatal("there is no account row")
	}
	account[len(account)/2] ^= 1
	plant(t, dir, map[string][]byte{key: account})
	s = open(t, dir, store.Options{})
	if st := count(t, s); st.People != 1 || st.Broken != 1 || st.Grants != 1 || st.Used == 0 {
		t.Errorf("with a damaged record: %+v", st)
	}
}
