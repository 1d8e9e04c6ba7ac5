package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// machine says on what it was measured.
func (b *bench) machine() error {
	rate, middle, err := syncRate(b.dir)
	if err != nil {
		return err
	}
	rows := [][]string{
		{"date", time.Now().UTC().Format("2 January 2006")},
		{"Carehold", oneLine(b.ctxOutput(b.carehold, "version"))},
		{"processor", fmt.Sprintf("%s, %d cores", field("/proc/cpuinfo", "model name"), runtime.NumCPU())},
		{"memory", field("/proc/meminfo", "MemTotal")},
		{"system", strings.TrimSpace(read("/proc/sys/kernel/ostype") + " " + read("/proc/sys/kernel/osrelease"))},
		{"Go", runtime.Version()},
		{"disk", fmt.Sprintf("4 KiB written and synced: %s a second, one after the other (median %s)", thousands(rate), us(middle))},
		{"load when it began", firstWords(read("/proc/loadavg"), 3)},
	}
	b.out.table("machine", []string{"", ""}, rows)
	return nil
}

// syncRate is how often a second 4 KiB can be written to a file and synced.
func syncRate(dir string) (rate float64, middle time.Duration, err error) {
	f, err := os.Create(filepath.Join(dir, "syncs"))
	if err != nil {
		return 0, 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	page := make([]byte, 4096)
	var list []time.Duration
	began := time.Now()
	for time.Since(began) < time.Second {
		each := time.Now()
		if _, err := f.WriteAt(page, int64(len(list)%256)*4096); err != nil {
			return 0, 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, 0, err
		}
		list = append(list, time.Since(each))
	}
	slices.Sort(list)
	return float64(len(list)) / time.Since(began).Seconds(), list[len(list)/2], nil
}

func read(path string) string {
	b, _ := os.ReadFile(path)
	return strings.TrimSpace(string(b))
}

func field(path, name string) string {
	for line := range strings.Lines(read(path)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			value = strings.TrimSpace(value)
			if kb, ok := strings.CutSuffix(value, " kB"); ok {
				n, _ := strconv.ParseFloat(kb, 64)
				return fmt.Sprintf("%.0f GiB", n/(1<<20))
			}
			return value
		}
	}
	return "not known"
}

func firstWords(s string, n int) string {
	words := strings.Fields(s)
	return strings.Join(words[:min(n, len(words))], " ")
}

func oneLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}

func (b *bench) ctxOutput(name string, args ...string) string {
	out, _ := exec.CommandContext(b.ctx, name, args...).Output()
	return string(out)
}
