package httpapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"carehold/httpapi/web"
)

// visitor is a browser with a session of the person's pages.
type visitor struct {
	*world
	cookie, form string
}

// visits trades a session for the cookie, as ui/worker.mjs does.
func (w *world) visits(token string) *visitor {
	w.t.Helper()
	resp := w.send("POST", "/holder/v1/cookie", http.Header{"Authorization": {"Bearer " + token}}, "")
	defer resp.Body.Close()
	var told struct{ Form string }
	if err := json.NewDecoder(resp.Body).Decode(&told); err != nil || resp.StatusCode != 200 {
		w.t.Fatalf("POST /holder/v1/cookie: %d %v", resp.StatusCode, err)
	}
	for _, c := range resp.Cookies() {
		if c.Name == web.SessionCookie {
			if !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteStrictMode || c.MaxAge <= 0 || c.MaxAge > 12*3600 {
				w.t.Errorf("the session's cookie: %+v", c)
			}
			return &visitor{w, c.Name + "=" + c.Value, told.Form}
		}
	}
	w.t.Fatal("no cookie")
	return nil
}

// goes asks for a page as a browser does, and returns the answer with its text.
func (v *visitor) goes(method, path, body string, headers ...string) (*http.Response, string) {
	v.t.Helper()
	h := http.Header{"Cookie": {v.cookie}, "Sec-Fetch-Site": {"same-origin"}, "Sec-Fetch-Dest": {"document"}}
	if body != "" {
		h.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	resp := v.send(method, path, h, body)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	v.check(err)
	return resp, string(text)
}

func TestAppSession(t *testing.T) {
	w := newWorld(t)
	token := w.session(w.ada)
	v := w.visits(token)

	t.Run("opens the person's pages and no other door", func(t *testing.T) {
		if resp, _ := v.goes("GET", "/app/awake", ""); resp.StatusCode != 204 || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%d %v", resp.StatusCode, resp.Header)
		}
		for _, path := range []string{"/fhir/Observation", "/holder/v1/log", "/holder/v1/sessions", "/holder/v1/entries"} {
			if resp, _ := v.goes("GET", path, ""); resp.StatusCode != 401 {
				t.Errorf("GET %s with the cookie alone: %d", path, resp.StatusCode)
			}
		}
		if resp, _ := v.goes("POST", "/holder/v1/cookie", ""); resp.StatusCode != 401 {
			t.Errorf("a cookie for a cookie: %d", resp.StatusCode)
		}
	})

	t.Run("a token is no cookie of another kind", func(t *testing.T) {
		for _, other := range []string{w.vars["gp"], "chds_short", "", token + "; __Host-carehold=" + token} {
			x := *v
			x.cookie = "__Host-carehold=" + other
			if resp, _ := x.goes("GET", "/app/awake", ""); resp.StatusCode != 303 || resp.Header.Get("Location") != "/unlock?to=%2Fapp%2Frecord" && resp.Header.Get("Location") != "/unlock?to=%2Fapp%2Fawake" {
				t.Errorf("%q: %d %s", other, resp.StatusCode, resp.Header.Get("Location"))
			}
		}
		x := *v
		x.cookie = "carehold=" + token // the name it has without TLS
		if resp, _ := x.goes("GET", "/app/awake", ""); resp.StatusCode != 303 {
			t.Errorf("the cookie of a server without TLS: %d", resp.StatusCode)
		}
	})

	t.Run("a form of another page, site or session changes nothing", func(t *testing.T) {
		if resp, text := v.goes("POST", "/app/lock", "x=1"); resp.StatusCode != 403 || !strings.Contains(text, "another session") {
			t.Errorf("without its word: %d %s", resp.StatusCode, text)
		}
		if resp, _ := v.goes("POST", "/app/lock", "form="+strings.Repeat("0", 32)); resp.StatusCode != 403 {
			t.Errorf("with another word: %d", resp.StatusCode)
		}
		if resp, _ := v.goes("POST", "/app/lock?form="+v.form, "x=1"); resp.StatusCode != 403 {
			t.Errorf("with the word in the address: %d", resp.StatusCode)
		}
		for _, site := range []string{"cross-site", "same-site"} {
			if resp, _ := v.goes("POST", "/app/lock", "form="+v.form, "Sec-Fetch-Site", site); resp.StatusCode != 403 {
				t.Errorf("from %s: %d", site, resp.StatusCode)
			}
		}
		if resp, _ := v.goes("POST", "/app/lock", "form="+v.form, "Sec-Fetch-Site", "", "Origin", "https://evil.example"); resp.StatusCode != 403 {
			t.Errorf("from another origin: %d", resp.StatusCode)
		}
		if resp, _ := v.goes("GET", "/app/awake", ""); resp.StatusCode != 204 {
			t.Errorf("and it is still open: %d", resp.StatusCode)
		}
	})

	t.Run("it ends", func(t *testing.T) {
		resp, _ := v.goes("POST", "/app/lock", "form="+v.form)
		if resp.StatusCode != 303 || resp.Header.Get("Location") != "/unlock?locked" || resp.Header.Get("Clear-Site-Data") == "" {
			t.Errorf("%d %v", resp.StatusCode, resp.Header)
		}
		if resp, _ := v.goes("GET", "/app/awake", ""); resp.StatusCode != 303 {
			t.Errorf("locked: %d", resp.StatusCode)
		}
		if resp, _ := v.goes("GET", "/app/awake", "", "Sec-Fetch-Dest", "empty"); resp.StatusCode != 401 {
			t.Errorf("locked, for a script: %d", resp.StatusCode)
		}
		if resp, _ := v.goes("POST", "/app/lock", "form="+v.form); resp.StatusCode != 303 {
			t.Errorf("locked twice: %d", resp.StatusCode)
		}
		later := w.visits(w.session(w.ada))
		w.wait(16 * time.Minute)
		if resp, _ := later.goes("GET", "/app/awake", ""); resp.StatusCode != 303 {
			t.Errorf("unused for a quarter of an hour: %d", resp.StatusCode)
		}
	})
}
