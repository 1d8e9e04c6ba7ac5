package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"carehold/record/audit"
	"carehold/record/holder/holdertest"
	"carehold/record/sample"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"carehold": main})
}

// TestScripts runs the sessions in testdata: each promise of the command line is
// one of them. The program in them is this one, built as it is shipped.
func TestScripts(t *testing.T) {
	var servers sync.Map // of a script's $WORK
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(e *testscript.Env) error {
			for _, s := range sample.Sources() {
				if err := os.WriteFile(filepath.Join(e.WorkDir, s.Name+".json"), s.Bundle, 0o600); err != nil {
					return err
				}
			}
			if err := os.WriteFile(filepath.Join(e.WorkDir, "pass"), []byte("two words and a comma\n"), 0o600); err != nil {
				return err
			}
			if err := writeDocuments(e.WorkDir); err != nil {
				return err
			}
			e.Setenv("HOME", filepath.Join(e.WorkDir, "home"))
			e.Setenv("XDG_STATE_HOME", filepath.Join(e.WorkDir, "state"))
			e.Setenv("XDG_DATA_HOME", filepath.Join(e.WorkDir, "share"))
			e.Setenv("TZ", "UTC")
			e.Setenv("P", "--passphrase-file=pass")
			s := &server{dir: filepath.Join(e.WorkDir, "share", "carehold"), log: filepath.Join(e.WorkDir, "server.log"), home: e.WorkDir}
			servers.Store(e.WorkDir, s)
			e.Defer(s.stop)
			return nil
		},
		Condition: func(cond string) (bool, error) {
			if cond != "hl7" {
				return false, fmt.Errorf("nothing is called %q", cond)
			}
			return hl7Links() != "", nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// hl7: HL7's examples of links and cards, here; and its link, led to a server on
			// this machine, in ips.link.
			"hl7": func(ts *testscript.TestScript, _ bool, _ []string) {
				dir := hl7Links()
				ts.Check(os.CopyFS(ts.MkAbs("hl7"), os.DirFS(dir)))
				keys, err := os.ReadFile("../../record/healthcard/testdata/hl7-examples.jwks.json")
				ts.Check(err)
				ts.Check(os.WriteFile(ts.MkAbs("issuer.json"), keys, 0o600))
				card, err := os.ReadFile(filepath.Join(dir, "example-00-e-file.smart-health-card"))
				ts.Check(err)
				signature := bytes.LastIndexByte(card, '.') + 10
				card[signature] = map[bool]byte{true: 'B', false: 'A'}[card[signature] == 'A']
				ts.Check(os.WriteFile(ts.MkAbs("forged.smart-health-card"), card, 0o600))
				sealed, err := os.ReadFile(filepath.Join(dir, "IPS_IG-bundle-01-enc.txt"))
				ts.Check(err)
				s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Query().Get("recipient") != "" {
						w.Write(sealed)
					}
				}))
				ts.Defer(s.Close)
				text, err := os.ReadFile(filepath.Join(dir, "IPS_IG-bundle-01-shl.txt"))
				ts.Check(err)
				_, payload, _ := strings.Cut(strings.TrimSpace(string(text)), "shlink:/")
				b, err := base64.RawURLEncoding.DecodeString(payload)
				ts.Check(err)
				b = regexp.MustCompile(`https://[^"]*`).ReplaceAll(b, []byte(s.URL+"/enc"))
				ts.Check(os.WriteFile(ts.MkAbs("ips.link"), []byte("https://viewer.example/#shlink:/"+base64.RawURLEncoding.EncodeToString(b)+"\n"), 0o600))
			},
			// serve [stop]: starts the server, on a port that is then in $SERVER.
			"serve": func(ts *testscript.TestScript, _ bool, args []string) {
				v, _ := servers.Load(ts.Getenv("WORK"))
				s := v.(*server)
				if len(args) == 1 && args[0] == "stop" { // else its flags
					s.stop()
					return
				}
				ts.Check(s.start(args...))
				ts.Setenv("SERVER", s.url)
				ts.Setenv("LISTEN", strings.TrimPrefix(s.url, "http://"))
			},
			// restored FOLDER: the store, as it was in that copy, restored into a new one.
			"restored": func(ts *testscript.TestScript, _ bool, args []string) {
				v, _ := servers.Load(ts.Getenv("WORK"))
				s := v.(*server)
				s.stop()
				ts.Check(os.RemoveAll(s.dir))
				holdertest.Restored(t, ts.MkAbs(args[0]), s.dir, audit.Restored)
				ts.Check(s.start())
			},
			// enrol: an invite, and a record for whoever has the file pass.
			"enrol": func(ts *testscript.TestScript, _ bool, _ []string) {
				ts.Check(ts.Exec("carehold", "invite", "--quiet"))
				ts.Check(os.WriteFile(ts.MkAbs("invite"), []byte(ts.ReadFile("stdout")), 0o600))
				ts.Check(ts.Exec("carehold", "enrol", "--server", ts.Getenv("SERVER"), "--invite-file", "invite",
					"--passphrase-file", "pass", "--recovery-out", "recovery", "--label", "laptop", "--quiet"))
			},
			// code N COMMAND...: runs a command that must end with this exit code.
			"code": func(ts *testscript.TestScript, _ bool, args []string) {
				err := ts.Exec(args[1], args[2:]...)
				got := 0
				if exit, ok := errors.AsType[*exec.ExitError](err); ok {
					got = exit.ExitCode()
				} else {
					ts.Check(err)
				}
				if strconv.Itoa(got) != args[0] {
					ts.Fatalf("ended with %d, want %s", got, args[0])
				}
			},
			// get TOKENFILE PATH STATUS [TEXT]: asks as a FHIR client would.
			"get": func(ts *testscript.TestScript, neg bool, args []string) {
				r, err := http.NewRequest("GET", ts.Getenv("SERVER")+"/fhir/"+args[1], nil)
				ts.Check(err)
				r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(ts.ReadFile(args[0])))
				answer, err := http.DefaultClient.Do(r)
				ts.Check(err)
				defer answer.Body.Close()
				var body bytes.Buffer
				_, err = body.ReadFrom(answer.Body)
				ts.Check(err)
				if strconv.Itoa(answer.StatusCode) != args[2] {
					ts.Fatalf("GET %s: %s, want %s\n%s", args[1], answer.Status, args[2], body.String())
				}
				if len(args) > 3 && strings.Contains(body.String(), args[3]) == neg {
					ts.Fatalf("GET %s: contains %q: %v\n%s", args[1], args[3], !neg, body.String())
				}
			},
			"ask":       askAt,
			"answered":  answeredWith,
			"authorize": authorize(&servers),
			"sentback":  sentBack(&servers),
			"post":      post,
			// field NAME FILE LINE VARIABLE: a field of a JSON line, into a variable.
			"field": func(ts *testscript.TestScript, _ bool, args []string) {
				lines := strings.Split(strings.TrimSpace(ts.ReadFile(args[1])), "\n")
				n, err := strconv.Atoi(args[2])
				ts.Check(err)
				o, ok := parseObject([]byte(lines[n-1]))
				if !ok {
					ts.Fatalf("line %d is not JSON: %s", n, lines[n-1])
				}
				ts.Setenv(args[3], fmt.Sprint(o[args[0]]))
			},
			// modes FOLDER: every file 0600, every folder 0700.
			"modes": func(ts *testscript.TestScript, _ bool, args []string) {
				if runtime.GOOS == "windows" {
					return
				}
				n := 0
				ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, e fs.DirEntry, err error) error {
					if err != nil {
						return err
					}
					info, err := e.Info()
					if err != nil {
						return err
					}
					n++
					if want := map[bool]fs.FileMode{true: 0o700, false: 0o600}[e.IsDir()]; info.Mode().Perm() != want {
						ts.Fatalf("%s is %o, want %o", path, info.Mode().Perm(), want)
					}
					return nil
				}))
				if n < 2 {
					ts.Fatalf("%s has nothing in it", args[0])
				}
			},
			// holdsnone FOLDER FILE: no file of the folder holds the line in FILE.
			"holdsnone": func(ts *testscript.TestScript, _ bool, args []string) {
				needle := strings.TrimSpace(ts.ReadFile(args[1]))
				ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, e fs.DirEntry, err error) error {
					if err != nil || !e.Type().IsRegular() {
						return err
					}
					if strings.Contains(ts.ReadFile(path), needle) {
						ts.Fatalf("%s holds what is in %s", path, args[1])
					}
					return nil
				}))
			},
			// flip GLOB: changes a bit in the middle of the largest of these files.
			"flip": func(ts *testscript.TestScript, _ bool, args []string) {
				paths, err := filepath.Glob(ts.MkAbs(args[0]))
				ts.Check(err)
				var most []byte
				var path string
				for _, p := range paths {
					b, err := os.ReadFile(p)
					ts.Check(err)
					if len(b) > len(most) {
						most, path = b, p
					}
				}
				most[len(most)/2] ^= 1
				ts.Check(os.WriteFile(path, most, 0o600))
			},
			"copydir": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(os.RemoveAll(ts.MkAbs(args[1])))
				ts.Check(os.CopyFS(ts.MkAbs(args[1]), os.DirFS(ts.MkAbs(args[0]))))
				ts.Check(filepath.WalkDir(ts.MkAbs(args[1]), func(path string, e fs.DirEntry, err error) error {
					if err != nil {
						return err
					}
					return os.Chmod(path, map[bool]fs.FileMode{true: 0o700, false: 0o600}[e.IsDir()])
				}))
			},
		},
	})
}

