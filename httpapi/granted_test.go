package httpapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"carehold/record"
)

// stoppable is a View's part in whileGranted.
type stoppable struct{ stop func() }

func (u *stoppable) OnStop(fn func()) { u.stop = fn }

// TestStoppedOrLess: a request that its grant's end has cut is told what is so, whether the
// grant was stopped or only narrowed.
func TestStoppedOrLess(t *testing.T) {
	u := &stoppable{}
	e := &event{ResponseWriter: httptest.NewRecorder()}
	err := new(Server).whileGranted(e, httptest.NewRequest("GET", "/fhir/Patient", nil), u, func(r *http.Request) error {
		u.stop()
		return r.Context().Err()
	})
	if text := record.SafeText(err); record.KindOf(err) != record.Unauthorized || !strings.Contains(text, "stopped") || !strings.Contains(text, "allows less") || !strings.Contains(text, "ask again") {
		t.Errorf("%v", err)
	}
	if u.stop != nil {
		t.Error("it is still told of, when the request is over")
	}
}
