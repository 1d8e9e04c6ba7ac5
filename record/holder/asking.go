package holder

import (
	"context"
	"errors"
	"slices"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/keys"
)

// An Asking is a Server at which the person can be asked for access.
type Asking interface {
	// Asked returns what came in at the person's addresses, sealed to them.
	Asked(ctx context.Context, token string) ([]Sealed, error)
	// Lookup returns the question with the code that who asks was shown:
	// record.NotFound where there is none.
	Lookup(ctx context.Context, token, code string) (Coded, error)
	// PutAnswer keeps an answer for who asked: record.Conflict where there is one.
	PutAnswer(ctx context.Context, token string, answer record.Capsule) error
	// DropAsked removes a question that came in at an address.
	DropAsked(ctx context.Context, token string, request crypto.CapsuleID) error
	// DropAddress removes an address: nobody is asked there any more.
	DropAddress(ctx context.Context, token string, address crypto.CapsuleID) error
}

// Sealed is a question as it waits at the server.
type Sealed struct {
	ID   crypto.CapsuleID
	Hour uint32 // since 1970, after which it goes
	Box  []byte
}

// Coded is a question that waits at the server under a code, and in its memory alone.
type Coded struct {
	ID       crypto.CapsuleID
	Question []byte
	Expires  time.Time
	App      App
}

// App is what the server says of the client that asks. Only where Verified is so has
// the server's operator looked at it; all else is the client's own word.
type App struct {
	Name, Organisation, URI, Host string
	Verified                      bool
	Redirect                      string // the host, or the scheme, that the answer goes to
}

// Request is somebody's asking for access: at an address of the person's, or with a code.
type Request struct {
	ID       crypto.CapsuleID
	Question keys.Question
	Expires  time.Time
	App      App    // of one with a code
	Where    string // what the person called the address it came in at
	Damaged  bool   // it cannot be opened: there is only to drop it
}

var errNotAsked error = record.Safef(record.Unsupported, "nobody can ask for access at this server")

func (h *Holder) asking() (Asking, error) {
	if h.Waiting() != nil {
		return nil, ErrWaiting
	}
	srv, can := h.srv.(Asking)
	if !can {
		return nil, errNotAsked
	}
	return srv, nil
}

// Requests lists what came in at the person's addresses and waits for an answer.
func (h *Holder) Requests(ctx context.Context, token string) ([]Request, error) {
	srv, err := h.asking()
	if err != nil {
		return nil, err
	}
	sealed, err := srv.Asked(ctx, token)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []Request
	for _, s := range sealed {
		if h.now.ring.answered(s.ID) == nil {
			all = append(all, h.now.ring.request(s))
		}
	}
	return all, nil
}

// request opens a question, whichever generation of keys it was sealed to.
func (r *ring) request(s Sealed) Request {
	q := Request{ID: s.ID, Expires: time.Unix(int64(s.Hour)*3600, 0).UTC(), Damaged: true}
	for i := len(r.gens) - 1; i >= 0; i-- {
		question, err := keys.OpenAsked(r.person, crypto.NewBoxKey(r.gens[i].box), s.ID, s.Box)
		if err != nil {
			continue
		}
		q.Question, q.Damaged = question, false
		if a := r.address(question.Address); a != nil {
			q.Where = a.label
		}
		break
	}
	return q
}

// answered is the grant that was made for a request, if one was.
func (r *ring) answered(request crypto.CapsuleID) *held {
	for i := range r.grants {
		if r.grants[i].grant.Asked == request {
			return &r.grants[i]
		}
	}
	return nil
}

// Lookup finds the request with the code that who asks has on their screen.
func (h *Holder) Lookup(ctx context.Context, token, code string) (Request, error) {
	srv, err := h.asking()
	if err != nil {
		return Request{}, err
	}
	c, err := srv.Lookup(ctx, token, code)
	if errors.Is(err, record.NotFound) {
		return Request{}, record.Safef(record.NotFound, "no request waits under this code: it may be mistyped, answered, or older than 15 minutes; let them ask again")
	}
	if err != nil {
		return Request{}, err
	}
	question, err := keys.ParseQuestion(c.Question)
	if err != nil {
		return Request{}, record.Safef(record.Unavailable, "the server's answer cannot be understood: it may be of a newer version")
	}
	question.Address = crypto.CapsuleID{} // it came in at none
	return Request{ID: c.ID, Question: question, Expires: c.Expires, App: c.App}, nil
}

// What is proposed where nothing was said.
const (
	aDay      = 24 * time.Hour
	forOnce   = aDay
	offline   = 90 * aDay
	atMost    = 365 * aDay
	noPurpose = "PATRQT"
)

// asked is what a request is for.
func (r Request) asked() (q grant.Requested, sections record.SectionSet, scopes []grant.Scope, err error) {
	if q, err = grant.ParseRequested(r.Question.Scope); err != nil {
		return q, 0, nil, err
	}
	if scopes = q.Scopes; len(scopes) == 0 {
		scopes = []grant.Scope{{Type: "*", Verbs: grant.Read | grant.Search}}
	}
	sections = grant.With(r.Question.Sections)
	if r.Question.Sections == 0 {
		sections = grant.Proposed(scopes)
	}
	return q, sections, scopes, nil
}

// Proposal is what would be given if the person just said yes. It has none of the
// sensitive sections: those a person adds.
func (r Request) Proposal() GrantRequest {
	q, sections, scopes, _ := r.asked()
	p := GrantRequest{To: r.Question.To, Sections: sections &^ record.SensitiveSections, Scopes: slices.Clone(scopes),
		Purpose: r.Question.Purpose, Lasts: min(r.Question.Lasts, atMost)}
	if p.Purpose == "" {
		p.Purpose = noPurpose
	}
	if p.Lasts == 0 {
		p.Lasts = forOnce
		if q.Offline {
			p.Lasts = offline
		}
	}
	return p
}
