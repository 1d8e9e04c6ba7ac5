package validate

import (
	"time"

	"carehold/record/fhir"
	"carehold/record/fhir/fhirpath"
	"carehold/record/fhir/r4"
)

// rule is a constraint of R4's definitions.
type rule struct {
	key, human string
	warning    bool
	expr       *fhirpath.Expr
}

// byHand are the constraints that other files check: ref-1 and txt-1 in the same
// words (reference.go, narrative.go).
var byHand = map[string]bool{"ref-1": true, "txt-1": true, "txt-2": true}

func rules(list []r4.Constraint) []rule {
	var out []rule
	for _, c := range list {
		if !byHand[c.Key] {
			out = append(out, rule{c.Key, c.Human, c.Warning, fhirpath.MustCompile(c.Expression)})
		}
	}
	return out
}

// patience is how long the rules of one resource may take together. The largest
// real ones take a few hundred milliseconds; one evaluation has a bound of its own.
const patience = 2 * time.Second

// clock ends the evaluation of rules when a resource takes too long.
type clock struct {
	start time.Time
	asked int
	over  bool
}

// late reports whether the time is over. It looks at the clock now and then.
func (c *clock) late() bool {
	if c.asked == 0 {
		c.start = time.Now()
	}
	if c.asked++; c.asked%64 == 0 && time.Since(c.start) > patience {
		c.over = true
	}
	return c.over
}

// ask checks rules of an element n, whose structure is right.
func (w *walker) ask(list []rule, n fhir.Node, typ string) {
	for i := range list {
		r := &list[i]
		if w.clock.late() {
			return
		}
		holds, err := r.expr.True(fhirpath.Element(n, typ))
		switch {
		case err != nil:
			w.warn(codeTooCostly, "", "was not checked against the rule %s: %s", r.key, err)
		case !holds:
			w.breaks(r)
		}
	}
}

func (w *walker) breaks(r *rule) {
	if r.warning {
		w.warn(codeInvariant, "", "does not follow %s: %s", r.key, r.human)
	} else {
		w.wrong(codeInvariant, "", "breaks %s: %s", r.key, r.human)
	}
}
