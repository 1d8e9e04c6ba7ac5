package clients

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"carehold/record"
)

const (
	version    = 1
	maxClients = 1000
	maxFile    = 1 << 20
)

// registry is the document, as it is on disk.
type registry struct {
	Version int      `json:"version"`
	Clients []Client `json:"clients"`
}

// damaged says which file, and what to do. Its text is safe to log: it holds nothing of
// the file but the names of members.
func damaged(path, wrong string) error {
	return record.Safef(record.Unavailable, "%s cannot be read: %s. Mend it, or put back the copy you made before; no app is added or removed until then", path, wrong)
}

// parse reads the registry strictly: an unknown member, a member twice, anything after
// the end and any client that would not be added are refused, the whole of it.
func parse(path string, b []byte) ([]Client, error) {
	var probe struct {
		Version int `json:"version"`
	}
	if json.Unmarshal(b, &probe) == nil && probe.Version != version {
		return nil, damaged(path, fmt.Sprintf("it is of version %d, and this program knows version %d", probe.Version, version))
	}
	var r registry
	if err := json.Unmarshal(b, &r, json.RejectUnknownMembers(true)); err != nil {
		return nil, damaged(path, syntax(b, err))
	}
	if len(r.Clients) > maxClients {
		return nil, damaged(path, fmt.Sprintf("it has more than %d clients", maxClients))
	}
	seen := make(map[string]bool, len(r.Clients))
	for i := range r.Clients {
		c := &r.Clients[i]
		if err := c.Check(); err != nil {
			return nil, damaged(path, fmt.Sprintf("client %d: %s", i+1, err))
		}
		if c.Added.IsZero() {
			return nil, damaged(path, fmt.Sprintf("client %d: it must say when it was added", i+1))
		}
		if id := strings.ToLower(c.ID); seen[id] {
			return nil, damaged(path, fmt.Sprintf("client %d: another has the id %s", i+1, shown(c.ID)))
		} else {
			seen[id] = true
		}
		c.Verified = true
	}
	return r.Clients, nil
}

// syntax says what is wrong with the JSON, and in which line.
func syntax(b []byte, err error) string {
	at, what := int64(-1), "it is not the JSON that is expected"
	var syntactic *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case errors.As(err, &syntactic):
		at, what = syntactic.ByteOffset, "it is not JSON"
		if errors.Is(err, jsontext.ErrDuplicateName) {
			what = "it has " + shown(syntactic.JSONPointer.LastToken()) + " twice in one place"
		}
	case errors.As(err, &semantic):
		at = semantic.ByteOffset
		name := semantic.JSONPointer.LastToken()
		if what = shown(name) + " is not of the kind it should be"; errors.Is(err, json.ErrUnknownName) {
			what = "there is no setting " + shown(name) + " of a client"
		}
	}
	if at >= 0 && at <= int64(len(b)) {
		what += fmt.Sprintf(", in line %d", 1+bytes.Count(b[:at], []byte("\n")))
	}
	return what
}

func format(list []Client) ([]byte, error) {
	b, err := json.Marshal(registry{version, list}, jsontext.WithIndent("  "), json.FormatNilSliceAsNull(false))
	if err == nil && len(b) >= maxFile {
		err = record.Safef(record.TooLarge, "the list of apps would be larger than 1 MiB: remove one first (carehold client remove)")
	}
	return append(b, '\n'), err
}

// write puts a file of mode 0600 in place of another in one step, and makes it last.
func write(path string, b []byte) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	if runtime.GOOS == "windows" {
		return nil // which has no way to make a name last
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
