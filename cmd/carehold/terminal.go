package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// errStopped is for a Ctrl-C at a question.
var errStopped = errors.New("stopped; nothing was changed")

// errNoTerminal is for a question when nobody can be asked.
var errNoTerminal = errors.New("there is no terminal to ask on")

// terminal is where secrets are typed and shown: the person's own terminal,
// whatever stdin and stdout are connected to.
type terminal struct {
	in, out *os.File
	close   func()
	ctx     context.Context // of the run: a Ctrl-C ends it
}

// terminal opens it. Close it.
func (a *app) terminal() (*terminal, error) {
	if a.stdin == nil { // the demo has nobody to ask
		return nil, errNoTerminal
	}
	if t, err := openTerminal(); err == nil {
		t.ctx = a.ctx
		return t, nil
	}
	if in, ok := a.stdin.(*os.File); ok && term.IsTerminal(int(in.Fd())) {
		return &terminal{in: in, out: os.Stderr, close: func() {}, ctx: a.ctx}, nil
	}
	return nil, errNoTerminal
}

// waiting reads what is typed, but not for longer than the run lasts: a read from
// a terminal does not end by itself at a Ctrl-C. Its goroutine is left behind; the
// program ends.
func (t *terminal) waiting(read func() ([]byte, error)) ([]byte, error) {
	type answer struct {
		b   []byte
		err error
	}
	was, modeErr := term.GetState(int(t.in.Fd()))
	typed := make(chan answer, 1)
	go func() {
		b, err := read()
		typed <- answer{b, err}
	}()
	select {
	case a := <-typed:
		if a.err != nil {
			return nil, fmt.Errorf("reading from the terminal: %w", a.err)
		}
		return a.b, nil
	case <-t.ctx.Done():
		if modeErr == nil {
			_ = term.Restore(int(t.in.Fd()), was) // what is typed is seen again
		}
		fmt.Fprintln(t.out)
		return nil, coded(exitInterrupted, errStopped, "")
	}
}

// secret asks for something that is not shown while it is typed.
func (t *terminal) secret(prompt string) ([]byte, error) {
	fmt.Fprint(t.out, prompt)
	b, err := t.waiting(func() ([]byte, error) { return term.ReadPassword(int(t.in.Fd())) })
	if !errors.Is(err, errStopped) {
		fmt.Fprintln(t.out)
	}
	return b, err
}

// line asks for something that is.
func (t *terminal) line(prompt string) (string, error) {
	fmt.Fprint(t.out, prompt)
	line, err := t.waiting(func() ([]byte, error) {
		// One byte at a time: what comes after the line belongs to the next question.
		var line []byte
		for b := make([]byte, 1); ; {
			n, err := t.in.Read(b)
			if n == 1 && b[0] == '\n' {
				return line, nil
			}
			if err != nil {
				return nil, err
			}
			line = append(line, b[:n]...)
		}
	})
	return strings.TrimSpace(string(line)), err
}

// yesNo asks a question until the answer is one of the two. def is what an empty
// answer means.
func (t *terminal) yesNo(question string, def bool) (bool, error) {
	choice := " [y/N] "
	if def {
		choice = " [Y/n] "
	}
	for {
		answer, err := t.line(question + choice)
		if err != nil {
			return false, err
		}
		switch strings.ToLower(answer) {
		case "y", "yes":
			return true, nil
		case "n", "no":
			return false, nil
		case "":
			return def, nil
		}
		fmt.Fprintln(t.out, "Please answer yes or no.")
	}
}

// confirm is yesNo for a command. --yes is yes.
func (a *app) confirm(question string, def bool) (bool, error) {
	if a.yes {
		return true, nil
	}
	t, err := a.terminal()
	if err != nil {
		return false, coded(exitLocked, fmt.Errorf("this needs an answer, and there is no terminal to ask on: %s", strings.TrimSuffix(question, "?")+"?"), "with --yes it is not asked")
	}
	defer t.close()
	ok, err := t.yesNo(question, def)
	if errors.Is(err, errStopped) && a.agreed {
		err = coded(exitInterrupted, errors.New("stopped; what was agreed to before is done"), "")
	}
	a.agreed = a.agreed || ok
	return ok, err
}

// readAllLimited reads what must be short.
func readAllLimited(r io.Reader, most int64) ([]byte, error) {
	b, err := io.ReadAll(bufio.NewReader(io.LimitReader(r, most+1)))
	if err == nil && int64(len(b)) > most {
		return nil, fmt.Errorf("there is more than %d bytes of it", most)
	}
	return b, err
}
