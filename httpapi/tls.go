package httpapi

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// TLSFiles is a configuration that reads the certificate again when its file has
// changed, so that a renewed one needs no restart. A broken new file is passed
// over for as long as the old one is in memory.
func TLSFiles(cert, key string) (*tls.Config, error) {
	f := &files{cert: cert, key: key}
	if err := f.load(); err != nil {
		return nil, fmt.Errorf("reading the TLS certificate: %w", err)
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return f.current(), nil
		},
	}, nil
}

type files struct {
	cert, key string

	mu       sync.Mutex // guards what follows
	loaded   *tls.Certificate
	modified time.Time
	looked   time.Time
}

func (f *files) load() error {
	info, err := os.Stat(f.cert)
	if err != nil {
		return err
	}
	c, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return err
	}
	f.loaded, f.modified = &c, info.ModTime()
	return nil
}

// current looks at the file at most once in ten seconds.
func (f *files) current() *tls.Certificate {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := time.Now(); now.Sub(f.looked) > 10*time.Second {
		f.looked = now
		if info, err := os.Stat(f.cert); err == nil && !info.ModTime().Equal(f.modified) {
			_ = f.load() // the old one serves until both files fit together
		}
	}
	return f.loaded
}
