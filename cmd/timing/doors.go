package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"time"

	"carehold/crypto"
	"carehold/record/store"
)

// class is one sort of tokens that are refused.
type class struct {
	name   string
	tokens []string
}

// door is a way in, with the classes that are presented there.
type door struct {
	name    string
	request func(token string) *http.Request
	use     func(token string) error // as whoever has it does, while it is good
	classes []class
	answer  []byte // the one that all of them get
}

// each is how many tokens a class has, each of a grant of its own. A record can have 180
// that are live.
const each = 32

// requestID is the same in all answers: it comes from whoever asks, if it looks like this.
const requestID = "00000000-0000-4000-8000-000000000000"

func fhir(token string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "https://"+host+"/fhir/Observation", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("X-Request-Id", requestID)
	return r
}

func introspect(token string) *http.Request {
	form := url.Values{"client_id": {ours}, "token": {token}}.Encode()
	r := httptest.NewRequest(http.MethodPost, "https://"+host+"/oauth/introspect", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Request-Id", requestID)
	return r
}

// read searches with an access token.
func (w *world) read(token string) error {
	a := httptest.NewRecorder()
	w.server.ServeHTTP(a, fhir(token))
	if a.Code != http.StatusOK {
		return fmt.Errorf("%d: %s", a.Code, a.Body)
	}
	return nil
}

// mint fetches an access token with a system's refresh token, past the proof of who it is.
func (w *world) mint(token string) error {
	c, err := crypto.ParseToken(token)
	if err != nil {
		return err
	}
	defer c.Destroy()
	_, err = w.store.Backend(w.ctx, c, store.Presented{Client: ours}, "system/*.rs")
	return err
}

// doors makes the tokens of all classes. Each was used once while it was good, as tokens
// are: what a server keeps of them may show as well. Then two hours go by.
func (w *world) doors() (*door, *door, error) {
	ada, err := w.enrol("Ada")
	if err != nil {
		return nil, nil, err
	}
	defer ada.Close()
	ben, err := w.enrol("Ben")
	if err != nil {
		return nil, nil, err
	}
	defer ben.Close()
	read := &door{name: "GET /fhir/Observation", request: fhir, use: w.read}
	ask := &door{name: "POST /oauth/introspect", request: introspect, use: w.mint}
	for _, d := range []*door{read, ask} {
		kind, to := crypto.Access, ""
		if d == ask {
			kind, to = crypto.Refresh, ours
		}
		ended, err := w.give(ada, each, time.Hour, to)
		if err != nil {
			return nil, nil, err
		}
		stopped, err := w.give(ada, each, 0, to)
		if err != nil {
			return nil, nil, err
		}
		held, err := w.give(ada, each, 0, to)
		if err != nil {
			return nil, nil, err
		}
		bens, err := w.give(ben, each, 0, to)
		if err != nil {
			return nil, nil, err
		}
		for _, g := range slices.Concat(ended, stopped, held, bens) {
			if err := d.use(g.token); err != nil {
				return nil, nil, fmt.Errorf("%s: a token that is good: %w", d.name, err)
			}
		}
		if err := ada.Revoke(w.ctx, grants(stopped)...); err != nil {
			return nil, nil, err
		}
		if err := ada.Suspend(w.ctx, grants(held)...); err != nil {
			return nil, nil, err
		}
		if err := ben.Revoke(w.ctx, grants(bens)...); err != nil {
			return nil, nil, err
		}
		d.classes = []class{{"never made", made(kind, each)}, {"run out", tokens(ended)}, {"stopped", tokens(stopped)},
			{"on hold", tokens(held)}, {"another record's, stopped", tokens(bens)}}
	}
	// Good tokens at the wrong door.
	foreign, err := w.give(ben, each, 0, oaks)
	if err != nil {
		return nil, nil, err
	}
	read.classes = append(read.classes, class{"another kind's, good", tokens(foreign)})
	ask.classes = append(ask.classes, class{"another client's, good", tokens(foreign)})
	w.wait(2 * time.Hour) // the people's devices have clocks of their own, which stay behind
	return read, ask, nil
}

func (w *world) answer(d *door, token string) *httptest.ResponseRecorder {
	a := httptest.NewRecorder()
	w.server.ServeHTTP(a, d.request(token))
	return a
}

// same presents every token once, and reports an answer that is not the others', to the
// byte.
func (w *world) same(d *door) error {
	for _, c := range d.classes {
		for _, token := range c.tokens {
			got := text(w.answer(d, token))
			if d.answer == nil {
				d.answer = got
			}
			if !bytes.Equal(got, d.answer) {
				return fmt.Errorf("%s: what is %s is answered with\n%s\nand the first with\n%s", d.name, c.name, got, d.answer)
			}
		}
	}
	return nil
}

// text is all of an answer but its date, the headers in the order of their names.
func text(a *httptest.ResponseRecorder) []byte {
	h := a.Header().Clone()
	h.Del("Date")
	var b bytes.Buffer
	fmt.Fprintln(&b, a.Code)
	_ = h.Write(&b) // to memory, which takes it
	b.WriteString("\n" + a.Body.String())
	return b.Bytes()
}
