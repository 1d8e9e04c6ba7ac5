package app

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	"carehold/httpapi/web"
	"carehold/record"
	"carehold/record/store"
)

// Settings leads to what can be set.
func (a *App) Settings(w http.ResponseWriter, r *http.Request, v *store.View) error {
	return a.pages.Render(w, r, web.Page{File: "settings", Title: a.pages.T(r, "settings.title"), Data: "/app/settings/details"})
}

// Devices are the ways into the record. Which they are is in the person's keyring, which
// their browser alone can read: the page's script shows them.
func (a *App) Devices(w http.ResponseWriter, r *http.Request, v *store.View) error {
	return a.pages.Render(w, r, web.Page{File: "settingsdevices", Title: a.pages.T(r, "settings.devices"), Core: true, Script: "settings.mjs", Words: []string{"settings.js.", "unlock.js."}})
}

// Recovery makes a new recovery sheet, in the browser.
func (a *App) Recovery(w http.ResponseWriter, r *http.Request, v *store.View) error {
	return a.pages.Render(w, r, web.Page{File: "settingsrecovery", Title: a.pages.T(r, "settings.recovery"), Core: true, Script: "settings-recovery.mjs",
		Words: []string{"settings.js.", "unlock.js."}})
}

// Export says what can be taken out.
func (a *App) Export(w http.ResponseWriter, r *http.Request, v *store.View) error {
	return a.pages.Render(w, r, web.Page{File: "settingsexport", Title: a.pages.T(r, "settings.export")})
}

// Exported is the whole record as it is now: FHIR, an entry in each line, the files of
// letters among them. It is written as it is read, and is as long as the record is.
func (a *App) Exported(w http.ResponseWriter, r *http.Request, v *store.View) error {
	ctx := r.Context()
	token, err := v.BeginExport(ctx, store.Asked{})
	if err != nil {
		return err
	}
	x, err := v.OpenExport(token)
	if err != nil {
		return err
	}
	files, err := v.ExportFiles(ctx, x, nil, time.Time{})
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/fhir+ndjson")
	h.Set("Content-Disposition", `attachment; filename="my-record-`+x.At.Local().Format(time.DateOnly)+`.ndjson"`)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	out := bufio.NewWriterSize(w, 64<<10)
	for _, f := range files {
		if f.Deleted {
			continue
		}
		part, err := v.ExportFile(ctx, x, f, nil, time.Time{})
		if err != nil {
			return err
		}
		err = part.Each(ctx, func(e store.Entry) error {
			if e.Header.Content != nil { // a file: it is not held, and goes out as it is opened
				c, err := v.ContentOf(e)
				if err != nil {
					return err
				}
				if err := away(c.JSON(oneLine{out})); err != nil {
					return err
				}
			} else {
				var line bytes.Buffer
				if err := json.Compact(&line, e.Body); err != nil {
					return record.Safef(record.Internal, "writing an entry")
				}
				if _, err := out.Write(line.Bytes()); err != nil {
					return away(err)
				}
			}
			return away(out.WriteByte('\n'))
		})
		if err != nil {
			return err
		}
	}
	return away(out.Flush())
}

// Delete is where the whole record is deleted, by the person's own keys: in the browser.
func (a *App) Delete(w http.ResponseWriter, r *http.Request, v *store.View) error {
	list, err := v.List(r.Context())
	if err != nil {
		return err
	}
	d := struct {
		Entries int
		Word    string
	}{Word: a.pages.T(r, "settings.delete.word")}
	for _, e := range list {
		if !e.Header.Deleted {
			d.Entries++
		}
	}
	return a.pages.Render(w, r, web.Page{File: "settingsdelete", Title: a.pages.T(r, "settings.delete"), Core: true, Script: "settings-delete.mjs",
		Words: []string{"settings.js.", "unlock.js."}, Data: d})
}

// oneLine leaves out line ends: between the members of JSON they are white space, and in
// its texts there are none.
type oneLine struct{ w *bufio.Writer }

func (o oneLine) Write(b []byte) (int, error) {
	for _, c := range b {
		if c == '\n' || c == '\r' {
			continue
		}
		if err := o.w.WriteByte(c); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}
