package store

import (
	"context"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
)

// May refuses, and logs, what the grant's scopes let be done to no entry of the type,
// whichever it is: any of the actions will do. Whoever asks before they look at what
// was sent gives no advice on how to mend what would be refused all the same. It says
// nothing of the record: nil is no promise that the change will be made.
func (v *View) May(ctx context.Context, ref fhir.Ref, actions ...grant.Action) error {
	for _, a := range actions {
		if grant.Covers(v.grant, a, ref.Type) {
			return nil
		}
	}
	if err := v.left(); err != nil {
		return err
	}
	verb := "changing"
	if actions[0] == grant.ActCreate {
		verb = "creating"
	}
	why := record.Errorf(record.Forbidden, "this grant does not include %s %s", verb, ref.Type)
	if ref.ID == "" {
		return v.logRefused(ctx, &finder{}, why)
	}
	return v.logRefused(ctx, &finder{}, why, ref)
}
