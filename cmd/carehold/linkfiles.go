package main

import (
	"context"
	"encoding/json"
	"time"

	"carehold/crypto"
	"carehold/httpapi/client"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/healthlink"
	"carehold/record/holder"
	"carehold/record/ips"
	"carehold/record/keys"
)

type linkFile struct {
	typ  string
	body []byte
}

// linkFiles are those that are made on this device.
func (u *unlocked) linkFiles(ctx context.Context, link *holder.NewLink, req holder.GrantRequest, o linkOptions) (files []linkFile, err error) {
	patient, err := u.session.Patient(ctx)
	if err != nil {
		return nil, err
	}
	if o.snapshot {
		doc, _, err := u.summaryOf(ctx, patient, req)
		if err != nil {
			return nil, err
		}
		files = append(files, linkFile{healthlink.FHIR, doc})
	}
	if o.access {
		b, err := json.Marshal(u.accessFile(link.AccessToken(), patient, req))
		if err != nil {
			return nil, err
		}
		files = append(files, linkFile{healthlink.APIAccess, b})
	}
	return files, nil
}

// putLinkFiles seals the files and sends them, and then the list of them.
func (u *unlocked) putLinkFiles(ctx context.Context, link *holder.NewLink, files []linkFile, guarded bool) error {
	if len(files) == 0 {
		return nil
	}
	var list []keys.LinkFile
	for i, f := range files {
		jwe, err := healthlink.Encrypt(link.Key, f.typ, f.body, true)
		if err != nil {
			return err
		}
		sealed := []byte(jwe)
		if guarded {
			sealed = link.Guard(i+1, sealed)
		}
		if err := u.session.PutLinkFile(ctx, link.ID(), i+1, sealed); err != nil {
			return err
		}
		list = append(list, keys.LinkFile{ContentType: f.typ, Size: int64(len(jwe)), Made: u.Now().Truncate(time.Second)})
	}
	return u.session.PutLinkFile(ctx, link.ID(), 0, keys.MarshalFiles(list))
}

// summaryOf makes the summary that the grant would show, on this device, and says where
// what it was made of is filed.
func (u *unlocked) summaryOf(ctx context.Context, patient string, req holder.GrantRequest) ([]byte, map[fhir.Ref]record.Section, error) {
	list, err := u.session.Entries(ctx)
	if err != nil {
		return nil, nil, err
	}
	sections := grant.With(req.Sections)
	filed := make(map[fhir.Ref]record.Section)
	types := make(map[string]bool)
	for _, e := range list {
		if s, err := record.ParseSection(e.Section); err == nil && !e.Deleted && sections.Has(s) && ips.Needs(e.Type, s) {
			filed[fhir.Ref{Type: e.Type, ID: e.ID}] = s
			types[e.Type] = true
		}
	}
	in := ips.Input{ID: crypto.RandomID(), Time: u.Now().Truncate(time.Second), Base: u.client.Base() + "/fhir", Version: version(),
		Patient: fhir.Ref{Type: "Patient", ID: patient},
		Share:   ips.Share{To: req.To.Name, Until: req.Until, Sections: sections}}
	for typ := range types {
		err := u.session.Search(ctx, typ, func(f client.Found) error {
			if s, ok := filed[f.Ref]; ok {
				in.Entries = append(in.Entries, ips.Entry{Ref: f.Ref, Section: s, Body: f.Resource})
			}
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	doc, err := ips.Build(in)
	return doc, filed, err
}

// accessFile is a token of the link's grant, as SMART's token response has it with the
// address it is for (SHL, "application/smart-api-access"). The file is sealed once, and
// the server cannot open it to write how many seconds are left: expires_in, which the
// standard recommends (RFC 6749 §5.1), would be right only on the day it was made. The
// end itself is in expires_at, in seconds since 1970 as the link's own exp.
func (u *unlocked) accessFile(token, patient string, req holder.GrantRequest) map[string]any {
	m := map[string]any{"access_token": token, "token_type": "Bearer", "aud": u.client.Base() + "/fhir", "patient": patient,
		"scope": grant.FormatScopes(req.Scopes), "query": []string{"Patient/$summary"}}
	if !req.Until.IsZero() {
		m["expires_at"] = req.Until.Unix()
	}
	return m
}

// dropLinks removes what the server kept for the links of grants.
func (u *unlocked) dropLinks(ctx context.Context, list []holder.Granted) error {
	for _, g := range list {
		for _, t := range g.Tokens {
			if !t.Link {
				continue
			}
			if err := u.signIn(ctx); err != nil {
				return err
			}
			if err := u.session.DropLink(ctx, t.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
