package fhirapi

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"carehold/record/fhir"
)

// What Go's own file server does with a Range and an If-Range, this does: the same
// status, the same Content-Range, the same bytes. Several ranges, which that serves in
// parts, are the whole here.
func TestRangeAsNetHTTP(t *testing.T) {
	for _, text := range []string{
		"", "bytes=0-0", "bytes=0-", "bytes=5-9", "bytes=9-9", "bytes=9-", "bytes=10-", "bytes=10-20", "bytes=0-999", "bytes=-1", "bytes=-10", "bytes=-11", "bytes=-999",
		"bytes=-0", "bytes=3-2", "bytes=99999999999999999999-", "bytes=0-99999999999999999999", "Bytes=0-1",
	} {
		for _, size := range []int{0, 1, 10} {
			same(t, text, `"1"`, size)
			same(t, text, `"2"`, size)
		}
	}
	for _, text := range []string{"bytes=", "bytes=-", "bytes=a-b", "bytes=1", "bytes=0x1-2", "octets=0-1", "bytes=0-1,3-4", "bytes=+1-2", "=0-1", "bytes=0-1;q", "bytes 0-1"} {
		if a, ok := parseRange(text); ok { // which that refuses, and RFC 9110 §14.2 has passed over
			t.Errorf("%q is %+v", text, a)
		}
	}
}

// same compares one request with http.ServeContent.
func same(t *testing.T, text, ifRange string, size int) {
	t.Helper()
	content := []byte("0123456789")[:size]
	r := httptest.NewRequest("GET", "/", nil)
	if text != "" {
		r.Header.Set("Range", text)
	}
	r.Header.Set("If-Range", ifRange)
	want := httptest.NewRecorder()
	want.Header().Set("ETag", `"1"`)
	http.ServeContent(want, r, "x.bin", time.Time{}, bytes.NewReader(content))

	status, header, body := http.StatusOK, "", content
	if a, ok := rangeAsked(r, `"1"`); ok {
		if b, fits := a.in(int64(size)); fits {
			status, header, body = http.StatusPartialContent, b.header(int64(size)), content[b.from:b.from+b.n]
		} else {
			status, header, body = http.StatusRequestedRangeNotSatisfiable, fmt.Sprintf("bytes */%d", size), nil
		}
	}
	if strings.HasPrefix(text, "Bytes") || size == 0 || text == "bytes=3-2" || text == "bytes=-0" || strings.Contains(text, "99999999999999999999") {
		// Where RFC 9110 and Go differ: a unit in any letters (§14.1), a position that has
		// no number in Go; and of nothing nothing can be served (§15.5.17), which Go serves whole.
		if status == http.StatusPartialContent && (size == 0 || text == "bytes=3-2") {
			t.Errorf("%q of %d bytes: %d %s", text, size, status, header)
		}
		return
	}
	if want.Code != status || want.Header().Get("Content-Range") != header || status != 416 && !bytes.Equal(want.Body.Bytes(), body) {
		t.Errorf("%q of %d bytes, If-Range %s: %d %q %q, Go says %d %q %q", text, size, ifRange, status, header, body, want.Code, want.Header().Get("Content-Range"), want.Body)
	}
}

func FuzzRange(f *testing.F) {
	for _, s := range []string{"bytes=0-0", "bytes=-5", "bytes=5-", "bytes=0-1,2-3", "bytes=99999999999999999999-"} {
		f.Add(s, int64(10))
	}
	f.Fuzz(func(t *testing.T, text string, size int64) {
		a, ok := parseRange(text)
		if !ok || size < 0 {
			return
		}
		if b, fits := a.in(size); fits && (b.from < 0 || b.n < 1 || b.from > size || b.n > size-b.from) {
			t.Errorf("%q of %d bytes is %+v", text, size, b)
		}
	})
}

