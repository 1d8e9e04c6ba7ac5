package shl

import (
	"context"
	"errors"
	"io"
	"time"

	"carehold/record"
	"carehold/record/healthlink"
	"carehold/record/store"
)

// embedded is how much of the files stands in a manifest, in characters, whatever the
// client would take: it is made in memory, and our own reader takes no larger one.
const embedded = 1 << 20

// manifest lists the files, each of them in it where there is room.
func (a *API) manifest(ctx context.Context, o *store.Opened, t ticket, most *int) (healthlink.Manifest, error) {
	m := healthlink.Manifest{Files: []healthlink.Listed{}}
	room := embedded
	list := func(f healthlink.Listed, n int, write func(io.Writer) error) error {
		each := room
		if most != nil {
			each = min(room, *most)
		}
		text := &within{most: each}
		switch err := write(text); {
		case errors.Is(err, errFull):
			f.Location = a.location(t, n)
		case err != nil:
			return err
		default:
			f.Embedded = string(text.b)
			room -= len(text.b)
		}
		m.Files = append(m.Files, f)
		return nil
	}
	if o.View != nil {
		text, err := a.summary(ctx, o)
		switch {
		case errors.Is(err, record.NotFound): // nobody is in the record to make one of
		case err != nil:
			return m, err
		default:
			now := healthlink.Listed{ContentType: healthlink.FHIR, Status: "can-change", LastUpdated: stamp(a.store.Now())}
			if err := list(now, 0, func(w io.Writer) error { _, err := io.WriteString(w, text); return err }); err != nil {
				return m, err
			}
		}
	}
	files, err := o.List()
	if err != nil {
		return m, err
	}
	for i, f := range files {
		made := healthlink.Listed{ContentType: f.ContentType, Status: "finalized", LastUpdated: stamp(f.Made)}
		if err := list(made, i+1, func(w io.Writer) error { return o.File(i+1, w) }); err != nil {
			return m, err
		}
	}
	return m, nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// summary is made of the record as it is now, and sealed for the link.
func (a *API) summary(ctx context.Context, o *store.Opened) (string, error) {
	b, err := a.summarize(ctx, o.View)
	if err != nil {
		return "", err
	}
	return healthlink.Encrypt(o.Key, healthlink.FHIR, b, true)
}

// within takes so much and no more: how large a file is, its list only says. It has no
// other way in, as a buffer that is embedded would have.
type within struct {
	b    []byte
	most int
}

var errFull = errors.New("no room")

func (w *within) Write(p []byte) (int, error) {
	if len(w.b)+len(p) > w.most {
		return 0, errFull
	}
	w.b = append(w.b, p...)
	return len(p), nil
}
