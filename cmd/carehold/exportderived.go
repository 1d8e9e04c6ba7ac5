package main

import (
	"context"
	"errors"

	"carehold/httpapi/client"
	"carehold/record"
	"carehold/record/derived"
	"carehold/record/export"
)

// derived writes what the server makes of the record's own form: who wrote a version,
// what the person decided, who looked. Beside real entries of those types, for they
// are none: nobody can write them, and they are made anew wherever the record is.
func (x *exporter) derived(ctx context.Context) error {
	if err := x.consents(ctx); err != nil {
		return err
	}
	if err := x.events(ctx); err != nil {
		return err
	}
	var p *export.Part
	err := x.session.Search(ctx, derived.TypeProvenance, func(f client.Found) (err error) {
		if _, real := x.info[f.Ref]; real {
			return nil
		}
		if p == nil {
			if p, err = x.out.Create("derived/" + derived.TypeProvenance + ".ndjson"); err != nil {
				return err
			}
		}
		return p.Line(f.Resource)
	})
	if p != nil {
		err = errors.Join(err, p.Close())
	}
	return err
}

// events writes who looked at what: the log as this device opens and checks it. The
// server shows a session no more of it than that session's own.
func (x *exporter) events(ctx context.Context) error {
	entries, err := x.History(ctx, x.token, 0)
	if errors.Is(err, record.Integrity) || isTampered(err) {
		// Whoever has to leave a server that is damaged must be able to.
		x.app.warn("the log is not in this export: %s; \"carehold check\" says more", errorText(err))
		return nil
	}
	if err != nil {
		return err
	}
	about, err := x.about(ctx)
	if err != nil {
		return err
	}
	p, err := x.out.Create("derived/" + derived.TypeAuditEvent + ".ndjson")
	if err != nil {
		return err
	}
	return errors.Join(eachAuditEvent(about, entries, x.Grants(), p.Line), p.Close())
}

// consents writes every grant there is or was: of those that ended long ago only the
// keyring knows.
func (x *exporter) consents(ctx context.Context) error {
	grants := x.Grants()
	if len(grants) == 0 {
		return nil
	}
	about, err := x.about(ctx)
	if err != nil {
		return err
	}
	p, err := x.out.Create("derived/" + derived.TypeConsent + ".ndjson")
	if err != nil {
		return err
	}
	for _, g := range grants {
		if err := p.Line(derived.Consent(about, decision(g))); err != nil {
			return err
		}
	}
	return p.Close()
}
