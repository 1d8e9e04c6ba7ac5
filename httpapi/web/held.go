package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// maxHeld is how many fields of a form are given back.
const maxHeld = 500

type heldField struct{ Name, Value string }

// Held gives back what somebody sent when their session had ended: they unlock, and send
// it again. Whoever it is, they see only what they sent themselves.
func (p *Pages) Held(w http.ResponseWriter, r *http.Request, form url.Values) error {
	var data struct {
		Action string
		Fields []heldField
		Shown  []string
	}
	data.Action = r.URL.RequestURI()
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if name == FormField {
			continue
		}
		for _, value := range form[name] {
			if len(data.Fields) == maxHeld {
				break
			}
			data.Fields = append(data.Fields, heldField{name, value})
			if strings.ContainsAny(strings.TrimSpace(value), " \n") { // what was typed, and not chosen
				data.Shown = append(data.Shown, value)
			}
		}
	}
	return p.Render(w, r, Page{File: "held", Title: p.T(r, "held.title"), Status: http.StatusUnauthorized, Core: true,
		Script: "held.mjs", Words: []string{"unlock.js."}, Data: data})
}