// hl7Links is the folder with HL7's examples, "" where they are not.
func hl7Links() string {
	root := os.Getenv("CAREHOLD_TESTDATA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "data")
	}
	if dir, err := filepath.Abs(filepath.Join(root, "health-links")); err == nil && isFolder(dir) {
		return dir
	}
	return ""
}

// server is a "carehold serve" of a script.
type server struct {
	dir, log, home, url string
	process             *exec.Cmd
	sent                *sent // whoever an app has sent
}

func (s *server) start(flags ...string) error {
	if s.url == "" {
		port, err := freePort()
		if err != nil {
			return err
		}
		s.url = "http://127.0.0.1:" + port
	}
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	s.process = exec.Command("carehold", append([]string{"serve", "--data", s.dir, "--listen", strings.TrimPrefix(s.url, "http://")}, flags...)...)
	s.process.Env = append(os.Environ(), "HOME="+s.home, "XDG_DATA_HOME="+filepath.Join(s.home, "share"), "XDG_RUNTIME_DIR=")
	s.process.Stderr = log
	if err := s.process.Start(); err != nil {
		return err
	}
	for range 400 {
		time.Sleep(25 * time.Millisecond)
		if r, err := http.Get(s.url + "/readyz"); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return nil
			}
		}
	}
	b, _ := os.ReadFile(s.log)
	return fmt.Errorf("the server did not start: %s", b)
}

func (s *server) stop() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Signal(os.Interrupt)
	if err := s.process.Wait(); err != nil {
		panic("the server did not stop as it should: " + err.Error())
	}
	s.process = nil
}
