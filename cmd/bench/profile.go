package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// parts of the work of a request, by the functions that do them. Parts with a dash
// are in the part before: they do not add up to the whole.
var parts = []struct{ what, functions string }{
	{"opening the token: capsule, live list, grant's row", `store\.\(\*Store\)\.Open$`},
	{"— of it, the person's signature on the grant", `ed25519\.Verify|grant\.Verify`},
	{"finding and opening the entry", `store\.\(\*View\)\.fetch$`},
	{"going through the record", `store\.\(\*View\)\.scan(From)?$`},
	{"planning a change: filing, sealing, the new directory", `store\.\(\*View\)\.apply$`},
	{"the log entry: sealing it, the head, the person's rows read again", `badger\.\(\*Engine\)\.apply$`},
	{"the commit: Badger's log and memory table, sync, anchor", `kv/badger\.\(\*Engine\)\.commit$|badger/v4\.\(\*DB\)\.writeRequests$`},
	{"— of it, msync and fdatasync", `unix\.(Msync|Fdatasync)|z\.Msync|syscall\.fdatasync`},
	{"Badger's tables: written, sorted", `badger/v4\.\(\*DB\)\.(flushMemtable|handleMemTableFlush)$|badger/v4\.\(\*levelsController\)\.(runCompactor|doCompact)$`},
	{"the line in the server's own log", `httpapi\.\(\*Server\)\.log$`},
	{"all of Carehold's code between request and answer", `httpapi\.\(\*Server\)\.ServeHTTP$`},
	{"net/http: reading requests, writing answers", `net/http\.\(\*conn\)\.readRequest|net/http\.\(\*response\)\.finishRequest|net/http\.\(\*connReader\)`},
	{"garbage collection", `runtime\.(gcBgMarkWorker|gcAssistAlloc|bgsweep|bgscavenge)$`},
	{"the scheduler, looking for work", `runtime\.(schedule|findRunnable)$`},
}

// profile says where the processor's time goes, with 16 clients and all warm.
func (b *bench) profile(w *world) error {
	if err := w.again(false); err != nil {
		return err
	}
	var searches []target
	for _, p := range w.people {
		searches = append(searches, target{Token: p.token, Paths: costs[1].paths(p)})
	}
	search, err := b.targets("searches", searches...)
	if err != nil {
		return err
	}
	head := []string{"16 clients"}
	rows := make([][]string, len(parts))
	for i, p := range parts {
		rows[i] = []string{p.what}
	}
	for _, kind := range []struct{ name, targets string }{{"read", w.reads}, {"search, a page of 50", search}, {"create", w.writes}} {
		head = append(head, kind.name)
		file := filepath.Join(first(b.profiles, b.dir), "cpu-"+kind.name[:4]+".pprof")
		if err := b.profileOf(w, kind.targets, file); err != nil {
			return err
		}
		for i, p := range parts {
			share, err := b.share(file, p.functions)
			if err != nil {
				b.out.text("profile", "Not measured: %v.", err)
				return nil
			}
			rows[i] = append(rows[i], fmt.Sprintf("%.0f %%", share))
		}
	}
	b.out.table("profile", head, rows)
	return nil
}

// profileOf writes a profile of the server while it is asked for the targets.
func (b *bench) profileOf(w *world, targets, file string) error {
	seconds := max(1, int(b.scale.run/time.Second))
	loaded := make(chan error, 1)
	go func() {
		_, err := b.load(w.proc, 16, time.Duration(seconds+1)*time.Second, targets)
		loaded <- err
	}()
	time.Sleep(b.scale.run / 4)
	err := fetch(fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", w.debug, seconds), file)
	if failed := <-loaded; err == nil {
		err = failed
	}
	return err
}

func fetch(url, file string) error {
	a, err := http.Get(url)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		return fmt.Errorf("the profile: %s", a.Status)
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(f, a.Body)
	return err
}

var accounting = regexp.MustCompile(`Showing nodes accounting for [^,]+, ([0-9.]+)% of`)

// share is how much of a profile, in percent, was spent in functions or below.
func (b *bench) share(file, functions string) (float64, error) {
	out, err := exec.CommandContext(b.ctx, "go", "tool", "pprof", "-top", "-nodefraction=0", "-edgefraction=0", "-nodecount=100000", "-focus", functions, file).Output()
	if err != nil {
		return 0, fmt.Errorf("go tool pprof: %w", err)
	}
	m := accounting.FindSubmatch(out)
	if m == nil {
		return 0, nil // nothing was
	}
	return strconv.ParseFloat(string(m[1]), 64)
}
