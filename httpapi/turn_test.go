package httpapi_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/store"
)

const asOrganization = `{"fullUrl":"urn:uuid:who","resource":{"resourceType":"Organization","identifier":[{"value":"1"}],"name":"Here"},"request":{"method":"POST","url":"Organization","ifNoneExist":"identifier=1"}}`

// While a transaction has the person's turn to write they cannot end a grant. What it
// sends is validated before it takes the turn, also where it has a condition, and also
// what points to what the condition decides: so that somebody else has the turn keeps
// nobody from being told what is wrong with it.
func TestValidatedBeforeTheTurn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, err := crypto.ParseToken(w.vars["ada"])
	w.check(err)
	v, err := w.store.Open(t.Context(), c)
	w.check(err)
	taken, release, done := make(chan bool), make(chan bool), make(chan error, 1)
	go func() {
		_, err := v.ApplyPlan(context.Background(), func(change.Finder) ([]change.Change, error) {
			close(taken)
			<-release
			return nil, record.Safef(record.Invalid, "nothing")
		}, store.ApplyOptions{})
		done <- err
	}()
	<-taken
	defer func() { close(release); <-done }()
	const right = `{"resource":{"resourceType":"Observation","status":"final","code":{"text":"a"},"subject":{"reference":"Patient/{patient}"},"performer":[{"reference":"urn:uuid:who"}]},"request":{"method":"POST","url":"Observation"}}`
	for name, wrong := range map[string]string{
		"an element":  strings.ReplaceAll(right, `"final"`, `"finished"`),
		"a reference": strings.ReplaceAll(strings.ReplaceAll(right, `"performer":[`, `"specimen":`), `"urn:uuid:who"}]`, `"urn:uuid:who"}`), // to an Organization
		"a query":     strings.ReplaceAll(right, `"status"`, `"device":{"reference":"Patient?identifier=1"},"status"`),
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // for one that waits for the turn
		r, err := http.NewRequestWithContext(ctx, "POST", w.http.URL+"/fhir",
			strings.NewReader(w.expand(`{"resourceType":"Bundle","type":"transaction","entry":[`+asOrganization+`,`+right+`,`+wrong+`]}`)))
		w.check(err)
		r.Header.Set("Authorization", "Bearer "+w.vars["ada"])
		r.Header.Set("Content-Type", "application/fhir+json")
		resp, err := w.http.Client().Do(r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		cancel()
		if resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(string(text), "Bundle.entry[2].resource") {
			t.Errorf("%s: %s: %s", name, resp.Status, text)
		}
	}
}

// BenchmarkRevokeBehind is how long the person waits for a grant to end while a
// transaction of 50 MB with one condition is under way: the longest of revokes one after
// another, until it is done.
func BenchmarkRevokeBehind(b *testing.B) {
	for _, kind := range []struct {
		name   string
		points string // the reference of each entry
	}{{"conditions", "urn:uuid:who"}, {"plain", "Patient/{patient}"}} {
		b.Run(kind.name, func(b *testing.B) {
			var longest, whole time.Duration
			for b.Loop() {
				b.StopTimer()
				w := newWorld(b)
				w.vars["points"] = w.expand(kind.points)
				var text strings.Builder
				text.WriteString(`{"resourceType":"Bundle","type":"transaction","entry":[` + asOrganization)
				for i := range 1000 {
					text.WriteString(w.expand(`,{"resource":{"resourceType":"Observation","status":"final","code":{"text":"a"},"subject":{"reference":"Patient/{patient}"},"performer":[{"reference":"{points}"}],"component":[`))
					for k := range 120 {
						if k > 0 {
							text.WriteByte(',')
						}
						fmt.Fprintf(&text, `{"code":{"coding":[{"system":"http://loinc.org","code":"%d-1","display":"A finding"}],"text":"A finding of some kind, as it is written, with what the device says of itself, and of how it was held: %d"},`+
							`"valueQuantity":{"value":%d.%d,"unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"},"interpretation":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation","code":"N"}]}]}`, 1000+k, i*k, i, k)
					}
					text.WriteString(`]},"request":{"method":"POST","url":"Observation"}}`)
				}
				text.WriteString(`]}`)
				var ids []record.GrantID
				for i := range 40 {
					issued, err := w.ada.Grant(context.Background(), holder.GrantRequest{To: grant.Party{Name: fmt.Sprint("somebody ", i), Role: "GP"},
						Sections: record.SectionsOf(record.Allergies), Scopes: scopes(b, "patient/*.r"), Purpose: "TREAT", Lasts: time.Hour})
					w.check(err)
					ids = append(ids, issued.Grant.ID)
				}
				b.SetBytes(int64(text.Len()))
				b.StartTimer()
				done := make(chan error)
				began := time.Now()
				go func() {
					_, err := w.client.With(w.vars["ada"]).Transaction(context.Background(), []byte(text.String()), entry.Origin{})
					done <- err
				}()
				for _, id := range ids {
					select {
					case err := <-done:
						w.check(err)
						done = nil
					case <-time.After(20 * time.Millisecond):
					}
					if done == nil {
						break
					}
					asked := time.Now()
					w.check(w.ada.Revoke(context.Background(), id))
					longest = max(longest, time.Since(asked))
				}
				if done != nil {
					w.check(<-done)
				}
				whole = max(whole, time.Since(began))
			}
			b.ReportMetric(float64(longest.Milliseconds()), "ms-waited")
			b.ReportMetric(float64(whole.Milliseconds()), "ms-in-all")
		})
	}
}

func scopes(t testing.TB, text string) []grant.Scope {
	s, err := grant.ParseScopes(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
