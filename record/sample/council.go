package sample

// authority is Westmere County Council's adult social care, with everybody it
// works with for Marion.
type authority struct {
	*source
	council, team, reablement, brightwater, equipment, lifeline, carers, icb, lunch ref // organisations

	raman, ashworth          ref // her two care coordinators
	helm, bell, lowther      ref // occupational therapist, reablement lead, carers' assessor
	grace, marta, dean, ines ref // the people who come to the house

	judith, peter, bernard ref // family, and the neighbour with the key
}

func council() *source {
	c := &authority{source: newSource(source{
		name: "council", title: "Westmere County Council, Adult Social Care",
		system: "https://care.westmere-council.example/fhir/r4", kind: "collection", exported: "2026-11-19T18:40:26Z",
	})}
	c.council = c.org("council", "Westmere County Council", "Local authority", "ZZ9C01", phone("01632 960800", "work"), address("County Hall", "Kelderby", "QW1 1AA"))
	c.team = c.org("team", "Hallowby Adult Social Care Team", "Social services team", "", phone("01632 960812", "work"))
	c.reablement = c.org("reablement", "Westmere Reablement Service", "Reablement", "")
	c.brightwater = c.org("brightwater", "Brightwater Home Care Ltd", "Home care provider", "ZZ9H33", phone("01632 960844", "work"))
	c.equipment = c.org("equipment", "Westmere Community Equipment Store", "Community equipment", "")
	c.lifeline = c.org("lifeline", "Westmere Lifeline", "Pendant alarm service", "", phone("01632 960899", "work"))
	c.carers = c.org("carers", "Westmere Carers' Centre", "Charity", "")
	c.lunch = c.org("lunch", "Hallowby Thursday Club", "Voluntary group", "")
	c.icb = c.org("icb", "NHS Westmere Integrated Care Board", "Integrated care board", "ZZ9B09", phone("01632 960900", "work"))

	c.raman = c.staff("raman", "", "Priya", "Raman", "Social worker", c.team)
	c.ashworth = c.staff("ashworth", "", "Tom", "Ashworth-Lane", "Social worker", c.team)
	c.helm = c.staff("helm", "", "Helen", "Holme", "Occupational therapist", c.team, registered(hcpc, "OT990871"))
	c.bell = c.staff("bell", "", "Sandra", "Bellweather", "Reablement team lead", c.reablement)
	c.lowther = c.staff("lowther", "", "Yusuf", "Lowther", "Carers' assessor", c.carers)
	c.grace = c.staff("grace", "", "Grace", "Adeyinka", "Home carer", c.brightwater)
	c.marta = c.staff("marta", "", "Marta", "Kowalska-Reid", "Home carer", c.brightwater)
	c.dean = c.staff("dean", "", "Dean", "Hollister", "Reablement worker", c.reablement)
	// Ines Ferreira is employed by Marion herself, with the budget; no organisation.
	c.ines = c.add("Practitioner", "ines", obj{"active": true, "name": list{obj{"family": "Ferreira-Holt", "given": list{"Ines"}}}}).as("Ines Ferreira-Holt, personal assistant")

	c.patient(obj{"identifier": list{
		obj{"system": nhsNumber, "value": nhs, "use": "official"},
		obj{"system": "https://care.westmere-council.example/person", "value": "WCC-117042", "use": "usual"},
	}, "contact": list{obj{"relationship": list{concept("Daughter, unpaid carer, attorney")}, "name": obj{"family": "Marr", "given": list{"Judith"}}, "telecom": list{phone("07700 900518", "mobile")}}}})

	c.circle()
	c.assessments()
	c.carer()
	c.packages()
	c.visits()
	c.homeAndEquipment()
	c.safeguarding()
	c.goals()
	c.plans()
	c.coordinators()
	c.budget()
	c.spending()
	c.correspondence()
	return c.source
}

// socialCare is the category of everything ordered or planned here.
var socialCare = list{concept("Social care")}

// circle is her family and the neighbour, with what they do.
func (c *authority) circle() {
	related := func(key, given, last, code, what, tel, since string) ref {
		r := obj{"active": true, "relationship": list{concept(what, hl7("v3-RoleCode", code, ""))},
			"name": list{obj{"family": last, "given": list{given}}}, "period": period(since, "")}
		if tel != "" {
			r["telecom"] = list{phone(tel, "mobile")}
		}
		return c.about("RelatedPerson", key, r).as(given + " " + last)
	}
	c.judith = related("judith", "Judith", "Marr", "DAUC", "Daughter; unpaid carer about twelve hours a week; attorney for health and welfare", "07700 900518", "2024-01-31")
	c.peter = related("peter", "Peter", "Garside", "SONC", "Son, in Halifax, Nova Scotia; video call on Sundays", "", "2024-03-14")
	c.bernard = related("bernard", "Bernard", "Tull", "NBOR", "Next-door neighbour; holds a key, walks Bramble when it is icy", "01632 960151", "2024-03-14")
	c.provenance(at("2024-03-14", "15:10"), "Recorded at the needs assessment", "", list{agent("author", c.raman, c.team), agent("informant", c.person)}, []ref{c.judith, c.peter, c.bernard})
}
