package httpapi_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"carehold/record/grant"
)

// TestLook takes pictures of the reading screens, of the sample, for whoever changes them
// to look at:
//
//	CAREHOLD_LOOK=/tmp/look go test ./httpapi -run TestLook
func TestLook(t *testing.T) {
	dir := os.Getenv("CAREHOLD_LOOK")
	if dir == "" {
		t.Skip("CAREHOLD_LOOK names no folder for pictures")
	}
	w, h, v := withSample(t)
	to, err := url.Parse(w.http.URL)
	w.check(err)
	front := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Header.Set("Cookie", v.cookie)
		r.Out.Header.Del("Accept-Encoding")
	}, ModifyResponse: func(r *http.Response) error { // all that can be opened is open
		b, err := io.ReadAll(r.Body)
		b = bytes.ReplaceAll(b, []byte("<details>"), []byte("<details open>"))
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
		r.Header.Set("Content-Length", strconv.Itoa(len(b)))
		return err
	}})
	defer front.Close()
	first := func(page, pattern string) string {
		m := regexp.MustCompile(pattern).FindStringSubmatch(v.page(page))
		if m == nil {
			t.Fatalf("%s has nothing like %s", page, pattern)
		}
		return strings.ReplaceAll(m[1], "&amp;", "&")
	}
	gp := w.grant(h, "Dr Amara Okafor", time.Hour, "patient/*.rs", grant.Clinical.List()...)
	w.send("GET", "/fhir/AllergyIntolerance", http.Header{"Authorization": {"Bearer " + gp}}, "").Body.Close()
	v = w.reads(h)
	pages := map[string]string{
		"record": "/app/record", "allergies": "/app/list/allergies", "results": "/app/list/results?q=hba1c", "all": "/app/list/all", "care": "/app/care",
		"entry":     first("/app/list/allergies", `href="(/app/entry/AllergyIntolerance/[^"]+)"`),
		"result":    first("/app/list/results?q=hba1c", `href="(/app/entry/Observation/[^"]+)"`),
		"letter":    first("/app/list/documents", `href="(/app/entry/DocumentReference/[^"]+)"`),
		"medicine":  first("/app/list/medicines", `href="(/app/entry/MedicationRequest/[^"]+)"`),
		"plan":      first("/app/care", `href="(/app/entry/CarePlan/[^"]+)"`),
		"history":   "/app/history",
		"conflict":  "/app/list/all?from=2026-05-05&to=2020-01-01",
		"mistakes":  "/app/list/all?mistakes=show&q=penicillin",
		"medicines": "/app/list/medicines",
	}
	pages["narrative"] = first("/app/list/care?q=diabetes", `href="(/app/entry/CarePlan/[^"]+)"`) + "/narrative"
	pages["trend"] = pages["result"] + "/trend"
	pages["original"] = pages["entry"] + "/original"
	only := os.Getenv("CAREHOLD_LOOK_AT")
	for name, path := range pages {
		if only != "" && !strings.Contains(","+only+",", ","+name+",") {
			continue
		}
		for _, width := range []int{375, 1100} {
			for scheme, theme := range map[string]string{"light": "1", "dark": "0"} {
				if scheme == "dark" && width == 375 {
					continue
				}
				file := filepath.Join(dir, name+"-"+strconv.Itoa(width)+"-"+scheme+".png")
				c := exec.Command("chromium", "--no-sandbox", "--headless=new", "--hide-scrollbars", "--blink-settings=preferredColorScheme="+theme, "--screenshot="+file,
					"--window-size="+strconv.Itoa(width)+",2200", front.URL+path)
				if out, err := c.CombinedOutput(); err != nil {
					t.Fatalf("%s: %v\n%s", name, err, out)
				}
			}
		}
	}
}
