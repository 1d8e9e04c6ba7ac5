package sample

// plans: the care and support plan, what to do when it goes wrong, and the winter.
func (c *authority) plans() {
	var goals list
	for _, h := range hopes {
		goals = append(goals, c.at("Goal", h.key).as(h.goal))
	}
	doing := func(status, what string, goal ...string) obj {
		d := obj{"status": status, "description": what}
		var g list
		for _, key := range goal {
			g = append(g, c.at("Goal", key))
		}
		if g != nil {
			d["goal"] = g
		}
		return obj{"detail": d}
	}
	plan := c.about("CarePlan", "plan", obj{
		"identifier": identifier("https://care.westmere-council.example/plan", "WCC-117042-P3"),
		"text": narrative("Marion's care and support plan, agreed with her on 5 March 2026.",
			"Strengths: organises herself; speaks plainly; manages her insulin; Judith, Peter on Sundays, Bernard and his ladder; the library, the choir, the dog.",
			"Needs: shoes and tights on bad days; the oven; the bus in winter; company in the evenings.",
			"Help: Ines, six and a half hours a week, and one more from the NHS for shaky mornings; Tuesday class; Thursday Club; the pendant.",
			"Paid from one budget with two funders. Marion decides who, when and how; Tom is the person to ring."),
		"status": "active", "intent": "plan", "category": socialCare, "title": "Marion's care and support plan", "period": period("2024-03-18", ""), "created": "2024-03-18",
		"author": c.ashworth, "contributor": list{c.person, c.judith, c.raman}, "careTeam": list{c.at("CareTeam", "team")},
		"addresses": list{c.at("Condition", "need-reason"), c.at("Condition", "need-food"), c.at("Condition", "need-people")}, "goal": goals,
		"supportingInfo": list{c.at("QuestionnaireResponse", "needs-2024"), c.at("QuestionnaireResponse", "review-2026")},
		"activity": list{
			obj{"reference": c.at("ServiceRequest", "personal-assistant").as("Personal assistant, 6½ hours a week")},
			obj{"reference": c.at("ServiceRequest", "thursday").as("Thursday Club")},
			obj{"reference": c.at("ServiceRequest", "lifeline").as("Pendant alarm")},
			obj{"reference": c.at("Task", "review-2027").as("Review in March 2027")},
			doing("in-progress", "Strength and balance class on Tuesdays", "falling", "bramble"),
			doing("in-progress", "Ines to choir on Thursdays, bus home alone if she likes", "choir"),
			doing("in-progress", "Cook together on Saturdays; Isla comes at noon", "oven"),
			doing("completed", "Low chair with arms for the children's corner (library paid)", "reading"),
		},
		"note": list{obj{"authorReference": c.person, "text": "I read this through and it is me. Take out “vulnerable” if it creeps back in."}},
	})
	contingency := c.about("CarePlan", "contingency", obj{
		"text": narrative("If Ines cannot come: she rings Marion and Tom before eight. Judith does the morning, or Brightwater (Grace if she is on).",
			"If Judith is ill: the carer's emergency card; two days of Brightwater; Bernard walks Bramble.",
			"If Marion is ill and not eating: the sick-day card on the fridge, ring the surgery, never stop insulin.",
			"If she falls: press the pendant, stay warm, do not be pulled up by the arms.",
			"If she goes to hospital: bag behind the bedroom door, About Me on top; Bramble to Bernard."),
		"status": "active", "intent": "plan", "category": list{concept("Contingency plan")}, "title": "If something goes wrong", "period": period("2024-04-18", ""), "created": "2024-04-18",
		"author": c.raman, "contributor": list{c.person, c.judith, c.bernard}, "careTeam": list{c.at("CareTeam", "team")},
		"activity": list{
			doing("in-progress", "Trigger: no answer by 09:15. Ines rings Judith, then uses the key safe"),
			doing("in-progress", "Trigger: pendant pressed. Lifeline rings Judith, then Bernard, then 999"),
			doing("in-progress", "Trigger: two bad mornings in a week. Ring Tom; ring Dr Qureshi if sugar or mood"),
		},
	})
	winter := c.about("CarePlan", "winter", obj{
		"status": "active", "intent": "plan", "category": socialCare, "title": "Winter 2026/27", "period": period("2026-11-01", "2027-03-31"), "created": "2026-10-26", "author": c.ashworth,
		"contributor": list{c.person},
		"activity": list{
			doing("completed", "Flu vaccination, 6 October"),
			doing("in-progress", "Grit box and back step; Bernard has a key and a shovel", "falling"),
			doing("scheduled", "The ninth of January: Judith comes for lunch"),
		},
	})
	c.provenance(at("2026-03-05", "12:10"), "Agreed at the yearly review", "Plan of 18 March 2024, version 2 of 27 February 2025",
		list{agent("author", c.ashworth, c.team), agent("author", c.person), agent("informant", c.judith)}, []ref{plan})
	c.provenance(at("2024-04-18", "12:00"), "Written at the kitchen table", "", list{agent("author", c.raman, c.team), agent("author", c.person)}, []ref{contingency})
	c.provenance(at("2026-10-26", "11:00"), "Written by telephone", "", list{agent("author", c.ashworth, c.team), agent("informant", c.person)}, []ref{winter})
}

