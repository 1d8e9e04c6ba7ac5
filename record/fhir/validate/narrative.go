package validate

import "carehold/record/fhir/narrative"

// narrative validates the XHTML of a Narrative (FHIR R4 §2.4.0): what formats and
// nothing that runs (txt-1), and something to read (txt-2).
func (w *walker) narrative(s []byte) {
	r := narrative.Check(s)
	switch {
	case r.Wrong != "":
		w.wrong(codeInvariant, "", "%s (txt-1)", r.Wrong)
	case r.Blank:
		// An error in the definitions. But three of HL7's own examples break it, and
		// a narrative that is blank hides nothing.
		w.warn(codeInvariant, "", "holds nothing to read: leave the narrative out (txt-2)")
	}
	if r.Fetches != "" {
		w.warn(codeInvariant, "", "has %s that would be fetched when it is shown, and is not shown for that: put it into the record and point to it", r.Fetches)
	}
}
