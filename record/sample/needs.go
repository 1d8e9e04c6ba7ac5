package sample

// ask is one question with its answer, in a QuestionnaireResponse.
func ask(link, question, answer string) obj {
	return obj{"linkId": link, "text": question, "answer": list{obj{"valueString": answer}}}
}

// form adds a completed QuestionnaireResponse. The title heads it, as an item
// without an answer.
func (s *source) form(key, name, title, when string, author, from ref, items list, labels ...obj) ref {
	return s.about("QuestionnaireResponse", key, obj{
		"status": "completed", "authored": when, "author": author, "source": from,
		"item":          append(list{obj{"linkId": "title", "text": title}}, items...),
		"questionnaire": "https://care.westmere-council.example/forms/" + name,
	}, labels...)
}

// assessments: reablement, the Care Act needs assessment and its reviews, the
// occupational therapist at home.
func (c *authority) assessments() {
	start := c.form("reablement-start", "reablement|3", "Reablement: what you want to do, and what you can", at("2024-02-01", "11:00"), c.bell, c.person, list{
		ask("1", "What do you want to be able to do?", "Wash and dress without anyone seeing me do it. Make my own tea. Get to the gate to let the dog out."),
		ask("2", "Washing and dressing", "Help for left foot, and someone in the bathroom."),
		ask("3", "Moving about", "Frame indoors, thirty metres. Not stairs alone: bed has come down to the front room."),
		ask("4", "Eating and drinking", "Makes a hot drink sitting; cannot carry it. Meals by Judith and reablement."),
		ask("5", "Medicines", "Fills her own box. Insulin herself, watched once and good."),
	})
	end := c.form("reablement-end", "reablement|3", "Reablement: what you want to do, and what you can", at("2024-03-13", "11:00"), c.bell, c.person, list{
		ask("1", "What can you do now?", "I wash and dress but for tights and shoes. I make tea on the trolley. I got to the gate on Saturday."),
		ask("2", "Washing and dressing", "Help with left foot and with the shower, two mornings. Otherwise alone."),
		ask("3", "Moving about", "Frame indoors; stick for a few steps. Bed is upstairs again with the second rail."),
		ask("4", "Eating and drinking", "Light meals. Not pans from the oven yet."),
		ask("5", "Recommended", "Needs assessment for support that goes on."),
	})
	c.provenance(at("2024-03-13", "11:40"), "Assessed at home", "", list{agent("author", c.bell, c.reablement), agent("informant", c.person)}, []ref{start, end})

	needs := c.form("needs-2024", "adult-social-care-needs-assessment|7", "Needs assessment, Care Act 2014", at("2024-03-14", "14:00"), c.raman, c.person, list{
		ask("a", "Managing and maintaining nutrition", "Eligible. Cannot lift pans or carry food with the frame; with insulin she must eat in time."),
		ask("b", "Maintaining personal hygiene", "Eligible. Needs someone there for the shower and help with the left foot."),
		ask("c", "Managing toilet needs", "Manages with the raised seat and rail."),
		ask("d", "Being appropriately clothed", "Eligible. Tights, socks and shoes on the left."),
		ask("e", "Being able to make use of the home safely", "Eligible. Back step, bath, stairs at night."),
		ask("f", "Maintaining a habitable home", "Eligible in part. Bedding and floors; Judith does the rest."),
		ask("g", "Developing and maintaining relationships", "Eligible. Has not been to choir or library since the fall; “the evenings are long”."),
		ask("h", "Work, training, education or volunteering", "Would like to read to the children again; not yet."),
		ask("i", "Using facilities in the community", "Eligible. Cannot get on the bus alone."),
		ask("j", "Caring for a child", "None. Isla is her granddaughter; wants to be able to have her for tea."),
		ask("s", "Strengths", "Organises herself, tells people straight, manages her insulin, a daughter and a neighbour near, a dog who gets her up, forty years of friends from the library."),
		ask("w", "Impact on wellbeing", "Significant: daily routines, dignity, and being among people."),
		ask("o", "Outcome", "Eligible needs under section 13 of the Care Act 2014."),
		ask("v", "Her own words", "I am not ready to be done to. I will take help that leaves me doing the bit I can."),
	})
	review := c.form("review-2025", "adult-social-care-review|4", "Adult social care: yearly review", at("2025-02-27", "10:30"), c.raman, c.person, list{
		ask("1", "What has changed?", "Stick outdoors with someone. Showers alone with the seat. Choir again since September. Still not the oven, the bus alone, or shoes on a bad day."),
		ask("2", "What works?", "Grace in the mornings. The class on Tuesdays."),
		ask("3", "What does not?", "Never knowing who comes at tea-time. Would rather choose the person herself."),
		ask("4", "Decision", "Seven hours stay. From April as a direct payment, joined with a personal health budget."),
	})
	review26 := c.form("review-2026", "adult-social-care-review|4", "Adult social care: yearly review", at("2026-03-05", "10:30"), c.ashworth, c.person, list{
		ask("1", "What has changed?", "The bus alone, both ways, in January. Reads to the children on Fridays again."),
		ask("2", "What works?", "Ines. Choosing."),
		ask("3", "What does not?", "The paperwork of being an employer; payroll service added."),
		ask("4", "Decision", "Six and a half hours. Half an hour given back, at her wish. Next review March 2027."),
	})
	c.provenance(at("2024-03-14", "16:20"), "Assessed at home, with Judith there for part", "", list{agent("author", c.raman, c.team), agent("informant", c.person), agent("informant", c.judith)}, []ref{needs})
	c.provenance(at("2025-02-27", "12:00"), "Reviewed at home", "", list{agent("author", c.raman, c.team), agent("informant", c.person)}, []ref{review})
	c.provenance(at("2026-03-05", "12:00"), "Reviewed at home", "", list{agent("author", c.ashworth, c.team), agent("informant", c.person)}, []ref{review26})

	c.form("ot-home", "adult-social-care-occupational-therapy|2", "Occupational therapy: the home (adult social care)", at("2024-02-08", "13:30"), c.helm, c.person, list{
		ask("1", "Front and back door", "Front: one step, rail both sides advised. Back: two stone steps, slippery: rail, grit box, not in frost."),
		ask("2", "Stairs", "Thirteen, rail on the left only: second rail."),
		ask("3", "Bathroom", "Over-bath shower. Bath board now; ask for level shower? She says no: “I like a bath and I mean to get back in one.”"),
		ask("4", "Kitchen", "Trolley, perching stool, kettle tipper."),
		ask("5", "Night", "Light with a sensor between bed and bathroom."),
	})
	c.form("financial-2024", "financial-assessment|9", "Financial assessment", "2024-03-25", c.team, c.person, list{
		ask("1", "Result", "Weekly contribution £31.50 from income; home not counted; savings below the upper limit."),
		ask("2", "Disability-related expenses allowed", "Heating, chiropody, taxi to choir: £18.00 a week."),
	})
	c.about("Observation", "strength-1", obj{"status": "final", "category": social, "code": concept("Strength"), "effectiveDateTime": "2024-03-14",
		"valueString": "Knows her own mind and says it kindly.", "performer": list{c.raman}})
	for _, n := range []struct{ key, name, since string }{
		{"reason", "Primary support reason: physical support, personal care", "2024-03-18"},
		{"food", "Support to cook and carry hot food", "2024-03-18"},
		{"people", "Support to be among people again", "2024-03-18"},
	} {
		c.about("Condition", "need-"+n.key, obj{"clinicalStatus": active, "verificationStatus": confirmed, "recorder": c.raman,
			"category": list{concept("Social care need")}, "code": concept(n.name), "onsetDateTime": n.since, "recordedDate": "2024-03-18"})
	}
}

