package httpapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"carehold/httpapi"
	"carehold/httpapi/fhirapi"
	"carehold/record/change"
	"carehold/record/fhir/r4"
	"carehold/record/search"
)

// capabilities is what a client reads of a CapabilityStatement.
type capabilities struct {
	Format, PatchFormat []string
	Rest                []struct {
		Interaction []struct{ Code string }
		SearchParam []claimed
		Operation   []struct{ Name, Definition string }
		Resource    []claimedType
	}
}

type claimedType struct {
	Type                            string
	Interaction                     []struct{ Code string }
	SearchParam                     []claimed
	SearchInclude, SearchRevInclude []string
	Operation                       []struct{ Name, Definition string }
	ConditionalCreate               bool
	ConditionalUpdate               bool
	ConditionalRead                 string
	ConditionalDelete               string
}

func (r claimedType) operations() string {
	var names []string
	for _, o := range r.Operation {
		names = append(names, o.Name)
	}
	return strings.Join(names, " ")
}

type claimed struct{ Name, Definition, Type, Documentation string }

// asks sends requests and reads their answers.
type asks struct {
	*world
	token string
}

func (a asks) ask(method, target, typ, body string, prefer ...string) (int, []byte) {
	a.t.Helper()
	h := http.Header{"Authorization": {"Bearer " + a.token}}
	if typ != "" {
		h.Set("Content-Type", typ)
	}
	if len(prefer) > 0 {
		h["Prefer"] = prefer
	}
	resp := a.send(method, target, h, body)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	a.check(err)
	return resp.StatusCode, b
}

func (a asks) get(target string, prefer ...string) (int, []byte) {
	a.t.Helper()
	return a.ask("GET", target, "", "", prefer...)
}

// statement is what the server says it can do.
func statement(t *testing.T, w *world) capabilities {
	t.Helper()
	resp := w.send("GET", "/fhir/metadata", nil, "")
	defer resp.Body.Close()
	var c capabilities
	if err := json.NewDecoder(resp.Body).Decode(&c); err != nil {
		t.Fatal(err)
	}
	if len(c.Rest) != 1 {
		t.Fatalf("%d rest", len(c.Rest))
	}
	return c
}

