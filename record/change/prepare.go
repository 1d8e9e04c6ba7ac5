package change

import (
	"runtime"
	"sync"
	"sync/atomic"

	"carehold/record"
	"carehold/record/fhir"
)

// Transaction is what a transaction asks for, planned as far as it can be without the
// record. While the rest is planned nobody else can change the record, and the person
// cannot end a grant either: so everything that takes long is done before.
//
//	checked before      every resource that is sent
//	rewritten before    every one whose references do not depend on a condition
//	left for Plan       conditions, patches and what comes of them, and the ids in
//	                    references to what a condition decides
//
// A reference whose id is not known yet has its shape all the same: Type/id, of a type
// that the condition names, or the entry. That is what its resource is checked with;
// Plan looks whether it came out in that shape.
type Transaction struct {
	asked       []Change
	options     Options
	index       *index // by what is known before
	prepared    []prepared
	conditional bool
}

// prepared is what is known of a change before its plan.
type prepared struct {
	ref      fhir.Ref       // asked for, or with the id of what is created in any case
	resource *fhir.Resource // as it will be written; nil of one that is guessed
	guessed  bool           // some of its references depend on a condition
	err      error          // it may not be written; it may be that it is not
}

// guessedID stands for an id that depends on a condition.
const guessedID = "0"

// Prepare plans what it can. asked must not be changed afterwards.
func Prepare(asked []Change, o Options) (*Transaction, error) {
	t := &Transaction{asked: asked, options: o, index: newIndex(), prepared: make([]prepared, len(asked))}
	for i := range asked {
		c, ref := &asked[i], asked[i].Ref
		e := entryRef{Ref: ref, created: c.Verb == Create, guessed: c.conditional()}
		switch {
		case e.guessed:
			e.ID = guessedID
		case c.Verb == Create && ref.ID == "":
			e.ID = o.NewID(ref.Type)
			ref = e.Ref
		}
		t.prepared[i].ref = ref
		t.conditional = t.conditional || e.guessed || c.Verb == Patch
		switch c.Verb {
		case Create, Update, Patch:
			if !t.index.add(c.FullURL, e) {
				return nil, record.Safef(record.Invalid, "two entries have the same fullUrl").At(entryPath(c.Index) + ".fullUrl")
			}
		}
	}
	if err := t.prepareAll(); err != nil {
		return nil, err
	}
	for i := range t.prepared {
		t.conditional = t.conditional || t.prepared[i].guessed
	}
	return t, nil
}

// Conditional reports whether planning needs a Finder.
func (t *Transaction) Conditional() bool { return t.conditional }

// prepareAll prepares what is sent, and returns the error of the first that cannot be
// written and would be.
func (t *Transaction) prepareAll() error {
	wrong := firstWrong(len(t.asked), func(i int) bool {
		t.prepare(i)
		// A conditional create that finds one does not write what was sent.
		c := &t.asked[i]
		return t.prepared[i].err != nil && (c.Verb != Create || !c.conditional())
	})
	if wrong < len(t.asked) {
		return t.prepared[wrong].err
	}
	return nil
}

// CheckAll checks a plan whose resources are as they will be written: an import's. It
// returns the first that check refuses; check is asked of several at the same time.
func CheckAll(plan []Change, check func(index int, r *fhir.Resource) error) (at int, err error) {
	errs := make([]error, len(plan))
	at = firstWrong(len(plan), func(i int) bool {
		errs[i] = check(plan[i].Index, plan[i].Resource)
		return errs[i] != nil
	})
	if at == len(plan) {
		return 0, nil
	}
	return at, errs[at]
}

// enoughWrong is how many are found to be wrong before the rest is left unasked: whoever
// sent them has enough to mend.
const enoughWrong = 20

// firstWrong asks each of n whether it is wrong, on all cores, and returns the first that
// is: n for none. Of those after it all are asked too, until enough are wrong.
func firstWrong(n int, wrong func(i int) bool) int {
	var next, first, found atomic.Int64
	first.Store(int64(n))
	work := func() {
		for {
			// They are taken in order: whatever comes before the first was taken before it.
			i := next.Add(1) - 1
			if i >= int64(n) || found.Load() >= enoughWrong {
				return
			}
			if !wrong(int(i)) {
				continue
			}
			found.Add(1)
			for was := first.Load(); i < was && !first.CompareAndSwap(was, i); was = first.Load() {
			}
		}
	}
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) - 1 {
		wait.Go(work)
	}
	work()
	wait.Wait()
	return int(first.Load())
}

// prepare rewrites and checks what is sent with a change.
func (t *Transaction) prepare(i int) {
	c, was := t.asked[i], &t.prepared[i]
	if c.Resource == nil || c.Patch != nil || c.Verb != Create && c.Verb != Update {
		return
	}
	rewriting := resolver{index: t.index, guess: true}
	was.err = rewriting.rewrite(&c)
	if was.guessed = rewriting.guessed; was.err != nil {
		return
	}
	p := planner{t.options, nil, true}
	if was.err = p.check(&c); !was.guessed {
		was.resource = c.Resource
	}
}

// sameShape reports whether two references lead to the same type, or are left alone.
func sameShape(a, b string) bool {
	if a == b {
		return true
	}
	x, y := fhir.ParseReference(a), fhir.ParseReference(b)
	return x.Form == fhir.Relative && y.Form == fhir.Relative && x.Ref.Type == y.Ref.Type
}
