package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
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
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
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

// server is a "carehold serve" of a script.
type server struct {
	dir, log, home, url string
	process             *exec.Cmd
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
