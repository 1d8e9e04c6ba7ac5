package certificate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// Source is where a certificate comes from.
type Source interface {
	// TLS is the configuration of a server with the certificate.
	TLS() *tls.Config

	// Keep renews the certificate until ctx ends. Each of again makes it look at
	// once.
	Keep(ctx context.Context, again <-chan struct{})

	// State is how the certificate is now.
	State() State
}

// State is how a certificate is.
type State struct {
	Until time.Time // when it ends; zero while there is none
	Wrong string    // "" when nothing is
	Do    string    // what to do about it
}

// Soon is how long before its end a certificate that has not been renewed is
// something to look into. Whatever renews certificates does it long before.
const Soon = 14 * 24 * time.Hour

// soon is Soon for a certificate: less for one of a short life. Those of up to ten
// days are renewed when half of it is over (Let's Encrypt's advice), others when a
// third is left; a quarter leaves that time to be tried again.
func soon(c *x509.Certificate) time.Duration {
	life := c.NotAfter.Sub(c.NotBefore)
	if life <= 10*24*time.Hour {
		return life / 3
	}
	return min(Soon, life/4)
}

// state judges a certificate for a host; wrong is what its source knows already.
func state(c *x509.Certificate, host string, now time.Time, wrong, do string) State {
	s := State{Wrong: wrong, Do: do}
	if c == nil {
		return s
	}
	s.Until = c.NotAfter
	left := c.NotAfter.Sub(now)
	switch {
	case now.Before(c.NotBefore):
		s.Wrong, s.Do = "the certificate is good only from "+day(c.NotBefore), "look whether this machine's clock is right"
	case left <= 0:
		s.Wrong = join("the certificate ended on "+day(c.NotAfter), wrong)
	case wrong != "": // it says more
	case host != "" && c.VerifyHostname(host) != nil:
		s.Wrong, s.Do = "the certificate is not for "+host, "get one for that name, or change --public-url"
	case left < soon(c):
		s.Wrong = fmt.Sprintf("the certificate ends on %s, and has not been renewed", day(c.NotAfter))
	}
	return s
}

func join(a, b string) string {
	if b == "" {
		return a
	}
	return a + "; " + b
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02") }

// leaf is the parsed certificate of a pair.
func leaf(c *tls.Certificate) (*x509.Certificate, error) {
	if c.Leaf != nil {
		return c.Leaf, nil
	}
	if len(c.Certificate) == 0 {
		return nil, errors.New("there is no certificate")
	}
	return x509.ParseCertificate(c.Certificate[0])
}
