package sample

import "fmt"

// rating is how Marion says a goal is going, nought to ten, and what she said.
type rating struct {
	day   string
	score int
	words string
}

// hopes are her goals. The words are hers; the scores too.
var hopes = []struct {
	key, goal, matters, need string
	importance               int
	due, achievement         string // HL7 goal-achievement
	ratings                  []rating
}{
	{"choir", "Sing with the choir on Thursdays, and get there and back", "It is where I know I am still me.", "people", 10, "2024-12-20", "achieved", []rating{
		{"2024-03-14", 0, "Not since the fall."}, {"2024-06-20", 1, "Hummed in the kitchen."}, {"2024-09-26", 5, "Went! Sat down for most of it."},
		{"2025-02-27", 7, "Every week, Judith drives."}, {"2025-09-18", 8, "Ines comes in with me and has started to sing tenor."}, {"2026-03-05", 9, "The bus alone."}, {"2026-10-15", 9, "Solo line in the carol. Eight bars."}}},
	{"oven", "Cook a meal for Isla, oven and all", "Nobody thanks you for a sandwich.", "food", 8, "2025-06-30", "improving", []rating{
		{"2024-03-14", 1, "Toast."}, {"2024-06-20", 3, "Soup, sitting down."}, {"2024-09-26", 3, "Cheese on toast under the grill."},
		{"2025-02-27", 4, "Small oven on the counter. Scones."}, {"2025-09-18", 6, "Fish pie, Ines lifted it."}, {"2026-03-05", 7, "Isla lifted it."}, {"2026-10-15", 7, "Good enough. She is nearly as tall as me."}}},
	{"dress", "Wash and dress without anyone watching", "I was a very private person and I still am.", "reason", 9, "2024-09-30", "achieved", []rating{
		{"2024-03-14", 3, "All but the left foot."}, {"2024-06-20", 5, "Long horn came. Miracle."}, {"2024-09-26", 7, "Tights no, trousers yes."},
		{"2025-02-27", 8, "Shower by myself with the seat."}, {"2025-09-18", 9, ""}, {"2026-03-05", 9, "Bath! With the board. Twenty minutes."}}},
	{"bramble", "Walk Bramble to the allotment", "He does not understand hips.", "reason", 9, "2024-10-31", "achieved", []rating{
		{"2024-03-14", 1, "To the gate, once."}, {"2024-06-20", 4, "End of Tenter Row with the stick."}, {"2024-09-26", 6, "Allotment and a long sit."},
		{"2025-02-27", 6, "Bernard on icy days. Sensible."}, {"2025-09-18", 8, "Every day but Tuesday."}, {"2026-03-05", 8, ""}, {"2026-10-15", 7, "Hip sore this month. X-ray was fine."}}},
	{"falling", "Not be frightened of the back step", "I heard it crack. I hear it again each time.", "reason", 7, "2025-03-31", "improving", []rating{
		{"2024-03-14", 0, "Will not look at it."}, {"2024-06-20", 2, "Stood at the door."}, {"2024-09-26", 4, "Down and up with the rail, Dean's voice in my head."},
		{"2025-02-27", 4, "Not in frost. Nor should I."}, {"2025-09-18", 6, ""}, {"2026-03-05", 6, "It is only a step. Most days."}, {"2026-10-15", 7, "Put the bin out without thinking, then thought."}}},
	{"reading", "Read to the children at the library again", "Twenty-eight years. They will have forgotten my voices.", "people", 8, "2026-06-30", "achieved", []rating{
		{"2025-02-27", 0, "Too early."}, {"2025-09-18", 3, "Went in. Had tea in the staff room. Cried a bit."}, {"2026-03-05", 7, "Fridays, twenty minutes, on the low chair with arms."},
		{"2026-10-15", 9, "A little boy asked whether I was a hundred. I said nearly."}}},
}

// goals adds them with every rating. The reviews of the plan are the days.
func (c *authority) goals() {
	ratingCode := concept("How is it going? 0 not at all, 10 as I want it")
	outcome := append(append(list{}, survey...), socialCare...)
	for i, h := range hopes {
		var outcomes list
		var targets []ref
		for _, r := range h.ratings {
			extra := obj{"focus": list{c.at("Goal", h.key).as(h.goal)}, "performer": list{c.person}}
			if r.words != "" {
				extra["note"] = list{obj{"authorReference": c.person, "text": r.words}}
			}
			o := c.observe("", r.day, outcome, ratingCode, score(r.score), extra)
			outcomes, targets = append(outcomes, o), append(targets, o)
		}
		first, last := h.ratings[0], h.ratings[len(h.ratings)-1]
		c.about("Goal", h.key, obj{
			"identifier":      identifier("https://care.westmere-council.example/goal", fmt.Sprintf("WCC-117042-%d", i+1)),
			"text":            narrative(h.goal+".", "Why it matters: "+h.matters, fmt.Sprintf("Began at %d, now %d.", first.score, last.score)),
			"lifecycleStatus": "active", "achievementStatus": concept("", hl7("goal-achievement", h.achievement, "")),
			"category": socialCare, "description": concept(h.goal), "priority": concept(fmt.Sprintf("Importance to me: %d of 10", h.importance)),
			"startDate": first.day, "statusDate": last.day, "expressedBy": c.person, "addresses": list{c.at("Condition", "need-"+h.need)},
			"target": list{obj{"measure": ratingCode, "detailQuantity": score(8), "dueDate": h.due}},
			"note":   list{obj{"authorReference": c.person, "text": h.matters}}, "outcomeReference": outcomes,
		})
		c.provenance(at(last.day, "11:30"), "Rated by the person at each review", "", list{agent("author", c.person), agent("enterer", c.team)}, targets)
	}
}
