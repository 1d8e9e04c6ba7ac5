package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"carehold/httpapi"
	"carehold/httpapi/certificate"
	"carehold/record"
	"carehold/record/keys"
	"carehold/record/store"
)

// While serve runs it alone has the store open, so the operator's other commands
// ask it, over a socket of mode 0600 that says a few things over HTTP:
//
//	GET  /status   serverStatus
//	POST /invite   inviteRequest -> inviteAnswer
//	GET  /clock    clockStatus
//	POST /clock    clockStatus, after the clock was accepted
//	GET  /resting  list of resting
//	POST /forget   forgetRequest
//	POST /backup   backupRequest -> the file; POST /backup/done backupDone
//	POST /verify   lines of verifyLine
//
// Who may open the socket may read the data folder too: it gives nothing more.
type operator struct {
	store *store.Store
	data  string
	url   string // "" when nothing serves

	backups bool // the settings say where to and for whom

	began time.Time

	certificate certificate.Source // nil: none
	server      *httpapi.Server    // nil when nothing serves
	log         *slog.Logger
}

type inviteRequest struct {
	Quota   uint64        `json:"quota"`
	Expires time.Duration `json:"expires"`
}

type inviteAnswer struct {
	Invite string    `json:"invite"`
	Until  time.Time `json:"until"`
	Server string    `json:"server"` // "" when nothing is serving
}

const operatorTimeout = 30 * time.Second

// listen begins to answer on the socket.
func (o *operator) listen(ctx context.Context, path string, background *sync.WaitGroup) error {
	if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
		c.Close()
		return hinted(fmt.Errorf("another server answers at %s", path), "stop it first, or give this one another --socket")
	}
	switch info, err := os.Lstat(path); {
	case err == nil && info.Mode()&os.ModeSocket == 0:
		return hinted(fmt.Errorf("%s is there already, and is no socket", path), "give this server another --socket")
	case err == nil:
		_ = os.Remove(path) // left behind by one that was killed
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return fmt.Errorf("making the operator's socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil { // the umask has kept others out so far
		l.Close()
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) {
		s, err := o.status(r.Context())
		reply(w, s, err)
	})
	mux.HandleFunc("POST /invite", func(w http.ResponseWriter, r *http.Request) {
		var q inviteRequest
		if err := json.NewDecoder(io.LimitReader(r.Body, 4096)).Decode(&q); err != nil {
			reply(w, nil, record.Safef(record.Invalid, "the request cannot be understood"))
			return
		}
		answer, err := o.invite(r.Context(), q)
		reply(w, answer, err)
	})
	mux.HandleFunc("GET /clock", func(w http.ResponseWriter, r *http.Request) {
		c, err := o.clock(r.Context(), false)
		reply(w, c, err)
	})
	mux.HandleFunc("POST /clock", func(w http.ResponseWriter, r *http.Request) {
		c, err := o.clock(context.WithoutCancel(r.Context()), true)
		reply(w, c, err)
	})
	mux.HandleFunc("GET /resting", func(w http.ResponseWriter, r *http.Request) {
		list, err := o.resting(r.Context())
		reply(w, list, err)
	})
	mux.HandleFunc("POST /forget", func(w http.ResponseWriter, r *http.Request) {
		var q forgetRequest
		if err := json.NewDecoder(io.LimitReader(r.Body, 4096)).Decode(&q); err != nil {
			reply(w, nil, record.Safef(record.Invalid, "the request cannot be understood"))
			return
		}
		q, err := o.forget(context.WithoutCancel(r.Context()), q)
		reply(w, q, err)
	})
	o.backupRoutes(mux)
	s := &http.Server{Handler: mux, ReadHeaderTimeout: operatorTimeout, ErrorLog: httpapi.ErrorLog(o.log)}
	background.Go(func() { _ = s.Serve(l) })
	background.Go(func() { <-ctx.Done(); s.Close() })
	return nil
}

func (o *operator) invite(ctx context.Context, q inviteRequest) (inviteAnswer, error) {
	if wrong := o.store.Clock().Wrong; wrong != "" {
		return inviteAnswer{}, record.Safef(record.Unavailable, "the clock is wrong: %s", wrong)
	}
	until := o.store.Now().Add(q.Expires).UTC().Truncate(time.Second)
	c, err := o.store.Invite(ctx, keys.Invite{Quota: q.Quota, Until: until})
	if err != nil {
		return inviteAnswer{}, err
	}
	defer c.Destroy()
	return inviteAnswer{c.Token(), until, o.url}, nil
}

type operatorError struct {
	Kind    record.Kind `json:"kind"`
	Message string      `json:"message"`
}

func reply(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		v = operatorError{record.KindOf(err), err.Error()}
	}
	_ = json.NewEncoder(w).Encode(v)
}

// errNotServing is for a store that no server has open.
var errNotServing = errors.New("no server answers")

// ask sends a question to the running server of this data folder.
func ask(ctx context.Context, s *settings, method, path string, in, out any) error {
	answer, err := askRaw(ctx, s, method, path, in, operatorTimeout)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(out)
}

// askRaw is ask for an answer that the caller reads, and closes.
func askRaw(ctx context.Context, s *settings, method, path string, in any, most time.Duration) (*http.Response, error) {
	socket := s.get("socket")
	c := &http.Client{Timeout: most, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}}
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return nil, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://operator"+path, &body)
	if err != nil {
		return nil, err
	}
	answer, err := c.Do(r)
	if err != nil {
		if errors.Is(err, os.ErrPermission) {
			return nil, fmt.Errorf("you may not ask the server at %s: it is another user's", socket)
		}
		return nil, errNotServing
	}
	if answer.StatusCode != http.StatusOK {
		defer answer.Body.Close()
		var e operatorError
		if json.NewDecoder(io.LimitReader(answer.Body, 1<<16)).Decode(&e) != nil {
			return nil, errors.New("the server did not understand the question: is it of another version")
		}
		return nil, record.Safef(e.Kind, "%s", e.Message)
	}
	return answer, nil
}

// askWhose fails unless a server has the store of the settings. The socket may be
// another store's: the server says whose it is.
func askWhose(ctx context.Context, s *settings) error {
	var whose serverStatus
	err := ask(ctx, s, "GET", "/status", nil, &whose)
	if err == nil && filepath.Clean(whose.Data) != filepath.Clean(s.get("data")) {
		err = errNotServing
	}
	return err
}

func served(ctx context.Context, s *settings) bool { return askWhose(ctx, s) == nil }

// operate answers a question of the operator: by the running server, or by
// opening the store when none has it. A server that is just starting has the store
// before it has the socket: then it is asked again.
func operate[T any](ctx context.Context, s *settings, method, path string, in any, self func(*operator) (T, error)) (T, error) {
	var out, none T
	for began := time.Now(); ; {
		err := askWhose(ctx, s)
		if err == nil {
			err := ask(ctx, s, method, path, in, &out)
			return out, err
		}
		if !errors.Is(err, errNotServing) {
			return none, err
		}
		st, err := openStore(s, store.Options{})
		if err == nil {
			defer st.Close()
			return self(&operator{store: st, data: s.get("data"), backups: s.backups()})
		}
		if !isOpenElsewhere(err) || time.Since(began) > patience {
			return none, refused(err)
		}
		select {
		case <-ctx.Done():
			return none, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}
