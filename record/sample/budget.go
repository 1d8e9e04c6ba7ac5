package sample

import (
	"fmt"
	"strconv"
	"time"
)

// budget is one personal budget with two funders, a year at a time. Precedent for
// the shape: an Account for the year, a Coverage for each funder, what was spent
// as ChargeItems that name the goal they serve.
func (c *authority) budget() {
	funder := func(key, what, start, end string, payor ref, class string, pence int) ref {
		return c.about("Coverage", key, obj{"status": "active", "type": concept(what), "period": period(start, end), "payor": list{payor}, "subscriber": c.person,
			"class":             list{obj{"type": concept("Funding"), "value": class}},
			"costToBeneficiary": list{obj{"type": concept("Her weekly contribution"), "valueMoney": money(pence)}},
		}).as(what)
	}
	agreement := c.add("Contract", "agreement", obj{
		"status": "executed", "legalState": concept("Signed"), "title": "Direct payment agreement", "issued": at("2025-03-27", "14:00"), "applies": period("2025-04-01", ""), "subject": list{c.person},
		"authority": list{c.council, c.icb}, "scope": concept("One budget from two funders, held in one account in Marion's name"),
		"term": list{obj{"offer": obj{"text": "Marion spends it on what the plan says, keeps the bank statements, and may carry over four weeks. Unused money above that goes back. She may hand the whole thing back at any time and have care arranged for her."},
			"applies": period("2025-04-01", "")}},
		"signer": list{
			obj{"type": coding("http://terminology.hl7.org/CodeSystem/contractsignertypecodes", "COVPTY", ""), "party": c.person, "signature": list{signature(at("2025-03-27", "14:00"), c.person)}},
			obj{"type": coding("http://terminology.hl7.org/CodeSystem/contractsignertypecodes", "GRANTEE", ""), "party": c.council, "signature": list{signature(at("2025-03-27", "14:05"), c.council)}},
		},
	})
	var targets = []ref{agreement}
	for _, y := range []struct {
		key, name, start, end string
		council, phb, own     int // pounds
	}{
		{"2025", "Personal budget 2025/26", "2025-04-01", "2026-03-31", 7098, 1900, 1638},
		{"2026", "Personal budget 2026/27", "2026-04-01", "2027-03-31", 6890, 1980, 1638},
	} {
		dp := funder("council-"+y.key, "Council direct payment", y.start, y.end, c.council, "Care Act 2014 personal budget", 3150)
		phb := funder("nhs-"+y.key, "NHS personal health budget", y.start, y.end, c.icb, "Personal health budget (direct payment)", 0)
		account := c.add("Account", y.key, obj{
			"identifier": identifier("https://care.westmere-council.example/budget", "WCC-117042-B"+y.key),
			"text": narrative(fmt.Sprintf("%s: £%d.00 in all. Council £%d.00, NHS £%d.00, her own contribution £%d.00.", y.name, y.council+y.phb+y.own, y.council, y.phb, y.own),
				"Council money: Ines's hours, payroll, insurance. NHS money: the hour for shaky mornings, the strength class, physiotherapy."),
			"status": "active", "type": concept("Personal budget"), "name": y.name, "subject": list{c.person}, "servicePeriod": period(y.start, y.end),
			"coverage": list{obj{"coverage": dp, "priority": 1}, obj{"coverage": phb, "priority": 2}}, "owner": c.council,
			"description": fmt.Sprintf("Allocated: council £%d.00, NHS £%d.00, own contribution £%d.00", y.council, y.phb, y.own),
		})
		targets = append(targets, dp, phb, account)
	}
	c.provenance(at("2025-03-27", "14:20"), "Agreed and signed", "", list{agent("author", c.council), agent("author", c.icb), agent("author", c.person)}, targets)
}

func signature(when string, who ref) obj {
	return obj{"type": list{coding("urn:iso-astm:E1762-95:2013", "1.2.840.10065.1.12.1.1", "Author's Signature")}, "when": when, "who": who}
}

