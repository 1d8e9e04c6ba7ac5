package change_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/change"
)

func TestBundleWriter(t *testing.T) {
	at := time.Date(2026, 1, 1, 1, 0, 0, 5e6, time.FixedZone("", 3600))
	total := 0
	for _, c := range []struct {
		head    change.BundleHead
		entries []change.BundleEntry
		want    string
	}{
		{change.BundleHead{Type: "searchset", Total: &total, Links: []change.Link{{"self", `http://a/b?c="d"&e`}, {"next", "http://a/n"}}}, nil,
			`{"resourceType":"Bundle","type":"searchset","total":0,"link":[{"relation":"self","url":"http://a/b?c=\"d\"&e"},{"relation":"next","url":"http://a/n"}]}`},
		{change.BundleHead{Type: "searchset", ID: "x", Time: at}, []change.BundleEntry{
			{FullURL: "http://a/Basic/1", Resource: []byte("{ \"resourceType\" : \"Basic\", \"n\":1.0 }\n"), Mode: "match"},
			{Resource: []byte(`{"resourceType":"OperationOutcome"}`), Mode: "outcome"}},
			`{"resourceType":"Bundle","id":"x","meta":{"lastUpdated":"2026-01-01T00:00:00.005Z"},"type":"searchset","entry":[{"fullUrl":"http://a/Basic/1","resource":{ "resourceType" : "Basic", "n":1.0 }` + "\n" +
				`,"search":{"mode":"match"}},{"resource":{"resourceType":"OperationOutcome"},"search":{"mode":"outcome"}}]}`},
		{change.BundleHead{Type: "transaction-response"}, []change.BundleEntry{
			{Status: "201 Created", Location: "Basic/1/_history/1", ETag: `W/"1"`, Modified: at},
			{Status: "412", Outcome: []byte(`{"resourceType":"OperationOutcome"}`)}},
			`{"resourceType":"Bundle","type":"transaction-response","entry":[{"response":{"status":"201 Created","location":"Basic/1/_history/1","etag":"W/\"1\"","lastModified":"2026-01-01T00:00:00.005Z"}},{"response":{"status":"412","outcome":{"resourceType":"OperationOutcome"}}}]}`},
		{change.BundleHead{Type: "history"}, []change.BundleEntry{{FullURL: "http://a/Basic/1", Method: "DELETE", URL: "Basic/1", Status: "204"}},
			`{"resourceType":"Bundle","type":"history","entry":[{"fullUrl":"http://a/Basic/1","request":{"method":"DELETE","url":"Basic/1"},"response":{"status":"204"}}]}`},
	} {
		var out bytes.Buffer
		w := change.NewBundleWriter(&out, c.head)
		for _, e := range c.entries {
			if err := w.Entry(e); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); got != c.want || !json.Valid(out.Bytes()) {
			t.Errorf("got\n%s\nwant\n%s", got, c.want)
		}
		if _, err := change.ParseBundle(out.Bytes(), change.Limits{}); err != nil {
			t.Error(err)
		}
	}
}

type full struct{ room int }

var errFull = errors.New("full")

func (f *full) Write(p []byte) (int, error) {
	if f.room--; f.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestBundleWriterStops(t *testing.T) {
	f := &full{room: 4}
	w := change.NewBundleWriter(f, change.BundleHead{Type: "searchset"})
	e := change.BundleEntry{Resource: bytes.Repeat([]byte(" "), 128<<10)} // each is written as two blocks
	for range 2 {
		if err := w.Entry(e); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := w.Entry(e); !errors.Is(err, errFull) {
			t.Error(err)
		}
	}
	if err := w.Close(); !errors.Is(err, errFull) || f.room != -1 {
		t.Errorf("%v, written to %d times after it", err, -f.room-1)
	}
	if err := change.NewBundleWriter(&full{room: 9}, change.BundleHead{}).Entry(change.BundleEntry{}); !errors.Is(err, record.Internal) {
		t.Errorf("an empty entry: %v", err)
	}
}

// blockwise keeps what it was given to write, itself and not a copy.
type blockwise struct {
	given [][]byte
	all   bytes.Buffer
}

func (x *blockwise) Write(p []byte) (int, error) {
	x.given = append(x.given, p)
	return x.all.Write(p)
}

// Entries of any size are written in few calls, come out as they are, and nothing of
// them stays where they were put together, which the next Bundle uses.
func TestBundleWriterForgets(t *testing.T) {
	var x blockwise
	var want bytes.Buffer
	want.WriteString(`{"resourceType":"Bundle","type":"searchset"`)
	w := change.NewBundleWriter(&x, change.BundleHead{Type: "searchset"})
	total := 0
	for i, size := range []int{1, 2000, 70_000, 3, 65_500, 10, 90_000, 60_000, 15_000, 16_000, 300_000, 5} {
		body := append(append([]byte(`{"a":"`), bytes.Repeat([]byte{'a' + byte(i)}, size)...), `"}`...)
		if err := w.Entry(change.BundleEntry{Resource: body}); err != nil {
			t.Fatal(err)
		}
		want.WriteString([]string{`,"entry":[`, `,`}[min(i, 1)] + `{"resource":` + string(body) + `}`)
		total += size
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	want.WriteString(`]}`)
	if !bytes.Equal(x.all.Bytes(), want.Bytes()) {
		t.Error("not what was put in")
	}
	if most := total/(64<<10) + 1; len(x.given) > most {
		t.Errorf("written in %d calls, want at most %d", len(x.given), most)
	}
	for i, p := range x.given {
		p = p[:cap(p)]
		for c := byte('a'); c <= 'l'; c++ {
			if bytes.Contains(p, bytes.Repeat([]byte{c}, 3)) {
				t.Errorf("call %d: of entry %c something is still there", i, c)
			}
		}
		if bytes.Contains(p, []byte(`"a":`)) {
			t.Errorf("call %d: %d bytes of it are still there", i, len(p))
		}
	}
}

// However large an entry is, it is not held a second time while it is written: what is
// given at once is a block.
func TestBundleWriterBlocks(t *testing.T) {
	var x blockwise
	w := change.NewBundleWriter(&x, change.BundleHead{Type: "batch-response"})
	for range 2 {
		if err := w.Entry(change.BundleEntry{FullURL: "http://a.example/1", Resource: bytes.Repeat([]byte("1"), 3<<20), Status: "200 OK"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for i, p := range x.given {
		if cap(p) > 128<<10 {
			t.Errorf("call %d: %d bytes are held", i, cap(p))
		}
	}
}