// carer is Judith's own assessment. It is in Marion's record because it is about
// caring for her, and because Judith agreed to it.
func (c *authority) carer() {
	form := c.form("carer-2024", "carers-assessment|5", "Carer's assessment", at("2024-04-11", "17:30"), c.lowther, c.judith, list{
		ask("1", "What do you do?", "Mum's shopping, washing, her weekly box on Wednesdays, most suppers, all the telephoning. Nights when she was bad."),
		ask("2", "How much of the week?", "About twelve hours now. It was thirty in February."),
		ask("3", "What suffers?", "My job at the school, Isla's swimming, sleep. I shouted at her over a pan and cried in the car."),
		ask("4", "Are you willing and able to go on?", "Willing, yes. Able if somebody else does the mornings."),
		ask("5", "What would help?", "One evening a week that is mine. Knowing who to ring when I can't come."),
		ask("6", "Agreed that Marion may see this", "Yes. She should know, and I would rather she read it than guess."),
	})
	c.provenance(at("2024-04-11", "18:45"), "Assessed at the Carers' Centre", "", list{agent("author", c.lowther, c.carers), agent("informant", c.judith)}, []ref{form})
	c.about("ServiceRequest", "carer-break", obj{"status": "active", "intent": "order", "category": socialCare, "authoredOn": "2024-04-18", "requester": c.lowther,
		"code": concept("Carer's support: one free evening a week (sitting service while Judith swims), carer's emergency card"), "performer": list{c.carers}})
	c.about("Task", "carer-review", obj{"status": "completed", "intent": "plan", "description": "Review of Judith's carer's assessment", "authoredOn": "2024-04-18", "lastModified": "2025-04-24",
		"owner": c.lowther, "output": list{obj{"type": concept("Result"), "valueString": "Sleeping. Back to full hours at school. Swims on Mondays. Twelve hours have become six."}}})
	c.about("Flag", "carer", obj{"status": "active", "category": list{concept("Carer")}, "code": concept("Unpaid carer: Judith Marr, daughter. Tell her about changes to visits. Emergency plan in place"),
		"period": period("2024-04-18", ""), "author": c.lowther})
}
