package certificate_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"carehold/httpapi/certificate"
)

// made is a certificate and its key, as PEM.
func made(t *testing.T, serial int64, host string, lasts time.Duration) (cert, key []byte) {
	t.Helper()
	return madeFrom(t, serial, host, time.Now().Add(-60*24*time.Hour), time.Now().Add(lasts))
}

func madeFrom(t *testing.T, serial int64, host string, from, to time.Time) (cert, key []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
}

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) { b.mu.Lock(); defer b.mu.Unlock(); return b.b.Write(p) }
func (b *buffer) String() string              { b.mu.Lock(); defer b.mu.Unlock(); return b.b.String() }

const month = 30 * 24 * time.Hour

// A renewed certificate is served without a restart; one that cannot be used is
// not, and the log and the state say so.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	write := func(cert, key []byte) {
		t.Helper()
		for file, b := range map[string][]byte{certFile: cert, keyFile: key} {
			if err := os.WriteFile(file, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	const host = "record.example.org"
	cert1, key1 := made(t, 1, host, 2*month)
	write(cert1, key1)
	var log buffer
	f, err := certificate.FromFiles(certFile, keyFile, host, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	again, ended := make(chan struct{}), make(chan struct{})
	go func() { f.Keep(ctx, again); close(ended) }()
	l, err := tls.Listen("tcp", "127.0.0.1:0", f.TLS())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { c.(*tls.Conn).Handshake(); c.Close() }()
		}
	}()
	served := func() int64 {
		t.Helper()
		c, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	look := func() { // the second is taken when the first was worked through
		again <- struct{}{}
		again <- struct{}{}
	}
	if got, st := served(), f.State(); got != 1 || st.Wrong != "" || st.Until.Before(time.Now().Add(month)) {
		t.Errorf("at the start: certificate %d, %+v", got, st)
	}
	cert2, key2 := made(t, 2, host, 3*month)
	write(cert2, key2)
	if look(); served() != 2 || f.State().Wrong != "" {
		t.Errorf("after the renewal: certificate %d, %+v", served(), f.State())
	}
	if !strings.Contains(log.String(), "read again") {
		t.Error("the log does not say that the certificate is new")
	}
	ended3, endedKey := made(t, 3, host, -time.Hour)
	for name, c := range map[string]struct {
		cert, key []byte
		text      string
	}{
		"another key":    {cert2, key1, "private key does not match"},
		"half a file":    {cert2[:len(cert2)/2], key2, "PEM"},
		"an empty file":  {nil, key2, "PEM"},
		"no certificate": {key2, key2, "private key"},
		"one that ended": {ended3, endedKey, "ended on"},
	} {
		write(c.cert, c.key)
		look()
		if st := f.State(); served() != 2 || !strings.Contains(st.Wrong, "the old one goes on") || !strings.Contains(st.Wrong, c.text) || st.Do == "" {
			t.Errorf("%s: certificate %d, %+v", name, served(), st)
		}
		write(cert2, key2)
		if look(); f.State().Wrong != "" {
			t.Errorf("after %s: %+v", name, f.State())
		}
	}
	if err := os.Remove(keyFile); err != nil {
		t.Fatal(err)
	}
	if look(); served() != 2 || !strings.Contains(f.State().Wrong, "no such file") {
		t.Errorf("without the key: %+v", f.State())
	}
	if strings.Count(log.String(), "level=ERROR") < 6 { // a look may come between the two files
		t.Errorf("the log does not have a line for each of six:\n%s", log.String())
	}
	for name, c := range map[string]struct {
		host  string
		lasts time.Duration
		text  string
	}{
		"ends in 13 days":  {host, 13 * 24 * time.Hour, "has not been renewed"},
		"for another host": {"other.example.org", month, "not for " + host},
	} {
		cert, key := made(t, 4, c.host, c.lasts)
		write(cert, key)
		if look(); served() != 4 || !strings.Contains(f.State().Wrong, c.text) {
			t.Errorf("%s: certificate %d, %+v", name, served(), f.State())
		}
	}
	stop()
	<-ended
	if _, err := certificate.FromFiles(certFile, certFile, host, nil); err == nil {
		t.Error("a key that is none was accepted at the start")
	}
}

func TestACMEOptions(t *testing.T) {
	for host, want := range map[string]string{
		"": "no name", "192.0.2.1": "must be a name", "2001:db8::1": "must be a name", "server": "dot",
		"carehold.local": "only this network", "nas.home.arpa": "only this network", "record.example.org": "",
	} {
		_, err := certificate.FromACME(certificate.ACMEOptions{Host: host, Cache: filepath.Join(t.TempDir(), "acme")})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", host, err, want)
		}
	}
	if _, err := certificate.FromACME(certificate.ACMEOptions{Host: "nas.local", Directory: "https://ca.local/acme", Cache: t.TempDir()}); err != nil {
		t.Errorf("a name at home, with a certificate authority at home: %v", err)
	}
	if _, err := certificate.FromACME(certificate.ACMEOptions{Host: "a.example.org", Directory: "http://ca.local/acme", Cache: t.TempDir()}); err == nil {
		t.Error("a directory over plain http was accepted")
	}
}

// Before there is a certificate a handshake fails at once, and asks nobody.
func TestACMEHandshakeWaitsForNobody(t *testing.T) {
	a, err := certificate.FromACME(certificate.ACMEOptions{Host: "record.example.org", Directory: "https://127.0.0.1:9/none", Cache: filepath.Join(t.TempDir(), "acme")})
	if err != nil {
		t.Fatal(err)
	}
	here, there := net.Pipe()
	go func() { tls.Server(there, a.TLS()).Handshake(); there.Close() }()
	began := time.Now()
	err = tls.Client(here, &tls.Config{ServerName: "record.example.org"}).Handshake()
	if err == nil || time.Since(began) > 20*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	if st := a.State(); !strings.Contains(st.Wrong, "no certificate yet") {
		t.Errorf("%+v", st)
	}
}

// What is wrong with a certificate is in the log from the start, and its end is told
// of in time however short its life is.
func TestFilesAreToldOf(t *testing.T) {
	const day = 24 * time.Hour
	dir := t.TempDir()
	for _, x := range []struct {
		name        string
		age, left   time.Duration
		log, status string
	}{
		{"record.example.org", 60 * day, 60 * day, "level=INFO", ""},
		{"other.example.org", 60 * day, 60 * day, "not for record.example.org", "not for record.example.org"},
		{"record.example.org", 0, 5 * day, "short time only", ""},
		{"record.example.org", 3*day + 12*time.Hour, 36 * time.Hour, "has not been renewed", "has not been renewed"},
		{"record.example.org", 77 * day, 13 * day, "has not been renewed", "has not been renewed"},
	} {
		cert, key := madeFrom(t, 1, x.name, time.Now().Add(-x.age), time.Now().Add(x.left))
		certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
		if os.WriteFile(certFile, cert, 0o600) != nil || os.WriteFile(keyFile, key, 0o600) != nil {
			t.Fatal("the files cannot be written")
		}
		var log buffer
		f, err := certificate.FromFiles(certFile, keyFile, "record.example.org", slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(log.String(), x.log) {
			t.Errorf("%+v: the log says %q", x, log.String())
		}
		if wrong := f.State().Wrong; !strings.Contains(wrong, x.status) || x.status == "" && wrong != "" {
			t.Errorf("%+v: the state is %q", x, wrong)
		}
	}
}
