package fhirapi

import (
	"bytes"
	"net/http"
	"slices"
	"strings"

	"carehold/httpapi/message"
	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/fhir/r4"
	"carehold/record/grant"
	"carehold/record/store"
)

// Operation serves the operations that there are (FHIR R4 §3.2.0): $summary (summary.go),
// $everything (everything.go), $export (export.go), and $validate: whether a resource
// could be written, without writing it. Resource-operation-validate: the resource in
// Parameters or by itself, mode and profile in either place. Once something was
// validated the answer is 200, whatever came of it.
func (a *API) Operation(w http.ResponseWriter, r *http.Request, v *store.View) error {
	on, name := fhir.Ref{Type: r.PathValue("type"), ID: r.PathValue("id")}, r.PathValue("operation")
	if exports(name, on) {
		return a.beginExport(w, r, v, on.Type)
	}
	q, err := asksOperation(r.Header, r.URL.RawQuery, name, on)
	if err != nil {
		return err
	}
	if err := heeds(r.Header); err != nil {
		return err
	}
	if err := notHere(r, message.ImportHeaderName); err != nil {
		return err
	}
	var body *fhir.Resource
	if r.Method == http.MethodPost {
		if body, err = sentTo(r, name); err != nil {
			return err
		}
	}
	x, err := a.operation(r, v, q, name, on, body)
	if err != nil {
		return err
	}
	return x.send(w)
}

// sentTo reads what an operation is sent. All parameters of every one but $validate may be
// left out, and a POST without a body is one without Parameters (FHIR R4 §3.2.0.1).
func sentTo(r *http.Request, name string) (*fhir.Resource, error) {
	if operationNamed(name) == "validate" {
		return sent(r)
	}
	b, err := read(r)
	if err != nil || len(bytes.TrimSpace(b)) == 0 {
		return nil, err
	}
	if err := anObject(b); err != nil {
		return nil, err
	}
	return fhir.Parse(b, fhir.Limits{})
}

// operationNamed is an operation's name as a path has it, without the $.
func operationNamed(name string) string {
	return strings.TrimPrefix(strings.TrimPrefix(name, "%24"), "$")
}

// exports reports whether an operation is $export, on what can be exported.
func exports(name string, on fhir.Ref) bool {
	return operationNamed(name) == "export" && (on.Type == "" || on.Type == "Patient" && on.ID == "")
}

// asksOperation reads what an operation is asked with. $everything is a search, and reads
// its parameters as one.
func asksOperation(header http.Header, raw, name string, on fhir.Ref) (*asked, error) {
	if operationNamed(name) == "everything" && on.Type == "Patient" {
		return asksFor(header, raw)
	}
	return askOf(header, raw, operationParams...)
}

// operation is what an operation comes to: body is nil where none was sent.
func (a *API) operation(r *http.Request, v *store.View, q *asked, name string, on fhir.Ref, body *fhir.Resource) (*answer, error) {
	switch name = operationNamed(name); {
	case name == "summary" && on.Type == "Patient":
		return a.summary(r.Context(), v, q, on, body)
	case name == "everything" && on.Type == "Patient":
		return a.everything(r, v, q, on, body)
	case exports(name, on):
		return nil, record.Safef(record.Unsupported, "$export is asked for by itself: it is answered in several steps")
	case name != "validate" || on.Type == "":
		return nil, record.Safef(record.Unsupported, "the operations here are $validate, on a type or on an entry, $summary and $everything, on Patient, and $export, on Patient or on the whole")
	}
	if !fhir.KnownType(on.Type) {
		return nil, noType(on.Type, "")
	}
	if q.values.Has("identifier") {
		q.unknown = append(q.unknown, "identifier")
	}
	if len(q.unknown) > 0 {
		return nil, record.Errorf(record.Invalid, "$validate takes resource, mode and profile, and not %s", strings.Join(q.unknown, ", ")).At(q.unknown[0])
	}
	c, err := validation(q, on, body)
	if err != nil {
		return nil, err
	}
	issues, err := a.validate(r, v, c)
	if err != nil {
		return nil, err
	}
	if len(issues) == 0 {
		issues = problem.Issues{{Severity: "information", Code: "informational", Diagnostics: "nothing is wrong with it"}}
	}
	return &answer{status: http.StatusOK, body: problem.OutcomeOf("", issues...)}, nil
}

// validating is what $validate is asked.
type validating struct {
	on       fhir.Ref
	resource *fhir.Resource // nil: the entry as it is
	mode     string
	profile  string
}

