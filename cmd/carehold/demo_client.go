package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"carehold/record/sample"
)

// clinician is a FHIR client such as anybody could write: net/http, a token, and
// nothing of ours. It shows each request in a line.
type clinician struct {
	d     *demo
	token string
	asked int // requests with the token
	found map[string]searchset
	err   error // faults that are no answers
}

func (d *demo) clinician(tokenFile string) (*clinician, error) {
	b, err := os.ReadFile(d.path(tokenFile))
	return &clinician{d: d, token: strings.TrimSpace(string(b)), found: map[string]searchset{}}, err
}

func (c *clinician) get(path string) (int, []byte) {
	r, err := http.NewRequestWithContext(c.d.ctx, http.MethodGet, c.d.url+"/fhir/"+path, nil)
	if err != nil {
		c.err = errors.Join(c.err, err)
		return 0, nil
	}
	r.Header.Set("Accept", "application/fhir+json")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
		c.asked++
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		c.err = errors.Join(c.err, err)
		return 0, nil
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	c.err = errors.Join(c.err, err)
	return answer.StatusCode, b
}

// row shows a request and what came of it.
func (c *clinician) row(path string, status int, what string) {
	typ, id, isRead := strings.Cut(path, "/")
	if isRead {
		path = typ + "/" + shortID(id)
		if len(id) > 8 {
			path += "…"
		}
	}
	c.d.say("  GET /fhir/%s %s  %s", fit(path, 22), c.status(status), strings.TrimRight(cut(what, 78-37), " "))
}

func (c *clinician) status(code int) string {
	if code == http.StatusOK {
		return c.d.good(fmt.Sprint(code))
	}
	return c.d.strong(fmt.Sprint(code))
}

func (c *clinician) open(path string) bool {
	with := c.token
	c.token = ""
	status, b := c.get(path)
	c.token = with
	var m struct {
		ResourceType, FhirVersion string
	}
	ok := status == http.StatusOK && json.Unmarshal(b, &m) == nil && m.ResourceType == "CapabilityStatement"
	c.row(path, status, m.ResourceType+", FHIR "+m.FhirVersion)
	return ok
}

type searchset struct {
	Total int
	Entry []struct{ Resource json.RawMessage }
}

func (c *clinician) search(typ string) (int, searchset) {
	var s searchset
	status, b := c.get(typ + "?_count=500")
	if status == http.StatusOK {
		c.err = errors.Join(c.err, json.Unmarshal(b, &s))
		c.found[typ] = s
	}
	return status, s
}

// find searches, and shows how many there are and the first by name.
func (c *clinician) find(typ string, atLeast int) {
	status, s := c.search(typ)
	var titles []string
	for _, e := range s.Entry {
		if t := summarize(e.Resource).line(); len(titles) < 3 && !slices.Contains(titles, t) {
			titles = append(titles, t)
		}
	}
	c.row(typ, status, fmt.Sprintf("%d: %s", s.Total, strings.Join(titles, "; ")))
	c.d.claim(fmt.Sprintf("%s are found", typ), status == http.StatusOK && s.Total >= atLeast)
}

// findSince searches for what has a code since a date, the newest first. What must
// be found is counted in the files that she imported.
func (c *clinician) findSince(system, code, since string) {
	parameters := []string{"code=" + system + "|" + code, "date=ge" + since, "_sort=-date"}
	var asked []string
	for _, p := range parameters {
		name, value, _ := strings.Cut(p, "=")
		asked = append(asked, name+"="+url.QueryEscape(value))
	}
	status, b := c.get("Observation?" + strings.Join(asked, "&"))
	var s searchset
	if status == http.StatusOK {
		c.err = errors.Join(c.err, json.Unmarshal(b, &s))
	}
	var values, dates []string
	right := true
	for _, e := range s.Entry {
		date, ok := observed(e.Resource, system, code)
		right = right && ok && date >= since
		dates = append(dates, date)
		sum := summarize(e.Resource)
		values = append(values, sum.Value+" ("+sum.Date+")")
	}
	newestFirst := slices.IsSortedFunc(dates, func(x, y string) int { return strings.Compare(y, x) })
	c.d.say("  GET /fhir/Observation?%s", strings.Join(parameters, "&"))
	c.d.say("    %s  %s", c.status(status), cut(fmt.Sprintf("%d: %s", s.Total, strings.Join(values, "; ")), 78-9))
	c.d.claim("a search by code and date finds all of those and no others, the newest first",
		right && newestFirst && len(dates) > 0 && len(dates) == c.d.imported(system, code, since))
}

// observed tells when something was observed, and whether it has that code.
func observed(resource []byte, system, code string) (date string, ok bool) {
	var o struct {
		ResourceType string
		Code         struct {
			Coding []struct{ System, Code string }
		}
		Date string `json:"effectiveDateTime"`
	}
	if json.Unmarshal(resource, &o) != nil || o.ResourceType != "Observation" {
		return "", false
	}
	for _, x := range o.Code.Coding {
		ok = ok || x.System == system && x.Code == code
	}
	return o.Date, ok
}

// imported counts them in the files.
func (d *demo) imported(system, code, since string) int {
	n := 0
	for _, file := range sample.Sources() {
		var s searchset
		if json.Unmarshal(file.Bundle, &s) != nil {
			return -1
		}
		for _, e := range s.Entry {
			if date, ok := observed(e.Resource, system, code); ok && date >= since {
				n++
			}
		}
	}
	return n
}

func (c *clinician) findNone(typ, what string) {
	status, s := c.search(typ)
	c.row(typ, status, fmt.Sprintf("%d: %s", s.Total, what))
	c.d.claim(fmt.Sprintf("no %s is found", typ), status == http.StatusOK && s.Total == 0)
}

func (c *clinician) lists(typ, ref string) bool {
	for _, e := range c.found[typ].Entry {
		if o, ok := parseObject(e.Resource); ok && typ+"/"+str(o, "id") == ref {
			return true
		}
	}
	return false
}

// named finds an entry of what was found with a word in its title.
func (c *clinician) named(typ, word string) (ref, title string) {
	for _, e := range c.found[typ].Entry {
		if t := summarize(e.Resource).Title; strings.Contains(strings.ToLower(t), word) {
			o, _ := parseObject(e.Resource)
			return typ + "/" + str(o, "id"), t
		}
	}
	return "", ""
}

func (c *clinician) read(ref, title string) {
	status, b := c.get(ref)
	s := summarize(b)
	c.row(ref, status, joined(", ", s.Title, s.Date))
	c.d.claim("what was found can be read", status == http.StatusOK && s.Title == title)
}

func (c *clinician) absent(ref, what string) []byte {
	status, b := c.get(ref)
	c.row(ref, status, what)
	c.d.claim(what+" is not there", status == http.StatusNotFound)
	return b
}

// withoutID is an answer without the request's own id, which is the one thing
// in which two answers may differ.
func withoutID(body []byte) string {
	var o map[string]json.RawMessage
	if json.Unmarshal(body, &o) != nil {
		return string(body)
	}
	delete(o, "id")
	b, _ := json.Marshal(o) // raw JSON always encodes
	return string(b)
}

func (c *clinician) refused(path string) {
	status, _ := c.get(path)
	c.row(path, status, "the token opens nothing any more")
	c.d.claim("a stopped grant is refused", status == http.StatusUnauthorized)
}
