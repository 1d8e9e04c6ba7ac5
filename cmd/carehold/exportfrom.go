package main

import (
	"regexp"
	"strconv"
	"strings"

	"carehold/httpapi/client"
	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/derived"
	"carehold/record/fhir"
)

// Of an entry that came with an export the record knows that it came with the export.
// Where it was from before that, the Provenance says that came along
// (record/export/provenance.go): the pages name that.

// carried notes what such a Provenance says. Only one that came with an import of the
// person's own is heard, and of entries of the same import: anybody who may write can
// write a tag.
func (x *exporter) carried(v client.Version) {
	info := x.info[v.Ref]
	if v.Ref.Type != "Provenance" || !info.Self || info.Source == "" || !strings.Contains(string(v.Resource), derived.CarriedTag) {
		return
	}
	o, _ := parseObject(v.Resource)
	meta, _ := o["meta"].(object)
	ours := false
	for _, t := range list(meta["tag"]) {
		tag, _ := t.(object)
		ours = ours || str(tag, "system") == derived.CarriedTag
	}
	from := toldFrom(o)
	if !ours || from == "" {
		return
	}
	for _, t := range list(o["target"]) {
		target, _ := t.(object)
		at := fhir.ParseReference(str(target, "reference"))
		n, err := strconv.ParseUint(at.Version, 10, 32)
		if err != nil || at.Form != fhir.Relative || x.info[at.Ref].Source != info.Source {
			continue
		}
		key := binaryVersion{at.Ref, record.Version(n)}
		if strings.HasPrefix(x.from[key], exportNamed) || x.from[key] == "" { // of several exports the first knew best
			x.from[key] = from
		}
	}
}

// exportNamed begins the name of the import of an export (sourceOf).
const exportNamed = "export of "

// toldFrom is where a Provenance says that something is from.
func toldFrom(o object) string {
	for _, e := range list(o["entity"]) {
		if entity, _ := e.(object); str(entity, "role") == "source" {
			return words(entity["what"])
		}
	}
	for _, a := range list(o["agent"]) {
		agent, _ := a.(object)
		switch who := words(agent["who"]); who {
		case "":
		case "the person themself":
			return writtenByPerson
		default:
			return who
		}
	}
	return ""
}

const writtenByPerson = "Written by the person"

// numbered is a name with the UUID of a file behind it, as programs that write files for
// many people call them.
var numbered = regexp.MustCompile(`(?i)^(.*\pL.*?)[ _.-]*[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// shortSource is the name of a source in a row.
func shortSource(s string) string {
	if m := numbered.FindStringSubmatch(s); m != nil {
		return strings.ReplaceAll(m[1], "_", " ")
	}
	return s
}

// fromOf says where an entry is from.
func fromOf(info message.EntryInfo) string {
	switch {
	case info.Source != "":
		return info.Source
	case info.Self:
		return writtenByPerson
	}
	return info.By
}
