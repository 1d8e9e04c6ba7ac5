package clients_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"carehold/httpapi/oauth/clients"
	"carehold/record"
)

// book is a registry in a folder, and what it logs.
func book(t *testing.T) (r *clients.Registry, path string, log *bytes.Buffer) {
	t.Helper()
	path, log = filepath.Join(t.TempDir(), clients.File), new(bytes.Buffer)
	return clients.Open(path, clients.Options{Log: slog.New(slog.NewTextHandler(log, nil))}), path, log
}

func named(id string) clients.Client {
	c := app("https://" + strings.ToLower(id) + ".example/cb")
	c.ID = id
	return c
}

func ids(t *testing.T, r *clients.Registry) string {
	t.Helper()
	list, err := r.List()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, c := range list {
		out = append(out, c.ID)
	}
	return strings.Join(out, " ")
}

func TestRegistry(t *testing.T) {
	serving, path, _ := book(t)
	if _, err := serving.Get(t.Context(), "one"); !errors.Is(err, record.NotFound) || ids(t, serving) != "" {
		t.Fatal(err)
	}
	// Another process adds: the one that serves knows it at once.
	command := clients.Open(path, clients.Options{})
	full := named("one")
	full.Organisation, full.URI, full.Origins, full.Backend, full.DPoP, full.PAR = "One Ltd", "https://one.example/", []string{"https://one.example"}, true, true, true
	full.Auth, full.JWKS, full.Profile = clients.Key, set(ecKey, rsaKey), clients.FAPI2
	for _, c := range []clients.Client{full, named("two")} {
		if err := command.Add(c); err != nil {
			t.Fatal(err)
		}
	}
	c, err := serving.Get(t.Context(), "one")
	if err != nil || !c.Verified || c.Name != full.Name || c.Organisation != full.Organisation || c.URI != full.URI || c.Origins[0] != full.Origins[0] || !c.Backend || !c.DPoP || !c.PAR || c.Profile != full.Profile || c.Auth != clients.Key || c.Check() != nil || c.Added.IsZero() || c.Added.Location() != time.UTC {
		t.Fatal(c, err)
	}
	if !bytes.Contains(c.JWKS, []byte("MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4")) {
		t.Error(string(c.JWKS))
	}
	c.Redirects[0] = "https://evil.example/" // nobody changes what others are given
	if c, _ = serving.Get(t.Context(), "one"); c.Redirects[0] != "https://one.example/cb" {
		t.Error(c.Redirects)
	}
	for _, id := range []string{"One", "one ", "", "https://one.example/cb"} {
		if _, err := serving.Get(t.Context(), id); !errors.Is(err, record.NotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}

	// What is there already, what is wrong, and what is not there change nothing.
	before, _ := os.ReadFile(path)
	if err := command.Add(named("one")); !errors.Is(err, record.Conflict) {
		t.Error(err)
	}
	if err := command.Add(named("ONE")); !errors.Is(err, record.Conflict) {
		t.Error(err)
	}
	if err := command.Add(clients.Client{ID: "three"}); !errors.Is(err, record.Unprocessed) {
		t.Error(err)
	}
	if _, err := command.Remove("three"); !errors.Is(err, record.NotFound) {
		t.Error(err)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("the file was changed")
	}
	if gone, err := command.Remove("one"); err != nil || gone.Name != full.Name {
		t.Error(gone, err)
	}
	if _, err := serving.Get(t.Context(), "one"); !errors.Is(err, record.NotFound) || ids(t, serving) != "two" {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); left != nil {
		t.Error(left)
	}
	// A file that is taken away has no apps.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := serving.Get(t.Context(), "two"); !errors.Is(err, record.NotFound) {
		t.Error(err)
	}
}

