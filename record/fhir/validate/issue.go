package validate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Severities, as OperationOutcome.issue.severity has them.
const (
	Error       = "error"
	Warning     = "warning"
	Information = "information"
)

// The codes that are used, of http://hl7.org/fhir/issue-type.
const (
	codeStructure = "structure"    // not an element, an array that must be none, a wrong JSON type
	codeRequired  = "required"     // it is missing
	codeValue     = "value"        // a primitive's format, a reference to the wrong type
	codeInvariant = "invariant"    // a rule among several elements
	codeCode      = "code-invalid" // not in the value set of a required binding
	codeTooLong   = "too-long"
	codeTooCostly = "too-costly" // a rule that was not checked
)

// Issue is one thing that is wrong with a resource, or doubtful.
type Issue struct {
	Severity string // Error, Warning or Information
	Code     string // of http://hl7.org/fhir/issue-type
	Path     string // FHIRPath of the element: Observation.category[0].coding[1].code, Observation.value.unit
	Text     string // begins with Path; may quote what was sent
}

// Errors reports whether one of the issues is an error: the resource must not be
// written.
func Errors(issues []Issue) bool {
	return slices.ContainsFunc(issues, func(i Issue) bool { return i.Severity == Error })
}

// At most this many issues are told, of them so many warnings: warnings must not
// keep an error from being seen.
const (
	maxIssues   = 100
	maxWarnings = 50
)

// report collects issues and knows where in the resource the walk is.
type report struct {
	root     string
	steps    []step
	issues   []Issue
	errors   int
	warnings int
}

// step is an element on the way down; index is -1 for one that is no list.
type step struct {
	name  string
	index int32
}

// full reports whether enough is wrong: nobody reads more.
func (r *report) full() bool { return r.errors >= maxIssues }

func (r *report) push(name string) { r.steps = append(r.steps, step{name, -1}) }
func (r *report) pop()             { r.steps = r.steps[:len(r.steps)-1] }

// at says which of a list's values the walk is at.
func (r *report) at(index int) { r.steps[len(r.steps)-1].index = int32(index) }

// maxPath bounds a path: the sender chooses how deep a resource goes.
const maxPath = 256

// path is where the walk is, and below it name if there is one.
func (r *report) path(name string) string {
	var b strings.Builder
	b.WriteString(r.root)
	for _, s := range r.steps {
		b.WriteByte('.')
		b.WriteString(s.name)
		if s.index >= 0 {
			b.WriteByte('[')
			b.WriteString(strconv.Itoa(int(s.index)))
			b.WriteByte(']')
		}
	}
	if name != "" {
		b.WriteByte('.')
		b.WriteString(shorten(name))
	}
	p := b.String()
	if len(p) > maxPath {
		return strings.ToValidUTF8(p[:maxPath/2], "") + "…" + strings.ToValidUTF8(p[len(p)-maxPath/2:], "")
	}
	return p
}

// wrong reports an error at name below where the walk is; "" is there itself. The
// text goes on from the path: "is missing: …".
func (r *report) wrong(code, name, format string, args ...any) {
	if r.full() {
		return
	}
	r.errors++
	r.add(Error, code, name, format, args)
}

func (r *report) warn(code, name, format string, args ...any) {
	if r.full() || r.warnings >= maxWarnings {
		return
	}
	r.warnings++
	r.add(Warning, code, name, format, args)
}

func (r *report) add(severity, code, name, format string, args []any) {
	p := r.path(name)
	r.issues = append(r.issues, Issue{severity, code, p, p + " " + fmt.Sprintf(format, args...)})
}

// told are the issues: all, or of too many the errors first.
func (r *report) told() []Issue {
	if len(r.issues) <= maxIssues && !r.full() {
		return r.issues
	}
	var told []Issue
	for _, i := range r.issues {
		if i.Severity == Error && len(told) < maxIssues-1 {
			told = append(told, i)
		}
	}
	for _, i := range r.issues {
		if i.Severity != Error && len(told) < maxIssues-1 {
			told = append(told, i)
		}
	}
	return append(told, Issue{Information, codeTooCostly, r.root, r.root + " has more that is wrong; mend these first"})
}

// shorten bounds what is quoted of a resource in a text.
func shorten(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
