package sample

import "fmt"

// packages of care, each an EpisodeOfCare with the order that started it.
func (c *authority) packages() {
	episode := func(key, what, start, end string, manager ref) ref {
		status := "finished"
		if end == "" {
			status = "active"
		}
		return c.about("EpisodeOfCare", key, obj{"status": status, "type": list{concept(what)}, "period": period(start, end), "managingOrganization": c.council, "careManager": manager}).as(what)
	}
	reablement := episode("reablement", "Reablement at home", "2024-02-01", "2024-03-17", c.bell)
	home := episode("home-care", "Home care, council-funded", "2024-03-18", "2025-03-31", c.raman)
	direct := episode("direct-payment", "Home care bought by Marion herself (direct payment)", "2025-04-01", "", c.ashworth)
	tech := episode("lifeline", "Telecare: pendant alarm", "2024-02-01", "", c.helm)

	order := func(key, what, status, start, end string, who ref, provider ref, hours string) ref {
		o := obj{"status": status, "intent": "order", "category": socialCare, "code": concept(what), "authoredOn": start,
			"occurrencePeriod": period(start, end), "requester": who, "performer": list{provider}}
		if hours != "" {
			o["quantityQuantity"] = qty(hours, "hours a week", "h/wk")
		}
		return c.about("ServiceRequest", key, o)
	}
	orders := []ref{
		order("reablement", "Reablement: mornings and tea-time, up to six weeks, free of charge", "completed", "2024-02-01", "2024-03-17", c.bell, c.reablement, "10.5"),
		order("home-care", "Home care: 45 minutes each morning, shower on Tuesday and Friday; tea-time on Monday, Wednesday, Saturday", "completed", "2024-03-18", "2025-03-31", c.raman, c.brightwater, "7"),
		order("personal-assistant", "Personal assistant, chosen and employed by Marion: mornings, choir, library, the oven", "active", "2025-04-01", "", c.ashworth, c.ines, "7"),
		order("lifeline", "Pendant alarm with fall sensor; Judith, then Bernard, then ambulance", "active", "2024-02-01", "", c.helm, c.lifeline, ""),
		order("thursday", "Thursday Club: lunch, lift there and back", "active", "2024-10-03", "", c.raman, c.lunch, ""),
	}
	c.about("ServiceRequest", "contact", obj{"status": "completed", "intent": "proposal", "category": socialCare, "authoredOn": at("2024-01-25", "15:20"),
		"code": concept("Request for support: hospital discharge"), "requester": ref{display: "Ewa Fieldhouse, ward sister, Westmere Royal Infirmary"}, "performer": list{c.team}})
	c.provenance(at("2024-03-15", "16:30"), "Care arranged", "Case management system", list{agent("author", c.raman, c.team), agent("informant", c.person)}, []ref{orders[1], home})
	c.provenance(at("2024-02-01", "09:00"), "Care arranged", "Case management system", list{agent("author", c.bell, c.reablement)}, []ref{orders[0], reablement, orders[3], tech})
	c.provenance(at("2025-03-27", "14:00"), "Care arranged", "Case management system", list{agent("author", c.raman, c.team), agent("author", c.person)}, []ref{orders[2], direct})

	task := func(key, what, status, made, changed string, owner ref, result string) {
		t := obj{"status": status, "intent": "order", "description": what, "authoredOn": made, "lastModified": changed, "owner": owner}
		if result != "" {
			t["output"] = list{obj{"type": concept("Result"), "valueString": result}}
		}
		c.about("Task", key, t)
	}
	task("assess", "Needs assessment before reablement ends", "completed", "2024-02-26", "2024-03-14", c.raman, "Eligible; seven hours a week from 18 March")
	task("finance", "Financial assessment", "completed", "2024-03-14", "2024-03-25", c.team, "£31.50 a week")
	task("review-6w", "Six-week review of home care", "completed", "2024-03-18", "2024-05-02", c.raman, "Mornings good. Tea-time carers change too often: Brightwater asked to name two")
	task("review-2025", "Yearly review", "completed", "2024-03-18", "2025-02-27", c.raman, "Direct payment from April")
	task("support-employer", "Help to become an employer: contract, insurance, payroll, police check", "completed", "2025-02-27", "2025-03-28", c.ashworth, "Ines starts on 1 April")
	task("review-2026", "Yearly review", "completed", "2025-02-27", "2026-03-05", c.ashworth, "Six and a half hours, at her wish")
	task("review-2027", "Yearly review, March 2027", "requested", "2026-03-05", "2026-03-05", c.ashworth, "")
	task("winter", "Grit box filled and step rail checked before the frost", "in-progress", "2026-10-26", "2026-11-12", c.ashworth, "")
}