// Each interaction that is claimed has a row of the table, each row of FHIR's is
// claimed, and each claim holds for each type.
func TestClaimedInteractions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := statement(t, w)
	rest := c.Rest[0]

	// Beside the interactions: their other ways, and what is claimed elsewhere.
	also := map[string]bool{
		"GET /metadata": true, "GET /": true, "POST /": true, "POST /_search": true, "POST /{type}/_search": true,
		"PUT /{type}": true, "PATCH /{type}": true, "DELETE /{type}": true, // conditional*
		"GET /{operation}": true, "POST /{operation}": true, "GET /{type}/{operation}": true, "POST /{type}/{operation}": true,
		"GET /{type}/{id}/{operation}": true, "POST /{type}/{id}/{operation}": true, // operation
		"GET /{exports}/{job}": true, "DELETE /{exports}/{job}": true, "GET /{exports}/{job}/{output}": true, // of $export
		"GET /{compartment}/{id}/{type}": true, "GET /{compartment}/{id}/{all}": true, // compartment
		"POST /{compartment}/{id}/{type}/_search": true, "POST /{compartment}/{id}/_search": true,
		"OPTIONS /Binary/{uploads}": true, "POST /Binary/{uploads}": true, "HEAD /Binary/{uploads}/{upload}": true, // tus, in the text
		"PATCH /Binary/{uploads}/{upload}": true, "POST /Binary/{uploads}/{upload}": true, "DELETE /Binary/{uploads}/{upload}": true,
	}
	ofBinary := map[string]bool{} // rows of its own for what every type has, by the path
	rows := map[string]bool{}
	for _, r := range w.server.Routes() {
		if r.Door == httpapi.DoorFHIR {
			rows[r.Method+" "+strings.TrimPrefix(r.Path, "/fhir")] = true
		}
		if strings.HasPrefix(r.Path, "/fhir/Binary") && !strings.Contains(r.Path, "{uploads}") {
			ofBinary[strings.TrimPrefix(r.Path, "/fhir")] = true
		}
	}
	for row := range rows { // what hides a row for all types has all that it has
		if method, path, _ := strings.Cut(row, " "); ofBinary[strings.Replace(path, "{type}", "Binary", 1)] && strings.HasPrefix(path, "/{type}") {
			if own := method + " " + strings.Replace(path, "{type}", "Binary", 1); !rows[own] {
				t.Errorf("there is no %s", own)
			}
			also[method+" "+strings.Replace(path, "{type}", "Binary", 1)] = true
		}
	}
	named := func(list []struct{ Code string }, table []fhirapi.Interaction, of string) {
		t.Helper()
		var codes, want []string
		for _, x := range list {
			codes = append(codes, x.Code)
		}
		for _, x := range table {
			want = append(want, x.Code)
			if !rows[x.Method+" "+x.Path] {
				t.Errorf("%s is claimed, and there is no %s %s", x.Code, x.Method, x.Path)
			}
		}
		if !slices.Equal(codes, want) {
			t.Errorf("%s: claims %v, want %v", of, codes, want)
		}
	}
	named(rest.Interaction, fhirapi.OfSystem, "the system")
	for _, r := range rest.Resource {
		named(r.Interaction, fhirapi.OfType, r.Type)
	}
	for row := range rows {
		if !also[row] && !slices.ContainsFunc(slices.Concat(fhirapi.OfType, fhirapi.OfSystem), func(x fhirapi.Interaction) bool { return x.Method+" "+x.Path == row }) {
			t.Errorf("%s is served, and not claimed", row)
		}
	}

	// R4's types, but for the three that a record has no place for.
	var types []string
	for _, r := range rest.Resource {
		types = append(types, r.Type)
	}
	for _, typ := range r4.ResourceTypes() {
		if _, ok := change.Storable(typ); ok != slices.Contains(types, typ) {
			t.Errorf("%s is claimed: %v", typ, !ok)
		}
	}
	a := asks{w, w.vars["ada"]}
	for _, typ := range []string{"Parameters", "OperationOutcome", "Subscription"} {
		if status, b := a.ask("POST", "/fhir/"+typ, "application/fhir+json", `{"resourceType":"`+typ+`"}`); status != 405 {
			t.Errorf("a %s can be created: %d %s", typ, status, b)
		}
		if status, _ := a.get("/fhir/" + typ); status != 404 {
			t.Errorf("a %s can be searched for: %d", typ, status)
		}
	}
	if len(rest.Operation) != 1 || rest.Operation[0].Definition != "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export" {
		t.Errorf("of the whole: %+v", rest.Operation)
	}
	for i, r := range rest.Resource {
		if !r.ConditionalCreate || !r.ConditionalUpdate || r.ConditionalDelete != "single" || r.ConditionalRead != "full-support" || r.operations() != map[bool]string{false: "validate", true: "validate everything summary export"}[r.Type == "Patient"] {
			t.Errorf("%s: %+v", r.Type, r)
		}
		if testing.Short() && i%10 != 0 {
			continue
		}
		// Of an empty resource it is said what it lacks, if it must have anything.
		if status, b := a.ask("POST", "/fhir/"+r.Type, "application/fhir+json", `{"resourceType":"`+r.Type+`","id":"x"}`); status != 201 && status != 422 {
			t.Errorf("create %s: %d %s", r.Type, status, b)
		}
		if status, b := a.ask("POST", "/fhir/"+r.Type+"/$validate", "application/fhir+json", `{"resourceType":"`+r.Type+`"}`); status != 200 {
			t.Errorf("$validate %s: %d %s", r.Type, status, b)
		}
		if status, b := a.get("/fhir/" + r.Type + "/_history?_count=1"); status != 200 {
			t.Errorf("history of %s: %d %s", r.Type, status, b)
		}
	}
}

