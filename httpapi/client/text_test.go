package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode"

	"carehold/httpapi/problem"
)

// What a server says is shown at a terminal, and must not command it: no escape
// sequences, in seven bits or eight, no turned text, nothing without an end.
func TestServersTextIsPlain(t *testing.T) {
	evil := "\x1b]0;title\x07\x1b[2J\u009b31m\u202e\r\b" + strings.Repeat("long ", 2_000)
	holder := func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(500)
		json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"code": "internal", "message": evil, "path": evil, "request": evil}})
	}
	outcome := func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(422)
		json.NewEncoder(w).Encode(map[string]any{"resourceType": "OperationOutcome", "id": evil,
			"issue": []problem.Issue{{Severity: "error", Code: "invalid", Diagnostics: evil, Expression: []string{evil}}}})
	}
	raw := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			fmt.Fprint(c, text)
		}
	}
	for name, f := range map[string]http.HandlerFunc{
		"holder": holder, "outcome": outcome,
		"status line": raw("HTTP/1.1 500 Bad\x1b[31mday\r\nContent-Length: 0\r\n\r\n"),
		"no HTTP":     raw("\x1b[31mday\r\n\r\n"),
		"header":      raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: \x1b[31mday\r\n\r\n"),
	} {
		_, err := ask(t, f)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		text := err.Error()
		for _, r := range text {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
				t.Errorf("%s: %U in %.80q", name, r, text)
				break
			}
		}
		if len(text) > 4000 {
			t.Errorf("%s: %d bytes", name, len(text))
		}
	}
}
