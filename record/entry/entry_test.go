package entry_test

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/entry"
)

var headers = []entry.Header{
	{Type: "Condition", ID: "c1", Time: time.UnixMilli(1795000000123).UTC(), Author: entry.Author{Grant: record.GrantID{1}, Self: true, Name: "you"}, Why: "type"},
	{Type: "Condition", ID: "c1", Time: time.UnixMilli(1).UTC(), Deleted: true, Author: entry.Author{Grant: record.GrantID{2}, Name: "Dr Ö"},
		Origin: entry.Origin{Import: record.ImportID{9}, Source: "GP"}, Moved: true},
	{Origin: entry.Origin{Import: record.ImportID{9}}, Time: time.UnixMilli(0).UTC()},
	{Type: "Binary", ID: "b", Time: time.UnixMilli(7).UTC(), Content: &entry.Content{Length: 100 << 20, SHA256: [32]byte{1, 2}, Lead: []byte(`,"data":"`), Trail: []byte(`"`)}},
}

func TestRoundTrip(t *testing.T) {
	for _, h := range headers {
		for _, json := range [][]byte{nil, []byte(`{"resourceType":"Condition"}`), bytes.Repeat([]byte("x"), 1<<20)} {
			plain := entry.Marshal(h, json)
			got, body, err := entry.Parse(plain)
			if err != nil || !reflect.DeepEqual(got, h) || !bytes.Equal(body, json) {
				t.Errorf("%+v, %v, want %+v", got, err, h)
			}
			for n := range min(len(plain)-len(json), 200) {
				if _, _, err := entry.Parse(plain[:n]); err == nil {
					t.Fatalf("cut to %d bytes it is read", n)
				}
			}
		}
	}
	plain := entry.Marshal(headers[0], nil)
	for _, at := range []int{0, 1, 2} { // another version, and a length that is not there
		bad := bytes.Clone(plain)
		bad[at] ^= 0x40
		if _, _, err := entry.Parse(bad); err == nil {
			t.Errorf("byte %d altered, and it is read", at)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, h := range headers {
		f.Add(entry.Marshal(h, []byte("{}")))
	}
	f.Add([]byte{0, 1, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, json, err := entry.Parse(b)
		if err != nil {
			return
		}
		again, body, err := entry.Parse(entry.Marshal(h, json))
		if err != nil || !reflect.DeepEqual(again, h) || !bytes.Equal(body, json) {
			t.Errorf("%x: %+v, %v, want %+v", b, again, err, h)
		}
	})
}

// What stands before a content is read without it, and says where it begins.
func TestContent(t *testing.T) {
	json := []byte(`{"resourceType":"Binary"}`)
	h := entry.Header{Type: "Binary", ID: "b", Time: time.UnixMilli(7).UTC(), Content: &entry.Content{Length: 5, At: len(json) - 1, Lead: []byte(`,"data":"`), Trail: []byte(`"`)}}
	head := entry.Marshal(h, json)
	for _, tail := range []string{"", "%PDF-", "%PDF-\x00\x00\x00"} {
		plain := append(bytes.Clone(head), tail...)
		got, body, err := entry.Parse(plain)
		at, err2 := entry.ContentAt(plain)
		if err != nil || err2 != nil || !entry.HasContent(plain) || !reflect.DeepEqual(got, h) || !bytes.Equal(body, json) || at != int64(len(head)) {
			t.Errorf("%q: %+v %s at %d, %v %v", tail, got, body, at, err, err2)
		}
	}
	if _, err := entry.ContentAt(entry.Marshal(headers[0], json)); err == nil || entry.HasContent(entry.Marshal(headers[0], json)) {
		t.Error("a version without a content has one")
	}
	for _, bad := range []entry.Content{{At: len(json) + 1}, {Length: -1}} {
		h.Content = &bad
		if _, _, err := entry.Parse(entry.Marshal(h, json)); err == nil {
			t.Errorf("%+v is read", bad)
		}
	}
}
