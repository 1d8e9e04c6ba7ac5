package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/fhir/validate"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/store"
)

// reading is what the device brings to a session that reads the log.
func (d *device) reading(ended ...keys.Noted) []byte {
	r := keys.Reading{Generations: []keys.Generation{{Audit: d.audit, Box: d.boxSeed}}}
	for _, g := range d.live {
		r.Grants = append(r.Grants, keys.Noted{Grant: g})
	}
	r.Grants = append(r.Grants, ended...)
	return r.Marshal()
}

func (d *device) reader(ended ...keys.Noted) *store.View {
	d.t.Helper()
	c, _, err := d.s.SignInToRead(d.t.Context(), d.person, d.self.ID, keys.GrantKey(d.grants, d.self.ID), d.reading(ended...))
	if err != nil {
		d.t.Fatal(err)
	}
	return view(d.t, d.s, c)
}

// allOf searches over all pages, and validates what comes.
func allOf(t *testing.T, v *store.View, typ, text string) (list []store.Found) {
	t.Helper()
	page := ""
	for range 1000 {
		p, err := lookFor(v, typ, text, 7, page)
		if err != nil {
			t.Fatalf("%s?%s: %v", typ, text, err)
		}
		for _, e := range p.Entries {
			r, err := fhir.Parse(e.Body, fhir.Limits{})
			if err != nil || r.Type() != e.Ref.Type || r.ID() != e.Ref.ID {
				t.Fatalf("%s: %v\n%s", e.Ref, err, e.Body)
			}
			for _, i := range validate.Resource(r) {
				t.Errorf("%s: %s\n%s", e.Ref, i.Text, e.Body)
			}
		}
		list = append(list, p.Entries...)
		if page = p.Next; page == "" {
			return list
		}
	}
	t.Fatal("the pages do not end")
	return nil
}

func refs(list []store.Found) (out []string) {
	for _, e := range list {
		out = append(out, e.Ref.String())
	}
	slices.Sort(out)
	return out
}

func targets(t *testing.T, list []store.Found) (out []string) {
	t.Helper()
	for _, e := range list {
		var p struct{ Target []struct{ Reference string } }
		if err := json.Unmarshal(e.Body, &p); err != nil {
			t.Fatal(err)
		}
		for _, x := range p.Target {
			out = append(out, x.Reference)
		}
	}
	slices.Sort(out)
	return out
}

// world is a record with something in two sections, a grantee of one and one of all.
type derivedWorld struct {
	d             *device
	me            *store.View
	narrow, wide  grant.Grant
	narrowV       *store.View
	wideV         *store.View
	hidden, shown fhir.Ref
}