// spending is what was paid this year, month by month, each with the goal it was for; and
// the things that happen once.
func (c *authority) spending() {
	for month := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); month.Before(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)); month = month.AddDate(0, 1, 0) {
		first, last := month.Format(time.DateOnly), month.AddDate(0, 1, -1).Format(time.DateOnly)
		year, rate, half := "2025", 1560, 14 // pence an hour; half-hours a week
		if first >= "2026-04-01" {
			year, rate = "2026", 1610
		}
		if first >= "2026-03-01" {
			half = 13 // half an hour given back
		}
		weeks := fridays(month)
		label := month.Format("January 2006")
		var lines list
		var targets []ref
		total := 0
		spend := func(what, goal string, quantity obj, pence int, payer, who ref) {
			item := c.about("ChargeItem", "", obj{
				"status": "billed", "code": concept(what), "occurrencePeriod": period(first, last), "quantity": quantity,
				"account": list{c.at("Account", year)}, "costCenter": payer, "priceOverride": money(pence), "enteredDate": plusDays(last, 3),
				"supportingInformation": list{c.at("Goal", goal)}, "performer": list{obj{"actor": who}},
			}).as(what + ", " + label)
			lines = append(lines, obj{"sequence": len(lines) + 1, "chargeItemReference": item, "priceComponent": list{obj{"type": "base", "amount": money(pence)}}})
			targets = append(targets, item)
			total += pence
		}
		hours := strconv.FormatFloat(float64(half*weeks)/2, 'f', 1, 64)
		spend("Personal assistant: hours", helpsWith(month), qty(hours, "hours", "h"), rate*half*weeks/2, c.council, c.ines)
		spend("Personal assistant: shaky mornings", "dress", qty(strconv.Itoa(weeks), "hours", "h"), rate*weeks, c.icb, c.ines)
		spend("Payroll service, holiday pay, insurance", helpsWith(month), qty("1", "month", "mo"), 6800, c.council, c.council)
		if m := month.Month(); m != time.August && m != time.December { // the leisure centre shuts
			spend("Strength and balance class", "falling", qty(strconv.Itoa(weeks), "classes", "{class}"), 800*weeks, c.icb, c.icb)
		}
		statement := c.about("Invoice", "", obj{
			"identifier": identifier("https://care.westmere-council.example/statement", "WCC-117042-"+month.Format("200601")),
			"status":     "balanced", "date": plusDays(last, 3), "account": c.at("Account", year), "recipient": c.person, "issuer": c.council,
			"type": concept("Monthly statement of the personal budget"), "lineItem": lines, "totalGross": money(total),
			"note": notes(label + ", " + strconv.Itoa(weeks) + " weeks."),
		})
		c.provenance(plusDays(last, 3)+"T08:00:00Z", "Statement made", "Payroll service and bank statement", list{agent("assembler", c.council)}, append(targets, statement))
	}
	claim := c.about("Claim", "insurance", obj{
		"status": "active", "type": concept("", hl7("claim-type", "institutional", "Institutional")), "use": "claim", "created": "2026-04-10", "provider": c.council, "insurer": c.icb,
		"priority":  concept("", hl7("processpriority", "normal", "Normal")),
		"insurance": list{obj{"sequence": 1, "focal": true, "coverage": c.at("Coverage", "nhs-2025")}},
		"item":      list{obj{"sequence": 1, "productOrService": concept("Physiotherapy at home, four visits, winter 2025/26"), "servicedPeriod": period("2026-01-12", "2026-02-23"), "quantity": obj{"value": number("4")}, "unitPrice": money(5200), "net": money(20800)}},
		"total":     money(20800),
	})
	answer := c.about("ClaimResponse", "insurance", obj{
		"status": "active", "type": concept("", hl7("claim-type", "institutional", "Institutional")), "use": "claim", "created": "2026-04-24", "insurer": c.icb, "request": claim, "outcome": "complete",
		"disposition": "Paid from the personal health budget 2025/26.", "payment": obj{"type": concept("", hl7("ex-paymenttype", "complete", "Complete")), "date": "2026-04-27", "amount": money(20800)},
	})
	c.provenance(at("2026-04-24", "10:00"), "Settled between the two funders", "", list{agent("author", c.icb)}, []ref{claim, answer})
}

// helpsWith is the goal most of Ines's hours went to at the time.
func helpsWith(month time.Time) string {
	switch month.Month() {
	case time.January, time.February:
		return "choir" // the bus, practised
	case time.July, time.August:
		return "oven" // Isla's holidays
	}
	return "reading"
}

// fridays counts the pay days of a month.
func fridays(month time.Time) int {
	n := 0
	for d := month; d.Month() == month.Month(); d = d.AddDate(0, 0, 1) {
		if d.Weekday() == time.Friday {
			n++
		}
	}
	return n
}
