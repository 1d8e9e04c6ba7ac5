package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carehold/record/keys"
	"carehold/record/store"
)

// program runs the program, as it is shipped, and returns what it said and its exit code.
func program(t *testing.T, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	c := exec.Command("carehold", args...)
	c.Env = append(os.Environ(), append([]string{"TZ=UTC", "XDG_RUNTIME_DIR=", "HOME=" + t.TempDir()}, env...)...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	_ = c.Run()
	return out.String(), errs.String(), c.ProcessState.ExitCode()
}

// running is a "carehold serve" of the test's own making.
type running struct {
	*exec.Cmd
	log  string
	addr string
}

func serveWith(t *testing.T, dir string, wrap []string, env []string, flags ...string) *running {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	r := &running{addr: "127.0.0.1:" + port, log: filepath.Join(t.TempDir(), "log")}
	log, err := os.Create(r.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	args := append(wrap, "carehold", "serve", "--data", dir, "--listen", r.addr)
	r.Cmd = exec.Command(args[0], append(args[1:], flags...)...)
	r.Env = append(os.Environ(), append([]string{"XDG_RUNTIME_DIR=", "HOME=" + t.TempDir()}, env...)...)
	r.Stderr = log
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if r.ProcessState == nil {
			r.Process.Kill()
			r.Wait()
		}
	})
	return r
}

func (r *running) said() string { b, _ := os.ReadFile(r.log); return string(b) }

