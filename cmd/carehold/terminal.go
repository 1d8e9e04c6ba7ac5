package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// errNoTerminal is for a question when nobody can be asked.
var errNoTerminal = errors.New("there is no terminal to ask on")

// terminal is where secrets are typed and shown: the person's own terminal,
// whatever stdin and stdout are connected to.
type terminal struct {
	in, out *os.File
	close   func()
}

// terminal opens it. Close it.
func (a *app) terminal() (*terminal, error) {
	if a.stdin == nil { // the demo has nobody to ask
		return nil, errNoTerminal
	}
	if t, err := openTerminal(); err == nil {
		return t, nil
	}
	if in, ok := a.stdin.(*os.File); ok && term.IsTerminal(int(in.Fd())) {
		return &terminal{in, os.Stderr, func() {}}, nil
	}
	return nil, errNoTerminal
}

// secret asks for something that is not shown while it is typed.
func (t *terminal) secret(prompt string) ([]byte, error) {
	fmt.Fprint(t.out, prompt)
	b, err := term.ReadPassword(int(t.in.Fd()))
	fmt.Fprintln(t.out)
	if err != nil {
		return nil, fmt.Errorf("reading from the terminal: %w", err)
	}
	return b, nil
}

// line asks for something that is.
func (t *terminal) line(prompt string) (string, error) {
	fmt.Fprint(t.out, prompt)
	// One byte at a time: what comes after the line belongs to the next question.
	var line []byte
	for b := make([]byte, 1); ; {
		n, err := t.in.Read(b)
		if n == 1 && b[0] == '\n' {
			return strings.TrimSpace(string(line)), nil
		}
		if err != nil {
			return "", fmt.Errorf("reading from the terminal: %w", err)
		}
		line = append(line, b[:n]...)
	}
}

// confirm asks a question whose answer is yes or no. --yes is yes. def is what
// an empty answer means.
func (a *app) confirm(question string, def bool) (bool, error) {
	if a.yes {
		return true, nil
	}
	t, err := a.terminal()
	if err != nil {
		return false, hinted(errors.New("this needs an answer, and there is no terminal to ask on"), "with --yes it is not asked")
	}
	defer t.close()
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

// readAllLimited reads what must be short.
func readAllLimited(r io.Reader, most int64) ([]byte, error) {
	b, err := io.ReadAll(bufio.NewReader(io.LimitReader(r, most+1)))
	if err == nil && int64(len(b)) > most {
		return nil, fmt.Errorf("there is more than %d bytes of it", most)
	}
	return b, err
}
