package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"carehold/httpapi/client"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/export"
	"carehold/record/fhir"
)

// A server takes so many uploads at a time, and so much in all.
const (
	mostUploads     = 6
	mostUploadBytes = 1 << 30
)

// claimed is a Binary whose content is a file of the export.
type claimed struct {
	change.Change
	file export.Document
}

// companion is an entry that points to such Binaries. It goes in with them: a letter
// without its pages would be filed without them.
type companion struct {
	change.Change
	waits int
}

// waits holds back an entry that points to a Binary which is still to come.
func (x *exportImport) waits(c change.Change) bool {
	var on []fhir.Ref
	for _, r := range c.Resource.References() {
		t := fhir.ParseReference(r.Value)
		if e := x.entries[t.Ref]; t.Form == fhir.Relative && e != nil && e.apart && e.from == 0 && !slices.Contains(on, t.Ref) {
			on = append(on, t.Ref)
		}
	}
	w := &companion{c, len(on)}
	for _, ref := range on {
		x.waiting[ref] = append(x.waiting[ref], w)
	}
	return len(on) > 0
}

// claims sends the files, and the entries that take them, some at a time.
func (x *exportImport) claims(ctx context.Context) error {
	for len(x.held) > 0 {
		n, size := 0, int64(0)
		for n < len(x.held) && n < mostUploads && (n == 0 || size+x.sizeOf(x.held[n]) <= mostUploadBytes) {
			size += x.sizeOf(x.held[n])
			n++
		}
		some := x.held[:n]
		x.held = x.held[n:]
		if err := x.claim(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

func (x *exportImport) sizeOf(c *claimed) int64 { return x.Size(c.file.File) }

func (x *exportImport) claim(ctx context.Context, some []*claimed) (err error) {
	var names []string
	defer func() {
		if err != nil { // what nobody will claim
			for _, name := range names {
				_ = x.session.CancelUpload(context.WithoutCancel(ctx), name) // a server drops it by itself in a day
			}
		}
	}()
	var changes []change.Change
	for _, c := range some {
		name, err := x.sendContent(ctx, c)
		if err != nil {
			return err
		}
		names = append(names, name)
		line, err := export.Claim(c.Resource.Bytes(), c.file.File, fhir.UploadURL, client.UploadURI(name))
		if err != nil {
			return badExport(x.path, err)
		}
		if c.Resource, err = fhir.Parse(line, fhir.Limits{}); err != nil {
			return err
		}
		changes = append(changes, c.Change)
		for _, w := range x.waiting[c.Ref] {
			if w.waits--; w.waits == 0 {
				changes = append(changes, w.Change)
			}
		}
		delete(x.waiting, c.Ref)
	}
	before := make([]uint64, len(some))
	for i, c := range some {
		before[i] = x.there[c.Ref].Version
	}
	if err := x.transact(ctx, changes); err != nil {
		return err
	}
	for i, c := range some {
		if x.there[c.Ref].Version != before[i] { // one that is the same was there already
			x.documents++
		}
	}
	return nil
}

// sendContent sends the content of a Binary, and returns the name of the upload.
func (x *exportImport) sendContent(ctx context.Context, c *claimed) (string, error) {
	b, err := x.Content(c.file.File)
	if err != nil {
		return "", badExport(x.path, err)
	}
	defer b.Close()
	at, ok := b.(io.ReaderAt)
	if !ok {
		spool, err := spooled(b)
		if err != nil {
			return "", badExport(x.path, err)
		}
		defer func() { spool.Close(); os.Remove(spool.Name()) }()
		at = spool
	}
	bar := x.app.byteProgress(c.file.File, b.Size())
	defer bar.finish()
	name, err := x.session.Upload(ctx, at, b.Size(), client.Upload{Moved: bar.at})
	if err != nil {
		return "", hinted(fmt.Errorf("%s could not be sent: %w", clean(c.file.File), err), "what was done so far stays; the same command again goes on")
	}
	return name, nil
}

// spooled is a document of a zip that somebody has packed anew, and that cannot be read
// anywhere in it, in a file that is gone when it is closed.
func spooled(b export.Blob) (*os.File, error) {
	f, err := os.CreateTemp("", "carehold-*"+partSuffix)
	if err != nil {
		return nil, err
	}
	if n, err := io.Copy(f, io.LimitReader(b, b.Size()+1)); err != nil || n != b.Size() {
		f.Close()
		os.Remove(f.Name())
		if err == nil {
			err = record.Safef(record.Integrity, "a document is not as long as it was")
		}
		return nil, err
	}
	return f, nil
}
