package sample

// The person of the sample, the same in every source.
const (
	given1, given2, family = "Marion", "Elizabeth", "Wetherlow"

	born = "1955-03-14"
	nhs  = "9990551405" // 999 is the range for synthetic people
)

// identifier systems of the UK.
const (
	nhsNumber = "https://fhir.nhs.uk/Id/nhs-number"
	odsCode   = "https://fhir.nhs.uk/Id/ods-organization-code"
	gmc       = "https://fhir.hl7.org.uk/Id/gmc-number"
	nmc       = "https://fhir.hl7.org.uk/Id/nmc-number"
	hcpc      = "https://fhir.hl7.org.uk/Id/hcpc-number"
)

func identifier(system, value string) list { return list{obj{"system": system, "value": value}} }

func phone(number, use string) obj { return obj{"system": "phone", "value": number, "use": use} }

func address(lines ...string) obj {
	n := len(lines)
	var l list
	for _, line := range lines[:n-2] {
		l = append(l, line)
	}
	return obj{"line": l, "city": lines[n-2], "postalCode": lines[n-1], "country": "England"}
}

// patient adds the Patient of a source. Elements in extra come on top.
func (s *source) patient(extra obj) {
	p := obj{
		"identifier": list{obj{
			"system": nhsNumber, "value": nhs, "use": "official",
			"extension": list{obj{
				"url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus",
				"valueCodeableConcept": concept("", coding(
					"https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland", "01", "Number present and verified")),
			}},
		}},
		"active":    true,
		"name":      list{obj{"use": "official", "family": family, "given": list{given1, given2}, "prefix": list{"Mrs"}}},
		"gender":    "female",
		"birthDate": born,
		"address":   list{address("14 Tenter Row", "Hallowby", "QW7 2LD")},
		"telecom":   list{phone("01632 960147", "home"), phone("07700 900362", "mobile")},
	}
	for k, v := range extra {
		p[k] = v
	}
	s.person = s.add("Patient", "marion", p).as("Marion Wetherlow")
}

// org adds an Organization. An empty code means it has none.
func (s *source) org(key, name, kind, code string, contact ...obj) ref {
	o := obj{"name": name, "active": true, "type": list{concept(kind)}}
	if code != "" {
		o["identifier"] = identifier(odsCode, code)
	}
	var telecom list
	for _, c := range contact {
		if c["system"] == "phone" {
			telecom = append(telecom, c)
		} else {
			o["address"] = list{c}
		}
	}
	if telecom != nil {
		o["telecom"] = telecom
	}
	return s.add("Organization", key, o).as(name)
}

// staff adds somebody who works for an organisation, and the role they have there.
// The reference is to the Practitioner.
func (s *source) staff(key, title, first, last, role string, org ref, ids ...obj) ref {
	name := obj{"use": "official", "family": last, "given": list{first}}
	shown := first + " " + last
	if title != "" {
		name["prefix"] = list{title}
		shown = title + " " + shown
	}
	p := obj{"name": list{name}, "active": true}
	if len(ids) > 0 {
		p["identifier"] = list{ids[0]}
	}
	// Where nothing but sensitive entries may point at somebody, the role stands on
	// the person: a PractitionerRole of its own would be a provider nobody points at,
	// and readable by everybody.
	if s.quietPerson {
		p["qualification"] = list{obj{"code": concept(role)}}
		return s.add("Practitioner", key, p).as(shown)
	}
	who := s.add("Practitioner", key, p).as(shown)
	s.add("PractitionerRole", key, obj{
		"practitioner": who, "organization": org, "active": true, "code": list{concept(role)},
	})
	return who
}

func registered(system, value string) obj { return obj{"system": system, "value": value} }

// participant types, http://terminology.hl7.org/CodeSystem/provenance-participant-type
func agent(role string, who ref, onBehalfOf ...ref) obj {
	a := obj{"type": concept("", hl7("provenance-participant-type", role, "")), "who": who}
	if len(onBehalfOf) > 0 {
		a["onBehalfOf"] = onBehalfOf[0]
	}
	return a
}

// provenance says who recorded the targets, when, and what from.
func (s *source) provenance(recorded, activity, from string, agents list, targets []ref, labels ...obj) {
	p := obj{"recorded": recorded, "activity": concept(activity), "agent": agents}
	var t list
	for _, r := range targets {
		t = append(t, ref{url: r.url})
	}
	p["target"] = t
	if from != "" {
		p["entity"] = list{obj{"role": "source", "what": obj{"display": from}}}
	}
	s.add("Provenance", "", p, labels...)
}

// observe adds a final Observation about the person.
func (s *source) observe(key, when string, category list, code obj, value any, extra obj, labels ...obj) ref {
	o := obj{"status": "final", "category": category, "code": code, "effectiveDateTime": when}
	switch v := value.(type) {
	case obj:
		if _, ok := v["value"]; ok {
			o["valueQuantity"] = v
		} else {
			o["valueCodeableConcept"] = v
		}
	case string:
		o["valueString"] = v
	case nil: // the value is in components, or in extra
	}
	for k, v := range extra {
		o[k] = v
	}
	return s.about("Observation", key, o, labels...)
}
