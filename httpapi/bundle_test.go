package httpapi_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/testdata"
)

// A Synthea person's transaction: everything points to everything by urn:uuid, and,
// as later versions of Synthea have it, to hospitals and doctors by queries. Those
// are made in the same transaction unless they are there.
func TestSyntheaTransaction(t *testing.T) {
	t.Parallel()
	files, _ := filepath.Glob(filepath.Join(testdata.Dir(t, "synthea"), "*.json"))
	if len(files) == 0 {
		t.Fatal("no people")
	}
	slices.SortFunc(files, func(a, b string) int { return size(t, a) - size(t, b) })
	if testing.Short() {
		files = files[:1]
	}
	for _, file := range files[:min(2, len(files))] {
		w := newServer(t, generous)
		token := w.session(w.enrol("Somebody"))
		raw, err := os.ReadFile(file)
		w.check(err)
		sent, sought := asLaterSynthea(t, raw)
		began := time.Now()
		answer, err := w.client.With(token).Transaction(context.Background(), sent, entry.Origin{})
		if err != nil {
			t.Fatalf("%s: %v", filepath.Base(file), err)
		}
		t.Logf("%s: %d KB, %s", filepath.Base(file), len(sent)>>10, time.Since(began))
		var got, was struct{ Entry []bundleEntry }
		w.check(json.Unmarshal(answer, &got))
		w.check(json.Unmarshal(sent, &was))
		if len(got.Entry) != len(was.Entry) {
			t.Fatalf("%s: %d answers to %d entries", file, len(got.Entry), len(was.Entry))
		}
		there := map[string]bool{}
		for i, e := range got.Entry {
			if e.Response.Status != "201 Created" || e.Response.ETag != `W/"1"` {
				t.Fatalf("%s: entry %d: %+v", file, i, e.Response)
			}
			there[strings.TrimSuffix(strings.TrimPrefix(e.Response.Location, publicURL+"/fhir/"), "/_history/1")] = true
		}
		pointers := 0
		for ref := range there {
			resp := w.send("GET", "/fhir/"+ref, map[string][]string{"Authorization": {"Bearer " + token}}, "")
			var b bytes.Buffer
			b.ReadFrom(resp.Body)
			resp.Body.Close()
			r, err := fhir.Parse(b.Bytes(), fhir.Limits{})
			if err != nil {
				t.Fatalf("%s: %v", ref, err)
			}
			for _, p := range r.References() {
				switch to := fhir.ParseReference(p.Value); {
				case p.In != fhir.InReference || strings.HasPrefix(p.Value, "#"):
				case to.Form != fhir.Relative || !there[to.Ref.String()]:
					t.Fatalf("%s points from %s to %q", ref, p.Path, p.Value)
				default:
					pointers++
				}
			}
			if pointers > 300 {
				break // a sample: each read is logged and synced
			}
		}
		if len(sought) == 0 || pointers == 0 {
			t.Fatalf("%s: %d queries and %d references looked at", file, len(sought), pointers)
		}
		// The same again: the Patient is there already, so nothing of it is done. Of
		// hospitals and doctors alone each is found.
		if _, err := w.client.With(token).Transaction(context.Background(), sent, entry.Origin{}); err == nil || !strings.Contains(err.Error(), "one record is one person") {
			t.Errorf("%s again: %v", filepath.Base(file), err)
		}
		answer, err = w.client.With(token).Transaction(context.Background(), only(t, sent, sought), entry.Origin{})
		w.check(err)
		got.Entry = nil
		w.check(json.Unmarshal(answer, &got))
		for _, e := range got.Entry {
			ref := strings.TrimSuffix(strings.TrimPrefix(e.Response.Location, publicURL+"/fhir/"), "/_history/1")
			if e.Response.Status != "200 OK" || !there[ref] {
				t.Errorf("%s again: %+v", filepath.Base(file), e.Response)
			}
		}
		if len(got.Entry) != len(sought) {
			t.Errorf("%d answers for %d hospitals and doctors", len(got.Entry), len(sought))
		}
	}
}

