package sample

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// obj and list are JSON as it is written in this package; a number keeps the
// digits it was written with, because 72.0 kg and 72 kg are not the same claim.
type (
	obj    map[string]any
	list   []any
	number string
)

// first is the order in which systems print the head of a resource; the rest
// follows by name.
var first = []string{"resourceType", "fullUrl", "id", "meta", "text", "identifier", "status"}

func encode(v any, indent bool) []byte {
	var b bytes.Buffer
	write(&b, v)
	if !indent {
		return b.Bytes()
	}
	var out bytes.Buffer
	if err := json.Indent(&out, b.Bytes(), "", " "); err != nil {
		panic("sample: " + err.Error()) // a fault in this package, seen by its tests
	}
	return out.Bytes()
}

func write(b *bytes.Buffer, v any) {
	switch v := v.(type) {
	case obj:
		b.WriteByte('{')
		for i, k := range keys(v) {
			if i > 0 {
				b.WriteByte(',')
			}
			write(b, k)
			b.WriteByte(':')
			write(b, v[k])
		}
		b.WriteByte('}')
	case list:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			write(b, e)
		}
		b.WriteByte(']')
	case ref:
		r := obj{}
		if v.url != "" {
			r["reference"] = v.url
		}
		if v.display != "" {
			r["display"] = v.display
		}
		write(b, r)
	case string:
		e := json.NewEncoder(b)
		e.SetEscapeHTML(false) // narratives stay readable
		if err := e.Encode(v); err != nil {
			panic("sample: " + err.Error())
		}
		b.Truncate(b.Len() - 1) // the line end that Encode adds
	case number:
		b.WriteString(string(v))
	case int:
		b.WriteString(strconv.Itoa(v))
	case bool:
		b.WriteString(strconv.FormatBool(v))
	default:
		panic(fmt.Sprintf("sample: cannot write a %T", v))
	}
}

func keys(o obj) []string {
	var head, rest []string
	for _, k := range first {
		if _, ok := o[k]; ok {
			head = append(head, k)
		}
	}
	for k := range o {
		if !slices.Contains(first, k) {
			rest = append(rest, k)
		}
	}
	slices.Sort(rest)
	return append(head, rest...)
}
