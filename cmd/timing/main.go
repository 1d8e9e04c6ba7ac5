package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"
)

func main() {
	n := flag.Int("n", 100_000, "requests with each class, at each door, logged and not")
	dir := flag.String("dir", "", "where the store is made, and removed; none: the system's folder for such")
	flag.Parse()
	if *n < 2 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*dir, *n); err != nil {
		fmt.Fprintln(os.Stderr, "timing:", err)
		os.Exit(1)
	}
}

func run(dir string, n int) error {
	dir, err := os.MkdirTemp(dir, "timing")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	w, err := newWorld(context.Background(), dir)
	if err != nil {
		return err
	}
	defer w.close()
	began := time.Now()
	note := func(what string) { fmt.Fprintf(os.Stderr, "%s  %s\n", time.Since(began).Round(time.Second), what) }
	note("two people, and their grants")
	read, ask, err := w.doors()
	if err != nil {
		return err
	}
	doors := []*door{read, ask}
	for _, d := range doors {
		if err := w.same(d); err != nil {
			return err
		}
		fmt.Printf("%s: %d tokens of each of %d classes are answered with the same bytes\n", d.name, each, len(d.classes))
	}
	fmt.Printf("%s, %s/%s, %d cores; %d requests with each class; %s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), n, began.UTC().Format("2 January 2006"))
	for _, d := range doors {
		note(d.name + ", not logged")
		table(os.Stdout, d.name+", not logged", d.classes, w.unlogged(d, n))
	}
	for _, d := range doors {
		note(d.name + ", logged")
		table(os.Stdout, d.name+", logged", d.classes, w.logged(d, n))
	}
	note("done")
	return nil
}
