package httpapi_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"carehold/crypto"
	"carehold/crypto/jose"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/healthlink"
	"carehold/record/holder"
	"carehold/record/keys"
)

// made is a link of a world's.
type made struct {
	path  string // /shl/…
	id    crypto.CapsuleID
	key   crypto.Key
	grant record.GrantID
}

// linkTo makes a link of Ada's, over HTTP, as her device does. terms are words:
// passcode=X, tries=N, for=1h, direct, summary, and file=type:N for a file of N bytes.
func (w *world) linkTo(name, terms string) made {
	w.t.Helper()
	ctx := context.Background()
	scopes, err := grant.ParseScopes("patient/*.rs")
	w.check(err)
	req := holder.LinkRequest{GrantRequest: holder.GrantRequest{To: grant.Party{Name: name}, Sections: grant.Clinical, Scopes: scopes, Purpose: "TREAT", Lasts: 7 * 24 * time.Hour, Label: name}}
	type file struct {
		typ  string
		size int
	}
	var files []file
	for term := range strings.FieldsSeq(terms) {
		what, value, _ := strings.Cut(term, "=")
		switch what {
		case "passcode":
			req.Passcode = crypto.SecretString(value)
		case "tries":
			req.Tries, err = strconv.Atoi(value)
		case "for":
			req.Lasts, err = time.ParseDuration(value)
		case "direct":
			req.Direct = true
		case "summary":
			req.Summary = true
		case "file":
			typ, size, _ := strings.Cut(value, ":")
			f := file{typ: typ}
			f.size, err = strconv.Atoi(size)
			files = append(files, f)
		default:
			w.t.Fatalf("a link is not %q", term)
		}
		w.check(err)
	}
	l := holder.PrepareLink()
	w.t.Cleanup(l.Destroy)
	session := w.client.With(w.vars["ada"])
	var list []keys.LinkFile
	for i, f := range files {
		body := fmt.Sprintf(`{"resourceType":"Basic","code":{"text":"%s %d"},"access_token":"x"}`, strings.Repeat("x", f.size), i+1)
		if f.typ == "fhir" {
			body = strings.Replace(body, `,"access_token":"x"`, "", 1)
		} else {
			body = strings.Replace(body, `"resourceType":"Basic",`, "", 1)
		}
		typ := map[string]string{"fhir": healthlink.FHIR, "access": healthlink.APIAccess}[f.typ]
		jwe, err := healthlink.Encrypt(l.Key, typ, []byte(body), false)
		w.check(err)
		sent := []byte(jwe)
		if !req.Passcode.IsZero() {
			sent = l.Guard(i+1, sent)
		}
		w.check(session.PutLinkFile(ctx, l.ID(), i+1, sent))
		list = append(list, keys.LinkFile{ContentType: typ, Size: int64(len(jwe)), Made: w.now().Truncate(time.Second)})
	}
	if list != nil {
		w.check(session.PutLinkFile(ctx, l.ID(), 0, keys.MarshalFiles(list)))
	}
	issued, err := w.ada.Link(ctx, l, req)
	w.check(err)
	m := made{path: "/shl/" + l.Segment(), id: l.ID(), key: l.Key.Clone(), grant: issued.Grant.ID}
	w.vars[name], w.vars[name+".id"], w.vars[name+".token"] = m.path, m.grant.String(), "chdl_"+l.Segment()
	return m
}

// opened is a file of a link, decrypted with what is in the link alone.
func (w *world) opened(m made, jwe string) string {
	w.t.Helper()
	_, body, err := jose.Open(m.key, []byte(jwe), 1<<20)
	w.check(err)
	return string(body)
}
