package clients

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"carehold/record"
	"carehold/record/fetch"
)

// File is the registry's name in a store's folder.
const File = "clients.json"

// Options are what a registry may be told.
type Options struct {
	Fetch fetch.Fetch      // looks up apps that nobody registered; nil: there are none
	Log   *slog.Logger     // nil: nothing is logged
	Now   func() time.Time // nil: time.Now
}

// Registry knows the apps. Its methods may be called at the same time.
type Registry struct {
	path      string
	log       *slog.Logger
	now       func() time.Time
	strangers *strangers // nil: none

	mu      sync.Mutex  // guards what follows
	seen    fs.FileInfo // of the file that was read last; nil: there was none, or it could not be opened
	looked  bool        // it was looked for
	text    string      // what was in it
	list    []Client    // the last that could be read, in the order of the file
	byID    map[string]Client
	origins map[string]bool // of all of them
	err     error           // why what is there now cannot be; nil: it could
	warned  string          // the error that was logged last
	hasGood bool            // there was one that could be read, if only no file
}

// Open makes a registry of the file at path, which need not be there yet. It reads
// nothing: a file that cannot be read is an error of whoever asks.
func Open(path string, o Options) *Registry {
	r := &Registry{path: path, log: o.Log, now: o.Now}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	if r.now == nil {
		r.now = time.Now
	}
	if o.Fetch != nil {
		r.strangers = newStrangers(o.Fetch, r.now)
	}
	return r
}

// TakesUnknown reports whether apps that nobody registered are looked up: what the
// metadata say as client_id_metadata_document_supported.
func (r *Registry) TakesUnknown() bool { return r.strangers != nil }

var errUnknown error = record.Safef(record.NotFound, "this app is not known here: whoever runs this server can register it (carehold client add)")

// Get finds an app by its client_id: a registered one, or one that describes itself, where
// those are taken. NotFound is for one that is not known, Invalid for a URL that is no
// client_id, Unprocessed for an app whose description cannot be used, TooMany and
// Unavailable for what may go in a minute.
func (r *Registry) Get(ctx context.Context, id string) (Client, error) {
	r.mu.Lock()
	r.refresh()
	c, found := r.byID[id]
	hasGood, err := r.hasGood, r.err
	r.mu.Unlock()
	switch {
	case found:
		return c.clone(), nil
	case !hasGood:
		return Client{}, &record.Error{Kind: record.Unavailable, Safe: "the list of apps cannot be read: whoever runs this server finds the reason in its log", Err: err}
	case r.strangers == nil || !IsURL(id):
		return Client{}, errUnknown
	}
	return r.strangers.get(ctx, id)
}

// HasOrigin reports whether an origin is a registered app's. It is asked for every request of
// a browser's, before any is refused for being too many: nothing is copied for it.
func (r *Registry) HasOrigin(origin string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refresh()
	return r.origins[origin]
}

// List returns the registered apps, in the order they were added. Unlike Get it fails
// where the file cannot be read now: whoever asks is about to change it.
func (r *Registry) List() ([]Client, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refresh()
	if r.err != nil {
		return nil, r.err
	}
	out := make([]Client, len(r.list))
	for i, c := range r.list {
		out[i] = c.clone()
	}
	return out, nil
}

// Add registers an app. Its id must not be there yet.
func (r *Registry) Add(c Client) error {
	if err := c.Check(); err != nil {
		return err
	}
	if c.Added.IsZero() {
		c.Added = r.now().UTC().Truncate(time.Second)
	}
	return r.change(func(list []Client) ([]Client, error) {
		if slices.ContainsFunc(list, func(x Client) bool { return strings.EqualFold(x.ID, c.ID) }) {
			return nil, record.Errorf(record.Conflict, "there is an app with the id %s already: remove it first (carehold client remove), or give this one another", c.ID)
		}
		if len(list) >= maxClients {
			return nil, record.Safef(record.TooLarge, "there are %d apps, and no room for more: remove one first (carehold client remove)", maxClients)
		}
		return append(list, c), nil
	})
}

// Remove takes an app out of the registry, and returns it. NotFound if it is not there.
func (r *Registry) Remove(id string) (Client, error) {
	var gone Client
	err := r.change(func(list []Client) ([]Client, error) {
		at := slices.IndexFunc(list, func(x Client) bool { return x.ID == id })
		if at < 0 {
			return nil, record.Errorf(record.NotFound, "there is no app with the id %s", shown(id))
		}
		gone = list[at]
		return slices.Delete(list, at, at+1), nil
	})
	return gone, err
}

// change writes the file anew, with nobody else doing so between reading and writing.
func (r *Registry) change(fn func([]Client) ([]Client, error)) error {
	unlock, err := lock(filepath.Join(filepath.Dir(r.path), "clients.lock"))
	if err != nil {
		return err
	}
	defer unlock()
	list, err := r.List()
	if err != nil {
		return err // nobody's edit is written over
	}
	if list, err = fn(list); err != nil {
		return err
	}
	b, err := format(list)
	if err != nil {
		return err
	}
	return write(r.path, b)
}

// young is how long a file that was just changed is read again whenever it is looked
// at: one that is changed twice within a tick of the disk's clock looks the same.
const young = 2 * time.Second

// refresh looks at the file, and reads it if it is another. The caller holds mu.
func (r *Registry) refresh() {
	info, err := os.Stat(r.path)
	if err == nil && r.looked && r.seen != nil && os.SameFile(info, r.seen) && info.Size() == r.seen.Size() && info.ModTime().Equal(r.seen.ModTime()) {
		if age := r.now().Sub(info.ModTime()); age > young || age < -young {
			return
		}
	}
	text, info, err := read(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = "", nil // no file, no apps
	} else if err == nil && text == "" {
		err = damaged(r.path, "it is empty")
	}
	if err == nil && r.looked && r.err == nil && (r.seen == nil) == (info == nil) && text == r.text {
		r.seen = info
		return
	}
	var list []Client
	if err == nil && text != "" {
		list, err = parse(r.path, []byte(text))
	}
	r.looked, r.seen, r.text, r.err = true, info, text, err
	if err != nil {
		if r.warned != err.Error() {
			r.warned = err.Error()
			in := "none can sign in"
			if r.hasGood {
				in = "those that were there before stay in force"
			}
			r.log.Warn("the list of apps cannot be read: "+in, "file", r.path, "error", err.Error()) // of the operator's own file
		}
		return
	}
	r.warned, r.hasGood, r.list = "", true, list
	r.byID, r.origins = make(map[string]Client, len(list)), map[string]bool{}
	for _, c := range list {
		r.byID[c.ID] = c
		for _, o := range c.Origins {
			r.origins[o] = true
		}
	}
}

// read reads the file, with what it was like when it was opened.
func read(path string) (string, fs.FileInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", nil, err
	}
	switch {
	case !info.Mode().IsRegular():
		return "", info, damaged(path, "it is no file")
	case info.Size() > maxFile:
		return "", info, damaged(path, "it is larger than 1 MiB")
	case info.Mode().Perm()&0o022 != 0 && runtime.GOOS != "windows": // which has no modes
		return "", info, record.Safef(record.Unavailable, "others on this machine could have written %s, and nothing in it is believed: look through it, then chmod 600 %s", path, path)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = damaged(path, "it is larger than 1 MiB")
	}
	return string(b), info, err
}
