package fhirapi

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// rangeAsk is what a Range header asks for: from a byte to another, either of which
// may be left out. RFC 9110 §14.1.2.
type rangeAsk struct {
	from, to int64 // -1 where none is said; without from, to is how many at the end
}

// byteRange is what of a content is served.
type byteRange struct{ from, n int64 }

// rangeAsked reads Range. What is not one range of bytes is passed over, as §14.2 lets
// a server do, and the whole is served: several ranges, another unit, what cannot be
// read; so is a range of another version than If-Range names (§13.1.5). A date in
// If-Range names no version: two may be of one second.
func rangeAsked(r *http.Request, tag string) (a rangeAsk, ok bool) {
	if r.Method != http.MethodGet || len(r.Header["Range"]) != 1 {
		return a, false
	}
	if only := r.Header["If-Range"]; len(only) > 0 && (len(only) > 1 || strings.TrimSpace(only[0]) != tag) {
		return a, false
	}
	return parseRange(r.Header["Range"][0])
}

func parseRange(text string) (a rangeAsk, ok bool) {
	unit, set, found := strings.Cut(text, "=")
	if !found || !strings.EqualFold(strings.TrimSpace(unit), "bytes") {
		return a, false
	}
	first, last, found := strings.Cut(strings.Trim(set, " \t"), "-")
	if !found {
		return a, false
	}
	if a.from, ok = position(first); !ok {
		return a, false
	}
	if a.to, ok = position(last); !ok || a.from < 0 && a.to < 0 || a.from >= 0 && a.to >= 0 && a.to < a.from {
		return a, false
	}
	return a, true
}

// position is a number of digits alone; -1 for none.
func position(text string) (int64, bool) {
	if text == "" {
		return -1, true
	}
	if strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil { // larger than any content
		n = 1<<63 - 1
	}
	return n, true
}

// in is what the range has of a content of that size; false for nothing.
func (a rangeAsk) in(size int64) (byteRange, bool) {
	if a.from < 0 {
		n := min(a.to, size)
		return byteRange{size - n, n}, n > 0
	}
	if a.from >= size {
		return byteRange{}, false
	}
	to := size - 1
	if a.to >= 0 {
		to = min(a.to, to)
	}
	return byteRange{a.from, to - a.from + 1}, true
}

func (b byteRange) header(size int64) string {
	return fmt.Sprintf("bytes %d-%d/%d", b.from, b.from+b.n-1, size)
}
