package main

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"
)

// byteProgress is progress for bytes on a line: a bar on a terminal, else a line every
// ten seconds, JSON with --json.
type byteProgress struct {
	app   *app
	what  string
	total int64
	bar   *progressbar.ProgressBar
	said  time.Time

	begun time.Time // when the first of it had moved
	from  int64     // what was there then: of work that goes on, that is no speed
}

// smallest is what goes without a word.
const smallest = 1 << 20

func (a *app) byteProgress(what string, total int64) *byteProgress {
	p := &byteProgress{app: a, what: clean(what), total: total, said: time.Now()}
	if !a.quiet && !a.json && a.atTerminal() && total > smallest {
		p.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(a.stderr), progressbar.OptionSetDescription(p.what),
			progressbar.OptionSetWidth(24), progressbar.OptionSetPredictTime(false), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(), progressbar.OptionSetSpinnerChangeInterval(0))
	}
	return p
}

// at says that so much is done.
func (p *byteProgress) at(n int64) {
	switch {
	case p.bar != nil:
		p.bar.Describe(p.words(n, time.Now()))
		_ = p.bar.Set64(n)
	case p.app.json:
		if time.Since(p.said) > time.Second || n == p.total {
			p.said = time.Now()
			_ = p.app.status(struct {
				Done  int64 `json:"done_bytes"`
				Total int64 `json:"total_bytes"`
			}{n, p.total})
		}
	case time.Since(p.said) > 10*time.Second && !p.app.quiet:
		p.said = time.Now()
		fmt.Fprintf(p.app.stderr, "%s: %s of %s\n", p.what, bytesOf(n), bytesOf(p.total))
	}
}

// words are how much is done of what, and how fast: not before that can be known.
func (p *byteProgress) words(n int64, now time.Time) string {
	if p.begun.IsZero() {
		p.begun, p.from = now, n
	}
	text := p.what + ": " + bytesOf(n) + " of " + bytesOf(p.total)
	if took := now.Sub(p.begun); took >= time.Second && n > p.from {
		text += ", " + bytesOf(int64(float64(n-p.from)/took.Seconds())) + " a second"
	}
	return text
}

func (p *byteProgress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}

// bytesOf is a size as people say it.
func bytesOf(n int64) string {
	switch {
	case n < 1000:
		return plural(int(n), "byte", "bytes")
	case n < 999_500:
		return fmt.Sprintf("%d kB", (n+500)/1000)
	case n < 100_000_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%d MB", (n+500_000)/1_000_000)
}
