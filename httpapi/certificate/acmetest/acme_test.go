package acmetest

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/letsencrypt/challtestsrv"
	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
)

const host = "record.carehold.test"

// authority is Pebble, with a DNS that knows this machine by the name.
type authority struct {
	*httptest.Server
	roots  *x509.CertPool
	trust  string // file with the certificate of its own server
	orders atomic.Int64
}

func newAuthority(t *testing.T, httpPort, tlsPort int, valid time.Duration) *authority {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	quiet := log.New(io.Discard, "", 0)
	dns := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	names, err := challtestsrv.New(challtestsrv.Config{DNSAddrs: []string{dns}, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	names.SetDefaultDNSIPv4("127.0.0.1")
	names.SetDefaultDNSIPv6("")
	go names.Run()
	t.Cleanup(names.Shutdown)

	store := db.NewMemoryStore()
	c := ca.New(quiet, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {Description: "default", ValidityPeriod: uint64(valid.Seconds())}})
	front := wfe.New(quiet, store, va.New(quiet, httpPort, tlsPort, true, dns, store), c, []string{"carehold.test"}, true, false, 1, 1)
	a := &authority{roots: x509.NewCertPool(), trust: filepath.Join(t.TempDir(), "ca.pem")}
	handler := front.Handler()
	a.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "order-plz") {
			a.orders.Add(1)
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(a.Close)
	own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Certificate().Raw})
	if err := os.WriteFile(a.trust, own, 0o600); err != nil {
		t.Fatal(err)
	}
	a.roots.AppendCertsFromPEM(c.GetRootCert(0).PEM())
	return a
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// program is built once, from the module that this one stands in.
func program(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "carehold")
	c := exec.Command("go", "build", "-o", bin, "./cmd/carehold")
	c.Dir = "../../.."
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}

type server struct {
	t          *testing.T
	bin, data  string
	listen     string
	authority  *authority
	process    *exec.Cmd
	log        bytes.Buffer
	moreFlags  []string
	moreEnvion []string
}

func (s *server) run(args ...string) (string, error) {
	out, err := exec.Command(s.bin, append(args, "--data", s.data)...).CombinedOutput()
	return string(out), err
}

func (s *server) start() {
	s.t.Helper()
	s.process = exec.Command(s.bin, append([]string{"serve", "--data", s.data, "--listen", s.listen, "--public-url", "https://" + host,
		"--acme", "--acme-directory", s.authority.URL + "/dir", "--acme-email", "operator@carehold.test"}, s.moreFlags...)...)
	s.process.Env = append(os.Environ(), "SSL_CERT_FILE="+s.authority.trust, "XDG_RUNTIME_DIR=")
	s.log.Reset()
	s.process.Stderr = &s.log
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(s.stop)
}

func (s *server) stop() {
	if s.process != nil && s.process.ProcessState == nil {
		s.process.Process.Signal(os.Interrupt)
		s.process.Wait()
	}
}

// certificate waits for one that the authority's root holds for the host.
func (s *server) certificate(name string) (*x509.Certificate, error) {
	d := tls.Dialer{Config: &tls.Config{ServerName: name, RootCAs: s.authority.roots}}
	if name != host {
		d.Config.InsecureSkipVerify = true
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), 5*time.Second)
	defer cancel()
	c, err := d.DialContext(ctx, "tcp", s.listen)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.(*tls.Conn).ConnectionState().PeerCertificates[0], nil
}

func (s *server) wait() *x509.Certificate {
	s.t.Helper()
	var err error
	for range 300 {
		var c *x509.Certificate
		if c, err = s.certificate(host); err == nil {
			return c
		}
		time.Sleep(100 * time.Millisecond)
	}
	s.t.Fatalf("no certificate: %v\n%s", err, s.log.String())
	return nil
}

func newServer(t *testing.T, bin string, flags func(http int) []string, tlsReachable bool, valid time.Duration) *server {
	t.Helper()
	s := &server{t: t, bin: bin, data: filepath.Join(t.TempDir(), "store"), listen: fmt.Sprintf("127.0.0.1:%d", freePort(t))}
	httpPort, tlsPort := freePort(t), freePort(t)
	if tlsReachable {
		_, port, _ := net.SplitHostPort(s.listen)
		fmt.Sscan(port, &tlsPort)
	}
	s.moreFlags = flags(httpPort)
	s.authority = newAuthority(t, httpPort, tlsPort, valid)
	if out, err := s.run("init"); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	return s
}

