package ips

import (
	"carehold/record/fhir/speak"
	"slices"
	"strings"
)

// table is one table of a section: a heading where there are several, and a row for
// each entry.
type table struct {
	Heading string
	Columns []string
	Rows    [][]cell
	More    int // rows that are not shown; their entries are in the document
}

// cell is what one column says, in parts that are isolated from one another: a name
// that turns the direction of writing must not turn the date beside it.
type cell []string

// maxRows bounds a table: who reads further reads the entries.
const maxRows = 500

// heading, columns and row of an entry. A table is told by its section and number.
func (b *builder) columns(k kind, t int) (heading string, names []string) {
	if t == documents {
		return "Documents", []string{"Document", "Kind", "Written", "By"}
	}
	switch k {
	case allergies:
		return "", []string{"Allergy", "Reaction", "Risk", "Status", "Recorded"}
	case medicines:
		switch t {
		case tableEnded:
			return b.ofLate("Ended" + lastMonths + ", or not taken"), []string{"Medicine", "Dose and instructions", "For", "When", "Status"}
		case tableGiven:
			return b.ofLate("Handed out or given" + lastMonths), []string{"Medicine", "How much", "For", "When", "Status"}
		case tableNever:
			return "Not to be given", []string{"Medicine", "Instructions", "Why", "Since", "Status"}
		}
		return speak.Or(b.atDeath(), "Current"), []string{"Medicine", "Dose and instructions", "For", "Since", "Status"}
	case functional:
		return b.atDeath(), []string{"What", "Since", "Details", "Status", "Recorded"}
	case problems:
		return b.atDeath(), []string{"Condition", "Since", "Severity", "Status", "Recorded"}
	case past:
		return "", []string{"Condition", "From", "Until", "Status"}
	case vaccinations:
		return "", []string{"Vaccine", "Date", "Dose", "Against", "Status", "Earlier"}
	case results:
		if t == 1 {
			return "Reports", []string{"Report", "Conclusion", "Date", "Status"}
		}
		return "", []string{"Test", "Value", "Date", "Range and note", "Earlier"}
	case vitals:
		return "", []string{"Measurement", "Value", "Date", "Range and note", "Earlier"}
	case pregnancy, social:
		return "", []string{"What", "Answer", "Date", "Range and note", "Earlier"}
	case procedures:
		return "", []string{"Procedure", "When", "Where on the body", "Status"}
	case devices:
		return "", []string{"Device", "When", "Where on the body", "Status"}
	case advance:
		return "", []string{"Decision", "About", "Made", "Status"}
	case alerts:
		return "", []string{"Alert", "Kind", "When"}
	case plan:
		switch t {
		case 1:
			return "Goals", []string{"Goal", "How it goes", "By when"}
		case 2:
			return "Vaccinations due", []string{"Vaccine", "Status", "When"}
		}
		return "", []string{"Plan", "About", "When", "Status"}
	}
	return "", []string{"What", "In their words", "When"} // story
}

const lastMonths = " in the last 12 months"

// ofLate is a heading of what was lately: of somebody who died, before that.
func (b *builder) ofLate(heading string) string {
	if b.died {
		return strings.Replace(heading, lastMonths, " in the 12 months before death", 1)
	}
	return heading
}

// atDeath is the heading of what is current, of somebody who died.
func (b *builder) atDeath() string {
	if b.died {
		return "At the time of death"
	}
	return ""
}

// aids tells of the equipment that is in use, in one line.
func (b *builder) aids() []cell {
	line := cell{"Equipment and aids in use:"}
	for _, it := range b.listed[devices] {
		if it.table == aids && it.none == present && len(line) <= maxRows {
			name := row0(b.row(it))
			if it.when.Text != "" && it.Ref.Type != "Device" {
				name += " (" + it.when.Text + ")"
			}
			line = append(line, suffixed(name, ","))
		}
	}
	if len(line) == 1 {
		return nil
	}
	line[len(line)-1] = strings.TrimSuffix(line[len(line)-1], ",") + "."
	return []cell{line}
}

func row0(row []cell) string { return strings.Join(row[0], ", ") }

// beside are the types of which earlier ones stand beside the newest of the same.
var beside = set("Observation", "Immunization")

// tables are those of a section.
func (b *builder) tables(k kind) []table {
	var all []table
	var before *item
	at := -1
	for _, it := range b.listed[k] {
		if it.none != present || k == devices && it.table == aids {
			continue
		}
		if it.table != at {
			heading, names := b.columns(k, it.table)
			all, at = append(all, table{Heading: heading, Columns: names}), it.table
		}
		t := &all[len(all)-1]
		if before != nil && before.table == it.table && before.group == it.group && it.group != "" && beside[it.Ref.Type] && t.More == 0 {
			row := t.Rows[len(t.Rows)-1]
			last := &row[len(row)-1]
			if e := b.earlier(it, before); it.Ref.Type == "Immunization" && len(*last) > 0 {
				(*last)[0] += ", " + e // a line of days
			} else {
				*last = append(*last, e)
			}
			continue
		}
		before = it
		if len(t.Rows) == maxRows {
			t.More++
			continue
		}
		row := b.row(it)
		for len(row) < len(t.Columns) {
			row = append(row, nil)
		}
		t.Rows = append(t.Rows, row)
	}
	for i := range all {
		all[i].narrow()
	}
	return all
}

// narrow takes out the columns in which nothing is said.
func (t *table) narrow() {
	for c := len(t.Columns) - 1; c > 0; c-- {
		if slices.ContainsFunc(t.Rows, func(row []cell) bool { return len(row[c]) > 0 }) {
			continue
		}
		t.Columns = slices.Delete(t.Columns, c, c+1)
		for i := range t.Rows {
			t.Rows[i] = slices.Delete(t.Rows[i], c, c+1)
		}
	}
}

// say is a cell of the parts that say something.
func say(parts ...string) cell {
	var c cell
	for _, p := range parts {
		if p != "" {
			c = append(c, p)
		}
	}
	return c
}
