package sample

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
)

// A source collects the entries of one system.
type source struct {
	name, title string
	system      string // what meta.source says; the system's own base address
	kind        string // Bundle.type: "transaction" or "collection"
	exported    string // when the system wrote the bundle
	indent      bool   // some systems print prettily
	quietPerson bool   // the Patient must not tell that this source exists

	person  ref
	entries []obj
	seen    map[string]bool
	anon    map[string]int // how many entries of a type came without a key of their own
}

// A ref points at an entry of the same source. A display is what the system
// printed beside it; without a url it is all there is, somebody this system does
// not know.
type ref struct{ url, display string }

// as returns the reference with a display.
func (r ref) as(display string) ref { return ref{r.url, display} }

// namespace is the UUID under which all the sample's urn:uuids are derived.
var namespace = [16]byte{0x6a, 0x5b, 0x1c, 0x9e, 0x42, 0x0d, 0x4f, 0x7e, 0x9a, 0x11, 0xc3, 0x70, 0x5e, 0x2d, 0x88, 0x04}

// uuid derives a version 5 UUID (RFC 9562 §5.5), so that the same entry has the
// same name on every build and a second import recognises it.
func uuid(name string) string {
	h := sha1.New()
	h.Write(namespace[:])
	h.Write([]byte(name))
	u := h.Sum(nil)[:16]
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	x := hex.EncodeToString(u)
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}

// at returns the reference of an entry that may be added later.
func (s *source) at(resourceType, key string) ref {
	return ref{url: "urn:uuid:" + uuid(s.name+"/"+resourceType+"/"+key)}
}

// add puts a resource in the source under a key that is unique for its type. The
// labels go in meta.security.
func (s *source) add(resourceType, key string, r obj, labels ...obj) ref {
	if key == "" {
		s.anon[resourceType]++
		key = fmt.Sprint("#", s.anon[resourceType])
	}
	at := s.at(resourceType, key)
	if s.seen[at.url] {
		panic("sample: two entries named " + resourceType + "/" + key)
	}
	s.seen[at.url] = true

	meta := obj{"lastUpdated": s.exported}
	if resourceType != "Patient" || !s.quietPerson {
		meta["source"] = s.system
	}
	if len(labels) > 0 {
		var security list
		for _, l := range labels {
			security = append(security, l)
		}
		meta["security"] = security
	}
	r["resourceType"], r["meta"] = resourceType, meta

	entry := obj{"fullUrl": at.url, "resource": r}
	if s.kind == "transaction" {
		entry["request"] = obj{"method": "POST", "url": resourceType}
	}
	s.entries = append(s.entries, entry)
	return at
}

// about adds a resource whose subject (or patient) is the person.
func (s *source) about(resourceType, key string, r obj, labels ...obj) ref {
	r[subjectElement(resourceType)] = s.person
	return s.add(resourceType, key, r, labels...)
}

// subjectElement is what R4 calls the person in a resource of that type.
func subjectElement(resourceType string) string {
	switch resourceType {
	case "AllergyIntolerance", "Claim", "ClaimResponse", "Consent", "EpisodeOfCare", "FamilyMemberHistory",
		"Immunization", "RelatedPerson", "Device", "SupplyDelivery", "VisionPrescription":
		return "patient"
	case "Coverage":
		return "beneficiary"
	case "Task":
		return "for"
	}
	return "subject"
}

func newSource(s source) *source {
	s.seen, s.anon = map[string]bool{}, map[string]int{}
	return &s
}

// bundle writes the source out.
func (s *source) bundle() []byte {
	var entries list
	for _, e := range s.entries {
		entries = append(entries, e)
	}
	return encode(obj{
		"resourceType": "Bundle",
		"type":         s.kind,
		"timestamp":    s.exported,
		"identifier":   obj{"system": "urn:ietf:rfc:3986", "value": "urn:uuid:" + uuid(s.name)},
		"entry":        entries,
	}, s.indent)
}
