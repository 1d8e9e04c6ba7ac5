package main

import (
	"context"
	"errors"

	"carehold/httpapi/client"
	"carehold/record/export"
)

// derived writes what the server makes of the record's own form: who wrote a version,
// what the person decided, who looked. Beside real entries of those types, for they
// are none: nobody can write them, and they are made anew wherever the record is.
func (x *exporter) derived(ctx context.Context) error {
	for _, typ := range []string{"AuditEvent", "Consent", "Provenance"} {
		var p *export.Part
		err := x.session.Search(ctx, typ, func(f client.Found) (err error) {
			if _, real := x.info[f.Ref]; real {
				return nil
			}
			if p == nil {
				if p, err = x.out.Create("derived/" + typ + ".ndjson"); err != nil {
					return err
				}
			}
			return p.Line(f.Resource)
		})
		if p != nil {
			err = errors.Join(err, p.Close())
		}
		if err != nil {
			return err
		}
	}
	return nil
}
