package sample

// aboutMeForm is PRSB About Me 2.01: its questions in its order.
const aboutMeForm = "https://marion.example/own/Questionnaire/prsb-about-me"

var aboutMe = []struct{ link, question, first, now string }{
	{"important", "What is most important to me",
		"Singing. Bramble. Judith, Peter and Isla. Being asked before I am touched.",
		"Singing, first and last. Bramble. Judith, Peter and Isla. Reading to the children on Fridays. Being asked before I am touched, and being told what is happening even if it is dull."},
	{"people", "People who are important to me",
		"Judith, my daughter, ten minutes away. Peter in Canada, Sundays at four.",
		"Judith, my daughter, ten minutes away; she does too much and says she doesn't. Peter in Halifax, Sundays at four, do not book anything then. Isla, who is ten. Bernard next door. Ines, who helps me and has become a friend. Alan, who died in 2022 and is still the person I tell things to."},
	{"communication", "How I communicate and how to communicate with me",
		"Plainly. My right ear is the good one.",
		"Plainly. Sit on my right, that ear is the good one. Large print. I look at the ceiling when I am thinking; it does not mean I have not heard. Call me Marion. “Love” from the cleaner is fine, from a doctor it is not."},
	{"wellness", "My wellness",
		"On a good day I sing in the kitchen.",
		"On a good day I am out with the dog by ten and sing in the kitchen. On a bad day the wireless is off and I say I am fine in a flat voice: that is the sign. When my sugar is low I get cross and precise. Jelly babies, then toast, then I will say sorry."},
	{"do", "Please do and please do not",
		"Do let me do the slow bit. Do not pull me up by the arm.",
		"Do let me do the slow bit, my left shoe is my business. Do say who you are every time. Do open the curtains. Do not pull me up by the arm. Do not talk over my head to Judith. Do not say “bless her”. Do not move the stick."},
	{"support", "How and when to support me",
		"Mornings. The shower. Carrying anything hot.",
		"Mornings on shaky days, anything hot from the oven, the bus when it is icy. I do my insulin myself; stand there if I ask, otherwise put the kettle on. After seven in the evening I would rather be left alone unless I ring."},
	{"also", "Also worth knowing about me",
		"I ran the children's corner at the library.",
		"I ran the children's corner at Hallowby library for twenty-eight years and can do nine different bears. I was born in this town. I do not eat lamb. I am not afraid of dying but I am of falling. There is a bag behind the bedroom door for hospital, and this on top of it."},
	{"helped", "Supported to write this by", "Priya Raman, who typed.", "Nobody. I typed it. Judith corrected “wireless” to “radio” and I put it back."},
}

// aboutMe adds the form and the two times she filled it in: at the kitchen table
// after the fall, and this autumn.
func (m *herself) aboutMe() {
	var questions, first, now list
	for _, q := range aboutMe {
		questions = append(questions, obj{"linkId": q.link, "text": q.question, "type": "text"})
		first = append(first, ask(q.link, q.question, q.first))
		now = append(now, ask(q.link, q.question, q.now))
	}
	m.add("Questionnaire", "about-me", obj{
		"url": aboutMeForm, "version": "2.01", "name": "PRSBAboutMe", "title": "About Me", "status": "active", "subjectType": list{"Patient"},
		"description": "The sections of the PRSB About Me standard 2.01, as a form", "item": questions,
	})
	old := m.about("QuestionnaireResponse", "about-me-2024", obj{"status": "completed", "questionnaire": aboutMeForm + "|2.01",
		"authored": at("2024-04-18", "10:40"), "author": m.person, "source": m.person, "item": first})
	current := m.about("QuestionnaireResponse", "about-me-2026", obj{
		"text":   narrative("About Marion, in her own words, September 2026.", aboutMe[0].now, aboutMe[4].now),
		"status": "completed", "questionnaire": aboutMeForm + "|2.01",
		"authored": at("2026-09-10", "16:05"), "author": m.person, "source": m.person, "item": now})
	m.provenance(at("2024-04-18", "10:45"), "Said by the person, typed for her", "", list{agent("author", m.person), agent("enterer", ref{display: "Priya Raman, social worker"})}, []ref{old})
	m.provenance(at("2026-09-10", "16:06"), "Written by the person", "About Me of 2024-04-18", list{agent("author", m.person)}, []ref{current})
}
