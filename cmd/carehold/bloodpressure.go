package main

import "encoding/json"

// bloodPressure is a blood pressure as it is written everywhere, the systolic first:
// "128/73 mmHg". Exports have the two in any order; which is which is told by LOINC.
func bloodPressure(o object) string {
	systolic, unit := pressure(o, "8480-6")
	diastolic, same := pressure(o, "8462-4")
	if systolic == "" || diastolic == "" || unit != same {
		return ""
	}
	if unit == "mm[Hg]" { // UCUM's code for it
		unit = "mmHg"
	}
	return joined(" ", systolic+"/"+diastolic, unit)
}

// pressure is the value and unit of the component with a LOINC code.
func pressure(o object, code string) (value, unit string) {
	for _, c := range list(o["component"]) {
		part, _ := c.(object)
		what, _ := part["code"].(object)
		for _, x := range list(what["coding"]) {
			coding, _ := x.(object)
			q, _ := part["valueQuantity"].(object)
			if n, ok := q["value"].(json.Number); ok && str(coding, "system") == "http://loinc.org" && str(coding, "code") == code {
				return str(q, "comparator") + n.String(), first(str(q, "unit"), str(q, "code"))
			}
		}
	}
	return "", ""
}
