package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestImportOfAPipe: nobody writes into it, and the program is told to end: it does. What
// somebody does write is read, once.
func TestImportOfAPipe(t *testing.T) {
	x := newExporting(t)
	pipe := x.path("pipe")
	must(t, unix.Mkfifo(pipe, 0o600))
	for _, args := range [][]string{{pipe}, {x.path("other"), pipe}} {
		must(t, os.WriteFile(x.path("other"), []byte(`{"resourceType":"Observation","status":"final","code":{"text":"Height"}}`), 0o600))
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		a := *x.app
		a.stdout, a.stderr = &bytes.Buffer{}, &bytes.Buffer{}
		ended := make(chan int, 1)
		go func() {
			ended <- a.run(ctx, append([]string{"import", "--yes", "--state", x.state, "--passphrase-file", x.passphraseFile}, args...))
		}()
		select {
		case code := <-ended:
			if code != exitInterrupted {
				t.Errorf("%q ended with %d", args, code)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%q goes on", args)
		}
		// Whoever still waits to open it is let go.
		w, err := os.OpenFile(pipe, os.O_RDWR, 0)
		must(t, err)
		must(t, w.Close())
	}
	// One of its own: who was let go may only now come to open the other.
	pipe = x.path("another")
	must(t, unix.Mkfifo(pipe, 0o600))
	go func() {
		if w, err := os.OpenFile(pipe, os.O_WRONLY, 0); err == nil {
			w.WriteString(`{"resourceType":"Observation","status":"final","code":{"text":"Weight"}}`)
			w.Close()
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if said := x.within(ctx, exitDone, "import", pipe); !strings.Contains(said, "1 new") {
		t.Error(said)
	}
}

// TestImportOfASilentStdin is the same for what is typed, or is not.
func TestImportOfASilentStdin(t *testing.T) {
	r, w, err := os.Pipe()
	must(t, err)
	defer r.Close()
	defer w.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	a := quietApp()
	a.stdin, a.stderr = r, &bytes.Buffer{}
	ended := make(chan int, 1)
	go func() { ended <- a.run(ctx, []string{"import", "--state", filepath.Join(t.TempDir(), "x"), "-"}) }()
	select {
	case code := <-ended:
		if code != exitInterrupted {
			t.Errorf("ended with %d", code)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it goes on")
	}
}
