package filing

import (
	"runtime"
	"sync"
	"sync/atomic"

	"carehold/record"
	"carehold/record/fhir"
)

// finding is a section and why; the zero value has found nothing.
type finding struct {
	section record.Section
	why     Reason
}

// take keeps the stricter of the two, the first where they are equal.
func (f *finding) take(other finding) {
	if Stricter(other.section, f.section) {
		*f = other
	}
}

// own is what a resource says of itself.
type own struct {
	row     typeRow
	found   finding // never 0
	decided bool    // by more than the default of its type
}

// decide reads one resource by itself: its labels, then its codes and words,
// then the refinements of its type, then its type's default.
func (rd *reader) decide(r *fhir.Resource) own {
	row := typeOf(r.Type())
	o := own{row: row, found: finding{row.section, Reason{Rule: "type:" + row.name, Text: row.says()}}}
	if row.name == "Patient" {
		return o
	}
	rd.read(r)
	sensitive, restricted := readLabels(append(r.Security(), rd.labels...))
	if row.name != "AllergyIntolerance" { // only a label hides an allergy
		sensitive.take(strictestOf(rd.codes).finding())
		sensitive.take(strictestOf(rd.named, rd.texts).finding())
	}
	if sensitive.section == 0 && restricted != nil {
		sensitive = finding{record.Private, Reason{
			Rule: ruleRestricted, Path: restricted.Path, Coding: *restricted,
			Text: "It is labelled restricted, and nothing in it says for what.",
		}}
	}
	switch {
	case sensitive.section != 0 && !Stricter(row.section, sensitive.section):
		o.found, o.decided = sensitive, true
	case sensitive.section == 0 && !row.section.Sensitive():
		if refined := rd.refine(r); refined.section != 0 {
			o.found, o.decided = refined, true
		}
	}
	return o
}

// stretch is how many resources one worker takes at a time: to wait for it costs more
// than to read fewer.
const stretch = 32

// decideAll is decide for each of the items. What one says of itself does not depend
// on the others, so they are read on all cores.
func decideAll(items []Item) []own {
	all := make([]own, len(items))
	var next atomic.Int64
	work := func() {
		var rd reader
		for {
			from := int(next.Add(stretch)) - stretch
			if from >= len(items) {
				return
			}
			for i := from; i < min(from+stretch, len(items)); i++ {
				all[i] = rd.decide(items[i].Resource)
			}
		}
	}
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (len(items)+stretch-1)/stretch) - 1 {
		wait.Go(work)
	}
	work()
	wait.Wait()
	return all
}
