package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/fhir"
)

// send sends the changes, as one piece but for the largest sources. A Ctrl-C is
// heard between two pieces: what was sent goes in, for nobody can call it back.
func (im *importer) send(ctx context.Context, r *imported, changes []change.Change) error {
	for at := 0; at < len(changes); {
		n := im.piece(changes[at:])
		im.sending(r, changes[at:at+n], at, len(changes))
		told := context.AfterFunc(ctx, func() {
			im.app.note("It is sent already: waiting for the server to say that it is in. Ctrl-C again ends without waiting.")
		})
		err := im.transaction(context.WithoutCancel(ctx), r, changes[at:at+n])
		told()
		if err != nil {
			if at == 0 {
				return hinted(err, "nothing was imported from "+clean(r.Source))
			}
			return hinted(fmt.Errorf("after %d of %d entries: %w", at, len(changes), err), "what was done so far stays; the same command again goes on")
		}
		at += n
		if im.app.json {
			if err := im.app.status(doneJSON{at, len(changes)}); err != nil {
				return err
			}
		}
		if ctx.Err() != nil && at < len(changes) {
			return coded(exitInterrupted, fmt.Errorf("interrupted after %s of %d entries", thousands(at), len(changes)),
				"the same command again goes on; carehold imports undo "+r.ID.String()+" takes back what is there")
		}
	}
	return nil
}

type doneJSON struct {
	Done  int `json:"done"`
	Total int `json:"total"`
}

// sending says what goes out next. It is one request, and nobody can see into it:
// a bar would stand still, and then be gone.
func (im *importer) sending(r *imported, piece []change.Change, done, total int) {
	size, of := 0, ""
	for _, c := range piece {
		size += len(c.Resource.Bytes())
	}
	if len(piece) < total {
		of = fmt.Sprintf(", %s of %s are in", thousands(done), thousands(total))
	}
	im.app.note("%s: sending %s (%s)%s …", clean(r.Source), entriesOf(len(piece)), megabytes(size), of)
}

// megabytes is a size as people say it.
func megabytes(n int) string {
	switch {
	case n < 1000:
		return plural(n, "byte", "bytes")
	case n < 999_500:
		return fmt.Sprintf("%d kB", (n+500)/1000)
	}
	return fmt.Sprintf("%d MB", (n+500_000)/1_000_000)
}

// piece is how many changes go into the next transaction.
func (im *importer) piece(changes []change.Change) int {
	most, size := im.most, 0
	if most == 0 {
		most = pieceEntries
	}
	for n, c := range changes {
		if size += len(c.Resource.Bytes()); n == most || n > 0 && size > pieceBytes {
			return n
		}
	}
	return len(changes)
}

// transaction sends one transaction. An entry that the server refuses must not
// keep the others out: it is left out, and all the others go again, together.
func (im *importer) transaction(ctx context.Context, r *imported, changes []change.Change) error {
	refused := map[string]bool{}
	for len(changes) > 0 {
		body, err := transactionOf(changes)
		if err != nil {
			return err
		}
		send := im.session.Transaction
		if im.ownExport {
			send = im.session.TransactionOfOwn
		}
		answer, err := send(ctx, body, entry.Origin{Import: r.ID, Source: r.Source})
		if err == nil {
			n := leadTo(changes, refused)
			r.Dangling, r.LeadOut = r.Dangling+n, r.LeadOut+n
			return im.taken(r, changes, answer)
		}
		bad, ok := refusedEntry(err, changes)
		if !ok {
			return err
		}
		x := changes[bad]
		reason := withoutPlace(errorText(err))
		if record.KindOf(err) == record.NotFound {
			reason = "its content is said to be with the server already, and is not there"
		}
		refused[x.Ref.String()] = true
		r.Refused = append(r.Refused, refusal{FullURL: x.FullURL, Refusal: change.Refusal{Index: x.Index,
			Ref: fhir.Ref{Type: x.Ref.Type, ID: x.Resource.ID()}, Reason: reason}})
		changes = append(append([]change.Change(nil), changes[:bad]...), changes[bad+1:]...)
	}
	return nil
}

func transactionOf(changes []change.Change) ([]byte, error) {
	var body bytes.Buffer
	w := change.NewBundleWriter(&body, change.BundleHead{Type: "transaction"})
	for _, c := range changes {
		if err := w.Entry(change.BundleEntry{Resource: c.Resource.With(fhir.Meta{ID: c.Ref.ID}), Method: "PUT", URL: c.Ref.String()}); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return body.Bytes(), err
}

var entryPath = regexp.MustCompile(`^Bundle\.entry\[(\d+)\]`)

// refusedEntry tells which of the entries sent the server refused, if it was one
// of them and not the whole.
func refusedEntry(err error, sent []change.Change) (int, bool) {
	alone := len(sent) == 1
	switch record.KindOf(err) {
	case record.Invalid, record.Unprocessed, record.TooLarge, record.Unsupported:
	case record.NotFound: // an upload that the entry says it is the content of
		alone = alone && bytes.Contains(sent[0].Resource.Bytes(), []byte(fhir.UploadURL))
	default:
		return 0, false
	}
	if alone {
		return 0, true
	}
	e, ok := errors.AsType[*record.Error](err)
	if !ok {
		return 0, false
	}
	m := entryPath.FindStringSubmatch(e.Path)
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	return n, err == nil && n < len(sent)
}

// taken counts what came of a transaction: the version says whether anything changed.
func (im *importer) taken(r *imported, changes []change.Change, answer []byte) error {
	versions, err := versionsOf(answer, len(changes))
	if err != nil {
		return err
	}
	for i, c := range changes {
		now := message.EntryInfo{Type: c.Ref.Type, ID: c.Ref.ID, Version: versions[i], Source: r.Source, Section: im.there[c.Ref].Section}
		switch was := im.there[c.Ref]; {
		case was.Version == 0:
			r.New++
		case was.Version == now.Version:
			now.Source = was.Source // as it was written by hand, it may be
			r.Same++
		case was.Deleted:
			r.Back++
		default:
			r.Changed++
		}
		im.there[c.Ref] = now
	}
	return nil
}

// versionsOf are the versions in the answer to a transaction, in its order.
func versionsOf(answer []byte, sent int) ([]uint64, error) {
	misfit := errors.New("the server's answer does not fit what was sent")
	var b struct {
		Entry []struct {
			Response struct {
				ETag string `json:"etag"`
			} `json:"response"`
		} `json:"entry"`
	}
	if err := json.Unmarshal(answer, &b); err != nil || len(b.Entry) != sent {
		return nil, misfit
	}
	versions := make([]uint64, sent)
	for i, e := range b.Entry {
		var err error
		if versions[i], err = strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(e.Response.ETag, `W/"`), `"`), 10, 64); err != nil {
			return nil, misfit
		}
	}
	return versions, nil
}
