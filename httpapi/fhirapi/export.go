package fhirapi

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/derived"
	"carehold/record/fhir"
	"carehold/record/store"
)

// $export of HL7 FHIR Bulk Data Access 2.0 (STU 2), of the whole and of Patient, which
// are the same in a record of one person. What the standard calls a job is a sealed token
// in the URL of its status (store.Export): nothing runs meanwhile and nothing is kept, so
// it is complete at once, and its files are made as they are fetched (exportfile.go).
// The one thing that is remembered is which were deleted (dropped).

// exportAsked is what an export is asked with, as its token holds it.
type exportAsked struct {
	request string   // of the kick-off, after the base
	types   []string // nil for all
	since   time.Time
	ignored []string // that handling=lenient left out: what the error file says
}

// maxExportAsked is how long that is, for a token is part of a URL.
const maxExportAsked = 4 << 10

// beginExport answers a kick-off: 202, and where the status is.
func (a *API) beginExport(w http.ResponseWriter, r *http.Request, v *store.View, typ string) error {
	if err := heeds(r.Header); err != nil {
		return err
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return badQuery()
	}
	if err := format(r.Header, values); err != nil {
		return err
	}
	path := strings.TrimPrefix(typ+"/$export", "/")
	x := exportAsked{request: path}
	if r.Method == http.MethodPost { // "this URL will not include the request parameters"
		body, err := sentTo(r, "export")
		if err != nil {
			return err
		}
		if body != nil {
			more, err := parametersOf(body)
			if err != nil {
				return err
			}
			values = joined(values, more)
		}
	} else if r.URL.RawQuery != "" {
		x.request += "?" + r.URL.RawQuery
	}
	async, lenient := false, false
	for name, value := range eachPreference(r.Header["Prefer"]) {
		async = async || name == "respond-async"
		lenient = lenient || name == "handling" && value == "lenient"
	}
	if !async {
		return record.Safef(record.Invalid, "an export is answered in several steps: send Prefer: respond-async").At("Prefer")
	}
	if err := x.read(values, lenient); err != nil {
		return err
	}
	as := store.Asked{Path: path, Query: x.text()}
	if len(as.Query) > maxExportAsked {
		return record.Safef(record.Invalid, "an export is asked for with %d bytes at most: ask for fewer types, or for all", maxExportAsked)
	}
	token, err := v.BeginExport(r.Context(), as)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Location", a.config.Base+"/$export/"+token)
	h.Set("Preference-Applied", "respond-async")
	return write(w, http.StatusAccepted, problem.OutcomeOf("", problem.Issue{Severity: "information", Code: "informational",
		Diagnostics: "the export is ready: Content-Location says where its files are"}))
}

// read reads the parameters. One that is not supported here is refused, or with
// handling=lenient left out; one that is and has another value than it can have is
// refused in any case.
func (x *exportAsked) read(values url.Values, lenient bool) error {
	for name, all := range values {
		all = said(all)
		if len(all) == 0 || name == "_format" || name == "_pretty" {
			continue
		}
		if len(all) > 1 && (name == "_since" || name == "_outputFormat") {
			return record.Safef(record.Invalid, "this parameter is there more than once").At(name)
		}
		switch name {
		case "_outputFormat":
			if !slices.Contains(ndjsonTypes, strings.ReplaceAll(all[0], " ", "+")) {
				return record.Safef(record.Invalid, "the files are application/fhir+ndjson, which is called application/ndjson and ndjson too").At(name)
			}
		case "_since":
			d, err := fhir.ParseInstant(strings.ReplaceAll(all[0], " ", "+"))
			if err != nil {
				return record.Safef(record.Invalid, "_since is an instant: 2026-03-02T10:00:00Z").At(name)
			}
			x.since, _ = d.Interval()
		case "_type":
			for typ := range strings.SplitSeq(listed(all), ",") {
				if _, held := change.Storable(typ); held {
					x.types = append(x.types, typ)
				} else if lenient && fhir.KnownType(typ) {
					x.ignored = append(x.ignored, "_type="+typ)
				} else {
					return record.Errorf(record.Invalid, "%s is none of the types that a record holds", typ).At(name)
				}
			}
			if x.types == nil { // those that were left out were all: not everything
				return record.Safef(record.Invalid, "a record holds none of these types").At(name)
			}
			slices.Sort(x.types)
		default:
			if !lenient {
				return record.Errorf(record.Invalid, "an export takes _type, _since and _outputFormat, and not %s; with Prefer: handling=lenient it would be left out", name).At(name)
			}
			if len(name) > 64 {
				return record.Safef(record.Invalid, "a parameter has a longer name than any that there is")
			}
			x.ignored = append(x.ignored, name)
		}
	}
	slices.Sort(x.ignored)
	return nil
}

