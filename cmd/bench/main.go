package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// bench is one run.
type bench struct {
	ctx      context.Context
	began    time.Time
	dir      string // everything it makes; removed at the end
	self     string // this program
	carehold string // the program that is measured
	profiles string // where profiles are kept; "" in dir
	scale    scale
	out      *report
	only     []string // sections, and steps of them; none: all
	failed   error
}

// chosen says whether a section is to be measured.
func (b *bench) chosen(name string) bool { return len(b.only) == 0 || slices.Contains(b.only, name) }

// try runs a section. One that fails says so in its place, and the others go on:
// that a server died is a result.
func (b *bench) try(name string, run func() error) {
	note("%s  %s", time.Since(b.began).Round(time.Second), name)
	if err := run(); err != nil {
		note("%s: %v", name, err)
		b.out.text(name, "**Failed:** %v", err)
		b.failed = errors.Join(b.failed, fmt.Errorf("%s: %w", name, err))
	}
}

// scale is how large and how long things are.
type scale struct {
	records  int           // in use at the same time
	entries  int           // of each of them
	sizes    []int         // of records, for cost and cold opening
	people   []int         // in a store
	grants   []int         // live in one record
	revoked  []int         // over a record's life
	patients int           // of Synthea's, each a record
	bundles  int           // transactions, each into a record
	document int           // bytes of a large content
	run      time.Duration // of one run of the load generator
	rounds   int           // of runs that are compared with one another
}

var full = scale{
	records: 10, entries: 10_000, sizes: []int{100, 1000, 10_000, 100_000}, people: []int{1, 10, 100, 1000},
	grants: []int{1, 10, 50, 100, 178}, revoked: []int{0, 10, 100, 400},
	patients: 100, bundles: 48, document: 100_000_000,
	run: 2 * time.Second, rounds: 3,
}

// short is to see that everything runs: a minute, and no figures to keep.
var short = scale{
	records: 10, entries: 200, sizes: []int{100, 1000}, people: []int{1, 10}, grants: []int{1, 10}, revoked: []int{0, 10},
	patients: 6, bundles: 6, document: 8_000_000,
	run: 300 * time.Millisecond, rounds: 1,
}

// sections are measured in this order, each of which stands alone. A name is also
// that of a block in the document.
var sections = []struct {
	name string
	run  func(*bench) error
}{
	{"machine", (*bench).machine},
	{"records", (*bench).records}, // and its steps, over the same ten records
	{"cold", (*bench).size},       // and entries
	{"fhir", (*bench).fhir},
	{"grants", (*bench).grants},
	{"people", (*bench).people},
	{"import", (*bench).imports},
	{"documents", (*bench).documents},
	{"growth", (*bench).growth},
}

func main() {
	var err error
	switch {
	case len(os.Args) > 1 && os.Args[1] == "load":
		err = runLoad(os.Stdin, os.Stdout)
	case len(os.Args) > 1 && os.Args[1] == "baseline":
		err = runBaseline(os.Args[2:])
	default:
		err = run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() (err error) {
	program := flag.String("carehold", "", "the `program` to measure")
	doc := flag.String("doc", "", "the `document` whose blocks are written anew; nowhere by itself, and then the report goes to stdout")
	only := flag.String("only", "", "only these `sections`, separated by commas: "+names())
	quick := flag.Bool("short", false, "see that everything runs; the figures mean nothing")
	profiles := flag.String("profiles", "", "keep the profiles in this `folder`")
	where := flag.String("dir", "", "measure on the disk of this `folder`")
	flag.Parse()
	if *program == "" {
		return errors.New("-carehold says which program to measure")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	b := &bench{ctx: ctx, began: time.Now(), scale: full, profiles: *profiles, out: newReport()}
	if *only != "" {
		b.only = strings.Split(*only, ",")
	}
	if *quick {
		b.scale = short
	}
	if b.carehold, err = filepath.Abs(*program); err != nil {
		return err
	}
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp(*where, "carehold-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	for _, s := range sections {
		if b.chosen(s.name) || s.name == "records" && slices.ContainsFunc(steps, func(s step) bool { return b.chosen(s.name) }) {
			b.try(s.name, func() error { return s.run(b) })
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if *only == "" {
		b.out.summary(time.Since(b.began))
	}
	if *doc == "" {
		err = b.out.print(os.Stdout)
	} else {
		err = b.out.write(*doc)
	}
	return errors.Join(b.failed, err)
}

func names() string {
	var list []string
	for _, s := range sections {
		list = append(list, s.name)
	}
	for _, s := range steps {
		list = append(list, s.name)
	}
	return strings.Join(list, ", ")
}

// note tells whoever waits how far it is.
func note(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