// One entry that fails leaves nothing of any other, wherever it stands.
func TestFailingEntryLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	patch := func(text string) string {
		return `"resource":{"resourceType":"Binary","contentType":"application/json-patch+json","data":"` + base64.StdEncoding.EncodeToString([]byte(text)) + `"}`
	}
	one := func(method, url, more string, members ...string) string {
		return `{` + strings.Join(append(members, `"request":{"method":"`+method+`","url":"`+url+`"`+more+`}`), ",") + `}`
	}
	const subject = `"subject":{"reference":"Patient/{patient}"}`
	condition := `"resource":{"resourceType":"Condition",` + subject + `,"code":{"text":"good"}}`
	good := []string{
		one("POST", "Condition", "", condition),
		one("PUT", "AllergyIntolerance/allergy", "", `"resource":{"resourceType":"AllergyIntolerance","id":"allergy","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]},"patient":{"reference":"Patient/{patient}"},"code":{"text":"good"}}`),
		one("PATCH", "Observation/potassium", "", patch(`[{"op":"replace","path":"/status","value":"amended"}]`)),
		one("DELETE", "Goal/walk", ""),
		one("POST", "Condition", `,"ifNoneExist":"code:text=never"`, condition),
	}
	bad := map[string]string{ // and the status
		one("DELETE", "Condition/nobody", ""):      "404",
		one("GET", "Condition/nobody", ""):         "404",
		one("GET", "Goal/walk", ""):                "410", // it is deleted first
		one("GET", "Observation?status=final", ""): "501",
		one("PATCH", "Patient/{patient}", "", patch(`[{"op":"test","path":"/birthDate","value":"1900-01-01"}]`)):         "422",
		one("PATCH", "Patient/{patient}", "", patch(`[{"op":"add","path":"/birthDate","value":"yesterday"}]`)):           "422",
		one("PATCH", "Patient/{patient}", `,"ifMatch":"W/\"9\""`, patch(`[]`)):                                           "412",
		one("PATCH", "Observation?code:text=potassium", "", patch(`[]`)):                                                 "400", // patched already
		one("POST", "Condition", "", `"resource":{"resourceType":"Condition","code":{"text":"x"}}`):                      "422",
		one("POST", "Condition", "", `"resource":{"resourceType":"Condition","subject":{"reference":"urn:uuid:no"}}`):    "422",
		one("POST", "Condition", "", `"resource":{"resourceType":"Condition","subject":{"reference":"Patient/other"}}`):  "422",
		one("POST", "Condition", "", `"resource":{"resourceType":"Condition","subject":{"reference":"Patient?name=x"}}`): "412",
		one("POST", "Condition", `,"ifNoneExist":"nonsense=1"`, condition):                                               "400",
		one("POST", "Patient", "", `"resource":{"resourceType":"Patient"}`):                                              "422",
		one("PUT", "Condition/a", "", condition):                                                                         "400",
		one("PUT", "Patient?name=okonkwo", "", `"resource":{"resourceType":"Patient","id":"other"}`):                     "400",
		one("DELETE", "Patient?birthdate=gt1900", `,"ifMatch":"W/\"9\""`):                                                "412",
	}
	ada := http.Header{"Authorization": {"Bearer " + w.vars["ada"]}, "Content-Type": {"application/fhir+json"}}
	history := func() string {
		resp := w.send("GET", "/fhir/_history?_count=50", ada, "")
		defer resp.Body.Close()
		var all struct {
			Total int
			Entry []struct{ FullURL string }
		}
		w.check(json.NewDecoder(resp.Body).Decode(&all))
		return fmt.Sprint(all)
	}
	before := history()
	for entry, status := range bad {
		for _, at := range []int{0, 2, len(good)} {
			text := w.expand(`{"resourceType":"Bundle","type":"transaction","entry":[` + strings.Join(slices.Insert(slices.Clone(good), at, entry), ",") + `]}`)
			resp := w.send("POST", "/fhir", ada, text)
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if !strings.HasPrefix(resp.Status, status) || !strings.Contains(string(body), fmt.Sprintf(`"Bundle.entry[%d]`, at)) && status != "400" {
				t.Errorf("%s at %d: %s %s", entry, at, resp.Status, body)
			}
			if after := history(); after != before {
				t.Fatalf("%s at %d left something:\n%s\n%s", entry, at, before, after)
			}
		}
	}
	resp := w.send("POST", "/fhir", ada, w.expand(`{"resourceType":"Bundle","type":"transaction","entry":[`+strings.Join(good, ",")+`]}`))
	if resp.Body.Close(); resp.StatusCode != http.StatusOK || history() == before {
		t.Errorf("the good ones alone: %s", resp.Status)
	}
}