// coordinators: one named care coordinator at a time, and the handover.
func (c *authority) coordinators() {
	member := func(role string, who ref, start, end string) obj {
		return obj{"role": list{concept(role)}, "member": who, "period": period(start, end)}
	}
	team := c.about("CareTeam", "team", obj{
		"status": "active", "name": "Marion's circle", "period": period("2024-03-18", ""), "managingOrganization": list{c.council},
		"text": narrative("Care coordinator: Tom Ashworth-Lane, social worker, since 2 June 2025 (before him Priya Raman). One name, one number: 01632 960812."),
		"participant": list{
			member("Care coordinator", c.raman, "2024-03-18", "2025-06-01"),
			member("Care coordinator", c.ashworth, "2025-06-02", ""),
			member("Daughter, unpaid carer", c.judith, "2024-01-31", ""),
			member("Son", c.peter, "2024-03-18", ""),
			member("Neighbour with a key", c.bernard, "2024-03-18", ""),
			member("Home carer", c.grace, "2024-03-18", "2025-03-31"),
			member("Personal assistant", c.ines, "2025-04-01", ""),
			member("Occupational therapist", c.helm, "2024-02-08", "2024-06-30"),
			member("Pendant alarm", c.lifeline, "2024-02-01", ""),
		},
	})
	handover := c.about("Task", "handover", obj{
		"status": "completed", "intent": "order", "code": concept("Handover of care coordination"), "focus": team,
		"description": "Priya Raman to Tom Ashworth-Lane; Priya moves to the hospital team",
		"authoredOn":  "2025-05-12", "lastModified": "2025-06-02", "requester": c.raman, "owner": c.ashworth,
		"input":  list{obj{"type": concept("What Tom must know"), "valueString": "She decides. Ring after nine. Judith sleeps again and must not be loaded up. The back step. Bramble bites nobody but postmen."}},
		"output": list{obj{"type": concept("Marion's view"), "valueString": "Met him twice before. He washed up. Yes."}},
	})
	c.provenance(at("2025-06-02", "09:30"), "Care coordinator changed", "", list{agent("author", c.raman, c.team), agent("verifier", c.ashworth, c.team), agent("verifier", c.person)}, []ref{team, handover})
	c.add("Appointment", "handover", obj{"status": "fulfilled", "description": "Priya and Tom together at Marion's, handover", "start": at("2025-05-22", "10:30"), "end": at("2025-05-22", "11:30"),
		"participant": list{obj{"actor": c.person, "status": "accepted"}, obj{"actor": c.raman, "status": "accepted"}, obj{"actor": c.ashworth, "status": "accepted"}}})
	c.add("Appointment", "review-2026", obj{"status": "fulfilled", "description": "Yearly review at home", "start": at("2026-03-05", "10:30"), "end": at("2026-03-05", "12:00"),
		"participant": list{obj{"actor": c.person, "status": "accepted"}, obj{"actor": c.ashworth, "status": "accepted"}, obj{"actor": c.judith, "status": "tentative"}}})
}