func newDerivedWorld(t *testing.T) *derivedWorld {
	_, s := newStore(t)
	d := enrol(t, s)
	w := &derivedWorld{d: d, me: d.session(), hidden: fhir.Ref{Type: "Condition", ID: "hidden"}, shown: fhir.Ref{Type: "Observation", ID: "shown"}}
	patient := w.me.PatientID()
	put(t, w.me, `{"resourceType":"Patient","id":"`+patient+`","name":[{"family":"Berg"}]}`)
	obs := `{"resourceType":"Observation","id":"shown","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"code":{"text":"%s"}}`
	put(t, w.me, fmt.Sprintf(obs, "one"))
	put(t, w.me, fmt.Sprintf(obs, "two"))
	put(t, w.me, `{"resourceType":"Condition","id":"hidden","code":{"text":"depression"},"subject":{"reference":"Patient/`+patient+`"}}`)
	if _, err := w.me.Move(ctx, []fhir.Ref{w.hidden}, record.MentalHealth); err != nil {
		t.Fatal(err)
	}
	if _, err := w.me.Move(ctx, []fhir.Ref{w.shown}, record.Results); err != nil {
		t.Fatal(err)
	}
	var token crypto.Credential
	w.narrow, token = d.share(grant.Grant{To: grant.Party{Name: "Narrow"}, Sections: grant.With(record.SectionsOf(record.Results)), Scopes: scopes("patient/*.rs"), Purpose: "TREAT"})
	w.narrowV = view(t, s, token)
	w.wide, token = d.share(grant.Grant{To: grant.Party{Name: "Wide"}, Sections: record.AllSections, Scopes: scopes("patient/*.cruds"), Purpose: "CAREMGT"})
	w.wideV = view(t, s, token)
	// Each does something that the log has.
	for _, v := range []*store.View{w.narrowV, w.wideV, w.me} {
		if _, err := v.Read(ctx, w.shown, 0); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.wideV.Read(ctx, w.hidden, 0); err != nil {
		t.Fatal(err)
	}
	return w
}

// A narrow grant sees the Provenance of what it reads, its own Consent and its own log
// entries, by each way there is; of all else there is nothing, as there is nothing under
// a name that never was.
func TestDerivedReach(t *testing.T) {
	w := newDerivedWorld(t)
	v := w.narrowV
	all := allOf(t, w.me, "Provenance", "")
	if got, want := targets(t, all), []string{"Condition/hidden/_history/1", "Observation/shown/_history/1", "Observation/shown/_history/2", "Patient/" + w.me.PatientID() + "/_history/1"}; !slices.Equal(got, want) {
		t.Fatalf("%q, want %q", got, want)
	}
	want := []string{"Observation/shown/_history/1", "Observation/shown/_history/2", "Patient/" + w.me.PatientID() + "/_history/1"}
	for _, text := range []string{"", "_sort=recorded", "target:missing=false", "_id=" + strings.Join(func() (ids []string) {
		for _, e := range all {
			ids = append(ids, e.Ref.ID)
		}
		return ids
	}(), ",")} {
		if got := targets(t, allOf(t, v, "Provenance", text)); !slices.Equal(got, want) {
			t.Errorf("Provenance?%s: %q, want %q", text, got, want)
		}
	}
	if got := targets(t, allOf(t, v, "Provenance", "target=Condition/hidden,Condition/never")); got != nil {
		t.Errorf("%q", got)
	}
	if got := targets(t, allOf(t, v, "Provenance", "target=Observation/shown")); !slices.Equal(got, want[:2]) {
		t.Errorf("%q", got)
	}
	if p, err := lookFor(v, "Provenance", "_summary=count", 10); err != nil || p.Total != 3 {
		t.Errorf("%d, %v", p.Total, err)
	}
	included := func(v *store.View, text string) (out []store.Found) {
		for _, e := range allOf(t, v, "", text) {
			if e.Mode == "include" {
				out = append(out, e)
			}
		}
		return out
	}
	if got := targets(t, included(v, "_type=Observation,Condition&_revinclude=Provenance:target")); !slices.Equal(got, want[:2]) {
		t.Errorf("revincluded: %q", got)
	}
	if got := targets(t, included(w.wideV, "_type=Observation,Condition&_revinclude=Provenance:target")); len(got) != 3 {
		t.Errorf("revincluded: %q", got)
	}

	for text, want := range map[string]int{"_has:Provenance:target:recorded=gt2000": 1, "_has:Provenance:target:agent=Patient/" + w.me.PatientID(): 1} {
		if got := allOf(t, v, "", "_type=Observation,Condition&"+text); len(got) != want {
			t.Errorf("?%s: %q", text, refs(got))
		}
	}
	if got := allOf(t, v, "Condition", "_has:Provenance:target:recorded=gt2000"); got != nil {
		t.Errorf("%q", refs(got))
	}
	if p, err := lookFor(v, "AuditEvent", "_summary=count&agent-name=Wide", 10); err != nil || p.Total != 0 {
		t.Errorf("%d, %v", p.Total, err)
	}

	// Consents: their own.
	for _, text := range []string{"", "status=active", "patient=" + w.me.PatientID(), "_sort=date", "_id=grant-" + w.wide.ID.String() + ",grant-" + w.narrow.ID.String()} {
		if got := refs(allOf(t, v, "Consent", text)); !slices.Equal(got, []string{"Consent/grant-" + w.narrow.ID.String()}) {
			t.Errorf("Consent?%s: %q", text, got)
		}
	}
	if got := allOf(t, w.me, "Consent", ""); got != nil {
		t.Errorf("a session that does not read the log has %q", refs(got))
	}

	// Log entries: their own, under names that do not tell the place.
	own := allOf(t, v, "AuditEvent", "")
	if len(own) < 3 {
		t.Errorf("%d AuditEvents", len(own))
	}
	for _, e := range own {
		if !strings.Contains(string(e.Body), w.narrow.ID.String()) || strings.Contains(string(e.Body), w.wide.ID.String()) || !strings.HasPrefix(e.Ref.ID, "log-x") {
			t.Errorf("%s", e.Body)
		}
		if _, err := v.Read(ctx, e.Ref, 1); err != nil {
			t.Errorf("%s: %v", e.Ref, err)
		}
	}
	if got := allOf(t, v, "AuditEvent", "entity=Condition/hidden"); got != nil {
		t.Errorf("%q", refs(got))
	}
	others := allOf(t, w.wideV, "AuditEvent", "")
	reader := w.d.reader()
	everything := allOf(t, reader, "AuditEvent", "")

	// Under each name that another sees, and under any that nobody does, they find the same.
	same := func(ref fhir.Ref) {
		t.Helper()
		_, err := v.Read(ctx, ref, 0)
		if !errors.Is(err, record.NotFound) || err.Error() != "there is no "+ref.String()+" in this record, or not in what was shared" {
			t.Errorf("%s: %v", ref, err)
		}
	}
	for _, list := range [][]store.Found{all, others, everything} {
		for _, e := range list {
			if !slices.Contains(want, strings.Join(targets(t, []store.Found{e}), "")) {
				same(e.Ref)
			}
		}
	}
	for _, text := range []string{"Provenance/pv-aaaaaaaaaaaaaaaaaaaaaaaaaa-1", "Consent/grant-" + w.wide.ID.String(), "Consent/grant-" + w.d.self.ID.String(), "Consent/grant-00000000000000000000000000000000",
		"AuditEvent/log-0", "AuditEvent/log-x0000000000000000", "AuditEvent/log-18446744073709551615"} {
		ref, _ := fhir.ParseRef(text)
		same(ref)
	}
	if e := all[0]; true { // one version is all there is
		if _, err := w.me.Read(ctx, e.Ref, 1); err != nil {
			t.Error(err)
		}
		if _, err := w.me.Read(ctx, e.Ref, 2); !errors.Is(err, record.NotFound) {
			t.Error(err)
		}
	}
}

// Who may not search or read a type has none of it.
func TestDerivedScopes(t *testing.T) {
	w := newDerivedWorld(t)
	_, token := w.d.share(grant.Grant{To: grant.Party{Name: "Lab"}, Sections: record.AllSections, Scopes: scopes("patient/Observation.rs patient/AuditEvent.s patient/Consent.r"), Purpose: "TREAT"})
	v := view(t, w.d.s, token)
	if _, err := lookFor(v, "Provenance", "", 10); !errors.Is(err, record.Forbidden) {
		t.Error(err)
	}
	if p, err := lookFor(v, "Observation", "_revinclude=Provenance:target", 10); err != nil || len(p.Entries) != 1 {
		t.Errorf("%d, %v", len(p.Entries), err)
	}
	for _, e := range allOf(t, v, "", "_type=Observation,Provenance") {
		if e.Ref.Type != "Observation" {
			t.Errorf("%s", e.Ref)
		}
	}
	of := allOf(t, w.me, "Provenance", "target=Observation/shown")
	if _, err := v.Read(ctx, of[0].Ref, 0); !errors.Is(err, record.Forbidden) {
		t.Error(err)
	}
	if list := allOf(t, v, "AuditEvent", ""); len(list) == 0 {
		t.Error("none")
	} else if _, err := v.Read(ctx, list[0].Ref, 0); !errors.Is(err, record.Forbidden) {
		t.Error(err)
	}
	if _, err := lookFor(v, "Consent", "", 10); !errors.Is(err, record.Forbidden) {
		t.Error(err)
	}
	// To Provenance alone, without what it is of, there is nothing.
	_, token = w.d.share(grant.Grant{To: grant.Party{Name: "Odd"}, Sections: record.AllSections, Scopes: scopes("patient/Provenance.rs"), Purpose: "TREAT"})
	odd := view(t, w.d.s, token)
	if got := allOf(t, odd, "Provenance", ""); got != nil {
		t.Errorf("%q", refs(got))
	}
	if _, err := odd.Read(ctx, of[0].Ref, 0); !errors.Is(err, record.NotFound) {
		t.Error(err)
	}
}

// A session that reads the log finds everything in it, and what became of each grant.
func TestDerivedForPerson(t *testing.T) {
	w := newDerivedWorld(t)
	ended := keys.Noted{Grant: w.d.grant(grant.Grant{To: grant.Party{Name: "Old"}, Sections: grant.Clinical, Scopes: scopes("patient/*.rs"), Purpose: "TREAT"}), Ended: w.d.s.Now(), Why: 1}
	w.d.live = w.d.live[:len(w.d.live)-1]
	v := w.d.reader(ended)
	page, err := v.Log(ctx, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	list := allOf(t, v, "AuditEvent", "")
	if uint64(len(list)) != page.Size {
		t.Errorf("%d AuditEvents of %d log entries", len(list), page.Size)
	}
	for i, e := range list { // the newest first, where no order is asked for
		if want := fmt.Sprintf("AuditEvent/log-%d", page.Size-1-uint64(i)); e.Ref.String() != want {
			t.Fatalf("%s, want %s", e.Ref, want)
		}
	}
	for text, want := range map[string]int{"entity=Condition/hidden": 3, "agent-name=Wide": 2, "agent-name=Narrow": 1, "entity=Condition/hidden&agent-name=Wide": 1, "action=C&type=rest": 3, "action=C&entity=Observation/shown": 1, "subtype=110137": 3, "date=lt2000": 0} {
		if got := allOf(t, v, "AuditEvent", text); len(got) != want {
			t.Errorf("AuditEvent?%s: %d, want %d: %q", text, len(got), want, refs(got))
		}
	}
	status := map[string]string{}
	for _, e := range allOf(t, v, "Consent", "") {
		var c struct{ Status string }
		if err := json.Unmarshal(e.Body, &c); err != nil {
			t.Fatal(err)
		}
		status[e.Ref.ID] = c.Status
	}
	want := map[string]string{"grant-" + w.narrow.ID.String(): "active", "grant-" + w.wide.ID.String(): "active", "grant-" + ended.Grant.ID.String(): "inactive"}
	if fmt.Sprint(status) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", status, want)
	}
	if err := w.me.Strike(ctx, w.wide.ID); err != nil {
		t.Fatal(err)
	}
	if got := refs(allOf(t, v, "Consent", "status=active")); !slices.Equal(got, []string{"Consent/grant-" + w.narrow.ID.String()}) {
		t.Errorf("%q", got)
	}
	struck := fhir.Ref{Type: "Consent", ID: "grant-" + w.wide.ID.String()}
	for version, want := range map[record.Version]string{0: `"status":"inactive"`, 1: `"status":"active"`, 2: `"status":"inactive"`} {
		e, err := v.Read(ctx, struck, version)
		if err != nil || !strings.Contains(string(e.Body), want) || version > 0 && (e.Version != version || !strings.Contains(string(e.Body), fmt.Sprintf(`"versionId":"%d"`, version))) {
			t.Errorf("version %d: %v\n%s", version, err, e.Body)
		}
	}
	if _, err := v.Read(ctx, struck, 3); !errors.Is(err, record.NotFound) {
		t.Error(err)
	}
	// An ordinary session has its own log entries, and nothing of others.
	for _, e := range allOf(t, w.me, "AuditEvent", "") {
		if !strings.Contains(string(e.Body), `"name":"the person themself"`) {
			t.Errorf("%s", e.Body)
		}
	}
	for _, bad := range [][]byte{{}, {1}, make([]byte, keys.MaxReading+1)} {
		if _, _, err := w.d.s.SignInToRead(ctx, w.d.person, w.d.self.ID, keys.GrantKey(w.d.grants, w.d.self.ID), bad); !errors.Is(err, record.Invalid) {
			t.Errorf("%d bytes: %v", len(bad), err)
		}
	}
}

// Real resources of these types stay what they are, and are found with the others; and
// nothing is written under a name of what is derived, whether there is anything or not.
func TestDerivedAndReal(t *testing.T) {
	w := newDerivedWorld(t)
	put(t, w.me, `{"resourceType":"Provenance","id":"real","target":[{"reference":"Observation/shown"}],"recorded":"2020-01-01T00:00:00Z","agent":[{"who":{"display":"The laboratory"}}]}`)
	put(t, w.me, `{"resourceType":"Consent","id":"real","status":"active","scope":{"text":"x"},"category":[{"text":"x"}],"patient":{"reference":"Patient/`+w.me.PatientID()+`"},"policyRule":{"text":"x"}}`)
	if got := allOf(t, w.me, "Provenance", "target=Observation/shown"); len(got) != 3 {
		t.Errorf("%q", refs(got))
	}
	if p, err := lookFor(w.me, "Observation", "_revinclude=Provenance:target", 10); err != nil || len(p.Entries) != 4 {
		t.Errorf("%d, %v", len(p.Entries), err)
	}
	if got := refs(allOf(t, w.d.reader(), "Consent", "")); len(got) != 3 || got[2] != "Consent/real" {
		t.Errorf("%q", got)
	}
	if got := allOf(t, w.me, "", "_type=Provenance,Consent"); len(got) != 8 { // the real ones have Provenance too
		t.Errorf("%q", refs(got))
	}
	for _, e := range allOf(t, w.me, "", "") { // a search of everything names none
		if e.Ref.ID != "real" && (e.Ref.Type == "Provenance" || e.Ref.Type == "AuditEvent") {
			t.Errorf("%s", e.Ref)
		}
	}
	if put(t, w.me, `{"resourceType":"Consent","id":"real","status":"inactive","scope":{"text":"x"},"category":[{"text":"x"}],"patient":{"reference":"Patient/`+w.me.PatientID()+`"},"policyRule":{"text":"x"}}`).Version != 2 {
		t.Error("a Consent of somebody's own was not updated")
	}

	there := allOf(t, w.me, "Provenance", "target=Observation/shown&recorded=gt2021")[0].Ref
	for _, ref := range []fhir.Ref{there, {Type: "Provenance", ID: "pv-aaaaaaaaaaaaaaaaaaaaaaaaaa-1"}, {Type: "Consent", ID: "grant-" + w.narrow.ID.String()},
		{Type: "Consent", ID: "grant-00000000000000000000000000000000"}, {Type: "AuditEvent", ID: "log-0"}, {Type: "AuditEvent", ID: "log-999999"}} {
		r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"%s","id":"%s"}`, ref.Type, ref.ID), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []*store.View{w.me, w.wideV, w.narrowV} {
			for _, c := range []change.Change{{Verb: change.Update, Ref: ref, Resource: r}, {Verb: change.Delete, Ref: ref}, {Verb: change.Create, Ref: ref, Resource: r}} {
				if _, err := v.Apply(ctx, []change.Change{c}, store.ApplyOptions{}); !errors.Is(err, record.NotAllowed) {
					t.Errorf("%v of %s: %v", c.Verb, ref, err)
				}
			}
			_, err := v.ApplyPlan(ctx, func(f change.Finder) ([]change.Change, error) {
				_, err := f.Current(ref)
				return nil, err
			}, store.ApplyOptions{})
			if !errors.Is(err, record.NotAllowed) {
				t.Errorf("patching %s: %v", ref, err)
			}
		}
	}
}

// A request is one entry of the log, which names what was shown.
func TestDerivedIsLogged(t *testing.T) {
	w := newDerivedWorld(t)
	size := func() uint64 {
		page, err := w.d.session().Log(ctx, 1<<62, 1)
		_ = page
		if err == nil {
			t.Fatal("the log has no end")
		}
		p, err := w.d.session().Log(ctx, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		return p.Size
	}
	before := size()
	gap := size() - before // of asking
	for _, do := range []func(){
		func() { lookFor(w.narrowV, "AuditEvent", "", 5) },
		func() { lookFor(w.narrowV, "Consent", "", 5) },
		func() { lookFor(w.narrowV, "Observation", "_revinclude=Provenance:target", 5) },
		func() { w.narrowV.Read(ctx, fhir.Ref{Type: "Consent", ID: "grant-" + w.narrow.ID.String()}, 0) },
		func() { w.narrowV.Read(ctx, fhir.Ref{Type: "Consent", ID: "grant-" + w.wide.ID.String()}, 0) },
	} {
		before = size()
		do()
		if n := size() - before - gap; n != 1 {
			t.Errorf("%d entries of the log", n)
		}
	}
	e := w.d.lastEvent(t)
	if e.Action != audit.Read || e.Outcome != audit.Refused || !slices.Equal(e.Entries, []string{"Consent/grant-" + w.wide.ID.String()}) {
		t.Errorf("%+v", e)
	}
}

// A log that is longer than one page goes through is gone through page by page, each
// entry once; what would have to be of all of it is refused. So with versions.
func TestDerivedInParts(t *testing.T) {
	w := newDerivedWorld(t)
	for range 20 {
		if _, err := w.wideV.Read(ctx, w.shown, 0); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 12 {
		put(t, w.me, fmt.Sprintf(`{"resourceType":"Observation","id":"more%d","status":"final","code":{"text":"x"}}`, i))
	}
	put(t, w.me, `{"resourceType":"Provenance","id":"real","target":[{"reference":"Observation/shown"}],"recorded":"2020-01-01T00:00:00Z","agent":[{"who":{"display":"The laboratory"}}]}`)
	for i := range 9 {
		put(t, w.me, fmt.Sprintf(`{"resourceType":"AuditEvent","id":"real%d","type":{"code":"x"},"recorded":"2020-01-01T00:00:00Z","agent":[{"requestor":true}],"source":{"observer":{"display":"A ward"}},"entity":[{"name":"real"}]}`, i))
	}
	once := func(list []store.Found) int {
		seen := map[string]bool{}
		for _, e := range list {
			if seen[e.Ref.String()] {
				t.Fatalf("%s twice", e.Ref)
			}
			seen[e.Ref.String()] = true
		}
		return len(seen)
	}
	for _, limits := range []struct {
		made, part   int
		passed, step uint64
	}{{10, 4, 1000, 4}, {1000, 1000, 10, 3}, {5, 1, 5, 2}, {12, 3, 1000, 50}} {
		store.SmallParts(t, limits.made, limits.part, limits.passed, limits.step)
		v := w.d.reader()
		page, err := v.Log(ctx, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		for text, want := range map[string]int{"": int(page.Size), "agent-name=Wide": 22, "_sort=-date&agent-name=Wide": 22} {
			if n := once(allOf(t, v, "AuditEvent", text)); n < want || text != "" && n != want {
				t.Errorf("%v: AuditEvent?%s: %d, want %d", limits, text, n, want)
			}
		}
		if p, err := lookFor(v, "AuditEvent", "", 3); err != nil || p.Total != store.NotCounted || p.Next == "" {
			t.Errorf("%d, %q, %v", p.Total, p.Next, err)
		}
		for _, text := range []string{"_sort=date", "_sort=action", "_summary=count", "_total=accurate"} {
			if _, err := lookFor(v, "AuditEvent", text, 3); !errors.Is(err, record.TooLarge) {
				t.Errorf("?%s: %v", text, err)
			}
		}
		if _, err := lookFor(v, "Patient", "_has:AuditEvent:patient:action=R", 3); !errors.Is(err, record.TooLarge) {
			t.Error(err)
		}
		if got := allOf(t, v, "AuditEvent", "_id=log-0,log-1,log-x0000000000000000"); len(got) != 2 {
			t.Errorf("%q", refs(got))
		}
		for _, text := range []string{"entity-name=real", "_sort=-date&entity-name=real"} {
			if n := once(allOf(t, v, "AuditEvent", text)); n != 9 {
				t.Errorf("%v: ?%s: %d real ones", limits, text, n)
			}
		}
		if once(allOf(t, w.narrowV, "AuditEvent", "")) == 0 {
			t.Error("none")
		}
		if limits.made == 1000 {
			continue
		}
		if n := once(allOf(t, v, "Provenance", "")); n != 4+12+1+1+9 {
			t.Errorf("%v: %d Provenances", limits, n)
		}
		if got := targets(t, allOf(t, v, "Provenance", "target=Observation/more3")); len(got) != 1 {
			t.Errorf("%q", got)
		}
		if got := targets(t, allOf(t, v, "Provenance", "recorded=lt2021")); len(got) != 1 {
			t.Errorf("%q", got)
		}
		for _, text := range []string{"_sort=recorded", "_summary=count"} {
			if _, err := lookFor(v, "Provenance", text, 3); !errors.Is(err, record.TooLarge) {
				t.Errorf("?%s: %v", text, err)
			}
		}
	}
}

// Nobody writes what passes for the server's own word.
func TestOwnTags(t *testing.T) {
	w := newDerivedWorld(t)
	body := `{"resourceType":"AuditEvent","id":"x","meta":{"tag":[{"system":"%s","code":"%s"}]},"type":{"system":"http://terminology.hl7.org/CodeSystem/audit-event-type","code":"rest"},` +
		`"recorded":"2026-11-21T10:00:00Z","agent":[{"requestor":true,"who":{"display":"Dr Innocent"}}],"source":{"observer":{"display":"x"}}}`
	for _, c := range []struct {
		who          *store.View
		system, code string
		want         record.Kind
	}{
		{w.me, "urn:carehold:tag", "derived", record.Unprocessed},
		{w.wideV, "urn:carehold:tag", "derived", record.Unprocessed},
		{w.wideV, "urn:carehold:carried", "provenance", record.Unprocessed},
		{w.me, "urn:carehold:carried", "provenance", ""},
		{w.me, "urn:example:tag", "derived", ""},
	} {
		r, err := fhir.Parse(fmt.Appendf(nil, body, c.system, c.code), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		verb := change.Update
		if c.who != w.me {
			verb = change.Create
		}
		_, err = c.who.Apply(ctx, []change.Change{{Verb: verb, Ref: fhir.Ref{Type: "AuditEvent", ID: "x"}, Resource: r}}, store.ApplyOptions{})
		if err == nil && c.want != "" || err != nil && record.KindOf(err) != c.want {
			t.Errorf("%s|%s: %v, want %q", c.system, c.code, err, c.want)
		}
	}
}
