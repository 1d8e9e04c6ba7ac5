package oauth

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"carehold/record"
	"carehold/record/grant"
	"carehold/record/keys"
)

// Once it is asked, what was asked is sealed to the person, and this server cannot say it
// again. So that the page that waits can, the browser keeps it, in a cookie beside the
// one of the request: no secret, and nothing but the page goes by it.
//
//	<end, in seconds since 1970>.<sections, a bit each, in hexadecimal>.<scope's place in the form>.<days>

// askedFor is what the page says of it.
type askedFor struct {
	Sections []string
	Do       string
	Days     int
	Until    string
}

const keptMost = 80 // bytes

func (a *API) keepAsked(w http.ResponseWriter, tab string, x keys.Question, until time.Time) {
	do := slices.IndexFunc(formScopes, func(c choice) bool { return c.Value == x.Scope })
	text := strings.Join([]string{strconv.FormatInt(until.Unix(), 10), strconv.FormatUint(uint64(x.Sections), 16), strconv.Itoa(do),
		strconv.Itoa(int(x.Lasts / (24 * time.Hour)))}, ".")
	a.keepCookie(w, tab+keptName, text, until)
}

const keptName = "-asked"

// keptAsked is what a browser kept; nothing where that cannot be read.
func (a *API) keptAsked(r *http.Request, tab string) askedFor {
	found := r.CookiesNamed(a.cookie(tab + keptName))
	if len(found) != 1 {
		return askedFor{}
	}
	x, _ := parseKept(found[0].Value)
	return x
}

func parseKept(text string) (x askedFor, ok bool) {
	part := strings.Split(text, ".")
	if len(text) > keptMost || len(part) != 4 {
		return askedFor{}, false
	}
	until, err1 := strconv.ParseInt(part[0], 10, 40)
	sections, err2 := strconv.ParseUint(part[1], 16, 32)
	do, err3 := strconv.Atoi(part[2])
	days, err4 := strconv.Atoi(part[3])
	set := record.SectionSet(sections)
	if err1 != nil || err2 != nil || err3 != nil || err4 != nil || uint64(set) != sections || !set.Valid() || until < 0 ||
		do < 0 || do >= len(formScopes) || days < 0 || days > maxAskedDays {
		return askedFor{}, false
	}
	for _, s := range set.List() {
		x.Sections = append(x.Sections, theirs(s))
	}
	end := time.Unix(until, 0)
	x.Do, x.Days, x.Until = formScopes[do].Words, days, ends(&end)
	return x, true
}

// theirs is a section as one says it who asks the person.
func theirs(s record.Section) string {
	return strings.NewReplacer("to you", "to them", "who you are", "who they are", "looks after you", "looks after them").Replace(sectionWords[s])
}

// mayDo says what a token may do, to whoever asked at an address.
func mayDo(scope string) string {
	asked, err := grant.ParseRequested(scope)
	if err != nil {
		return ""
	}
	var verbs grant.Verbs
	for _, s := range asked.Scopes {
		verbs |= s.Verbs
	}
	var may []string
	for _, v := range verbWords {
		if verbs&v.verbs != 0 {
			may = append(may, v.word)
		}
	}
	if n := len(may); n > 1 {
		return strings.Join(may[:n-1], ", ") + " and " + may[n-1]
	}
	return strings.Join(may, "")
}
