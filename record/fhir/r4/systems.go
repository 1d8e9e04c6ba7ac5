package r4

import "slices"

// SystemOf is the system of a code in the value set of a required binding: what an
// element of type code leaves unsaid. It is "" for a set that R4 does not list, and
// for a code that is of none of its systems or of several.
func SystemOf(valueSet, code string) (system string) {
	for of, codes := range tables().sets[valueSet] {
		if !slices.Contains(codes, code) {
			continue
		}
		if system != "" {
			return ""
		}
		system = of
	}
	return system
}

// Systems are the code systems of all required bindings.
func Systems() []string {
	var all []string
	for _, set := range tables().sets {
		for system := range set {
			all = append(all, system)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
