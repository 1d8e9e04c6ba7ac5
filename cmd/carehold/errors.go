package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"

	httpproblem "carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/holder"
)

// The exit codes. docs/cli.md prints this table; scripts depend on it.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitPartly      = 3 // some items were refused, and are listed
	exitLocked      = 4 // wrong passphrase or recovery code, or nothing to unlock with
	exitNotFound    = 5
	exitDenied      = 6 // by the grant
	exitIntegrity   = 7 // change, loss or a fork was found
	exitInterrupted = 130
)

// failure is an error with an exit code or a hint of its own.
type failure struct {
	err  error
	code int    // 0: by the error's kind
	hint string // what to do; "" is chosen by the error's kind
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// errSaid is for what was said already: there is an exit code left.
var errSaid = errors.New("said already")

func usage(err error) error { return &failure{err: err, code: exitUsage} }

func usagef(format string, args ...any) error { return usage(fmt.Errorf(format, args...)) }

// hinted says what to do about an error.
func hinted(err error, hint string) error { return &failure{err: err, hint: hint} }

// coded sets the exit code too.
func coded(code int, err error, hint string) error { return &failure{err, code, hint} }

// exitCode is the code of an error.
func exitCode(ctx context.Context, err error) int {
	// Whatever a command was about to say: this goes before all of it.
	if errors.Is(err, record.Integrity) {
		return exitIntegrity
	}
	if f, ok := errors.AsType[*failure](err); ok && f.code != 0 {
		return f.code
	}
	switch {
	case errors.Is(err, holder.ErrNoSlot):
		return exitLocked
	case ctx.Err() != nil:
		return exitInterrupted
	}
	switch record.KindOf(err) {
	case record.Unauthorized:
		return exitLocked
	case record.NotFound, record.Gone:
		return exitNotFound
	case record.Forbidden, record.NotAllowed:
		return exitDenied
	}
	return exitFailed
}

// hintOf is what to do about an error, where that can be said.
func (a *app) hintOf(code int, err error) string {
	if f, ok := errors.AsType[*failure](err); ok && f.hint != "" {
		return f.hint
	}
	switch {
	case code == exitUsage:
		return first(a.name, "carehold") + " --help has examples"
	case errors.Is(err, holder.ErrOlder), isTampered(err):
		return `do not change anything now; keep this device's file, and ask whoever runs the server what happened; if they had to put an older copy there, "carehold carry-on" says what is missing, and asks`
	case errors.Is(err, record.Integrity):
		return a.integrityHint()
	case errors.Is(err, holder.ErrNoSlot):
		return `a server says the same of three things, on purpose. The passphrase was mistyped: try again. This device was removed from the record: "carehold device list" on another says so. The record is not at this server any more. If the passphrase is lost, "carehold recover" opens the record with the recovery code`
	case errors.Is(err, syscall.ECONNREFUSED):
		return "is the server running, and is its address right"
	case isNameless(err):
		return "is the address right, and is this computer online"
	}
	if hint := certificateHint(err); hint != "" {
		return hint
	}
	switch {
	case strings.Contains(err.Error(), "the server answered 400 Bad Request"): // what a port that speaks TLS says to http://
		return "if the server speaks TLS, its address begins with https://: carehold device server https://… tells this device"
	case isClosed(err):
		return a.closedHint()
	case errors.Is(err, httpproblem.Misdirected):
		return `if you trust whoever told you of that address: "carehold device server ADDRESS" tells this device`
	case errors.Is(err, record.Unavailable), errors.Is(err, record.TooMany):
		return a.waitHint(err)
	}
	return ""
}

// isTampered reports whether the log is not what this device saw.
func isTampered(err error) bool { _, is := errors.AsType[*audit.Tampered](err); return is }

// isNameless reports whether a server's name was not found.
func isNameless(err error) bool { _, is := errors.AsType[*net.DNSError](err); return is }

// certificateHint is what to do when a server's certificate is not believed.
func certificateHint(err error) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "if this server has a certificate authority of its own, ask whoever runs it for the file, and say --ca-file FILE; else somebody may be in between: go no further"
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok && e.Reason == x509.Expired {
		return "the server's certificate is out of date, or this machine's clock is wrong"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "the certificate is another server's: is the address right"
	}
	return ""
}

// report says what went wrong, and what to do; it returns the exit code.
func (a *app) report(ctx context.Context, err error) int {
	code := exitCode(ctx, err)
	if code == exitInterrupted && (errors.Is(err, context.Canceled) || err.Error() == "") {
		err = errors.New("interrupted")
	}
	// A file's names and a server's words can be in it.
	text, hint := clean(errorText(err)), clean(a.hintOf(code, err))
	if a.json {
		line := struct {
			Type    string `json:"type"`
			Code    int    `json:"code"`
			Message string `json:"message"`
			Hint    string `json:"hint,omitempty"`
		}{"error", code, text, hint}
		b, _ := json.Marshal(line) // strings and a number always encode
		fmt.Fprintf(a.stderr, "%s\n", escaped(b))
		return code
	}
	fmt.Fprint(a.stderr, wrap("carehold: error: ", text, a.noteColumns()))
	if hint != "" {
		fmt.Fprint(a.stderr, wrap("carehold: hint: ", hint, a.noteColumns()))
	}
	return code
}

// errorText is an error in words for a person at a terminal.
func errorText(err error) string {
	var text string
	switch path, op := (*fs.PathError)(nil), (*net.OpError)(nil); {
	case errors.As(err, &path) && path.Op == "mkdir":
		text = fmt.Sprintf("the folder %s cannot be made: %v", path.Path, path.Err)
	case errors.As(err, &path) && errors.Is(err, fs.ErrNotExist):
		text = "there is no file " + path.Path
	case errors.As(err, &path) && errors.Is(err, fs.ErrPermission):
		text = "you may not open " + path.Path
	case errors.As(err, &op) && op.Op == "dial":
		text = unreached(op)
	default:
		text = err.Error()
	}
	// The house rule for messages: lower case, no full stop. Names keep theirs.
	if r, n := utf8.DecodeRuneInString(text); unicode.IsUpper(r) && len(text) > n {
		if second, _ := utf8.DecodeRuneInString(text[n:]); unicode.IsLower(second) && !strings.Contains(firstWord(text), "/") && !strings.Contains(firstWord(text), ".") {
			text = strings.ToLower(text[:n]) + text[n:]
		}
	}
	return strings.TrimSuffix(text, ".")
}

// unreached says which server was not reached. A name that leads nowhere has no address.
func unreached(op *net.OpError) string {
	var name *net.DNSError
	switch {
	case errors.As(op.Err, &name) && name.Name != "":
		return "the server cannot be reached: the name " + name.Name + " leads nowhere"
	case op.Addr != nil:
		return "the server cannot be reached at " + op.Addr.String()
	}
	return "the server cannot be reached"
}

func firstWord(s string) string { w, _, _ := strings.Cut(s, " "); return w }
