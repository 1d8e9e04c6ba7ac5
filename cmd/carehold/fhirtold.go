package main

import (
	"context"
	"strings"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/derived"
	"carehold/record/grant"
	"carehold/record/holder"
)

// What this device knows of who may read, and who did, in FHIR: the same as the server
// makes for a session, and more, for the keyring has every grant there was.

// about is whose record it is, and where.
func (u *unlocked) about(ctx context.Context) (derived.About, error) {
	patient, err := u.session.Patient(ctx)
	if err != nil {
		return derived.About{}, err
	}
	node, err := u.client.Node(ctx)
	return derived.About{Patient: patient, Store: node.Store, Base: strings.TrimSuffix(u.device.server, "/") + "/fhir"}, err
}

// eachConsent makes a Consent of every grant there is or was.
func eachConsent(about derived.About, list []holder.Granted, write func([]byte) error) error {
	for _, g := range list {
		if err := write(derived.Consent(about, decision(g))); err != nil {
			return err
		}
	}
	return nil
}

func decision(g holder.Granted) derived.Decision {
	d := derived.Decision{Grant: g.Grant, Live: g.State == holder.Live, Ended: g.Ended, Why: derived.EndReason(uint8(g.Why))}
	switch g.State {
	case holder.Over:
		d.Ended, d.Why = g.Grant.Until, derived.EndReason(derived.RanOut)
	case holder.Struck:
		d.Why = derived.EndReason(derived.Struck)
	}
	return d
}

// eachAuditEvent makes an AuditEvent of every entry of the log, in their order.
func eachAuditEvent(about derived.About, entries []audit.Entry, list []holder.Granted, write func([]byte) error) error {
	parties := make(map[record.GrantID]grant.Grant)
	for _, g := range list {
		parties[g.Grant.ID] = g.Grant
	}
	who := func(id record.GrantID) (grant.Grant, bool) {
		g, known := parties[id]
		if !known { // the person's own are not among them
			g = grant.Grant{ID: id, Self: true, Purpose: "PATRQT"}
		}
		return g, true
	}
	for _, e := range entries {
		if err := write(derived.AuditEvent(about, derived.Logged(e.Index), e, who)); err != nil {
			return err
		}
	}
	return nil
}

// ndjson prints a resource as a line.
func (a *app) ndjson(b []byte) error {
	_, err := a.stdout.Write(append(escaped(b), '\n'))
	return err
}