// Of many that create what is not there yet, at once, one does: conditions are
// looked up while nobody else can write.
func TestConditionalCreatesAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := http.Header{"Authorization": {"Bearer " + w.vars["writer"]}, "Content-Type": {"application/fhir+json"}}
	resource := w.expand(`{"resourceType":"Condition","identifier":[{"system":"urn:test","value":"1"}],"subject":{"reference":"Patient/{patient}"}}`)
	alone := h.Clone()
	alone.Set("If-None-Exist", "identifier=urn:test|1")
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			var resp *http.Response
			if i%3 == 0 {
				resp = w.send("POST", "/fhir/Condition", alone, resource)
			} else {
				resp = w.send("POST", "/fhir", h, `{"resourceType":"Bundle","type":"`+[]string{"batch", "transaction"}[i%2]+`","entry":[{"resource":`+resource+
					`,"request":{"method":"POST","url":"Condition","ifNoneExist":"identifier=urn:test|1"}}]}`)
			}
			if resp.Body.Close(); resp.StatusCode >= 300 {
				t.Errorf("%d: %s", i, resp.Status)
			}
		})
	}
	all.Wait()
	resp := w.send("GET", "/fhir/Condition?_summary=count", h, "")
	defer resp.Body.Close()
	var found struct{ Total int }
	w.check(json.NewDecoder(resp.Body).Decode(&found))
	if found.Total != 1 {
		t.Errorf("%d were made", found.Total)
	}
}

type bundleEntry struct {
	Response struct{ Status, Location, ETag string }
}

func size(t testing.TB, file string) int {
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return int(info.Size())
}

// asLaterSynthea writes hospitals and doctors as Synthea does since 2.7: created
// unless there is one with the identifier, and referred to by it. sought are their
// places.
func asLaterSynthea(t testing.TB, raw []byte) (sent []byte, sought []int) {
	b := parsed(t, raw)
	var by []string // urn, query
	for i, e := range b.Entry {
		r, err := fhir.Parse(e.Resource, fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if r.Type() != "Organization" && r.Type() != "Practitioner" {
			continue
		}
		for first := range r.Root().Get("identifier").All() {
			query := "identifier=" + first.Get("system").Text() + "|" + first.Get("value").Text()
			b.Entry[i].Request["ifNoneExist"] = query
			by = append(by, `"`+e.FullURL+`"`, `"`+r.Type()+"?"+query+`"`)
			sought = append(sought, i)
			break
		}
	}
	for i := range b.Entry {
		b.Entry[i].Resource = []byte(strings.NewReplacer(by...).Replace(string(b.Entry[i].Resource)))
	}
	return b.text(t), sought
}

// only is the transaction of these entries.
func only(t testing.TB, sent []byte, places []int) []byte {
	b := parsed(t, sent)
	all := b.Entry
	b.Entry = nil
	for _, i := range places {
		b.Entry = append(b.Entry, all[i])
	}
	return b.text(t)
}

type sentBundle struct {
	ResourceType string `json:"resourceType"`
	Type         string `json:"type"`
	Entry        []struct {
		FullURL  string            `json:"fullUrl"`
		Resource json.RawMessage   `json:"resource"`
		Request  map[string]string `json:"request"`
	} `json:"entry"`
}

func parsed(t testing.TB, raw []byte) (b sentBundle) {
	t.Helper()
	if err := json.Unmarshal(raw, &b); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b sentBundle) text(t testing.TB) []byte {
	t.Helper()
	text, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