// What a browser runs, or might take for something that it runs, is octets. The first
// are those that browsers are known to execute or render as a document (WHATWG MIME
// Sniffing §4.6 and §7: XML, HTML, scriptable, JavaScript types), and what holds others.
func TestServedType(t *testing.T) {
	for _, typ := range []string{
		"text/html", "TEXT/HTML; charset=utf-8", "application/xhtml+xml", "image/svg+xml", "image/SVG+xml", "text/xml", "application/xml", "application/rss+xml", "application/mathml+xml",
		"application/hl7-sda+xml", "text/javascript", "application/javascript", "application/x-javascript", "text/ecmascript", "text/jscript", "application/wasm", "text/css", "text/xsl",
		"application/xslt+xml", "multipart/related", "multipart/x-mixed-replace", "message/rfc822", "message/http", "application/x-shockwave-flash", "application/java-archive",
		"text/cache-manifest", "application/manifest+json", "audio/x+xml", "application/x-mimearchive", "text/unknown", "image/x-anything",
		"", "a letter", "application", "/", "text/plain\r\nSet-Cookie: x", "text/html;", strings.Repeat("a", 300) + "/b", "*/*", "application/pdf, text/html",
	} {
		if got := servedType(typ); got != "application/octet-stream" {
			t.Errorf("%q is served as %s", typ, got)
		}
	}
	for typ, want := range map[string]string{
		"application/pdf": "application/pdf", "Application/PDF": "application/pdf", "image/jpeg": "image/jpeg", "image/png; x=y": "image/png", "text/plain": "text/plain",
		"text/plain; charset=ISO-8859-1": "text/plain; charset=ISO-8859-1", `text/plain; charset="a b"`: "text/plain", "audio/mpeg": "audio/mpeg", "video/mp4": "video/mp4",
		"application/dicom": "application/dicom", "application/fhir+json; fhirVersion=4.0": "application/fhir+json",
	} {
		if got := servedType(typ); got != want {
			t.Errorf("%q is served as %q, want %q", typ, got, want)
		}
	}
	for _, x := range [][3]string{{"a.b", "application/pdf", "Binary-a.b.pdf"}, {"..", "text/plain; charset=utf-8", "Binary-...txt"}, {"x", "audio/mpeg", "Binary-x.bin"}} {
		if got := fileName(fhir.Ref{Type: "Binary", ID: x[0]}, x[1]); got != x[2] {
			t.Errorf("%s", got)
		}
	}
}

// Who gets the resource and who its content. FHIR R4, Binary: the resource is for whoever
// names a FHIR media type.
func TestWantsResource(t *testing.T) {
	for _, x := range []struct {
		accept, query string
		want          bool
	}{
		{"", "", false}, {"*/*", "", false}, {"application/pdf", "", false}, {"application/json", "", false}, {"text/html,application/xml;q=0.9,*/*;q=0.8", "", false},
		{"application/fhir+json", "", true}, {"application/fhir+json; fhirVersion=4.0", "", true}, {"application/fhir+json, */*", "", true}, {"*/*, application/fhir+json;q=0.9", "", false},
		{"application/fhir+json;q=0.5, application/pdf;q=0.4", "", true}, {"application/fhir+json;q=0, */*", "", false}, {"application/fhir+json;q=0", "", true},
		{"application/fhir+xml", "", true}, {"application/fhir+xml, */*;q=0.1", "", false}, {"application/fhir+json; fhirVersion=5.0", "", true}, {"application/fhir+json; fhirVersion=5.0, */*", "", false},
		{"application/pdf", "_format=json", true}, {"", "_format=xml", true}, {"", "_pretty=true", false}, {"", "a=%zz", true}, {";;;", "", false},
	} {
		var accept []string
		if x.accept != "" {
			accept = []string{x.accept}
		}
		if got := wantsResource(accept, x.query); got != x.want {
			t.Errorf("Accept %q ?%s: %v", x.accept, x.query, got)
		}
	}
}

// A content is never laid out as JSON is.
func TestPrettyLeavesContents(t *testing.T) {
	r := httptest.NewRequest("GET", "/?_pretty=true", nil)
	rec := httptest.NewRecorder()
	w := Pretty(rec, r)
	w.Header().Set("Content-Type", "application/fhir+json") // which a content may be
	w.Header().Set("Content-Length", "7")
	w.WriteHeader(200)
	_, _ = io.WriteString(w, `{"a": 1`)
	if rec.Body.String() != `{"a": 1` || rec.Header().Get("Content-Length") != "7" {
		t.Errorf("%s", rec.Body)
	}
}

func TestUploadMetadata(t *testing.T) {
	for text, ok := range map[string]bool{"filename bGV0dGVy": true, "a,b Yg==": true, "a ***": false, "": false, "a,,b": false} {
		if err := metadata([]string{text}); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := metadata(nil); err != nil {
		t.Error(err)
	}
}
