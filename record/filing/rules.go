package filing

import (
	"maps"
	"slices"
	"strings"

	"carehold/record"
)

// Rule is one row of the table, for documentation and for people to read.
type Rule struct {
	ID      string         // stable; what Reason.Rule holds
	Kind    Kind           // which part of the table
	Section record.Section // 0 for a rule that takes the section of another entry
	When    string         // what it looks at
	Why     string         // the argument
	Codes   []string       // the codes or words it covers, as a person may read them
	Source  string         // where the codes come from
}

// Kind is a part of the table. The parts are tried in this order.
type Kind uint8

const (
	ByLabel    Kind = iota + 1 // a sensitivity label
	ByCode                     // a code of a sensitive set
	ByWord                     // a word where a person reads
	ByRefine                   // category, code or words, among the ordinary sections
	ByType                     // the default of the resource type
	ByRelation                 // another entry
)

// Rules is the whole table, in the order it is tried.
func Rules() []Rule {
	var all []Rule
	for _, l := range labels {
		all = append(all, Rule{ID: "label:" + l.code, Kind: ByLabel, Section: l.section, When: l.says, Codes: []string{l.code}})
	}
	all = append(all,
		Rule{ID: ruleRestricted, Kind: ByLabel, Section: record.Private, Codes: []string{"R"}, When: "restricted (v3-Confidentiality), unless another label, a code or a word says which sensitive section"},
		Rule{ID: ruleUnknownLabel, Kind: ByLabel, Section: record.Private, When: "any other v3-ActCode that is not a handling instruction"})
	for _, list := range [][]codeSet{classificationSets, snomedSets, loincSets, medicineSets, hl7Sets} {
		for _, set := range list {
			r := Rule{ID: set.id, Kind: ByCode, Section: set.section, When: set.about, Source: set.source, Codes: set.codes}
			if set.terms != nil {
				r.Codes = nil
				for _, code := range slices.Sorted(maps.Keys(set.terms)) {
					r.Codes = append(r.Codes, code+" "+set.terms[code])
				}
			}
			all = append(all, r)
		}
	}
	for _, set := range wordSets {
		r := Rule{ID: set.id, Kind: ByWord, Section: set.section, When: set.about}
		for _, w := range set.words {
			r.Codes = append(r.Codes, strings.TrimSpace(w))
		}
		all = append(all, r)
	}
	for _, row := range refinements {
		all = append(all, Rule{ID: "refine:" + row.id, Kind: ByRefine, Section: row.section, Why: row.why,
			When: strings.Join(row.types, ", ") + ": " + row.when, Codes: append(slices.Clone(row.codes), row.words...)})
	}
	for _, t := range types {
		all = append(all, Rule{ID: "type:" + t.name, Kind: ByType, Section: t.section, When: t.name, Why: t.why})
	}
	return append(all,
		Rule{ID: rulePointsTo, Kind: ByRelation, When: "it is about a sensitive entry, or is a container of stricter entries", Why: "what it says would tell"},
		Rule{ID: rulePointedTo, Kind: ByRelation, When: "a sensitive entry has it as a part", Why: "a part tells what the whole is"},
		Rule{ID: ruleOnly, Kind: ByRelation, When: "a provider to which only sensitive entries point", Why: "providers are in every grant: a psychiatrist's name tells"},
		Rule{ID: ruleNames, Kind: ByRelation, When: "a provider to which no ordinary entry points, and which names such a provider", Why: "the role of a psychiatrist, the service of a clinic would tell as much"})
}
