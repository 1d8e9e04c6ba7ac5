package ips

import (
	"bytes"
	"crypto/sha256"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"carehold/record/fhir"
	"carehold/record/fhir/speak"
)

// The profiles that a document says it keeps to.
const (
	profileBundle      = "http://hl7.org/fhir/uv/ips/StructureDefinition/Bundle-uv-ips"
	profileComposition = "http://hl7.org/fhir/uv/ips/StructureDefinition/Composition-uv-ips"
	version            = "|2.0.0"
)

// Profile is the canonical of the Composition profile: the one that $summary takes as
// its profile parameter.
const Profile = profileComposition

// bundle writes the document: the Composition, the Patient, who made it, the entries
// section by section, their companions; and gives what it tells of.
func (b *builder) bundle() ([]byte, []*item, error) {
	const instant = "2006-01-02T15:04:05Z"
	var entries []*item
	comp := composition{
		ResourceType: "Composition", ID: b.uuid("composition"), Meta: meta{Profile: []string{profileComposition + version}}, Language: "en",
		Status: "final", Type: concept{Coding: []coding{{loinc, "60591-5", "Patient summary Document"}}},
		Subject: reference{b.url(b.patient.Ref)}, Date: b.Time.Format(instant), Author: []reference{{"urn:uuid:" + b.uuid("device")}},
		Title: b.title(),
	}
	var nothing []string
	for k := range numKinds {
		t, empty, shown := b.tell(k)
		if !shown {
			if b.applies(k) {
				nothing = append(nothing, sections[k].noun)
			}
			continue
		}
		sec := compSection{Title: sections[k].title, Code: concept{Coding: []coding{{loinc, sections[k].code, sections[k].display}}}}
		for _, it := range b.listed[k] {
			if !it.spoken {
				entries = append(entries, it)
				sec.Entry = append(sec.Entry, reference{b.url(it.Ref)})
			}
		}
		if empty != "" {
			sec.EmptyReason = emptyReason(empty, b.spoken(k) > 0)
		}
		div, err := render("section", t)
		if err != nil {
			return nil, nil, err
		}
		sec.Text = text{"generated", div}
		if b.spoken(k) > 0 {
			sec.Text.Status = "additional" // it tells what no entry has (R4 narrative-status)
		}
		comp.Section = append(comp.Section, sec)
	}
	all := append([]*item{b.patient}, entries...)
	companions, err := b.companions(all)
	if err != nil {
		return nil, nil, err
	}
	all = slices.Concat(all, companions)
	told := b.told(all) // when every section has been
	div, err := render("whole", b.tellWhole(nothing, told))
	if err != nil {
		return nil, nil, err
	}
	comp.Text, comp.Confidentiality = text{"additional", div}, highWater(told)
	doc, err := b.write(comp, all)
	return doc, told, err
}

// write writes the Bundle: the entries' bytes are copied, not encoded again.
func (b *builder) write(comp composition, all []*item) ([]byte, error) {
	h := head{"Bundle", meta{[]string{profileBundle + version}, []coding{{confidentiality, comp.Confidentiality, ""}}},
		identifier{"urn:ietf:rfc:3986", "urn:uuid:" + fhir.UUID(b.ID, 4)}, "document", comp.Date}
	dev := device{ResourceType: "Device", ID: b.uuid("device"), DeviceName: []deviceName{{"Carehold", "manufacturer-name"}}, Type: concept{Text: "Software that holds a person's health record"}}
	if b.Version != "" {
		dev.Version = []deviceVersion{{b.Version}}
	}
	start, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	first, err := json.Marshal(comp)
	if err != nil {
		return nil, err
	}
	author, err := json.Marshal(dev)
	if err != nil {
		return nil, err
	}
	size := len(start) + len(first) + len(author) + 1024
	for _, it := range all {
		size += len(it.res.Bytes()) + len(b.Base) + 200
	}
	out := bytes.NewBuffer(make([]byte, 0, size))
	out.Write(start[:len(start)-1])
	out.WriteString(`,"entry":[`)
	put := func(url string, resource []byte) {
		quoted, _ := jsontext.AppendQuote(nil, url)
		out.WriteString(`{"fullUrl":`)
		out.Write(quoted)
		out.WriteString(`,"resource":`)
		out.Write(resource)
		out.WriteByte('}')
	}
	put("urn:uuid:"+comp.ID, first)
	for i, it := range all {
		out.WriteByte(',')
		put(b.url(it.Ref), b.completed(it))
		if i == 0 {
			out.WriteByte(',')
			put("urn:uuid:"+dev.ID, author)
		}
	}
	out.WriteString(`]}`)
	return out.Bytes(), nil
}

// emptyReasons are the codes of R4's list-empty-reason that are used here, with their
// displays, and what they mean here.
var emptyReasons = map[string]struct{ display, text string }{
	unavailable: {"Unavailable", "Nothing is recorded here"},
	withheld:    {"Information Withheld", "Not in what was shared"},
	partly:      {"Information Withheld", "Only part was shared, and nothing is recorded in that part"},
	nilKnown:    {"Nil Known", "None are known"},
	notAsked:    {"Not Asked", "Not asked"},
}

func emptyReason(code string, told bool) *concept {
	r := emptyReasons[code]
	if code == partly {
		code = withheld
	}
	if code == unavailable && told {
		r.text = "What is recorded has no entry in a summary; it is in the text"
	}
	return &concept{[]coding{{"http://terminology.hl7.org/CodeSystem/list-empty-reason", code, r.display}}, r.text}
}

func (b *builder) url(ref fhir.Ref) string { return b.Base + "/" + ref.String() }

func (b *builder) title() string {
	title := "Patient summary"
	if name := speak.Plain(speak.Name(chosenName(b.patient.root()))); name != "" {
		title += " of " + name
	}
	return title + ", " + b.Time.Format("2 January 2006")
}

// uuid names a resource that is made here, and nowhere else: the document's id and
// what it is, hashed (RFC 9562 version 8).
func (b *builder) uuid(what string) string {
	sum := sha256.Sum256(append(b.ID[:], what...))
	return fhir.UUID([16]byte(sum[:16]), 8)
}

const confidentiality = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"

// highWater is the strictest confidentiality of what the document tells (IPS 2.0,
// "High Water Mark"): as labelled, and restricted for what is filed as sensitive.
func highWater(items []*item) string {
	const order = "ULMNRV"
	strictest := bytes.IndexByte([]byte(order), 'N')
	for _, it := range items {
		if it.Section.Sensitive() {
			strictest = max(strictest, 4)
		}
		for _, c := range it.res.Security() {
			if c.System == confidentiality && len(c.Code) == 1 {
				strictest = max(strictest, bytes.IndexByte([]byte(order), c.Code[0]))
			}
		}
	}
	return order[strictest : strictest+1]
}
