package httpapi_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carehold/httpapi/certificate"
	"carehold/httpapi/client"
)

// Over TLS: the command line's client, HTTP/2, and nothing older than TLS 1.2.
func TestTLS(t *testing.T) {
	t.Parallel()
	w := newServer(t, generous)
	pair := newPair(t, time.Now().Add(time.Hour), 1)
	source, err := certificate.FromFiles(pair.cert, pair.key, "127.0.0.1", slog.New(slog.DiscardHandler))
	w.check(err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.check(err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.server.Serve(ctx, l, source.TLS()) }()

	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pair.pool}, ForceAttemptHTTP2: true}
	c, err := client.New("https://"+l.Addr().String(), client.Options{Roots: pair.pool})
	w.check(err)
	if _, err := c.Node(ctx); err != nil {
		t.Error(err)
	}
	// Many requests at once over HTTP/2, more than one connection may have open.
	answers := make(chan string)
	for i := range 100 {
		if i == 1 { // the others use the connection of the first
			if a := <-answers; a != "HTTP/2.0 200 OK" {
				t.Errorf("answered %s", a)
			}
		}
		go func() {
			resp, err := (&http.Client{Transport: tr}).Get("https://" + l.Addr().String() + "/")
			if err != nil {
				answers <- err.Error()
				return
			}
			_, err = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if err != nil {
				answers <- err.Error()
			} else {
				answers <- resp.Proto + " " + resp.Status
			}
		}()
	}
	for range 99 {
		if a := <-answers; a != "HTTP/2.0 200 OK" {
			t.Errorf("answered %s", a)
		}
	}
	old, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{RootCAs: pair.pool, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	if err == nil {
		old.Close()
		t.Error("TLS 1.1 was accepted")
	}
	// A client that does not know the certificate sends nothing.
	stranger, err := client.New("https://"+l.Addr().String(), client.Options{})
	w.check(err)
	if _, err := stranger.Node(ctx); err == nil || !strings.Contains(err.Error(), "unknown authority") {
		t.Errorf("an unknown certificate: %v", err)
	}
	tr.CloseIdleConnections()
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// pair is a certificate for 127.0.0.1 in two files, and who trusts it.
type pair struct {
	cert, key string
	pool      *x509.CertPool
}

func newPair(t *testing.T, until time.Time, serial int64) pair {
	t.Helper()
	dir := t.TempDir()
	p := pair{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem"), pool: x509.NewCertPool()}
	certPEM, keyPEM := makePair(t, until, serial)
	for file, b := range map[string][]byte{p.cert: certPEM, p.key: keyPEM} {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.pool.AppendCertsFromPEM(certPEM)
	return p
}

func makePair(t *testing.T, until time.Time, serial int64) (certPEM, keyPEM []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: until, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
}
