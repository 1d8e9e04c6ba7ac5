package app

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"carehold/crypto"
	"carehold/httpapi/oauth"
	"carehold/httpapi/web"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/store"
)

// A Desk knows what apps ask for, which sent a person here: *oauth.API.
type Desk interface {
	Brought(r *http.Request, tab string) (oauth.Consent, bool)
	Named(id crypto.CapsuleID) (oauth.Consent, bool)
	Typed(v *store.View, text string) (oauth.Consent, error)
}

type consent struct {
	Ask     *appAsks
	Form    askForm
	Given   *yes
	Refused bool
	Over    bool   // what the address names waits no more
	Code    string // as it was typed
	Error   string
}

// appAsks is what an app asks for.
type appAsks struct {
	ID, Code, Tab                          string
	Name, Calls, Organisation, URI, To     string
	Verified, OnDevice, Back, Knows, Bound bool
	Sections, Sensitive, Scopes            string
	Lasts, Asked                           int // seconds; Asked 0: not said
	Purpose, Until                         string
}

// Consent is the page on which the person answers an app. The app's own browser comes with
// the request in a cookie; on another device the code is typed.
func (a *App) Consent(desk Desk) func(w http.ResponseWriter, r *http.Request, v *store.View) error {
	return func(w http.ResponseWriter, r *http.Request, v *store.View) error {
		d := consent{Refused: r.URL.Query().Has("refused")}
		if r.Method == http.MethodPost {
			d.Code = clean(r.PostForm.Get("code"))
			c, err := desk.Typed(v, d.Code)
			if err == nil {
				return a.on(w, r, "/app/consent?q="+named(r, c.ID))
			}
			if kind := record.KindOf(err); kind != record.NotFound && kind != record.TooMany {
				return err
			}
			if d.Error = a.pages.T(r, "ask.code.wrong"); record.KindOf(err) == record.TooMany {
				d.Error = a.pages.T(r, "ask.code.many")
			}
			return a.consents(w, r, d)
		}
		var err error
		if d.Given, err = a.given(r, v); err != nil {
			return err
		}
		tab, q := r.URL.Query().Get("r"), r.URL.Query().Get("q")
		var c oauth.Consent
		found := false
		switch {
		case d.Given != nil || d.Refused:
		case tab != "":
			c, found = desk.Brought(r, tab)
		case q != "":
			if id, ok := whichNamed(r, q); ok {
				c, found = desk.Named(id)
			}
		}
		if d.Over = !found && (tab != "" || q != ""); found {
			d.Ask = a.appAsks(r, c)
			if d.Form, err = a.askForm(r, v); err != nil {
				return err
			}
		}
		return a.consents(w, r, d)
	}
}

func (a *App) consents(w http.ResponseWriter, r *http.Request, d consent) error {
	page := web.Page{File: "consent", Title: a.pages.T(r, "ask.consent"), Nav: "sharing", Data: d}
	if d.Ask != nil {
		page.Core, page.Script, page.Words = true, "consent.mjs", []string{"ask.js.", "share.js."}
	}
	if d.Error != "" {
		page.Error, page.Status = true, http.StatusUnprocessableEntity
	}
	return a.pages.Render(w, r, page)
}

// named names a request for this session alone: a link that somebody else made leads to no
// request of theirs, for they cannot make the second half. The code itself is in no address.
func named(r *http.Request, id crypto.CapsuleID) string {
	mac := hmac.New(sha256.New, []byte(web.VisitOf(r).Form))
	mac.Write([]byte("carehold consent"))
	mac.Write(id[:])
	return hex.EncodeToString(id[:]) + "." + hex.EncodeToString(mac.Sum(nil)[:16])
}

func whichNamed(r *http.Request, text string) (id crypto.CapsuleID, ok bool) {
	name, _, _ := strings.Cut(text, ".")
	b, err := hex.DecodeString(name)
	if err != nil || len(b) != len(id) {
		return id, false
	}
	copy(id[:], b)
	return id, hmac.Equal([]byte(named(r, id)), []byte(text))
}

// appAsks says what is asked as the person is asked: what would be given if they just
// said yes, and what was asked for besides.
func (a *App) appAsks(r *http.Request, c oauth.Consent) *appAsks {
	q, p := c.Question, c.Proposal()
	asked, _ := grant.ParseRequested(q.Scope) // it was examined when it came
	all := grant.With(q.Sections)
	if q.Sections == 0 {
		all = grant.Proposed(asked.Scopes)
	}
	x := &appAsks{ID: hex.EncodeToString(c.ID[:]), Code: c.Code, Tab: c.Tab, Name: clean(q.To.Name), Organisation: clean(q.To.Organisation), URI: c.App.URI,
		To: clean(c.App.Redirect), Verified: c.App.Verified && q.Verified, Back: asked.Offline || asked.Online, Knows: asked.OpenID, Bound: q.Bound != [32]byte{},
		Sections: openNames(all &^ record.SensitiveSections), Sensitive: openNames(all & record.SensitiveSections), Scopes: grant.FormatScopes(p.Scopes),
		Lasts: int(p.Lasts.Seconds()), Asked: int(q.Lasts.Seconds()), Purpose: p.Purpose, Until: c.Expires.Local().Format("15:04")}
	if !x.Verified { // where it is from, and only then what it calls itself
		x.Name, x.Calls = clean(holderHost(c.Request)), clean(c.App.Name)
	}
	x.OnDevice = strings.HasSuffix(c.App.Redirect, " on this device")
	return x
}

func holderHost(r holder.Request) string {
	if r.App.Host != "" {
		return r.App.Host
	}
	return r.Question.To.Name
}

func openNames(set record.SectionSet) string {
	var names []string
	for _, s := range set.List() {
		if !s.Always() {
			names = append(names, s.String())
		}
	}
	return strings.Join(names, " ")
}
