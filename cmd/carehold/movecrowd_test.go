package main

import (
	"fmt"
	"strings"
	"testing"
)

// TestMoveSaysWhatStays: of a letter with more files than go along, the person is told how
// many may stay before it is moved, how many did, and what to do.
func TestMoveSaysWhatStays(t *testing.T) {
	x := newExporting(t)
	x.ada()
	files, named := []string{}, []string{}
	for i := range 1003 {
		files = append(files, fmt.Sprintf(`{"resource":{"resourceType":"Binary","id":"f%d","contentType":"text/plain","data":"aGVsbG8="},"request":{"method":"PUT","url":"Binary/f%d"}}`, i, i))
		named = append(named, fmt.Sprintf(`{"attachment":{"url":"Binary/f%d"}}`, i))
	}
	for len(files) > 0 {
		n := min(len(files), 300)
		x.send(x.u.token, "POST", "", "application/fhir+json", []byte(`{"resourceType":"Bundle","type":"transaction","entry":[`+strings.Join(files[:n], ",")+`]}`))
		files = files[n:]
	}
	x.put("DocumentReference/letter", `{"resourceType":"DocumentReference","id":"letter","subject":{"reference":"Patient/`+x.patient()+`"},"status":"current","content":[`+strings.Join(named, ",")+`]}`)
	said := func(words string, args ...string) {
		t.Helper()
		out := strings.Join(strings.Fields(x.command(exitDone, append([]string{"move", "DocumentReference/letter", "--to", "mental-health"}, args...)...)), " ")
		if !strings.Contains(out, words) {
			t.Errorf("%v: it does not say %q: %s", args, words, out[:min(len(out), 600)])
		}
	}
	said("up to 3 of them may stay where they are, open to whoever can read them now", "-n")
	said(`"ref":"DocumentReference/letter","section":"documents","moved":false,"stay":3,"dry_run":true`, "-n", "--json")
	said(`3 files of DocumentReference/letter did not go along, for it names too many: who could read them before still can.`)
	in := map[string]int{}
	list, err := x.u.session.Entries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if e.Type == "Binary" {
			in[e.Section]++
		}
	}
	if in["mental-health"] != 1000 || in["documents"] != 3 {
		t.Errorf("they are in %v", in)
	}
}
