package certificate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// lookEvery is how often the files are looked at: by their content, because a
// copied file can have any time.
const lookEvery = time.Minute

// Files is a certificate and its key in two PEM files, which somebody else renews.
type Files struct {
	cert, key, host string
	log             *slog.Logger

	mu     sync.Mutex // guards what follows
	pair   *tls.Certificate
	parsed *x509.Certificate
	seen   [sha256.Size]byte // of what was last tried
	wrong  string            // with what was last tried
}

// FromFiles reads a certificate and its key. At the start they must fit together.
func FromFiles(cert, key, host string, log *slog.Logger) (*Files, error) {
	f := &Files{cert: cert, key: key, host: host, log: log}
	if _, err := f.look(); err != nil {
		return nil, fmt.Errorf("reading the TLS certificate: %w", err)
	}
	f.tell("the certificate was read")
	return f, nil
}

// tell says in the log which certificate was read, and what is wrong with it. One
// of a short life is what something has to renew all the time: nobody is told of
// its end two weeks before.
func (f *Files) tell(what string) {
	st := f.State()
	f.mu.Lock()
	life := f.parsed.NotAfter.Sub(f.parsed.NotBefore)
	f.mu.Unlock()
	switch {
	case st.Wrong != "":
		f.log.Warn(what+", and something is wrong with it", "wrong", st.Wrong, "do", st.Do, "until", st.Until)
	case life <= Soon:
		f.log.Warn(what+"; it is good for a short time only, and has to be renewed before", "until", st.Until)
	default:
		f.log.Info(what, "until", st.Until)
	}
}

// TLS is a server's configuration, with whichever certificate is the last good one.
func (f *Files) TLS() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			return f.pair, nil
		},
	}
}

// Keep looks at the files every minute, and at once when told to.
func (f *Files) Keep(ctx context.Context, again <-chan struct{}) {
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-again:
		}
		switch changed, err := f.look(); {
		case err != nil && changed:
			f.log.Error("the new certificate cannot be used; the old one goes on", "err", err)
		case changed:
			f.tell("the certificate was read again")
		}
	}
}

// State is how the certificate is that is in use, and whether there is a newer one
// that cannot be.
func (f *Files) State() State {
	f.mu.Lock()
	defer f.mu.Unlock()
	do := "renew it, or see why whatever renews it does not"
	if f.wrong != "" {
		do = "see what writes " + f.cert + " and " + f.key + "; they are read again every minute"
	}
	return state(f.parsed, f.host, time.Now(), f.wrong, do)
}

// look reads the files, and takes them when they fit together. changed is false
// when they are what they were at the last look.
func (f *Files) look() (changed bool, err error) {
	cert, err := os.ReadFile(f.cert)
	var key []byte
	if err == nil {
		key, err = os.ReadFile(f.key)
	}
	defer clear(key)
	seen := sha256.Sum256(bytes.Join([][]byte{cert, key, []byte(fmt.Sprint(err))}, []byte{0}))
	f.mu.Lock()
	defer f.mu.Unlock()
	if seen == f.seen {
		return false, nil
	}
	f.seen = seen
	var pair tls.Certificate
	if err == nil {
		pair, err = tls.X509KeyPair(cert, key) // its errors quote nothing
	}
	var parsed *x509.Certificate
	if err == nil {
		parsed, err = leaf(&pair)
	}
	if err == nil && f.parsed != nil && time.Now().After(parsed.NotAfter) && time.Now().Before(f.parsed.NotAfter) {
		err = fmt.Errorf("it ended on %s", day(parsed.NotAfter))
	}
	if err != nil {
		f.wrong = "the new certificate cannot be used, and the old one goes on: " + err.Error()
		return true, err
	}
	f.pair, f.parsed, f.wrong = &pair, parsed, ""
	return true, nil
}
