package web

import "net/http"

// Viewer is where whoever was given a link opens it. The link is in the fragment of the
// address, which browsers send nowhere: this page is the same for everybody, and has
// nothing of any record in it. All else is ui/viewer.mjs.
func (p *Pages) Viewer(w http.ResponseWriter, r *http.Request) error {
	return p.Render(w, r, Page{File: "viewer", Title: p.T(r, "viewer.title"), Plain: true, Script: "viewer.mjs", Words: []string{"viewer.js.", "show."}})
}

// Scan is where a link is scanned: the one page of the viewer that may use the camera.
func (p *Pages) Scan(w http.ResponseWriter, r *http.Request) error {
	return p.Render(w, r, Page{File: "viewerscan", Title: p.T(r, "viewer.scan.title"), Plain: true, Camera: true, Script: "viewer-scan.mjs", Words: []string{"viewer.js."}})
}
