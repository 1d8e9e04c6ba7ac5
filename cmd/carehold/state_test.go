package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/holder"
	"carehold/record/statement"
)

func testDevice(t *testing.T, seq int, leaves int) *device {
	t.Helper()
	var f audit.Frontier
	for range leaves {
		f.Append(audit.LeafHash([]byte("leaf")))
	}
	m := holder.Memory{Verifier: "v", Log: holder.Checked{Frontier: f}}
	m.Person[0], m.Seq, m.Hash = 7, 0, statement.Hash{byte(seq)}
	m.Seq += 0
	for range seq {
		m.Seq++
	}
	return &device{path: filepath.Join(t.TempDir(), "deep", "device.json"), server: "https://x.example", label: "l", key: crypto.NewDeviceKey(), memory: m}
}

func read(t *testing.T, path string) *device {
	t.Helper()
	a := quietApp()
	a.state = path
	d, err := a.loadDevice()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDeviceFileIsReadAsItWasWritten(t *testing.T) {
	d := testDevice(t, 3, 5)
	d.unconfirmed = true
	if err := d.save(); err != nil {
		t.Fatal(err)
	}
	got := read(t, d.path)
	if got.server != d.server || !got.unconfirmed || got.label != d.label || got.key.Text() != d.key.Text() || string(got.memory.Marshal()) != string(d.memory.Marshal()) {
		t.Errorf("read %+v", got)
	}
	info, err := os.Stat(d.path)
	if err != nil || othersMayRead(info.Mode()) {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if dir, _ := os.Stat(filepath.Dir(d.path)); othersMayRead(dir.Mode()) {
		t.Errorf("the folder is %v", dir.Mode())
	}
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(d.path), ".*"))
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestDeviceNeverForgets: of two commands that end at the same time, the one that
// saw less must not take back what the other saw: that is what a server that
// shows an older record would need.
func TestDeviceNeverForgets(t *testing.T) {
	d := testDevice(t, 9, 40)
	if err := d.save(); err != nil {
		t.Fatal(err)
	}
	for _, older := range []*device{testDevice(t, 3, 50), testDevice(t, 9, 2), testDevice(t, 1, 0)} {
		older.path, older.key = d.path, d.key
		if err := older.save(); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, d.path).memory; got.Seq != 9 || got.Log.Frontier.Size != 50 || got.Hash != d.memory.Hash {
		t.Errorf("remembers change %d and %d entries", got.Seq, got.Log.Frontier.Size)
	}
	var all sync.WaitGroup
	for seq := range 20 {
		other := testDevice(t, seq, seq*10)
		other.path, other.key = d.path, d.key
		all.Go(func() {
			if err := other.save(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := read(t, d.path).memory; got.Seq != 19 || got.Log.Frontier.Size != 190 {
		t.Errorf("after a race it remembers change %d and %d entries", got.Seq, got.Log.Frontier.Size)
	}
}

// TestDeviceNeverForgetsWhatWasSigned: nor what it saw at the end of a session; and a
// device that went along to another store does not come back by an older command.
func TestDeviceNeverForgetsWhatWasSigned(t *testing.T) {
	saw := func(size uint64, looked int64) *device {
		d := testDevice(t, 3, 2)
		d.memory.Signed, d.memory.Looked = statement.Head{Size: size, Root: [32]byte{byte(size)}}, time.Unix(looked, 0).UTC()
		return d
	}
	first := saw(40, 2_000_000)
	if err := first.save(); err != nil {
		t.Fatal(err)
	}
	other := saw(30, 1_000_000)
	other.path, other.key = first.path, first.key
	if err := other.save(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, first.path).memory; got.Signed != first.memory.Signed || !got.Looked.Equal(first.memory.Looked) {
		t.Errorf("remembers %+v at %v", got.Signed, got.Looked)
	}
	along := saw(5, 3_000_000)
	along.path, along.key = first.path, first.key
	along.memory.Store[0], along.memory.Came = 1, []record.StoreID{first.memory.Store}
	for _, d := range []*device{along, other} {
		if err := d.save(); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, first.path).memory; got.Store != along.memory.Store || got.Signed.Size != 5 {
		t.Errorf("it is at store %v, and saw %d entries", got.Store, got.Signed.Size)
	}
	// What the person has accepted is taken as it is.
	taken := saw(6, 1_000_000)
	taken.path, taken.key, taken.accepted, taken.memory.Store = first.path, first.key, true, along.memory.Store
	if err := taken.save(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, first.path).memory; got.Signed.Size != 6 || !got.Looked.Equal(taken.memory.Looked) {
		t.Errorf("accepted, it remembers %d", got.Signed.Size)
	}
}

func TestDeviceFileIsRefused(t *testing.T) {
	d := testDevice(t, 1, 1)
	good := deviceFile{deviceFormat, d.server, d.label, d.memory.Person.String(), d.key.Text(), d.memory.Marshal(), "", false}
	for name, change := range map[string]func(*deviceFile){
		"a later format":   func(f *deviceFile) { f.Format = 2 },
		"another person":   func(f *deviceFile) { f.Person = strings.Repeat("0", 32) },
		"no device key":    func(f *deviceFile) { f.DeviceKey = "" },
		"a later version":  func(f *deviceFile) { f.DeviceKey = "9" + f.DeviceKey[1:] },
		"a damaged memory": func(f *deviceFile) { f.Memory = f.Memory[:len(f.Memory)-1] },
	} {
		f := good
		change(&f)
		b, _ := json.Marshal(f)
		if _, err := parseDevice(b); err == nil {
			t.Errorf("%s is taken", name)
		} else if strings.Contains(err.Error(), d.key.Text()) {
			t.Errorf("%s: the error tells the device key", name)
		}
	}
	b, _ := json.Marshal(good)
	if _, err := parseDevice(b); err != nil {
		t.Errorf("the good one is refused: %v", err)
	}
}

func FuzzDeviceFile(f *testing.F) {
	f.Add([]byte(`{"format":1,"server":"https://x.example","label":"l","person":"00","device_key":"1A","memory":"AAE="}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if d, err := parseDevice(b); err == nil && d.key.IsZero() {
			t.Error("a device without a key")
		}
	})
}
