package store

import (
	"encoding/base64"

	"carehold/record"
	"carehold/record/keys"
	"carehold/record/wire"
)

// MaxPage is the most entries a page of a list has, and maxPageBytes where a page
// ends though more would fit: a page of large letters must not fill the memory. A
// page has at least one entry.
const (
	MaxPage      = 500
	maxPageBytes = 16 << 20
)

// NotCounted is the Total of a page that nobody wanted counted.
const NotCounted = -1

// Asked is what a list was asked for with. The store makes nothing of it: it goes
// into the token of the next page and comes out of it (OpenPage), so that a link to
// that page need not say in the clear what is searched for.
type Asked struct {
	Path  string // Observation, Patient/x/_history
	Query string // what follows the question mark
}

// maxAskedText is how long a search may be that goes on on another page: its link
// is a URL.
const maxAskedText = 8 << 10

// A page's token is for whoever has a token of the grant, and nobody else: sealed
// under a key of the grant, with a nonce of its own each time.
const (
	tagPath     = 1
	tagQuery    = 2
	tagPosition = 3
	tagList     = 4 // what sort of list the position is in
	tagFill     = 5 // zeros: a token's length says little of the search's
	pageFill    = 64
)

const (
	ofSearch  = 1
	ofHistory = 2
	ofExport  = 3
)

var (
	errPage     error = record.Safef(record.Invalid, "this is not a page of this list: begin again without _page").At("_page")
	errLongList error = record.Safef(record.TooLarge, "a search of more than %d bytes cannot go on on another page: ask for less, or for more at once with _count", maxAskedText)
)

// nextPage seals the end of a page.
func (v *View) nextPage(list uint64, a Asked, position []byte) (string, error) {
	if len(a.Path)+len(a.Query) > maxAskedText {
		return "", errLongList
	}
	var w wire.Builder
	w.String(tagPath, a.Path)
	w.String(tagQuery, a.Query)
	w.Bytes(tagPosition, position)
	w.Uint(tagList, list)
	w.Bytes(tagFill, make([]byte, 1+(pageFill-(len(a.Path)+len(a.Query)+len(position))%pageFill)))
	plain := w.Finish()
	key := v.token.PageKey()
	defer key.Destroy()
	return base64.RawURLEncoding.EncodeToString(key.Seal(keys.PageContext(v.person, v.token.Grant), plain)), nil
}

// FirstOfSearch is a token of a search's first page, which says as little as those of
// the others.
func (v *View) FirstOfSearch(a Asked) (string, error) { return v.nextPage(ofSearch, a, nil) }

// FirstOfHistory is a token of a history's first page.
func (v *View) FirstOfHistory(a Asked) (string, error) { return v.nextPage(ofHistory, a, nil) }

// OpenPage tells what the list was asked for with that a page's token is of.
// Another grant's token, and one that was altered, is record.Invalid.
func (v *View) OpenPage(token string) (Asked, error) {
	a, _, _, err := v.openPage(token)
	return a, err
}

func (v *View) openPage(token string) (a Asked, list uint64, position []byte, err error) {
	if v.closed {
		return a, 0, nil, errUnauthorized
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return a, 0, nil, errPage
	}
	key := v.token.PageKey()
	defer key.Destroy()
	plain, err := key.Open(keys.PageContext(v.person, v.token.Grant), sealed)
	if err != nil {
		return a, 0, nil, errPage
	}
	d := wire.Decode("page", plain)
	a.Path, a.Query, position = d.String(tagPath), d.String(tagQuery), d.Bytes(tagPosition)
	list = d.Uint(tagList)
	d.Bytes(tagFill)
	if d.Finish() != nil {
		return a, 0, nil, errPage
	}
	return a, list, position, nil
}

// position is where a page begins: behind the end of the one before, nil for the
// first, whose own token has none.
func (v *View) position(list uint64, page string, a Asked) ([]byte, error) {
	if page == "" {
		return nil, nil
	}
	was, of, position, err := v.openPage(page)
	if err == nil && (was != a || of != list) {
		err = errPage
	}
	if len(position) == 0 {
		position = nil
	}
	return position, err
}

func pageLimit(n int) error {
	if n < 0 || n > MaxPage {
		return record.Safef(record.Invalid, "a page has from 0 to %d entries", MaxPage)
	}
	return nil
}
