package ips

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/fhir/speak"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

// PagePolicy is the Content-Security-Policy that a page is served with, and that it
// carries itself for when it is opened from a disk: nothing but its own style.
var PagePolicy = func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}()

var page = template.Must(template.New("page").Parse(pageText))

// A document is bounded: what is larger than this is no summary.
var pageLimits = fhir.Limits{Bytes: 256 << 20, Values: 16 << 20}

type pageSection struct {
	ID, Title string
	Text      template.HTML // made by rewrite, and by nothing else
}

// Page makes of an IPS document one page of HTML to print on A4: who it is about,
// allergies first, then the other sections as they come. The document may be a
// stranger's: its narratives are written again, element by element.
func Page(document []byte) ([]byte, error) {
	r, err := fhir.Parse(document, pageLimits)
	if err != nil {
		return nil, err
	}
	var comp, patient fhir.Node
	for e := range r.Root().Get("entry").All() {
		res := e.Get("resource")
		switch res.Get("resourceType").Text() {
		case "Composition":
			if !comp.Valid() {
				comp = res
			}
		case "Patient":
			if patient.Valid() {
				return nil, record.Safef(record.Unprocessed, "the document has more than one Patient: a page shows one person")
			}
			patient = res
		}
	}
	if r.Type() != "Bundle" || !comp.Valid() || !patient.Valid() {
		return nil, record.Safef(record.Unprocessed, "this is no summary: a Bundle with a Composition and a Patient is needed")
	}
	var data struct {
		Policy, Title, Lang string
		Style               template.CSS
		Banner              banner
		Made                string
		About               template.HTML
		Sections            []pageSection
	}
	data.Policy, data.Style = PagePolicy, template.CSS(pageStyle)
	made := comp.Get("date").Text()
	data.Title, data.Made, data.Lang = speak.Plain(comp.Get("title").Text()), speak.When(made).Text, "en"
	data.Banner = bannerOf(patient, made)
	if data.About, err = rewrite(comp.Get("text").Get("div").Text()); err != nil {
		return nil, err
	}
	for s := range comp.Get("section").All() {
		sec := pageSection{Title: speak.Clean(s.Get("title").Text())}
		if sec.Text, err = rewrite(s.Get("text").Get("div").Text()); err != nil {
			return nil, err
		}
		if speak.Code(s.Get("code"), loinc) == sections[allergies].code {
			data.Sections = append([]pageSection{sec}, data.Sections...)
		} else {
			data.Sections = append(data.Sections, sec)
		}
	}
	var out bytes.Buffer
	if err := page.Execute(&out, data); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
