package client

import (
	"encoding/json"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"carehold/httpapi/problem"
	"carehold/record"
)

// refused turns an answer from 400 on into the error it was on the server. What
// it says is the server's text: shown, never logged.
func refused(answer *http.Response, body []byte) error {
	var h problem.Holder
	if json.Unmarshal(body, &h) == nil && h.Error.Code != "" {
		kind, ok := problem.KindOfCode(h.Error.Code)
		if !ok {
			kind = problem.KindOfStatus(answer.StatusCode)
		}
		return &record.Error{Kind: kind, Path: plain(h.Error.Path), Safe: string(kind), Shown: shown(h.Error.Message, h.Error.Request, kind)}
	}
	kind := problem.KindOfStatus(answer.StatusCode)
	var o struct {
		ResourceType string          `json:"resourceType"`
		ID           string          `json:"id"`
		Issue        []problem.Issue `json:"issue"`
	}
	if json.Unmarshal(body, &o) == nil && o.ResourceType == "OperationOutcome" && len(o.Issue) > 0 {
		kind = problem.KindOfIssue(answer.StatusCode, o.Issue[0].Code)
		e := &record.Error{Kind: kind, Safe: string(kind), Shown: shown(o.Issue[0].Diagnostics, o.ID, kind)}
		if len(o.Issue[0].Expression) > 0 {
			e.Path = plain(o.Issue[0].Expression[0])
		}
		return e
	}
	return &record.Error{Kind: kind, Safe: string(kind), Shown: "the server answered " + plain(answer.Status)}
}

// shown adds the request id where somebody will have to look it up.
func shown(text, id string, kind record.Kind) string {
	text, id = plain(text), plain(id)
	if text == "" {
		text = string(kind)
	}
	if (kind == record.Internal || kind == record.Integrity) && id != "" {
		text += " (request " + id + ")"
	}
	return text
}

// maxText bounds each text of a server's that is shown.
const maxText = 1000

// plain takes what a terminal would obey out of a server's text: whoever runs a
// server must not move the cursor of who asks it.
func plain(s string) string {
	if len(s) > maxText {
		s = s[:maxText] + "…"
	}
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s)
}
