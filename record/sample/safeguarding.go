package sample

// safeguarding is the autumn of 2024, led by what she wanted from it. Labelled,
// all of it; nobody outside the council's team and Marion need know.
func (c *authority) safeguarding() {
	concern := c.about("ServiceRequest", "concern", obj{
		"status": "completed", "intent": "proposal", "priority": "urgent", "category": list{concept("Safeguarding adults concern")}, "authoredOn": at("2024-11-18", "10:05"),
		"code":       concept("Safeguarding concern: money"),
		"requester":  c.grace,
		"reasonCode": list{concept("Marion told Grace that a man who came to tidy the garden in August keeps coming for cash “for the wall”. About £2,340 since then. He has not touched the wall")},
		"performer":  list{c.team}}, sdv)
	enquiry := c.about("Task", "enquiry", obj{
		"status": "completed", "intent": "order", "focus": concern, "authoredOn": "2024-11-18", "lastModified": "2025-01-23", "owner": c.raman,
		"code": concept("Safeguarding enquiry, Care Act 2014 section 42"), "description": "Enquiry with Marion about money taken for work not done",
		"output": list{obj{"type": concept("Outcome"), "valueString": "Risk removed. Her wishes met in full. Closed 23 January 2025."}}}, sdv)
	wishes := c.form("safeguarding-wishes", "making-safeguarding-personal|2", "Making safeguarding personal: what you want to happen", at("2024-11-19", "11:00"), c.raman, c.person, list{
		ask("1", "What happened, as you see it?", "He was nice. He asked about Alan. Then there was always another bag of cement. I knew by October and was too ashamed to say."),
		ask("2", "What do you want to happen?", "That he stops coming. That I get some of it back if it's easy. That nobody makes me go to court, and that Judith hears it from me."),
		ask("3", "What do you not want?", "A fuss. Being told I can't manage my money. I can."),
		ask("4", "Capacity", "No reason to doubt it."),
	}, sdv)
	strategy := c.about("ClinicalImpression", "enquiry", obj{"status": "completed", "date": "2024-12-05", "assessor": c.raman, "description": "Enquiry findings",
		"summary": "Financial abuse by a doorstep trader, on the balance of probabilities. Marion able to decide throughout. Bank, Trading Standards and police informed with her agreement; she does not wish to give evidence and that is respected. Bank returned £1,900 under its fraud code in January."}, sdv)
	plan := c.about("CarePlan", "safety", obj{"status": "completed", "intent": "plan", "title": "Safety plan: money and the door", "period": period("2024-11-19", "2025-05-22"), "author": c.raman,
		"activity": list{
			obj{"detail": obj{"status": "completed", "description": "Call blocker and door viewer fitted"}},
			obj{"detail": obj{"status": "completed", "description": "Bank: a trusted-person alert above £200 in cash; Marion chose Judith"}},
			obj{"detail": obj{"status": "completed", "description": "List of traders from the council by the telephone; Bernard mended the wall in a morning"}},
		}}, sdv)
	flag := c.about("Flag", "safeguarding", obj{"status": "inactive", "category": list{concept("Safeguarding")}, "code": concept("If a man calling himself Kev comes about the wall: do not let him in; ring the team"),
		"period": period("2024-11-19", "2025-05-22"), "author": c.raman}, sdv)
	told := c.about("Communication", "told-judith", obj{"status": "completed", "sent": at("2024-11-21", "18:00"), "sender": c.person, "recipient": list{c.judith},
		"payload": list{obj{"contentString": "Marion told Judith herself, with Priya in the next room. They had a curry after."}}}, sdv)
	letter := c.document("safeguarding-closed", "2025-01-23", "Safeguarding enquiry closed", concept("Letter"), c.raman, `
Hallowby Adult Social Care Team                                23 January 2025

Dear Marion,

I said I would write it down when it was finished, and it is.

You wanted him to stop coming: he has not been since 19 November, and the police have spoken to him.
You wanted some of it back if it was easy: the bank has returned £1,900.
You did not want court, and you have not been asked.
You wanted to tell Judith yourself, and you did.

You also said you felt stupid. Trading Standards counted sixty-one people on his list, a retired bank manager among them.
You were the one who spoke up.

The file is closed. In May I will ask once whether all is quiet, and then take the flag off.

Priya Raman`, sdv)
	check := c.about("Task", "quiet", obj{"status": "completed", "intent": "plan", "description": "Ask once whether all is quiet; take the flag off", "authoredOn": "2025-01-23", "lastModified": "2025-05-22",
		"owner": c.raman, "output": list{obj{"type": concept("Result"), "valueString": "All quiet. Flag off."}}}, sdv)
	c.provenance(at("2024-11-18", "10:40"), "Reported by a home carer", "Telephone call", list{agent("informant", c.grace, c.brightwater), agent("enterer", c.raman, c.team)}, []ref{concern}, sdv)
	c.provenance(at("2025-01-23", "15:30"), "Closed", "", list{agent("author", c.raman, c.team), agent("informant", c.person)}, []ref{enquiry, wishes, strategy, plan, flag, told, letter}, sdv)
	c.provenance(at("2025-05-22", "11:10"), "Followed up", "", list{agent("author", c.raman, c.team), agent("informant", c.person)}, []ref{check}, sdv)
}
