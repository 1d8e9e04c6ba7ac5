package oauth

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"carehold/crypto"
	"carehold/httpapi/message"
	"carehold/httpapi/oauth/dpop"
	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/store"
)

// asking is what somebody says who asks a person at an address: JSON of a program, or a
// form's fields.
type asking struct {
	message.Asking
	typed string // days, as they stand in the form
}

// maxAskedDays is the longest that can be asked for; the person says how long it is.
const maxAskedDays = 3660

// question is what the person is shown. It is checked here, so that whoever asks is told
// what is wrong, whether or not there is such an address.
func (q asking) question(now time.Time, box []byte) (x keys.Question, err error) {
	x = keys.Question{Box: box, To: grant.Party{Name: q.Name, Organisation: q.Organisation, Role: q.Role, Number: q.Number, Register: q.Register},
		Purpose: q.Purpose, Scope: q.Scope, Words: q.Words, At: now.UTC().Truncate(time.Second)}
	for _, name := range q.Sections {
		s, err := record.ParseSection(name)
		if err != nil {
			return x, err
		}
		x.Sections = x.Sections.With(s)
	}
	if q.Days < 0 || q.Days > maxAskedDays {
		return x, record.Safef(record.Invalid, "how many days is a number from 1 to %d", maxAskedDays)
	}
	x.Lasts = time.Duration(q.Days) * 24 * time.Hour
	if x.Scope == "" {
		x.Scope = "patient/*.rs"
	}
	if r, err := requested(x.Scope); err != nil || len(r.Unknown) > 0 || len(r.Scopes) == 0 {
		return x, record.Safef(record.Invalid, "the scopes are SMART's, such as patient/*.rs")
	}
	if q.JKT != "" { // as of a client: RFC 9449 §10
		if x.Bound, err = dpop.ParseThumbprint(q.JKT); err != nil || x.Bound == [32]byte{} {
			return x, record.Safef(record.Invalid, "dpop_jkt is the thumbprint of a key: 43 characters in base64url (RFC 7638)")
		}
	}
	if err := x.Check(); err != nil {
		return x, err
	}
	if q.Scope == "" && x.Sections == 0 { // everything is asked for in words, never by leaving them out
		return x, record.Safef(record.Invalid, "say which sections you ask for, or which scope")
	}
	return x, nil
}

// formScopes are what the form's choice of what to do means.
var formScopes = []choice{{"patient/*.rs", "look at what they share with me", false}, {"patient/*.crs", "look at it, and add to it", false},
	{"patient/*.c", "only add to it, and see nothing", false}}

// inForm is the question of a form, which always says what is to be done, and so must
// say in which parts.
func (q asking) inForm(now time.Time, box []byte) (keys.Question, error) {
	if q.typed != "" && q.Days < 1 {
		return keys.Question{}, record.Safef(record.Invalid, "how many days is a number from 1 to %d", maxAskedDays)
	}
	x, err := q.question(now, box)
	if err == nil && x.Sections == 0 {
		err = record.Safef(record.Invalid, "tick at least one part of the record")
	}
	return x, err
}

// Ask shows the form, and takes it. The address is looked at last, and what is answered
// is the same whether there is one.
func (a *API) Ask(w http.ResponseWriter, r *http.Request) error {
	return a.askPage(w, r, http.StatusOK, asking{message.Asking{Purpose: "TREAT", Scope: formScopes[0].Value}, "7"}, "")
}

// Asked takes the form, or JSON.
func (a *API) Asked(w http.ResponseWriter, r *http.Request) error {
	program := false
	if typ, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && typ == "application/json" {
		program = true
	}
	q, err := readAsking(r, program)
	secret := crypto.NewCredential(crypto.Request)
	defer secret.Destroy()
	var x keys.Question
	if err == nil {
		ask := q.inForm
		if program {
			ask = q.question
		}
		x, err = ask(a.now(), secret.BoxKey().Public().Bytes())
	}
	if err != nil {
		switch {
		case program:
			return sendRefusal(w, err)
		case record.KindOf(err) != record.Invalid:
			return err
		}
		return a.askPage(w, r, http.StatusBadRequest, q, record.SafeText(err))
	}
	address, err := crypto.ParseToken("chd" + string(crypto.Address) + "_" + r.PathValue("address"))
	if err == nil {
		defer address.Destroy()
		if err := a.store.Ask(r.Context(), address, secret.CapsuleID(), x); err != nil {
			if program {
				return sendRefusal(w, err)
			}
			return err
		}
	}
	until := a.now().Add(store.AskLasts)
	if program {
		return sendJSON(w, http.StatusAccepted, message.AskedFor{Request: secret.Token(), Expires: until.UTC().Truncate(time.Second)})
	}
	tab := newTab()
	a.keepCookie(w, tab, secret.Token(), until)
	a.keepAsked(w, tab, x, until)
	return see(w, "/ask/wait?r="+tab)
}

// sendRefusal answers a program, where a person would see a page.
func sendRefusal(w http.ResponseWriter, err error) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(problem.Of(err).Status)
	return sent(w.Write(problem.HolderBody(err, w.Header().Get("X-Request-Id"))))
}