// text and exportOf write it into a token, and read it there.
func (x *exportAsked) text() string {
	values := url.Values{"request": {x.request}, "ignored": x.ignored}
	if x.types != nil {
		values.Set("types", strings.Join(x.types, ","))
	}
	if !x.since.IsZero() {
		values.Set("since", x.since.UTC().Format(time.RFC3339Nano))
	}
	return values.Encode()
}

func exportOf(text string) (x exportAsked, err error) {
	values, err := url.ParseQuery(text)
	if err == nil && values.Has("since") {
		x.since, err = time.Parse(time.RFC3339Nano, values.Get("since"))
	}
	if err != nil {
		return x, record.Safef(record.Internal, "an export's own token cannot be read")
	}
	x.request, x.ignored = values.Get("request"), values["ignored"]
	if values.Has("types") {
		x.types = strings.Split(values.Get("types"), ",")
	}
	return x, nil
}

// openExport opens the token in a URL. One that was deleted is as one that never was.
func (a *API) openExport(r *http.Request, v *store.View) (store.Export, exportAsked, error) {
	x, err := v.OpenExport(r.PathValue("job"))
	if err != nil {
		return x, exportAsked{}, err
	}
	if a.dropped.has(x.ID) {
		return x, exportAsked{}, store.ErrNoExport
	}
	asked, err := exportOf(x.Asked.Query)
	return x, asked, err
}

// DropExport serves the DELETE of a status: from now on the export is not there.
func (a *API) DropExport(w http.ResponseWriter, r *http.Request, v *store.View) error {
	if err := heeds(r.Header); err != nil {
		return err
	}
	x, _, err := a.openExport(r, v)
	if err == nil {
		err = v.Spend()
	}
	if err != nil {
		return err
	}
	a.dropped.add(x.ID, x.Until, time.Now())
	return write(w, http.StatusAccepted, problem.OutcomeOf("", problem.Issue{Severity: "information", Code: "informational",
		Diagnostics: "the export is not there any more"}))
}

// manifest is what a status that is complete says.
type manifest struct {
	TransactionTime     string         `json:"transactionTime"`
	Request             string         `json:"request"`
	RequiresAccessToken bool           `json:"requiresAccessToken"`
	Output              []manifestFile `json:"output"`
	Deleted             []manifestFile `json:"deleted,omitempty"`
	Error               []manifestFile `json:"error"`
}

type manifestFile struct {
	Type  string `json:"type"`
	URL   string `json:"url"`
	Count int    `json:"count,omitempty"`
}

// ExportStatus serves the status of an export, which is complete at once.
func (a *API) ExportStatus(w http.ResponseWriter, r *http.Request, v *store.View) error {
	if err := heeds(r.Header); err != nil {
		return err
	}
	if err := acceptable(r.Header["Accept"], nil); err != nil {
		return err
	}
	x, asked, err := a.openExport(r, v)
	if err != nil {
		return err
	}
	files, err := v.ExportFiles(r.Context(), x, asked.types, asked.since)
	if err != nil {
		return err
	}
	base := a.config.Base + "/$export/" + r.PathValue("job") + "/"
	m := manifest{TransactionTime: x.At.Format("2006-01-02T15:04:05.000Z"), Request: a.config.Base + "/" + asked.request,
		RequiresAccessToken: true, Output: []manifestFile{}, Error: []manifestFile{}}
	for _, f := range files {
		if f.Deleted {
			m.Deleted = append(m.Deleted, manifestFile{"Bundle", base + fileNameOf(f), f.Count})
		} else {
			m.Output = append(m.Output, manifestFile{f.Type, base + fileNameOf(f), f.Count})
		}
	}
	for _, typ := range asked.derived() {
		m.Output = append(m.Output, manifestFile{typ, base + derivedFile + typ + ndjsonEnding, 0})
	}
	if len(asked.ignored) > 0 {
		m.Error = append(m.Error, manifestFile{"OperationOutcome", base + errorFile, len(asked.ignored)})
	}
	b, err := json.Marshal(m)
	if err != nil {
		return record.Safef(record.Internal, "a manifest could not be written")
	}
	h := w.Header()
	h.Set("Expires", x.Until.UTC().Format(http.TimeFormat))
	h.Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	_, err = w.Write(b)
	return gone(err)
}

// derived are the types of what is made from the record itself that belong to an export:
// those that are named, and Provenance where no types are, which the standard would have
// with all that it is of.
func (x exportAsked) derived() []string {
	if x.types == nil {
		return []string{derived.TypeProvenance}
	}
	return slices.DeleteFunc(derived.Types(), func(typ string) bool { return !slices.Contains(x.types, typ) })
}
