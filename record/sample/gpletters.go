package sample

import "strings"

// letters are what the practice wrote.
func (p *practice) letters() {
	referral := concept("Referral letter", loinc("57133-1", "Referral note"))
	p.document("cataract-letter", "2019-02-12", "Referral to ophthalmology", referral, p.qureshi, `
Mill Lane Surgery, Hallowby                                   12 February 2019

Eye Clinic, Westmere Royal Infirmary
Re: Mrs Marion Wetherlow, born 14 March 1955, NHS number 999 055 1405

Dear colleague,

Thank you for seeing Mrs Wetherlow, who runs the children's corner at our library. For a year she has had glare from
headlights and has given up driving after dark. Her optician finds a cataract in the right eye, 6/12 with glasses, and an
early one in the left.

She has type 2 diabetes (HbA1c 58), background retinopathy on screening and good blood pressure. Penicillin gives her a
rash and a swollen face. She takes metformin, empagliflozin, ramipril, amlodipine and atorvastatin.

What she would like is to read picture books aloud without holding them at arm's length.

Yours sincerely,
Dr S. Qureshi`)

	p.document("talking-therapies-letter", "2022-03-10", "Referral to Talking Therapies", referral, p.qureshi, `
Mill Lane Surgery, Hallowby                                      10 March 2022

Westmere Talking Therapies
Re: Mrs Marion Wetherlow, born 14 March 1955, NHS number 999 055 1405

Dear colleague,

Mrs Wetherlow's husband Alan died at home on 9 January. She is not eating or sleeping, has left her choir and scored 17 on
the PHQ-9 today. She had one earlier episode of depression, in 1998, and got well with counselling and fluoxetine. There
are no thoughts of harming herself; she speaks of her granddaughter as the reason to keep going. I have started
sertraline 50 mg.

She would rather talk in a room with a person than by telephone, and in daylight so that she can walk there.

Yours sincerely,
Dr S. Qureshi`, psy)

	p.document("council-letter", "2024-03-12", "Letter in support of a needs assessment", concept("Letter to social services"), p.qureshi, `
Mill Lane Surgery, Hallowby                                      12 March 2024

Adult Social Care, Westmere County Council
Re: Mrs Marion Wetherlow, born 14 March 1955, NHS number 999 055 1405

Dear Ms Raman,

With Mrs Wetherlow's agreement I write about her health needs as her reablement ends. She broke her left hip on 17 January
and walks indoors with a frame. She manages her own insulin pen but cannot yet carry a hot pan and a frame at once, and
should not be on the back step alone in frost. She tires by the afternoon. I expect further improvement over six to
twelve months, and would plan with that hope rather than for decline.

She makes her own decisions, and makes them well.

Yours sincerely,
Dr S. Qureshi`)

	p.document("sickday-card", "2016-11-07", "Sick-day card", concept("Patient information"), p.tait, `
YOUR SICK-DAY CARD

If you are being sick, have bad diarrhoea or cannot drink:
  - STOP empagliflozin, metformin and ramipril.
  - Sip something every quarter of an hour.
  - Start them again after you have eaten and drunk normally for a day and a night.
  - Ring us on 01632 960201 if it lasts more than a day. At night ring 111.

Lorna, practice nurse`)

	p.document("hypo-advice", "2023-03-06", "Starting insulin: what we agreed", concept("Patient information"), p.tait, `
Marion, this is what we agreed today.

1. 10 units every morning, in the tummy, a new spot each day.
2. Meter before breakfast. Write it down or tell your telephone.
3. Every three days: if all three mornings are above 8, two units more. If any is below 5, two units less and ring me.
4. Shaky, sweaty, cross? Four jelly babies. Wait a quarter of an hour. Measure. Then toast.
5. Before driving: above 5 to drive.

You said needles make your knees go. You did it first time. Ring me on Monday.
Lorna`)
}

// summary is the practice's summary of the record: what a stranger in an emergency
// department needs. It points at nothing sensitive.
func (p *practice) summary() {
	section := func(title, code, display, text string, refs ...ref) obj {
		s := obj{"title": title, "code": concept("", loinc(code, display)), "text": narrative(strings.Split(text, "\n")...)}
		var l list
		for _, r := range refs {
			l = append(l, r)
		}
		if l != nil {
			s["entry"] = l
		}
		return s
	}
	c := func(key string) ref { return p.at("Condition", key) }
	a := func(key string) ref { return p.at("AllergyIntolerance", key) }
	m := func(key string) ref { return p.at("MedicationRequest", key) }
	doc := p.about("Composition", "summary", obj{
		"status": "final", "type": concept("Patient summary", loinc("60591-5", "Patient summary Document")),
		"date": at("2026-09-22", "09:15"), "author": list{p.qureshi}, "custodian": p.surgery, "title": "Summary of Marion Wetherlow's record",
		"text": narrative("Marion Wetherlow, 71. Type 2 diabetes on insulin, high blood pressure, kidneys at a bit over half, half hip replacement on the left in January 2024. Allergic to penicillin. Lives alone with her dog, daughter Judith near by."),
		"section": list{
			section("Allergies and intolerances", "48765-2", "Allergies and adverse reactions Document",
				"PENICILLIN: rash and swollen face, 1962.\nCodeine: sickness and muddle, 2024 (side effect). Simvastatin: aching thighs.\nIbuprofen is not an allergy (refuted 2011), but keep off it because of the kidneys.",
				a("penicillin"), a("codeine"), a("simvastatin"), a("ibuprofen")),
			section("Problems", "11450-4", "Problem list - Reported",
				"Type 2 diabetes (2006), insulin since 2023. High blood pressure (2001). Chronic kidney disease 3a (2021). Osteoporosis. Background retinopathy.",
				c("diabetes"), c("hypertension"), c("ckd"), c("osteoporosis"), c("retinopathy"), c("cholesterol"), c("knee"), c("falling")),
			section("Past problems", "11348-0", "History of Past illness Narrative", "Broken left hip, January 2024. Cataract right, operated 2019.", c("hip"), c("cataract")),
			section("Medicines", "10160-0", "History of Medication use Narrative",
				"Insulin glargine 18 units in the morning. Metformin, empagliflozin, ramipril, amlodipine, atorvastatin. Alendronic acid on Sundays with calcium and vitamin D. Paracetamol when needed.",
				m("glargine"), m("metformin"), m("empagliflozin"), m("ramipril"), m("amlodipine"), m("atorvastatin"), m("alendronic"), m("calcium"), m("paracetamol")),
		},
	})
	p.provenance(at("2026-09-22", "09:15"), "Written after a consultation", "", list{agent("author", p.qureshi, p.surgery)}, []ref{doc})
}