func readAsking(r *http.Request, program bool) (q asking, err error) {
	if program {
		err = message.Read(r.Body, &q.Asking)
		return q, err
	}
	body, err := io.ReadAll(r.Body) // the row bounds it
	if err != nil {
		return q, err
	}
	p, twice, err := parse(string(body))
	if err != nil || len(twice) > 0 {
		return q, record.Safef(record.Invalid, "the form cannot be understood")
	}
	one := func(name string) string { return strings.TrimSpace(p[name]) }
	q.Asking = message.Asking{Name: one("name"), Organisation: one("organisation"), Role: one("role"), Number: one("number"), Register: one("register"),
		Purpose: one("purpose"), Words: strings.Join(strings.Fields(p["words"]), " ")}
	q.Scope = formScopes[0].Value
	for _, c := range formScopes {
		if p["do"] == c.Value {
			q.Scope = c.Value
		}
	}
	for _, s := range record.Sections() {
		if p["section-"+s.String()] != "" {
			q.Sections = append(q.Sections, s.String())
		}
	}
	q.typed = one("days")
	if n, err := strconv.Atoi(q.typed); err == nil {
		q.Days = n
	}
	return q, nil
}

type choice struct {
	Value, Words string
	On           bool
}

func (a *API) askPage(w http.ResponseWriter, r *http.Request, status int, q asking, wrong string) error {
	var purposes, sections, does []choice
	for code, words := range grant.Purposes {
		purposes = append(purposes, choice{code, words, code == q.Purpose})
	}
	slices.SortFunc(purposes, func(x, y choice) int { return strings.Compare(x.Words, y.Words) })
	for _, s := range record.Sections() {
		if !s.Always() {
			sections = append(sections, choice{s.String(), theirs(s), slices.Contains(q.Sections, s.String())})
		}
	}
	for _, c := range formScopes {
		does = append(does, choice{c.Value, c.Words, c.Value == q.Scope})
	}
	return a.page(w, status, "ask.html", "", struct {
		asking
		Wrong, Server, LastsDays string
		Purposes, Choices, Does  []choice
	}{q, wrong, a.host, q.typed, purposes, sections, does})
}

// AskWait is the page of whoever asked: until the person has answered, and then what they
// said. A token is shown once.
func (a *API) AskWait(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodHead {
		return errOnlyGet
	}
	tab := r.URL.Query().Get("r")
	secret, ok := a.request(r, tab)
	if !ok {
		return a.over(w, r)
	}
	defer secret.Destroy()
	x, err := a.answerOf(r, secret)
	if err != nil {
		return err
	}
	if x.Status == "refused" { // after a yes it says, until its end, that it was fetched
		a.dropCookie(w, tab)
	}
	var what askedFor
	if x.Status == "waiting" {
		what = a.keptAsked(r, tab)
	}
	return a.page(w, http.StatusOK, "answer.html", "", struct {
		message.Told
		Tab, Server, Ends, May string
		Asked                  askedFor
	}{x, tab, a.host, ends(x.Expires), mayDo(x.Scope), what})
}

func ends(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format("2 January 2006, 15:04 MST")
}

// Answer tells a program, which shows the request's secret. POST /ask/answer
func (a *API) Answer(w http.ResponseWriter, r *http.Request, secret crypto.Credential) error {
	if secret.IsZero() {
		return record.Unauthorized
	}
	x, err := a.answerOf(r, secret)
	if err != nil {
		return err
	}
	return sendJSON(w, http.StatusOK, x)
}

// answerOf is what there is: for a request that nobody knows, nothing yet, for ever.
func (a *API) answerOf(r *http.Request, secret crypto.Credential) (message.Told, error) {
	answered, err := a.store.Answer(r.Context(), secret)
	if errors.Is(err, store.ErrFetched) {
		return message.Told{Status: "fetched"}, nil
	}
	if errors.Is(err, record.NotFound) {
		return message.Told{Status: "waiting"}, nil
	}
	if errors.Is(err, store.ErrGrant) { // it was yes, and stopped since
		return message.Told{Status: "refused"}, nil
	}
	if err != nil {
		return message.Told{}, err
	}
	defer answered.Close()
	if answered.Client != "" { // of an app: that is for the page it waits on
		return message.Told{Status: "waiting"}, nil
	}
	x := message.Told{Status: "refused", Words: answered.Words}
	if answered.Yes {
		token, until, err := answered.Token(r.Context())
		if errors.Is(err, store.ErrGrant) {
			return message.Told{Status: "refused"}, nil
		}
		if errors.Is(err, record.NotFound) { // another of them was first
			return message.Told{Status: "fetched"}, nil
		}
		if err != nil {
			return message.Told{}, err
		}
		defer token.Destroy()
		x.Status, x.Token, x.Type, x.Scope, x.FHIR = "approved", token.Token(), "Bearer", answered.Scope, a.fhir()
		if answered.Bound {
			x.Type = "DPoP"
		}
		if !until.IsZero() {
			until = until.UTC()
			x.Expires = &until
		}
	}
	return x, nil
}

// AskStatus tells the page's script whether there is something new.
func (a *API) AskStatus(w http.ResponseWriter, r *http.Request) error {
	still := false
	if secret, ok := a.request(r, r.URL.Query().Get("r")); ok {
		defer secret.Destroy()
		answered, err := a.store.Answer(r.Context(), secret)
		if err == nil {
			answered.Close()
		}
		still = errors.Is(err, record.NotFound) && !errors.Is(err, store.ErrFetched)
	}
	return sendJSON(w, http.StatusOK, map[string]bool{"waiting": still})
}
