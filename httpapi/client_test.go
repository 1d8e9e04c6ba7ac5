package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"carehold/httpapi/client"
	"carehold/record"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/holder"
)

// What the command line does, over HTTP, against a real store.
func TestClientWalk(t *testing.T) {
	t.Parallel()
	w := newServer(t, generous)
	ctx := context.Background()
	ada := w.enrol("Ada")
	s := w.client.With(w.session(ada))
	patient, err := s.Patient(ctx)
	w.check(err)

	// An import of 450 entries, in words that HTTP headers have no letters for.
	var b strings.Builder
	b.WriteString(`{"resourceType":"Bundle","type":"transaction","entry":[`)
	for i := range 450 {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, `{"resource":{"resourceType":"Condition","id":"c%03d","code":{"text":"n %d.0"},"subject":{"reference":"Patient/%s"}},"request":{"method":"PUT","url":"Condition/c%03d"}}`, i, i, patient, i)
	}
	b.WriteString("]}")
	origin := entry.Origin{Import: record.ImportID{7}, Source: "Praxis Dr. Süß"}
	answer, err := s.Transaction(ctx, []byte(b.String()), origin)
	w.check(err)
	if n := bytes.Count(answer, []byte("201 Created")); n != 450 {
		t.Fatalf("%d entries were created", n)
	}

	// All pages, each entry once.
	seen := map[string]bool{}
	w.check(s.Search(ctx, "Condition", func(f client.Found) error {
		if seen[f.Ref.ID] {
			t.Errorf("%s twice", f.Ref)
		}
		seen[f.Ref.ID] = true
		return nil
	}))
	if len(seen) != 450 {
		t.Errorf("%d entries in all pages", len(seen))
	}

	ref := fhir.Ref{Type: "Condition", ID: "c007"}
	body, err := s.Read(ctx, ref)
	w.check(err)
	if !bytes.Contains(body, []byte(`"n 7.0"`)) {
		t.Errorf("read %s", body)
	}
	old, err := s.VRead(ctx, ref, 1)
	w.check(err)
	if !bytes.Equal(old, body) {
		t.Errorf("version 1 is %s", old)
	}
	why, err := s.Why(ctx, ref)
	w.check(err)
	if why.Section != "conditions" || why.Source != origin.Source || !why.Self {
		t.Errorf("why: %+v", why)
	}
	moved, err := s.Move(ctx, ref, record.Private)
	w.check(err)
	if moved.Section != "private" || moved.Unchanged {
		t.Errorf("moved: %+v", moved)
	}
	list, err := s.Entries(ctx)
	w.check(err)
	if len(list) != 450 {
		t.Errorf("%d entries are listed", len(list))
	}
	scopes, err := grant.ParseScopes("patient/*.rs")
	w.check(err)
	preview, err := s.Preview(ctx, record.SectionsOf(record.Conditions), scopes)
	w.check(err)
	if preview.Total != 449 {
		t.Errorf("a preview of %d", preview.Total)
	}

	// A grantee sees what the preview said, and no more.
	issued, err := ada.Grant(ctx, holder.GrantRequest{To: grant.Party{Name: "Dr Okafor"}, Sections: record.SectionsOf(record.Conditions), Scopes: scopes, Purpose: "TREAT"})
	w.check(err)
	gp := w.client.With(issued.Token)
	n := 0
	w.check(gp.Search(ctx, "Condition", func(client.Found) error { n++; return nil }))
	if n != 449 {
		t.Errorf("the grantee finds %d", n)
	}
	if _, err := gp.Read(ctx, ref); !errors.Is(err, record.NotFound) {
		t.Errorf("the grantee reads what is not in the grant: %v", err)
	}
	w.check(ada.Revoke(ctx, issued.Grant.ID))
	if _, err := gp.Read(ctx, fhir.Ref{Type: "Condition", ID: "c001"}); !errors.Is(err, record.Unauthorized) {
		t.Errorf("after the revoke: %v", err)
	}

	imports, err := s.Imports(ctx)
	w.check(err)
	if len(imports) != 1 || imports[0].Source != origin.Source || imports[0].Entries != 450 {
		t.Errorf("imports: %+v", imports)
	}
	undone, err := s.Undo(ctx, origin.Import)
	w.check(err)
	if undone.Deleted+len(undone.Kept) != 450 {
		t.Errorf("undone: %+v", undone)
	}

	// The log holds together, read over HTTP, and so it does from where it was.
	token := w.session(ada)
	report, err := ada.Check(ctx, token)
	w.check(err)
	if report.Head.Size == 0 {
		t.Error("an empty log")
	}
	_, err = ada.CheckNew(ctx, token)
	w.check(err)
	w.check(ada.SignOut(ctx, token))
	if _, err := w.client.With(token).Entries(ctx); !errors.Is(err, record.Unauthorized) {
		t.Errorf("after signing out: %v", err)
	}
	if version, err := w.client.Version(ctx); err != nil || version != "v0-test" {
		t.Errorf("version %q %v", version, err)
	}
}