// TestBrokenEdit: what a hand has broken leaves in force what was there, is warned of
// once, is never written over, and is over when it is mended.
func TestBrokenEdit(t *testing.T) {
	r, path, log := book(t)
	if err := r.Add(named("one")); err != nil {
		t.Fatal(err)
	}
	good, _ := os.ReadFile(path)
	edit := func(b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	look := func() {
		t.Helper()
		for range 3 {
			if c, err := r.Get(t.Context(), "one"); err != nil || c.ID != "one" {
				t.Fatal(c, err)
			}
		}
	}
	look()
	edit(good[:len(good)/2])
	look()
	if n := strings.Count(log.String(), "level=WARN"); n != 1 || !strings.Contains(log.String(), "stay in force") || !strings.Contains(log.String(), path) {
		t.Errorf("%d warnings: %s", n, log)
	}
	if _, err := r.List(); !errors.Is(err, record.Unavailable) {
		t.Error(err)
	}
	if err := r.Add(named("two")); !errors.Is(err, record.Unavailable) {
		t.Error(err)
	}
	if _, err := r.Remove("one"); !errors.Is(err, record.Unavailable) {
		t.Error(err)
	}
	if b, _ := os.ReadFile(path); !bytes.Equal(b, good[:len(good)/2]) {
		t.Error("a broken file was written over")
	}
	edit(bytes.Replace(good, []byte(`"version"`), []byte(`"versions"`), 1))
	look()
	if n := strings.Count(log.String(), "level=WARN"); n != 2 {
		t.Errorf("%d warnings: %s", n, log)
	}
	edit(good)
	look()
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	edit(bytes.ReplaceAll(good, []byte(`"one"`), []byte(`"uno"`))) // as long as before,
	if err := os.Chtimes(path, before.ModTime(), before.ModTime()); err != nil {
		t.Fatal(err) // and in the same tick
	}
	if _, err := r.Get(t.Context(), "uno"); err != nil {
		t.Error(err)
	}
	if _, err := r.Get(t.Context(), "one"); !errors.Is(err, record.NotFound) {
		t.Error(err)
	}
	edit(good)
	look()
	if n := strings.Count(log.String(), "level=WARN"); n != 2 {
		t.Errorf("%d warnings: %s", n, log)
	}
	// A server that starts with a broken one has no apps, and says so; it does not go on
	// as if there had never been any.
	edit([]byte("{"))
	fresh := clients.Open(path, clients.Options{Fetch: &web{}})
	for _, id := range []string{"one", here} {
		if _, err := fresh.Get(t.Context(), id); !errors.Is(err, record.Unavailable) {
			t.Errorf("%s: %v", id, err)
		}
	}
	edit(good)
	if _, err := fresh.Get(t.Context(), "one"); err != nil {
		t.Error(err)
	}
	if runtime.GOOS != "windows" { // which has no modes
		if err := os.Chmod(path, 0o620); err != nil {
			t.Fatal(err)
		}
		if _, err := clients.Open(path, clients.Options{}).List(); !errors.Is(err, record.Unavailable) || !strings.Contains(err.Error(), "chmod 600") {
			t.Error(err)
		}
	}
}

// TestStrict: each way in which a file is not what it should be, and that the words name
// the file, the place and what to do.
func TestStrict(t *testing.T) {
	const one = `{"id":"one","name":"One","redirects":["https://one.example/cb"],"auth":"public","profile":"smart","added":"2026-01-02T03:04:05Z"}`
	file := func(list ...string) string {
		return `{"version":1,` + "\n" + `"clients":[` + strings.Join(list, ",\n") + `]}`
	}
	many := make([]string, 1001)
	for i := range many {
		many[i] = strings.Replace(one, `"one"`, `"one`+strconv.Itoa(i)+`"`, 1)
	}
	for _, c := range []struct{ text, wrong string }{
		{file(one), ""}, {file(), ""}, {`{"version":1}`, ""}, {file(many[:1000]...), ""},
		{"", "it is empty"}, {" ", "not JSON"}, {"{", "not JSON"}, {"null", "version 0"}, {"[]", "not"}, {file(one) + "x", "not JSON"}, {file(one)[1:], "not"},
		{`{"clients":[]}`, "version 0"}, {`{"version":2,"clients":[]}`, "version 2"}, {`{"version":2,"flowers":[]}`, "version 2"}, {`{"version":"1"}`, `"version" is not of the kind`},
		{`{"version":1,"version":1}`, `"version" twice`}, {file(strings.Replace(one, `"id"`, `"id":"two","id"`, 1)), `"id" twice in one place, in line 2`},
		{`{"version":1,"Clients":[]}`, `there is no setting "Clients"`}, {file(one, strings.Replace(many[1], `"auth"`, `"secret":"x","auth"`, 1)), `there is no setting "secret" of a client, in line 3`},
		{file(strings.Replace(one, `"One"`, `7`, 1)), `"name" is not of the kind it should be, in line 2`}, {file(strings.Replace(one, "2026-01-02", "yesterday", 1)), `"added" is not`},
		{file(strings.Replace(one, `,"added":"2026-01-02T03:04:05Z"`, "", 1)), "when it was added"}, {file(strings.Replace(one, "One", "\xff", 1)), "not JSON"},
		{file(one, one), `client 2: another has the id "one"`}, {file(one, strings.Replace(one, `"one"`, `"ONE"`, 1)), "another has the id"}, {file(many...), "more than 1000"},
		{file(strings.Replace(one, "https:", "http:", 1)), "client 1: the redirect"}, {file(strings.Replace(one, "public", "key", 1)), "client 1: a client that proves itself by a key"}, {file("null"), "client 1"}, {file("7"), "not of the kind"},
		{file(one) + strings.Repeat(" ", 1<<20), "larger than 1 MiB"},
	} {
		r, path, _ := book(t)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := r.List()
		if c.wrong == "" && err != nil {
			t.Errorf("%.80s: %v", c.text, err)
		}
		if c.wrong != "" && (!errors.Is(err, record.Unavailable) || !strings.Contains(err.Error(), c.wrong) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "Mend it")) {
			t.Errorf("%.80s: %v, not %q", c.text, err, c.wrong)
		}
	}
}

