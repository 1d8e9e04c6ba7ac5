package search

// commonTexts are what half of all resources hold; in an index they are a byte or
// two. An index is memory only, so the table may change at will.
var commonTexts = func() (all [][]byte) {
	for _, s := range []string{
		// The first 32 are one byte.
		"http://loinc.org", "http://snomed.info/sct", "http://unitsofmeasure.org", "Patient", "Encounter", "final",
	} {
		all = append(all, []byte(s))
	}
	return all
}()

var commonPlaces = func() map[string]int {
	places := make(map[string]int, len(commonTexts))
	for i, s := range commonTexts {
		places[string(s)] = i
	}
	return places
}()
