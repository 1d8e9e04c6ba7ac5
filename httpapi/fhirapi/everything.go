package fhirapi

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/search"
	"carehold/record/store"
)

// everything serves $everything (FHIR R4, Patient-operation-everything): all that the
// grant lets be found and read, the Patient first, as a search is served, from page to
// page. On the type and on the one Patient of the record it is the same.
func (a *API) everything(r *http.Request, v *store.View, q *asked, on fhir.Ref, body *fhir.Resource) (*answer, error) {
	if err := heeds(q.header); err != nil {
		return nil, err
	}
	if own := (fhir.Ref{Type: "Patient", ID: v.PatientID()}); on.ID != "" && on != own {
		if _, err := v.Read(r.Context(), on, 0); err != nil { // it is not there, as for a read
			return nil, err
		}
		return nil, record.Safef(record.Unsupported, "$everything is of the record's own Patient")
	}
	values := q.values
	o := store.SearchOptions{Page: values.Get("_page"), Everything: true}
	o.Asked.Path = strings.TrimSuffix(on.String(), "/") + "/$everything"
	if values.Has("_page") {
		if body != nil {
			return nil, record.Safef(record.Invalid, "a link to a further page is complete: follow it with GET").At("_page")
		}
		was, err := a.openPage(v, q, o.Asked.Path)
		if err != nil {
			return nil, err
		}
		if values, err = url.ParseQuery(was.Query); err != nil {
			return nil, record.Safef(record.Internal, "a page's own query cannot be read")
		}
	} else if body != nil {
		sent, err := parametersOf(body)
		if err != nil {
			return nil, err
		}
		values = joined(values, sent)
	}
	x, err := everythingOf(values)
	if err != nil {
		return nil, err
	}
	if len(x.unknown) > 0 && q.prefer.strict {
		return nil, record.Errorf(record.Invalid, "$everything takes _type, _since and _count, and not %s", strings.Join(x.unknown, ", ")).At(x.unknown[0])
	}
	query, err := search.Parse("", x.search.Encode(), search.Options{Base: a.config.Base, Strict: q.prefer.strict})
	if err != nil {
		return nil, err
	}
	part, err := partOf(query.Summary, query.Elements)
	if err != nil {
		return nil, err
	}
	o.Limit = limitOf(query)
	if x.asked.Has("_count") {
		x.asked.Set("_count", strconv.Itoa(o.Limit)) // what there is of it
	}
	o.Asked.Query = x.asked.Encode()
	page, err := v.Search(r.Context(), query, o)
	if err != nil {
		return nil, err
	}
	query.Ignored = append(query.Ignored, x.unknown...)
	return a.searchset(v, page, o, part, leftOut(v, query, v.Shows))
}

// everythingAsked is what $everything is asked with.
type everythingAsked struct {
	asked   url.Values // as it was executed, for link[self]
	search  url.Values // the same, as a search says it
	unknown []string
}

// everythingOf reads the operation's parameters. What is given and empty says nothing
// (FHIR R4 §3.1.1.3).
func everythingOf(values url.Values) (x everythingAsked, err error) {
	x.asked, x.search = url.Values{}, url.Values{}
	for name, all := range values {
		if all = said(all); name == "_type" {
			all = said([]string{listed(all)})
		}
		switch name {
		case "_format", "_pretty":
			continue
		case "start", "end":
			return x, record.Safef(record.Unsupported, "by the dates of care nothing is chosen here: ask for all, or search by the date of each type; _since goes by when it was written").At(name)
		case "_type", "_since", "_count", "_summary", "_elements":
		default:
			all = nil
		}
		switch {
		case len(all) == 0:
			x.unknown = append(x.unknown, name)
			continue
		case len(all) > 1:
			return x, record.Safef(record.Invalid, "this parameter is there more than once").At(name)
		}
		as, text := name, all[0]
		if name == "_since" { // "resources updated after this period": from then on
			d, err := moment(text)
			if err != nil {
				return x, record.Safef(record.Invalid, "_since is an instant: 2026-03-02T10:00:00Z").At("_since")
			}
			x.asked.Set(name, d.String())
			as, text = "_lastUpdated", "ge"+d.String()
		} else {
			x.asked.Set(name, text)
		}
		x.search.Set(as, text)
	}
	slices.Sort(x.unknown)
	return x, nil
}

// said are the values that say something.
func said(all []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(text string) bool { return text == "" })
}

// listed are several values that may be lists themselves as one list, each once.
func listed(all []string) string {
	var list []string
	there := map[string]bool{"": true}
	for text := range strings.SplitSeq(strings.Join(all, ","), ",") {
		if !there[text] {
			there[text], list = true, append(list, text)
		}
	}
	return strings.Join(list, ",")
}

// maxParameters is how many an operation is sent as a resource: every type there is may
// be one.
const maxParameters = 500

// parametersOf are the parameters of an operation that were sent as a resource.
func parametersOf(body *fhir.Resource) (url.Values, error) {
	if body.Type() != "Parameters" {
		return nil, record.Safef(record.Invalid, "this operation takes Parameters").At("resourceType")
	}
	values, count := url.Values{}, 0
	for p := range body.Root().Get("parameter").All() {
		if count++; count > maxParameters {
			return nil, record.Safef(record.Invalid, "there are more than %d parameters", maxParameters).At("Parameters.parameter")
		}
		name, text, said := p.Get("name").Text(), "", false
		for member := range p.All() {
			if !strings.HasPrefix(member.Name(), "value") {
				continue
			}
			if said = true; member.Kind() == '"' {
				text = member.Text()
			} else {
				text = string(member.Raw())
			}
		}
		if name == "" || !said {
			return nil, record.Safef(record.Invalid, "a parameter here has a name and a value").At(p.Path())
		}
		values.Add(name, text)
	}
	return values, nil
}

// joined are the parameters of a request that stand in two places.
func joined(a, b url.Values) url.Values {
	all := url.Values{}
	for _, values := range []url.Values{a, b} {
		for name, list := range values {
			all[name] = append(all[name], list...)
		}
	}
	return all
}