// validation reads it from the query, from Parameters, or from both.
func validation(q *asked, on fhir.Ref, body *fhir.Resource) (c validating, err error) {
	c = validating{on: on, resource: body, mode: q.values.Get("mode"), profile: q.values.Get("profile")}
	if body != nil && body.Type() == "Parameters" && on.Type != "Parameters" {
		if err := c.parameters(body); err != nil {
			return c, err
		}
	}
	if !slices.Contains([]string{"", "create", "update", "delete", "profile"}, c.mode) {
		return c, record.Safef(record.Invalid, "the mode is create, update, delete or profile").At("mode")
	}
	switch res := c.resource; {
	case res == nil && on.ID == "":
		return c, record.Safef(record.Invalid, "there is nothing to validate: send a resource, or name an entry by its id").At("resource")
	case res == nil && c.mode == "create":
		return c, record.Safef(record.Invalid, "a create has a resource").At("resource")
	case res != nil && res.Type() != on.Type:
		return c, record.Safef(record.Invalid, "the resource is not of the type in the URL").At("resourceType")
	}
	return c, nil
}

// parameters reads a Parameters resource.
func (c *validating) parameters(body *fhir.Resource) error {
	c.resource = nil
	said := map[string]bool{}
	for p := range body.Root().Get("parameter").All() {
		name := p.Get("name").Text()
		if said[name] {
			return record.Safef(record.Invalid, "this parameter is there more than once").At(p.Path())
		}
		said[name] = true
		switch name {
		case "resource":
			res, err := fhir.Parse(p.Get("resource").Raw(), fhir.Limits{})
			if err != nil {
				return err
			}
			c.resource = res
		case "mode":
			c.mode = p.Get("valueCode").Text()
		case "profile":
			if c.profile = p.Get("valueUri").Text(); c.profile == "" {
				c.profile = p.Get("valueCanonical").Text()
			}
		default:
			return record.Safef(record.Invalid, "$validate takes resource, mode and profile").At(p.Path())
		}
	}
	return nil
}

// validate is what is wrong with it. Nothing of the record is looked at but the
// entry in the URL, and that as a read is: what may not be read does not exist.
func (a *API) validate(r *http.Request, v *store.View, c validating) (problem.Issues, error) {
	may := grant.ActUpdate
	switch c.mode {
	case "create":
		may = grant.ActCreate
	case "delete":
		may = grant.ActDelete
	}
	var issues problem.Issues
	wrong := func(code, text string) {
		issues = append(issues, problem.Issue{Severity: "error", Code: code, Diagnostics: text})
	}
	if c.on.ID != "" && (c.resource == nil || c.mode != "create") {
		e, err := v.Read(r.Context(), c.on, 0)
		if err != nil {
			return nil, err
		}
		if c.resource == nil && c.mode != "delete" {
			if c.resource, err = fhir.Parse(e.Body, fhir.Limits{}); err != nil {
				return nil, record.Safef(record.Internal, "a stored resource does not read: %w", err)
			}
		}
	} else if err := v.Spend(); err != nil { // a read is counted as one
		return nil, err
	}
	if c.mode != "" && c.mode != "profile" && !grant.Covers(v.Grant(), may, c.on.Type) {
		wrong("forbidden", "this token does not allow it for "+c.on.Type)
	}
	if c.mode != "delete" {
		if reason, ok := change.Storable(c.on.Type); !ok {
			wrong("not-supported", reason)
		}
	}
	if c.resource == nil {
		return issues, nil
	}
	switch id := c.resource.ID(); {
	case c.mode == "update" && id == "":
		wrong("required", "an update has the id that it is about")
	case c.mode == "update" && c.on.ID != "" && id != c.on.ID:
		wrong("invalid", "the resource's id must be the id in the URL")
	}
	if c.profile != "" && !baseProfile(c.profile, c.on.Type) {
		wrong("not-supported", "this server knows FHIR R4's own definitions alone: what that profile says was not looked at")
	}
	found := checkedAll(c.resource)
	return append(issues, found...), nil
}

// baseProfile reports whether a profile is R4's own definition of the type, or of
// what it comes from.
func baseProfile(url, typ string) bool {
	name, ok := strings.CutPrefix(url, "http://hl7.org/fhir/StructureDefinition/")
	name, _, _ = strings.Cut(name, "|")
	t, known := r4.Lookup(typ)
	return ok && known && t.Is(name)
}
