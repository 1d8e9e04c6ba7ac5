package sample

// wishes are what she wants when she can no longer say it.
func (m *herself) wishes() {
	statement := m.document("advance-statement", "2023-10-02", "My advance statement", concept("Advance statement", loinc("42348-3", "Advance directives")), m.person, `
My advance statement                                           2 October 2023

I have my wits and I am writing this for the day I have not.

Where: at home if it can be done without wearing Judith out. If it cannot, the hospice at Kelderby, a room with a window.
Who: Judith decides with you if I can't; she has the legal paper. Tell Peter at once, whatever the hour there.
What I want: to be clean, warm, out of pain, and sung to or left with the radio on. Choir on Thursdays can come and make a noise.
What I do not want: to be kept going on a machine when the doctors think I will not know my family again. To be moved at
night. To be called "sweetie".
Insulin: keep it simple. A slightly high sugar and a quiet day is better than needles all day at the end.
Faith: none to speak of, but I like the hymns.
Bramble: Bernard, then Judith.
My body: anything useful, to anyone. The rest in with Alan, on the hill side.

I said all this to Judith in one go and we laughed more than you'd think.

Marion Wetherlow
Witness: B. Tull, 12 Tenter Row`)
	refusal := m.about("Consent", "refusal", obj{
		"status": "active", "scope": concept("", hl7("consentscope", "adr", "Advanced Care Directive")),
		"category": list{concept("Advance decision to refuse treatment")},
		"dateTime": "2023-10-02", "performer": list{m.person}, "sourceReference": statement,
		"policyRule":   concept("Mental Capacity Act 2005, sections 24 to 26"),
		"text":         narrative("If two doctors agree that I am unlikely to know my family again, no ventilator and no resuscitation, even if my life is at risk. Signed and witnessed 2 October 2023."),
		"provision":    obj{"type": "deny", "code": list{concept("Ventilation and resuscitation when unlikely to recognise family again")}},
		"verification": list{obj{"verified": true, "verifiedWith": m.judith, "verificationDate": "2023-10-02"}},
	})
	organs := m.about("Consent", "organs", obj{
		"status": "active", "scope": concept("", hl7("consentscope", "treatment", "Treatment")), "category": list{concept("Organ and tissue donation")},
		"dateTime": "2023-10-02", "performer": list{m.person}, "policyRule": concept("Recorded on the NHS Organ Donor Register: all"),
		"provision": obj{"type": "permit"},
	})
	m.provenance(at("2023-10-02", "17:30"), "Written by the person", "Paper original in the bureau", list{agent("author", m.person), agent("verifier", m.judith)}, []ref{statement, refusal, organs})
	m.document("hospital-bag", "2026-09-10", "What is in the hospital bag", concept("A note of my own"), m.person, `
Nightdress (the blue), slippers with backs, glasses, hearing: right ear is the good one.
Insulin pen and needles, meter, jelly babies. List of medicines (Lorna's, August).
Phone charger. Library book. Photograph of Alan, the one with the marrow.
About Me, on top.`)
	m.document("glucose-letter", "2026-10-04", "To Lorna, about my mornings", concept("A letter of my own"), m.person, `
Dear Lorna,
One low morning since August, 4.4 on the third of October after digging. I did what the card says. Two units less for two
days and then back. Otherwise between five and a half and eight. My record will show you the lot if you ask for measurements.
The needle still makes my knees go, but only on Mondays.
Marion`)
}
