package healthcard

import (
	"strconv"
	"strings"
	"time"

	"carehold/record"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const maxList = 16 << 20 // a large issuer takes back many cards, at 24 bytes each

// RevocationList is what an issuer took back of one key's cards (SHC, "Revocation").
type RevocationList struct {
	keyID   string
	version int
	before  map[string]time.Time // by rid; the zero time means always
}

// ParseRevocationList reads one.
func ParseRevocationList(b []byte) (*RevocationList, error) {
	var file struct {
		KeyID   string         `json:"kid"`
		Method  string         `json:"method"`
		Version jsontext.Value `json:"ctr"`
		Revoked []string       `json:"rids"`
	}
	if len(b) > maxList || jsontext.Value(b).Kind() != '{' || json.Unmarshal(b, &file) != nil || file.Method != "rid" || file.KeyID == "" {
		return nil, errList
	}
	version, ok := counter(file.Version)
	if !ok {
		return nil, errList
	}
	l := &RevocationList{file.KeyID, version, make(map[string]time.Time, len(file.Revoked))}
	for _, r := range file.Revoked {
		rid, stamp, timed := strings.Cut(r, ".")
		var before time.Time
		if timed {
			s, err := strconv.ParseInt(stamp, 10, 64)
			if err != nil || s <= 0 {
				return nil, errList
			}
			before = time.Unix(s, 0)
		}
		// The same one twice: what takes back more counts.
		if was, again := l.before[rid]; again && (was.IsZero() || !before.IsZero() && before.Before(was)) {
			continue
		}
		l.before[rid] = before
	}
	return l, nil
}

var errList = record.Safef(record.Invalid, "the issuer's list of revoked cards is not in the standard's form")

// revokes reports whether a card was taken back.
func (l *RevocationList) revokes(rid string, issued time.Time) bool {
	before, listed := l.before[rid]
	return listed && (before.IsZero() || issued.Before(before))
}