// visits are the home carers' notes of two ordinary weeks and a few other days:
// what came, who, and how it was.
func (c *authority) visits() {
	visit := func(day, clock string, minutes int, who, provider ref, note string, episode string) {
		c.about("Encounter", "", obj{
			"status": "finished", "class": hl7("v3-ActCode", "HH", "home health"), "type": list{concept("Home care visit")},
			"period": period(at(day, clock), at(day, laterClock(clock, minutes))), "participant": list{obj{"individual": who}},
			"serviceProvider": provider, "episodeOfCare": list{c.at("EpisodeOfCare", episode)}, "reasonCode": list{concept(note)}})
	}
	for _, v := range []struct{ day, note string }{
		{"2024-02-01", "First morning home. Bramble very pleased. Washed at the sink, dressed top half herself."},
		{"2024-02-05", "Sugar 6.1 before breakfast, did her own insulin. Porridge on the trolley: no spills."},
		{"2024-02-12", "Walked to the front window six times. Stopped at five yesterday."},
		{"2024-02-19", "Tearful; it would have been Alan's birthday. Sat with her. Told Sandra."},
		{"2024-02-26", "Up the stairs with me behind, down again. “That's quite enough for a Monday.”"},
		{"2024-03-09", "To the garden gate and back."},
		{"2024-03-16", "Last day. She made me the tea."},
	} {
		visit(v.day, "08:30", 45, c.dean, c.reablement, v.note, "reablement")
	}
	ordinary := []string{
		"Well. Legs creamed, left shoe. Sugar 6.4.", "Shower, hair washed. Sang.", "Left foot sore, sock only. Toast and egg.", "Late bus, came 20 minutes late and rang first.",
		"Changed the bed together.", "Shower. Heels pink, creamed, told Marion to say so to the nurse.", "Quiet. Had been looking at photographs.", "Did her own shoe with the long horn!",
	}
	for i := 0; i < 10; i++ { // two weeks of June 2024, Grace on weekdays
		day := plusDays("2024-06-03", i+i/5*2)
		who := c.grace
		if i%5 == 4 {
			who = c.marta
		}
		visit(day, "08:15", 45, who, c.brightwater, ordinary[i%len(ordinary)], "home-care")
	}
}

// homeAndEquipment: what stands and hangs in the house, and what to know at the door.
func (c *authority) homeAndEquipment() {
	var given []ref
	for i, e := range []struct{ key, what, place, from, until string }{
		{"frame", "Walking frame with wheels", "Indoors", "2024-01-31", "2024-09-12"},
		{"stick", "Walking stick, right hand, ferrule 19 mm", "Outdoors", "2024-05-08", ""},
		{"rail-front", "Grab rails, front door, both sides", "Front door", "2024-02-09", ""},
		{"rail-back", "Handrail, back steps", "Back door", "2024-02-16", ""},
		{"rail-stairs", "Second banister", "Stairs", "2024-02-16", ""},
		{"rail-bath", "Grab rail and bath board", "Bathroom", "2024-02-09", ""},
		{"toilet", "Raised toilet seat with arms", "Bathroom", "2024-01-31", "2024-12-03"},
		{"stool", "Perching stool", "Kitchen", "2024-02-09", ""},
		{"trolley", "Kitchen trolley", "Kitchen", "2024-02-09", ""},
		{"pendant", "Pendant alarm with fall sensor", "Worn; base unit in the hall", "2024-02-01", ""},
		{"keysafe", "Key safe", "By the front door; the code is held by Lifeline and the carers, not here", "2024-02-01", ""},
		{"light", "Sensor night light", "Landing", "2024-02-16", ""},
	} {
		status := "active"
		if e.until != "" {
			status = "inactive"
		}
		device := c.about("Device", e.key, obj{"status": status, "type": concept(e.what), "owner": c.equipment,
			"identifier": identifier("https://care.westmere-council.example/equipment", fmt.Sprintf("EQ-24-%04d", 311+i*7)), "note": notes("Where: " + e.place + ".")}).as(e.what)
		use := obj{"status": "active", "device": device, "timingPeriod": period(e.from, e.until), "recordedOn": e.from, "source": c.helm}
		if e.until != "" {
			use["status"] = "completed"
			use["note"] = notes("Handed back; not needed any more.")
		}
		given = append(given, device, c.about("DeviceUseStatement", e.key, use))
	}
	c.provenance(at("2024-02-16", "15:00"), "Delivered and fitted", "Equipment store delivery notes", list{agent("author", c.equipment), agent("verifier", c.helm, c.team)}, given)
	c.about("DeviceRequest", "rails", obj{"status": "completed", "intent": "order", "codeCodeableConcept": concept("Rails: front, back, stairs, bath; board; stool; trolley; night light"),
		"authoredOn": "2024-02-08", "requester": c.helm, "performer": c.equipment})
	c.about("SupplyDelivery", "rails", obj{"status": "completed", "occurrenceDateTime": "2024-02-16", "supplier": c.equipment, "suppliedItem": obj{"itemCodeableConcept": concept("Rails, bath board, stool, trolley, night light; delivered and fitted")}})
	c.about("Observation", "alarm-1", obj{"status": "final", "category": list{concept("Telecare")}, "code": concept("Pendant alarm pressed"), "effectiveDateTime": at("2024-12-08", "19:42"),
		"valueString": "By mistake while gardening gloves came off; cheerful; test of the line done.", "performer": list{c.lifeline}})
	c.about("Observation", "alarm-2", obj{"status": "final", "category": list{concept("Telecare")}, "code": concept("Pendant alarm pressed"), "effectiveDateTime": at("2025-11-29", "07:15"),
		"valueString": "Power cut; wanted to know whether the alarm still worked. It did.", "performer": list{c.lifeline}})

	flag := func(key, category, text, since string) {
		c.about("Flag", key, obj{"status": "active", "category": list{concept(category)}, "code": concept(text), "period": period(since, ""), "author": c.raman})
	}
	flag("door", "At the door", "Ring and wait: she takes two minutes. Small dog, friendly, will run out.", "2024-02-01")
	flag("adjust", "Reasonable adjustment", "Hears better on the right; large print (16 point); no calls before nine, she is doing her insulin and walking the dog.", "2024-03-14")
	flag("eat", "Alert", "On insulin: must not be left without breakfast. Jelly babies in the kitchen drawer.", "2024-03-18")
}
