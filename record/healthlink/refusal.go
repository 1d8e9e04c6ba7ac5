package healthlink

import (
	"fmt"
	"strconv"
	"time"

	"carehold/record"
	"carehold/record/fetch"
	"github.com/go-json-experiment/json"
)

// NeedsPasscode is what Open says when a link needs a passcode and was given none:
// no try was spent.
var NeedsPasscode = record.Safef(record.Unauthorized, "the link needs a passcode: ask whoever gave you the link, in another way than you got it")

// WrongPasscode is the cause, under record.Unauthorized, of a passcode that the
// server did not take.
type WrongPasscode struct {
	Remaining int // tries that are left; -1 when the server does not say
}

func (w *WrongPasscode) Error() string { return "the passcode is wrong" }

func wrongPasscode(remaining int) error {
	text := "the passcode is not right: ask whoever gave you the link"
	switch {
	case remaining == 0:
		text = "the passcode is not right, and that was the last try: ask for a new link"
	case remaining == 1:
		text = "the passcode is not right. One try is left, then the link is switched off: make sure first"
	case remaining > 1:
		text = fmt.Sprintf("the passcode is not right. %d tries are left, then the link is switched off", remaining)
	}
	return &record.Error{Kind: record.Unauthorized, Safe: text, Shown: text, Err: &WrongPasscode{remaining}}
}

// refusal is what an answer that is not 200 means to the person.
func refusal(a fetch.Answer, location bool, now time.Time) error {
	switch a.Status {
	case 200:
		return nil
	case 401:
		return wrongPasscode(remaining(a.Body))
	case 404, 410:
		if location { // good for an hour, or for once (SHL, ".files.location links")
			return record.Safef(record.NotFound, "a file of the link was no longer where the link said: open the link once more, it may be elsewhere now")
		}
		return record.Safef(record.NotFound, "the link is no longer good: it was stopped, has expired, or was used up. Ask for a new one")
	case 429:
		if w := wait(a.RetryAfter, now); w > 0 {
			return record.Safef(record.TooMany, "the link was asked too often: try again in %s", w)
		}
		return record.Safef(record.TooMany, "the link was asked too often: try again in a few minutes")
	}
	if a.Status >= 500 {
		return record.Safef(record.Unavailable, "the link's server has a fault of its own (%d): try again later", a.Status)
	}
	return record.Safef(record.Invalid, "the link's server does not answer as a SMART Health Link's does (%d): check that you have all of the link, or ask for a new one", a.Status)
}

// remaining reads the number of tries left (SHL, "Manifest Request"): -1 when it is
// not there, or is no such number.
func remaining(b []byte) int {
	var said struct {
		Attempts *int `json:"remainingAttempts"`
	}
	if json.Unmarshal(b, &said) != nil || said.Attempts == nil || *said.Attempts < 0 {
		return -1
	}
	return *said.Attempts
}

// httpDate is how a date is written in a header (RFC 9110 §5.6.7).
const httpDate = "Mon, 02 Jan 2006 15:04:05 GMT"

// wait reads Retry-After (RFC 9110 §10.2.3), of at most a week.
func wait(retryAfter string, now time.Time) time.Duration {
	const week = 7 * 24 * time.Hour
	if s, err := strconv.Atoi(retryAfter); err == nil {
		return min(time.Duration(max(s, 0))*time.Second, week)
	}
	if t, err := time.Parse(httpDate, retryAfter); err == nil && t.After(now) {
		return min(t.Sub(now).Round(time.Second), week)
	}
	return 0
}
