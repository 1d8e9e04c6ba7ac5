package store_test

import (
	"errors"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/keys"
	"carehold/record/store"
)

// TestOAuthCrash cuts each act at each of its commits, before it is written and after.
// What is found afterwards is as it was before, or done; nobody has more than one lot of
// tokens for a code, and who tries again is served, but where what was presented had its
// turn already: then the grant stops, as for any replay.
func TestOAuthCrash(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		prepare func(o *oauth) crypto.Credential
		act     func(o *oauth, c crypto.Credential) error
		commits int
		turn    int   // the commit in which what is presented has its turn
		twice   error // of doing it again when it is done; nil: it can be done again
	}{
		{"answer to code", func(o *oauth) crypto.Credential { c, _ := o.asked(o.forApp(), appScope); return c },
			func(o *oauth, c crypto.Credential) error {
				a, err := o.s.Answer(ctx, c)
				if err != nil {
					return err
				}
				defer a.Close()
				code, err := a.Code(ctx, o.codeFor())
				if err == nil {
					_, err = o.exchange(code)
				}
				return err
			}, 7, 3, record.NotFound},
		{"code to tokens", func(o *oauth) crypto.Credential { c, _ := o.code(o.forApp(), appScope); return c },
			func(o *oauth, c crypto.Credential) error {
				x, err := o.exchange(c)
				if err == nil {
					err = o.reads(x.Access)
				}
				return err
			}, 5, 4, store.ErrGrant},
		{"refresh", func(o *oauth) crypto.Credential { x, _ := o.tokens(appScope); return x.Refresh },
			func(o *oauth, c crypto.Credential) error {
				x, err := o.refresh(c)
				if err == nil {
					err = o.reads(x.Access)
				}
				return err
			}, 4, 0, nil},
		{"give back", func(o *oauth) crypto.Credential { x, _ := o.tokens(appScope); return x.Refresh },
			func(o *oauth, c crypto.Credential) error { return o.s.GiveBack(ctx, c, o.by) }, 2, 0, nil},
		{"ask", func(o *oauth) crypto.Credential { return o.d.address(time.Time{}) },
			func(o *oauth, c crypto.Credential) error {
				request := crypto.NewCredential(crypto.Request)
				return o.s.Ask(ctx, c, request.CapsuleID(), questionOf(request))
			}, 1, 0, nil},
		{"say no", func(o *oauth) crypto.Credential {
			address := o.d.address(time.Time{})
			return o.asks(address)
		}, func(o *oauth, c crypto.Credential) error {
			me := o.d.session()
			no, err := keys.SealAnswer(c.CapsuleID(), c.BoxKey().Public().Bytes(), keys.Answer{Person: o.d.person, Until: o.now.Add(time.Hour)})
			if err == nil {
				err = me.PutAnswer(ctx, no)
			}
			if errors.Is(err, record.Conflict) { // put before the crash: all that is left is to put the request away
				err = me.DropAsk(ctx, c.CapsuleID())
			}
			if err == nil {
				_, err = o.s.Answer(ctx, c)
			}
			if err == nil && len(o.waiting()) != 0 {
				err = errors.New("it waits")
			}
			return err
		}, 3, 0, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o := newOAuth(t)
			with := c.prepare(o)
			start, cuts := o.engine, 0
			for n := 1; ; n++ {
				hit := false
				for _, cut := range []int{1, 2} {
					o.engine = start.fork()
					o.boot()
					if c.name == "say no" {
						o.d.t = t
					}
					o.engine.crash, o.engine.cut = n, cut
					err := func() (err error) {
						defer func() { // the test's own helpers give up where the store does
							if x := recover(); x != nil {
								err = errors.New("down")
							}
						}()
						return c.act(&oauth{t: quiet{t}, now: o.now, s: o.s, d: o.d.quietly(t), by: o.by, engine: o.engine}, with)
					}()
					if hit = o.engine.down; !hit {
						if err != nil {
							t.Fatalf("without a cut: %v", err)
						}
						break
					}
					cuts++
					if err == nil && cut == 1 && n < c.commits {
						t.Errorf("commit %d was lost, and yet it was done", n)
					}
					o.boot()
					again := c.act(o, with)
					switch {
					case again == nil:
					case c.twice != nil && errors.Is(again, c.twice) && (n > c.turn || n == c.turn && cut == 2): // it had its turn
					default:
						t.Errorf("commit %d, cut %d: again: %v", n, cut, again)
					}
					third := c.act(o, with)
					if c.twice != nil && !errors.Is(third, c.twice) {
						t.Errorf("commit %d, cut %d: done, and done once more: %v", n, cut, third)
					}
				}
				if !hit {
					break
				}
			}
			if cuts < 2*c.commits {
				t.Errorf("%d cuts of %d commits", cuts, c.commits)
			}
			t.Logf("%d cuts", cuts)
		})
	}
}

// quiet is a test whose helpers end the act and not the test.
type quiet struct{ testing.TB }

func (quiet) Helper()               {}
func (quiet) Fatal(...any)          { panic("down") }
func (quiet) Fatalf(string, ...any) { panic("down") }

// quietly is the device, for acts that are cut.
func (d *device) quietly(t testing.TB) *device {
	c := *d
	c.t = quiet{t}
	return &c
}
