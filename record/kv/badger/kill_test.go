package badger

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"carehold/record/kv"
)

const (
	killWriters = 16
	killRows    = 8
)

// child writes until it is killed: each of its writers numbers its updates, each
// update gives all of the writer's rows that number, and prints it once it is
// acknowledged.
func child(dir string) {
	e, err := Open(dir, killOptions())
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	e.apart.least = 100
	var out sync.Mutex
	var wg sync.WaitGroup
	for w := range killWriters {
		wg.Go(func() {
			var n uint64
			_ = e.View(killPartition(w), func(r kv.Reader) error {
				n = killNumber(r)
				return nil
			})
			for {
				n++
				value := killValue(n)
				err := e.Update(ctx, killPartition(w), func(tx kv.Tx) error {
					tx.Put(headKey, value)
					for i := range killRows {
						tx.Put([]byte{byte(i)}, value)
					}
					return nil
				})
				out.Lock()
				if err != nil {
					fmt.Println("error", err)
					os.Exit(1)
				}
				fmt.Println("ack", w, n)
				out.Unlock()
			}
		})
	}
	wg.Wait()
}

// apartVariable has the child keep rows apart, all but the heads.
const apartVariable = "CAREHOLD_KV_APART"

func killOptions() Options {
	o := testOptions()
	if os.Getenv(apartVariable) != "" {
		for i := range killRows {
			o.Apart = append(o.Apart, byte(i))
		}
	}
	return o
}

func killPartition(w int) kv.Partition { return kv.Partition{0: byte(w)} }

func killValue(n uint64) []byte { return fmt.Appendf(nil, "%0500d", n) }

func killNumber(r kv.Reader) (n uint64) {
	if v, err := r.Get(headKey); err == nil {
		fmt.Sscanf(string(v), "%d", &n)
	}
	return n
}

func TestKill(t *testing.T) { testKill(t) }

// TestKillApart: a kill parts no row that is in a file from its commit, and leaves no
// file that is not in use.
func TestKillApart(t *testing.T) {
	t.Setenv(apartVariable, "1")
	testKill(t)
}

func testKill(t *testing.T) {
	rounds := 5
	if os.Getenv("CAREHOLD_LONG") != "" {
		rounds = 100
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	e, dir := create(t, testOptions())
	shut(t, e)
	var acknowledged [killWriters]uint64
	total := 0
	for round := range rounds {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), childVariable+"="+dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(100+rand.IntN(200))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		for lines := bufio.NewScanner(out); lines.Scan(); total++ {
			var w int
			var n uint64
			if _, err := fmt.Sscanf(lines.Text(), "ack %d %d", &w, &n); err == nil && w < killWriters {
				acknowledged[w] = n
			} else if bytes.HasPrefix(lines.Bytes(), []byte("error")) {
				t.Fatal(lines.Text())
			}
		}
		timer.Stop()
		if err := cmd.Wait(); err == nil {
			t.Fatal("the child ended by itself")
		}

		e := open(t, dir, killOptions())
		for w, acked := range acknowledged {
			if err := e.View(killPartition(w), func(r kv.Reader) error {
				n := killNumber(r)
				if n != acked && n != acked+1 { // one may have been under way
					t.Errorf("round %d, writer %d: acknowledged %d, found %d", round, w, acked, n)
				}
				acknowledged[w] = n // what was found must be found again, printed or not
				if n == 0 {
					return nil
				}
				for i := range killRows {
					v, err := r.Get([]byte{byte(i)})
					if err != nil || !bytes.Equal(v, killValue(n)) {
						return errors.Join(fmt.Errorf("update %d is half there", n), err)
					}
				}
				return nil
			}); err != nil {
				t.Errorf("round %d, writer %d: %v", round, w, err)
			}
		}
		apartSound(t, e, dir)
		shut(t, e)
	}
	t.Logf("%d updates acknowledged in %d rounds", total, rounds)
	if total < rounds {
		t.Error("the children wrote next to nothing")
	}
}