// until waits until the server answers a path with a status.
func (r *running) until(t *testing.T, c *http.Client, path string, status int) string {
	t.Helper()
	base := "http://" + r.addr
	if c == nil {
		c = http.DefaultClient
	} else {
		base = "https://" + r.addr
	}
	last := ""
	for range 400 {
		if resp, err := c.Get(base + path); err != nil {
			last = err.Error()
		} else {
			b, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if last = fmt.Sprintf("%d %s", resp.StatusCode, b); resp.StatusCode == status {
				return string(b)
			}
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("%s: %s, want %d\n%s", path, last, status, r.said())
	return ""
}

func newStore(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	if err := store.Init(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A server that was years ahead once: it starts, says why it serves nobody, and
// goes on when the operator has accepted the clock, without being restarted.
func TestClockAccepted(t *testing.T) {
	dir := newStore(t)
	ahead, err := store.Open(dir, store.Options{Now: func() time.Time { return time.Now().AddDate(3, 0, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	_, err = ahead.Invite(t.Context(), keys.Invite{Until: time.Now().AddDate(3, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	if err := ahead.Close(); err != nil {
		t.Fatal(err)
	}
	r := serveWith(t, dir, nil, nil)
	if text := r.until(t, nil, "/readyz", 503); text != "the server's clock is wrong\n" && text != "the server is starting\n" {
		t.Errorf("not ready: %q", text)
	}
	r.until(t, nil, "/livez", 200)
	for range 200 { // the operator's socket comes a little after
		if _, err := os.Stat(filepath.Join(dir, socketName)); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	out, errs, code := program(t, nil, "clock", "--data", dir)
	if code != 1 || !strings.Contains(out, "Latest seen") || !strings.Contains(errs, "the clock is wrong") || !strings.Contains(errs, "--accept") {
		t.Errorf("clock ended with %d:\n%s%s", code, out, errs)
	}
	out, _, code = program(t, nil, "status", "--data", dir)
	if code != 1 || !strings.Contains(out, "the clock is wrong, and nothing opens") {
		t.Errorf("status ended with %d:\n%s", code, out)
	}
	if _, errs, code = program(t, nil, "invite", "--data", dir); code != 1 || !strings.Contains(errs, "clock is wrong") {
		t.Errorf("an invite by a wrong clock: %d %s", code, errs)
	}
	if _, errs, code = program(t, nil, "clock", "--accept", "--data", dir); code == 0 {
		t.Errorf("accepted without being asked: %s", errs)
	}
	if out, errs, code = program(t, nil, "clock", "--accept", "--yes", "--data", dir); code != 0 || !strings.Contains(out, "believed from now on") {
		t.Errorf("clock --accept ended with %d:\n%s%s", code, out, errs)
	}
	r.until(t, nil, "/readyz", 200)
	if out, _, code = program(t, nil, "status", "--data", dir); code != 0 {
		t.Errorf("status ended with %d:\n%s", code, out)
	}
	if _, errs, code = program(t, nil, "clock", "--accept", "--yes", "--data", dir); code != 1 || !strings.Contains(errs, "nothing wrong with the clock") {
		t.Errorf("a second time: %d %s", code, errs)
	}
}

// authority is a certificate authority of a home, which makes certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "home"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(10, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// sign writes a certificate for localhost and 127.0.0.1, and its key.
func (a *authority) sign(t *testing.T, serial int64, lasts time.Duration, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().AddDate(0, -2, 0), NotAfter: time.Now().Add(lasts)}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, b := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A server at home with a certificate of its own authority: the command line
// believes it when told to, and remembers; the server gets another name, and the
// device is told; SIGHUP reads a renewed certificate; status says what is wrong.
func TestServerAtHome(t *testing.T) {
	if testing.Short() {
		t.Skip("Argon2id several times")
	}
	dir, work := newStore(t), t.TempDir()
	home := newAuthority(t)
	file := func(name, text string) string {
		path := filepath.Join(work, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	root, pass := file("root.crt", string(home.pem)), file("pass", "two words and a comma\n")
	cert, key := filepath.Join(work, "cert.pem"), filepath.Join(work, "key.pem")
	home.sign(t, 1, 60*24*time.Hour, cert, key)

	r := serveWith(t, dir, nil, nil, "--tls-cert", cert, "--tls-key", key)
	_, port, _ := net.SplitHostPort(r.addr)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(home.pem)
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	c := &http.Client{Transport: tr}
	r.until(t, c, "/readyz", 200)
	invite, _, _ := program(t, nil, "invite", "--quiet", "--data", dir)
	inviteFile, device := file("invite", invite), filepath.Join(work, "device.json")
	enrol := []string{"enrol", "--server", "https://" + r.addr, "--invite-file", inviteFile, "--passphrase-file", pass,
		"--recovery-out", filepath.Join(work, "recovery"), "--state", device, "--quiet"}
	if _, errs, code := program(t, nil, enrol...); code != 1 || !strings.Contains(errs, "authority") || !strings.Contains(errs, "--ca-file") {
		t.Errorf("without --ca-file: %d %s", code, errs)
	}
	if _, errs, code := program(t, nil, append(enrol, "--ca-file", pass)...); code != 1 || !strings.Contains(errs, "no certificate in it") {
		t.Errorf("with a file that is none: %d %s", code, errs)
	}
	if _, errs, code := program(t, nil, append(enrol, "--ca-file", root)...); code != 0 {
		t.Fatalf("with --ca-file: %d %s", code, errs)
	}
	entries := []string{"entries", "--state", device, "--passphrase-file", pass}
	if _, errs, code := program(t, nil, entries...); code != 0 {
		t.Errorf("the authority is not remembered: %d %s", code, errs)
	}

	// Another name: localhost instead of 127.0.0.1.
	if err := r.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := r.Wait(); err != nil {
		t.Fatal(err)
	}
	r2 := serveWith(t, dir, nil, nil, "--tls-cert", cert, "--tls-key", key, "--public-url", "https://record.example.org", "--listen", r.addr)
	r2.addr = r.addr
	r2.until(t, c, "/readyz", 200)
	named := func(host string) (int, string) {
		q, _ := http.NewRequest("GET", "https://"+r.addr+"/holder/v1/node", nil)
		q.Host = host
		resp, err := c.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(b)
	}
	if code, text := named("old.example.org"); code != 421 || !strings.Contains(text, "https://record.example.org") {
		t.Errorf("under the old name: %d %s", code, text)
	}
	if code, _ := named("record.example.org"); code != 200 {
		t.Errorf("under the new name: %d", code)
	}
	if out, errs, code := program(t, nil, "device", "server", "https://localhost:"+port, "--state", device, "--passphrase-file", pass); code != 0 || !strings.Contains(out, "localhost") {
		t.Errorf("device server: %d %s%s", code, out, errs)
	}
	if b, _ := os.ReadFile(device); !strings.Contains(string(b), "https://localhost:"+port) {
		t.Errorf("the device file has the old address: %s", b)
	}
	if _, errs, code := program(t, nil, entries...); code != 0 {
		t.Errorf("under the new address: %d %s", code, errs)
	}
	// A server that is another one is not taken, whatever its address.
	other := serveWith(t, newStore(t), nil, nil)
	other.until(t, nil, "/readyz", 200)
	if _, errs, code := program(t, nil, "device", "server", "http://"+other.addr, "--state", device, "--passphrase-file", pass); code == 0 {
		t.Errorf("another server was taken for ours: %s", errs)
	}
	if b, _ := os.ReadFile(device); !strings.Contains(string(b), "https://localhost:"+port) {
		t.Error("a refused address was kept")
	}

	// Renewed, and read at once.
	serial := func() int64 {
		conn, err := tls.Dial("tcp", r.addr, &tls.Config{RootCAs: pool})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	hup := func(done func() bool) bool {
		for i := range 100 {
			if i%20 == 0 {
				r2.Process.Signal(hangUp[0])
			}
			time.Sleep(50 * time.Millisecond)
			if done() {
				return true
			}
		}
		return false
	}
	home.sign(t, 2, 10*24*time.Hour, cert, key)
	if !hup(func() bool { return serial() == 2 }) {
		t.Error("after SIGHUP the old certificate is served")
	}
	if out, _, code := program(t, nil, "status", "--data", dir); code != 1 || !strings.Contains(out, "has not been renewed") && !strings.Contains(out, "not for record.example.org") {
		t.Errorf("status of a certificate that ends soon: %d\n%s", code, out)
	}
	file("cert.pem", "broken")
	if !hup(func() bool {
		out, _, _ := program(t, nil, "status", "--data", dir)
		return strings.Contains(strings.Join(strings.Fields(out), " "), "the old one goes on")
	}) || serial() != 2 {
		t.Error("status does not say that the new certificate is broken")
	}
	tr.CloseIdleConnections()
}

// What systemd hears: READY when requests are served, STOPPING, and signs of life
// as often as it wants them. On SIGTERM what is running ends; a second one ends it
// at once.
func TestNotifyAndStop(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Skip("no datagram sockets here:", err)
	}
	defer l.Close()
	heard := make(chan string, 100)
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := l.Read(b)
			if err != nil {
				return
			}
			heard <- string(b[:n])
		}
	}()
	expect := func(want string) {
		t.Helper()
		timeout := time.After(10 * time.Second)
		for {
			select {
			case got := <-heard:
				if strings.HasPrefix(got, want) {
					return
				}
			case <-timeout:
				t.Fatalf("%s was not heard", want)
			}
		}
	}
	r := serveWith(t, newStore(t), nil, []string{"NOTIFY_SOCKET=" + socket, "WATCHDOG_USEC=200000"})
	expect("READY=1\nSTATUS=serving at ")
	r.until(t, nil, "/readyz", 200)
	expect("WATCHDOG=1")
	expect("WATCHDOG=1")

	// A request that is being sent: stopping waits for it.
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST /holder/v1/slot HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{")
	time.Sleep(200 * time.Millisecond)
	if err := r.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	expect("STOPPING=1")
	time.Sleep(300 * time.Millisecond)
	if late, err := net.Dial("tcp", r.addr); err == nil {
		late.Close()
		t.Error("a stopping server takes new connections")
	}
	io.WriteString(c, "}")
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || answer.StatusCode != 404 {
		t.Errorf("the request that was running: %v %v", answer, err)
	}
	if err := r.Wait(); err != nil {
		t.Errorf("it ended with %v:\n%s", err, r.said())
	}

	// Somebody who never ends keeps it, until the second signal.
	r = serveWith(t, newStore(t), nil, nil)
	r.until(t, nil, "/readyz", 200)
	c, err = net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST /holder/v1/slot HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{")
	time.Sleep(200 * time.Millisecond)
	ended := make(chan error, 1)
	r.Process.Signal(os.Interrupt)
	go func() { ended <- r.Wait() }()
	select {
	case <-ended:
		t.Fatal("the first signal did not wait")
	case <-time.After(500 * time.Millisecond):
	}
	r.Process.Signal(os.Interrupt)
	select {
	case <-ended:
	case <-time.After(3 * time.Second):
		t.Error("the second signal did not end it")
	}
}

// The metrics are for this machine only, and complete.
func TestMetricsOfServe(t *testing.T) {
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	r := serveWith(t, newStore(t), nil, nil, "--debug-listen", "127.0.0.1:"+port)
	r.until(t, nil, "/readyz", 200)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	q, _ := http.NewRequestWithContext(ctx, "GET", "http://127.0.0.1:"+port+"/metrics", nil)
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	for _, name := range []string{
		"carehold_http_requests_total{", "carehold_http_request_seconds_bucket{", "carehold_commit_seconds_bucket{le=", "carehold_commit_updates_bucket{le=",
		"carehold_store_bytes ", "carehold_disk_free_bytes ", "carehold_disk_reserve_bytes ", "carehold_used_bytes ", "carehold_people 0", "carehold_grants_live 0",
		"carehold_capsules ", "carehold_log_entries 0", "carehold_last_commit_timestamp_seconds ", "carehold_last_backup_timestamp_seconds 0",
		"carehold_last_verify_timestamp_seconds 0", "carehold_damaged_rows 0", "carehold_damaged_tables 0", "carehold_waiting_records 0", "carehold_clock_wrong 0", "carehold_ready 1",
		"carehold_connections ", `carehold_throttled_total{what="guesses"} 0`, `carehold_throttled_total{what="connections"} 0`, "process_open_fds ", "go_memstats_",
	} {
		if !strings.Contains(string(b), "\n"+name) {
			t.Errorf("no metric %s", name)
		}
	}
}
