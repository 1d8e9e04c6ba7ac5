package main

import (
	"bufio"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// An answer is read to its end and not beyond, however it comes, and one that was not
// asked for is told.
func TestReadAnswer(t *testing.T) {
	const next = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	for name, x := range map[string]struct {
		text string
		fail string
	}{
		"a length":         {"HTTP/1.1 200 OK\r\nContent-Type: x\r\nContent-Length: 5\r\nDate: now\r\n\r\n\r\n\r\n!", ""},
		"no body":          {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""},
		"in lower case":    {"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx", ""},
		"chunks":           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", ""},
		"a large one":      {"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 100000), ""},
		"refused":          {"HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nnope", "401: nope"},
		"refused, chunked": {"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nnope\r\n0\r\n\r\n", "503 Busy: nope"},
		"cut":              {"HTTP/1.1 200 OK\r\nContent-Le", "EOF"},
	} {
		for how, wrap := range map[string]func(io.Reader) io.Reader{"whole": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader} {
			after := next
			if x.fail != "" {
				after = ""
			}
			in := bufio.NewReaderSize(wrap(strings.NewReader(x.text+after)), 32<<10)
			err := readAnswer(in, 200)
			if x.fail == "" && err != nil || x.fail != "" && (err == nil || !strings.Contains(err.Error(), x.fail)) {
				t.Errorf("%s, %s: %v", name, how, err)
				continue
			}
			if rest, _ := io.ReadAll(in); x.fail == "" && string(rest) != next {
				t.Errorf("%s, %s: %q is left", name, how, rest)
			}
		}
	}
}