// By TLS-ALPN-01, on the server's own port: nothing else has to be reachable. A
// name that is not its own makes it ask for nothing; another start asks for nothing
// either; what it keeps is for nobody else; and it is renewed while it runs.
func TestACME(t *testing.T) {
	bin := program(t)
	s := newServer(t, bin, func(int) []string { return nil }, true, 45*time.Second)
	s.start()
	first := s.wait()
	if first.DNSNames[0] != host {
		t.Errorf("the certificate is for %v", first.DNSNames)
	}
	asked := s.authority.orders.Load() // one, or more where the first could not be proved in time
	for range 20 {
		if c, err := s.certificate("stranger.example.org"); err != nil || !bytes.Equal(c.Raw, first.Raw) {
			t.Errorf("a stranger's name got %v", err)
		}
	}
	if n := s.authority.orders.Load(); n != asked && time.Now().Before(first.NotAfter.Add(-18*time.Second)) {
		t.Errorf("%d certificates were asked for at a stranger's name", n-asked)
	}
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.authority.roots, ServerName: host}, ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, n, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, n, s.listen)
		}}}
	resp, err := c.Get("https://" + host + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 || resp.ProtoMajor != 2 {
		t.Errorf("%s %s", resp.Proto, resp.Status)
	}
	if out, err := s.run("status"); err != nil || !strings.Contains(out, "good until") {
		t.Errorf("status: %v\n%s", err, out)
	}
	err = filepath.WalkDir(filepath.Join(s.data, "acme"), func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %o", path, info.Mode().Perm())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	s.stop()
	s.start()
	if again := s.wait(); !bytes.Equal(again.Raw, first.Raw) && time.Now().Before(first.NotAfter.Add(-18*time.Second)) {
		t.Error("another start asked for another certificate")
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		if c, err := s.certificate(host); err == nil && !bytes.Equal(c.Raw, first.Raw) {
			if time.Now().After(first.NotAfter) {
				t.Error("renewed only when the old one had ended")
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("not renewed\n%s", s.log.String())
		}
	}
}

// By HTTP-01, where port 443 of the name leads elsewhere. Over HTTP nothing else is
// answered, and nobody is sent on.
func TestACMEOverHTTP(t *testing.T) {
	bin, at := program(t), ""
	s := newServer(t, bin, func(port int) []string {
		at = fmt.Sprintf("127.0.0.1:%d", port)
		return []string{"--acme-http", at}
	}, false, time.Hour)
	s.start()
	s.wait()
	for _, path := range []string{"/", "/fhir/Patient", "/readyz", "/.well-known/acme-challenge/none"} {
		q, _ := http.NewRequest("GET", "http://"+at+path, nil)
		q.Host = host
		resp, err := http.DefaultTransport.RoundTrip(q)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if want := map[bool]int{true: 404, false: 421}[strings.HasPrefix(path, "/.well-known")]; resp.StatusCode != want || resp.Header.Get("Location") != "" {
			t.Errorf("%s over HTTP: %s %v", path, resp.Status, resp.Header)
		}
	}
}

// Nobody can reach it: it serves nobody, says why, does not ask again and again,
// and ends when it is told to.
func TestACMERefused(t *testing.T) {
	bin := program(t)
	s := newServer(t, bin, func(int) []string { return nil }, false, time.Hour)
	s.start()
	var out string
	for range 100 {
		out, _ = s.run("status")
		if strings.Contains(out, "gave no certificate") {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if !strings.Contains(out, "gave no certificate") || !strings.Contains(strings.Join(strings.Fields(out), " "), "leads to this server from outside") {
		t.Errorf("status does not say so:\n%s\n%s", out, s.log.String())
	}
	before := s.authority.orders.Load()
	for range 20 {
		if _, err := s.certificate(host); err == nil {
			t.Fatal("a certificate from nowhere")
		}
	}
	if after := s.authority.orders.Load(); after != before {
		t.Errorf("handshakes made it ask %d times", after-before)
	}
	began := time.Now()
	if s.stop(); time.Since(began) > 30*time.Second {
		t.Errorf("stopping took %v", time.Since(began))
	}
}
