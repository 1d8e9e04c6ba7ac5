package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
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
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *dir, *n); err != nil {
		fmt.Fprintln(os.Stderr, "timing:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir string, n int) error {
	dir, err := os.MkdirTemp(dir, "timing")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	w, err := newWorld(ctx, dir)
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
	for _, way := range []struct {
		name string
		take func(*door, int) ([][]float64, error)
	}{{"not logged", w.unlogged}, {"logged", w.logged}} {
		for _, d := range doors {
			title := d.name + ", " + way.name
			note(title)
			times, err := way.take(d, n)
			if err != nil {
				return err
			}
			table(os.Stdout, title, d.classes, times)
		}
	}
	note("done")
	return nil
}
