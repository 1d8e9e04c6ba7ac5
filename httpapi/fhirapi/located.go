package fhirapi

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
)

func entryPath(i int) string { return fmt.Sprintf("Bundle.entry[%d]", i) }

// inBundle puts what is wrong with an entry at its place in the Bundle that was
// sent. A place inside a patch, or in what it makes, has no path there: it goes into
// the text.
func inBundle(err error, entry *change.Change) error {
	e, ok := errors.AsType[*record.Error](err)
	if !ok || e.Kind == record.Unauthorized {
		return err
	}
	place := func(text, path string) (string, string) {
		here := entryPath(entry.Index)
		typ, rest, inside := strings.Cut(path, ".")
		switch known := fhir.KnownType(typ); {
		case strings.HasPrefix(path, here):
			return text, path
		case entry.Patch != nil && (known || strings.HasPrefix(path, "patch[")):
			return path + ": " + text, here + ".resource.data"
		case known && inside:
			return text, here + ".resource." + rest
		case known:
			return text, here + ".resource"
		}
		return text, here
	}
	c := *e
	bare := *e
	bare.Path = ""
	c.Shown, c.Path = place(bare.Error(), e.Path)
	if several, ok := errors.AsType[problem.Issues](err); ok {
		several = slices.Clone(several)
		for k := range several {
			issue, path := &several[k], ""
			if len(issue.Expression) > 0 {
				path = issue.Expression[0]
			}
			issue.Diagnostics, path = place(issue.Diagnostics, path)
			issue.Expression = []string{path}
		}
		c.Err = several
	}
	return &c
}

// entryOf is the entry that a path is in.
func entryOf(path string) (i int, ok bool) {
	rest, ok := strings.CutPrefix(path, "Bundle.entry[")
	number, _, closed := strings.Cut(rest, "]")
	i, err := strconv.Atoi(number)
	return i, ok && closed && err == nil
}