// TestFull: the thousand-and-first app is refused, and a file over its size.
func TestFull(t *testing.T) {
	r, path, _ := book(t)
	var b strings.Builder
	b.WriteString(`{"version":1,"clients":[`)
	for i := range 1000 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":"a%d","name":"A","redirects":["https://a.example/cb"],"auth":"public","profile":"smart","added":"2026-01-02T03:04:05Z"}`, i)
	}
	b.WriteString("]}")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.Add(named("one")); !errors.Is(err, record.TooLarge) {
		t.Fatal(err)
	}
	if _, err := r.Remove("a7"); err != nil {
		t.Fatal(err)
	}
	if err := r.Add(named("one")); err != nil {
		t.Fatal(err)
	}
	// Few, and large.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	var err error
	for n := 0; err == nil && n < 60; n++ {
		c := named("big" + strconv.Itoa(n))
		for i := range 31 {
			c.Redirects = append(c.Redirects, fmt.Sprintf("https://a.example/%d%s", i, strings.Repeat("x", 950)))
		}
		err = r.Add(c)
	}
	if !errors.Is(err, record.TooLarge) {
		t.Fatal(err)
	}
	if info, _ := os.Stat(path); info.Size() > 1<<20 {
		t.Error(info.Size())
	}
	if _, err := r.List(); err != nil {
		t.Error(err)
	}
}

// TestTogether: several processes, and several at once in each, add: none is lost. The
// processes are this test, told so by a variable.
func TestTogether(t *testing.T) {
	const each, processes = 8, 3
	add := func(r *clients.Registry, who string) {
		var all sync.WaitGroup
		for n := range each {
			all.Go(func() {
				if err := r.Add(named(fmt.Sprintf("%s-%d", who, n))); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	if path := os.Getenv("CLIENTS_TEST_ADD_TO"); path != "" {
		add(clients.Open(path, clients.Options{}), os.Getenv("CLIENTS_TEST_WHO"))
		return
	}
	r, path, _ := book(t)
	var all sync.WaitGroup
	for p := range processes {
		all.Go(func() {
			cmd := exec.Command(os.Args[0], "-test.run=^TestTogether$")
			cmd.Env = append(os.Environ(), "CLIENTS_TEST_ADD_TO="+path, fmt.Sprintf("CLIENTS_TEST_WHO=p%d", p))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	all.Go(func() { add(r, "here") })
	all.Wait()
	if list, err := r.List(); err != nil || len(list) != each*(processes+1) {
		t.Errorf("%d of %d: %v", len(list), each*(processes+1), err)
	}
}

// TestHasOrigin: it follows the file as Get does, and what it costs does not grow with the
// apps there are: everybody's requests are looked at so, before any is too many.
func TestHasOrigin(t *testing.T) {
	r, path, _ := book(t)
	const one, two = "https://one.example", "https://two.example"
	for id, origin := range map[string]string{"one": one, "two": two} {
		c := named(id)
		c.Origins = []string{origin}
		if r.HasOrigin(origin) {
			t.Errorf("%s is there before it was added", origin)
		}
		if err := r.Add(c); err != nil {
			t.Fatal(err)
		}
		if !r.HasOrigin(origin) || r.HasOrigin(origin+":8443") || r.HasOrigin("") || r.HasOrigin("null") {
			t.Errorf("%s: it is not the one origin that was added", origin)
		}
	}
	if _, err := r.Remove("one"); err != nil {
		t.Fatal(err)
	}
	if r.HasOrigin(one) || !r.HasOrigin(two) {
		t.Error("one that was removed is there, or the other is not")
	}
	long := time.Now().Add(-time.Hour) // a file that was just written is read again each time
	if err := os.Chtimes(path, long, long); err != nil {
		t.Fatal(err)
	}
	r.HasOrigin(one)
	few := testing.AllocsPerRun(20, func() { r.HasOrigin(one) })
	for n := range 50 {
		c := named(fmt.Sprintf("more%d", n))
		c.Origins = []string{fmt.Sprintf("https://more%d.example", n)}
		if err := r.Add(c); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(path, long, long); err != nil {
		t.Fatal(err)
	}
	r.HasOrigin(one)
	if many := testing.AllocsPerRun(20, func() { r.HasOrigin(one) }); many > few {
		t.Errorf("%v allocations with one app, %v with fifty more", few, many)
	}
}
