package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// The part of the demo in which others come to her: a clinic asks, a laboratory adds.

const (
	clinicName = "Sister Joan Pryce"
	labName    = "City Lab"
	notMine    = "This was not my blood"
)

func (d *demo) asked() error {
	d.heading("A clinic asks, and she gives it less", "On a card in her wallet is an address. Whoever has it can ask there, and learns nothing: not even whose it is.")
	out, err := d.mine("address", "new", "--label", "card in my wallet")
	if err != nil {
		return err
	}
	d.shown(out)
	address := strings.TrimSpace(out)
	asks := map[string]any{"name": clinicName, "role": "nurse", "organisation": "Falls clinic, Northgate Hospital", "purpose": "TREAT",
		"sections": []string{"medicines", "measurements", "documents"}, "days": 30, "words": "for your visit on Tuesday"}
	status, waits, err := d.send(address, "", asks)
	if err != nil {
		return err
	}
	door, name := address[:strings.LastIndexByte(address, '/')+1], address[strings.LastIndexByte(address, '/')+1:]
	none := strings.Repeat("0", len(name))
	never, _, err := d.send(door+none, "", asks)
	d.say("")
	d.say("  POST /ask/%s…  %d  the clinic asks there, and waits", name[:8], status)
	d.say("  POST /ask/%s…  %d  and so does who asks at an address that never was", none[:8], never)
	d.claim("who asks learns nothing", err == nil && status == http.StatusAccepted && never == status)
	d.say("")
	if out, err = d.mine("requests"); err != nil {
		return err
	}
	d.shown(out)
	id, err := listedBy(d, "requests", func(r requestItem) (string, bool) { return r.ID, r.Name == clinicName })
	if err != nil {
		return err
	}
	d.say("")
	if out, err = d.mine("approve", shortID(id), "--without", "documents", "--for", "7d", "--yes"); err != nil {
		return err
	}
	d.shown(out)
	var answer struct{ Status, Token string }
	if err := d.answer(waits, &answer); err != nil {
		return err
	}
	d.claim("the clinic is told that she said yes", answer.Status == "approved")
	d.say("")
	d.say("  The clinic fetches its answer, and reads:")
	c := &clinician{d: d, token: answer.Token, found: map[string]searchset{}}
	c.find("MedicationRequest", 1)
	c.findNone("DocumentReference", "her letters: asked for, and not given")
	return c.err
}

// answer asks for the answer to a request, as whoever asked it does.
func (d *demo) answer(waits []byte, into any) error {
	var w struct{ Request string }
	if err := json.Unmarshal(waits, &w); err != nil {
		return err
	}
	_, b, err := d.send(d.url+"/ask/answer", w.Request, nil)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}

// send posts JSON.
func (d *demo) send(url, token string, body any) (int, []byte, error) {
	var b []byte
	if body != nil {
		var err error
		if b, err = json.Marshal(body); err != nil {
			return 0, nil, err
		}
	}
	r, err := http.NewRequestWithContext(d.ctx, http.MethodPost, url, bytes.NewReader(b))
	if err != nil {
		return 0, nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if strings.Contains(url, "/fhir/") {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	b, err = io.ReadAll(answer.Body)
	return answer.StatusCode, b, err
}

func (d *demo) added() error {
	d.heading("A laboratory adds, and reads nothing", "What it writes waits until she has looked at it, and is in nobody's answers before.")
	_, err := d.mine("grant", "--to", labName, "--role", "laboratory", "--sections", "results", "--scopes", "patient/*.c", "--for", "30d", "--yes", "--token-out", d.path("lab.token"))
	if err != nil {
		return err
	}
	lab, err := d.clinician("lab.token")
	if err != nil {
		return err
	}
	for _, x := range []struct {
		title, unit string
		value       float64
	}{{"Potassium", "mmol/L", 4.2}, {"Glucose", "mmol/L", 9.9}} {
		status, _, err := d.send(d.url+"/fhir/Observation", lab.token, map[string]any{"resourceType": "Observation", "status": "final", "effectiveDateTime": "2026-11-02",
			"category":      []any{map[string]any{"coding": []any{map[string]any{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}}}},
			"code":          map[string]any{"text": x.title},
			"valueQuantity": map[string]any{"value": x.value, "unit": x.unit, "system": "http://unitsofmeasure.org", "code": x.unit}})
		if err != nil {
			return err
		}
		d.say("  POST /fhir/%s %d  %s: %.1f %s", fit("Observation", 21), status, x.title, x.value, x.unit)
		d.claim("a laboratory may add", status == http.StatusCreated)
	}
	status, _ := lab.get("Observation")
	lab.row("Observation", status, "it may not even look for its own")
	d.claim("a laboratory that may add reads nothing", status == http.StatusForbidden)
	d.say("")
	out, err := d.mine("inbox")
	if err != nil {
		return err
	}
	d.shown(out)
	item := func(title string) (string, error) {
		return listedBy(d, "inbox", func(i inboxItem) (string, bool) { return i.Item, i.Title == title })
	}
	wanted, err := item("Potassium")
	wrong, err2 := item("Glucose")
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	d.say("")
	if out, err = d.mine("inbox", "accept", shortID(wanted)); err != nil {
		return err
	}
	d.shown(out)
	d.say("")
	if out, err = d.mine("inbox", "accept", shortID(wrong), "--dispute", notMine); err != nil {
		return err
	}
	d.shown(out)
	if out, err = d.hers("inbox"); err != nil {
		return err
	}
	d.claim("nothing waits any more", strings.HasPrefix(out, "There is nothing in your inbox"))
	return errors.Join(lab.err, d.disputed())
}

// disputed shows that her words travel with what she disputes.
func (d *demo) disputed() error {
	list, err := d.hers("entries", "--type", "Observation", "--section", "results", "--json")
	if err != nil {
		return err
	}
	var e entryItem
	if err := eachLine(list, "item", func(x entryItem) {
		if x.Said == "disputed" {
			e = x
		}
	}); err != nil {
		return err
	}
	d.claim("who wrote what she disputes can still be told", e.Before == labName)
	doctor, err := d.clinician("dr-okafor.token")
	if err != nil {
		return err
	}
	d.say("")
	d.say("  Dr Okafor reads it, and with it what Marion says of it:")
	status, b := doctor.get(e.Ref)
	o, _ := parseObject(b)
	said := ""
	for _, s := range saidOf(o) {
		said = s.text
	}
	doctor.row(e.Ref, status, summarize(b).line())
	d.say("  %38s %q", "disputed:", said)
	d.claim("her words travel with it", status == http.StatusOK && said == notMine)
	d.doctorAsked += doctor.asked
	return doctor.err
}

// listedBy is the name of the thing that a command lists and that is meant.
func listedBy[T any](d *demo, command string, is func(T) (string, bool)) (name string, err error) {
	out, err := d.hers(command, "--json")
	if err != nil {
		return "", err
	}
	err = eachLine(out, "item", func(x T) {
		if id, ok := is(x); ok {
			name = id
		}
	})
	if err == nil && name == "" {
		err = fmt.Errorf("carehold %s does not list it", command)
	}
	return name, err
}
