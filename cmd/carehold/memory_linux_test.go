package main

import (
	"context"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var kept []byte

// TestReturnMemory: what a burst has left is given back at the second look after it.
func TestReturnMemory(t *testing.T) {
	kept = make([]byte, 256<<20)
	for i := range kept {
		kept[i] = 1
	}
	full := anonymous(t)
	kept = nil
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		go returnMemory(ctx)
		time.Sleep(2*memoryLook + time.Second)
		stop()
	})
	if left := anonymous(t); full-left < 200<<20 {
		t.Errorf("of %d MiB, %d are still resident", full>>20, left>>20)
	}
}

// anonymous is what of this process is resident and in no file.
func anonymous(t *testing.T) int64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "RssAnon:" {
			n, err := strconv.ParseInt(f[1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n << 10
		}
	}
	t.Fatal("the kernel does not say")
	return 0
}
