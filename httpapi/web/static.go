package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"

	"carehold/record"
)

//go:embed ui
var uiFiles embed.FS

// static is a file that is the same for everybody.
type static struct {
	content   []byte
	mediaType string
	etag      string
}

const serviceWorker = "sw.js"

// mediaTypes are those of what lies under ui.
var mediaTypes = map[string]string{
	".mjs":         "text/javascript; charset=utf-8",
	".js":          "text/javascript; charset=utf-8",
	".css":         "text/css; charset=utf-8",
	".json":        "application/json",
	".svg":         "image/svg+xml",
	".png":         "image/png",
	".webmanifest": "application/manifest+json",
}

// readStatic gathers what is served under /static/: the files of ui, those of ui/css in
// the order of their names as one stylesheet, and Go's loader of the core.
func readStatic() map[string]*static {
	all := map[string]*static{}
	add := func(name string, content []byte) {
		typ := mediaTypes[path.Ext(name)]
		if typ == "" {
			panic("web: nobody knows what kind of file ui/" + name + " is")
		}
		sum := sha256.Sum256(content)
		all[name] = &static{content, typ, `"` + hex.EncodeToString(sum[:16]) + `"`}
	}
	var style bytes.Buffer
	err := fs.WalkDir(uiFiles, "ui", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := uiFiles.ReadFile(file)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(file, "ui/")
		if strings.HasPrefix(name, "css/") { // in the order of their names
			style.Write(content)
			style.WriteByte('\n')
			return nil
		}
		if !strings.Contains(name, "/") {
			add(name, content)
		}
		return nil
	})
	if err != nil {
		panic("web: " + err.Error())
	}
	add("app.css", style.Bytes())
	if loader, err := coreFiles.ReadFile("core/wasm_exec.js"); err == nil {
		add("wasm_exec.js", loader)
	}
	return all
}

// Static serves one of them. It is kept, and asked for each time: a new server brings
// new ones.
func (p *Pages) Static(w http.ResponseWriter, r *http.Request) error {
	f := p.static[r.PathValue("asset")]
	if f == nil {
		return record.Safef(record.NotFound, "no such path")
	}
	h := w.Header()
	h.Set("Content-Type", f.mediaType)
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", f.etag)
	if r.PathValue("asset") == serviceWorker {
		h.Set("Service-Worker-Allowed", "/") // it looks after all pages, and lies under /static/
	}
	if strings.HasPrefix(f.mediaType, "text/javascript") {
		h.Set("Content-Security-Policy", scriptPolicy)
	}
	if r.Header.Get("If-None-Match") == f.etag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Length", strconv.Itoa(len(f.content)))
	return sent(w.Write(f.content))
}
