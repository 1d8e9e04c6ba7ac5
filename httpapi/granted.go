package httpapi

import (
	"context"
	"net/http"
	"time"

	"carehold/record"
)

// lastWord is how long a request whose grant was stopped, or came to allow less, has to
// be told so.
const lastWord = time.Second

// whileGranted runs what serves a request, as long as its grant is not stopped, and does not
// come to allow less. Then it waits for nothing any more, no more of its body is read, and
// an answer that is taken slowly is cut: its places are free for others. Which of the two
// it was nobody looks at: who asks again is told, or answered.
func (s *Server) whileGranted(e *event, r *http.Request, v interface{ OnStop(func()) }, serve func(*http.Request) error) error {
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	stopped := record.Safef(record.Unauthorized, "the grant was stopped meanwhile, or allows less now: ask again, and what it still allows is answered")
	c := http.NewResponseController(e.ResponseWriter) // as it is now: what serves may put another in its place
	v.OnStop(func() {
		cancel(stopped)
		now := time.Now()
		_ = c.SetReadDeadline(now)
		_ = c.SetWriteDeadline(now.Add(lastWord))
	})
	defer v.OnStop(nil) // and not while the answer is over
	err := serve(r.WithContext(ctx))
	if err != nil && context.Cause(ctx) == error(stopped) {
		return stopped
	}
	return err
}