// Each search parameter that is claimed is taken, each include too; what R4 has and
// is not claimed is refused.
func TestClaimedSearches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rest := statement(t, w).Rest[0]
	a := asks{w, w.vars["ada"]}
	refused := 0
	params, includes := 0, 0
	for i, r := range rest.Resource {
		if testing.Short() && i%10 != 0 {
			continue
		}
		q := url.Values{"_count": {"0"}}
		have := map[string]bool{}
		for _, p := range r.SearchParam {
			def, ok := r4.LookupParam(r.Type, p.Name)
			if !ok || def.URL != p.Definition || def.Type != p.Type {
				t.Errorf("%s.%s is not R4's: %+v", r.Type, p.Name, p)
				continue
			}
			have[p.Name] = true
			q.Set(p.Name, probe(def))
			params++
		}
		for chunk := range slices.Chunk(r.SearchInclude, search.MaxIncludes) {
			q["_include"] = chunk
			includes += len(chunk)
			if status, b := a.get("/fhir/"+r.Type+"?"+q.Encode(), "handling=strict"); status != 200 {
				t.Errorf("%s: %d %s", r.Type, status, b)
			}
		}
		delete(q, "_include")
		for chunk := range slices.Chunk(r.SearchRevInclude, search.MaxIncludes) {
			includes += len(chunk)
			if status, b := a.get("/fhir/"+r.Type+"?_count=0&"+url.Values{"_revinclude": chunk}.Encode(), "handling=strict"); status != 200 {
				t.Errorf("%s: %d %s", r.Type, status, b)
			}
			break // each is one of some type's includes, which were all asked for
		}
		for _, def := range r4.Params(r.Type) {
			if have[def.Code] {
				continue
			}
			refused++
			if status, b := a.get("/fhir/"+r.Type+"?"+def.Code+"=x", "handling=strict"); status != 400 {
				t.Errorf("%s.%s is not claimed: %d %s", r.Type, def.Code, status, b)
			}
		}
		if status, _ := a.get("/fhir/"+r.Type+"?colour=x", "handling=strict"); status != 400 {
			t.Errorf("%s: an unknown parameter: %d", r.Type, status)
		}
	}
	q := url.Values{"_count": {"0"}}
	for _, p := range rest.SearchParam {
		def, ok := r4.LookupParam("", p.Name)
		if !ok || p.Name[0] != '_' {
			t.Errorf("%s is no parameter of all types", p.Name)
			continue
		}
		q.Set(p.Name, probe(def))
	}
	if status, b := a.get("/fhir?"+q.Encode(), "handling=strict"); status != 200 || len(rest.SearchParam) != 6 {
		t.Errorf("all types: %d parameters, %d %s", len(rest.SearchParam), status, b)
	}
	// §3.1.1.6: what is understood and not done is refused, whatever Prefer says.
	for _, q := range []string{"_text=x", "_content=x", "_filter=x", "_query=x", "_list=x", "_contained=true", "_include:iterate=Observation:subject"} {
		if status, b := a.get("/fhir/Observation?" + q); status != 400 {
			t.Errorf("%s: %d %s", q, status, b)
		}
	}
	t.Logf("%d parameters, %d includes, %d that are not claimed", params, includes, refused)
}

// probe is a value that a parameter takes.
func probe(p *r4.Param) string {
	switch p.Type {
	case "number", "quantity":
		return "1"
	case "date":
		return "2020-01-01"
	case "uri":
		return "http://a.example"
	case "reference":
		if len(p.Targets) > 0 {
			return p.Targets[0] + "/x"
		}
		return "Patient/x"
	case "composite":
		var parts []string
		for _, c := range p.Components {
			of, ok := r4.ParamByURL(c.Definition)
			if !ok {
				return ""
			}
			parts = append(parts, probe(of))
		}
		return strings.Join(parts, "$")
	}
	return "x"
}
