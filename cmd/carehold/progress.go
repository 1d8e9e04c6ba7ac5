package main

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress tells how far long work has come: a bar on a terminal, else a line
// every ten seconds, JSON with --json.
type progress struct {
	app   *app
	what  string
	total int
	done  int
	bar   *progressbar.ProgressBar
	said  time.Time
}

func (a *app) progress(what string, total int) *progress {
	p := &progress{app: a, what: what, total: total, said: time.Now()}
	if !a.quiet && !a.json && a.atTerminal() {
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(a.stderr), progressbar.OptionSetDescription(what),
			progressbar.OptionSetWidth(24), progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(false),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetSpinnerChangeInterval(0)) // or it is drawn behind our back, also after the end
		_ = p.bar.RenderBlank() // from now on it counts the time
	}
	return p
}

func (p *progress) add(n int) {
	p.done += n
	switch {
	case p.bar != nil:
		_ = p.bar.Add(n)
	case p.app.json:
		_ = p.app.status(struct {
			Done  int `json:"done"`
			Total int `json:"total"`
		}{p.done, p.total})
	case time.Since(p.said) > 10*time.Second && !p.app.quiet:
		p.said = time.Now()
		fmt.Fprintf(p.app.stderr, "%s: %s of %s\n", p.what, thousands(p.done), entriesOf(p.total))
	}
}

func (p *progress) finish() {
	if p.bar != nil {
		if p.total < 0 { // it cannot be full, so it would not clear its line
			fmt.Fprintf(p.app.stderr, "\r%*s\r", p.app.noteColumns()-1, "")
			return
		}
		_ = p.bar.Finish()
	}
}
