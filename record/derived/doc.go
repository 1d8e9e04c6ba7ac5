// Package derived tells in FHIR what a record knows of itself and keeps in its own
// form: who wrote a version (Provenance), what the person decided (Consent), and who
// looked (AuditEvent).
//
//	derived         made from                          in the shape of               its id
//	Provenance      the header of a version            R4                            pv-{entry}-{version}
//	Consent         a grant                            IHE PCF, Basic                grant-{grant}
//	AuditEvent      an entry of the log, opened        IHE BALP                      log-{index}, for a grantee log-x{16 digits}
//
// They are never stored, and nobody can write them: each is made anew from what it
// tells, and says so with a tag. The same facts are the same bytes.
//
// # What there is no element for
//
//	urn:carehold:section        Consent.provision, modifier: the sections; Provenance: where it is filed
//	urn:carehold:scope          Consent.provision, modifier: the SMART scopes
//	urn:carehold:daily          Consent.provision: requests a day
//	urn:carehold:organisation   the party's organisation, in the person's words
//	urn:carehold:ended          Consent: when it ended
//	urn:carehold:end-reason     Consent: why
//	urn:carehold:filing-rule    Provenance: the rule that chose the section
//	urn:carehold:filed-by-hand  Provenance: the person chose it
//	urn:carehold:more           AuditEvent: how many resources besides those named
//	urn:carehold:grant          Provenance.agent.who, where a registration number identifies them: the grant
//	urn:carehold:claim          AuditEvent.agent: who they are is only what they said
//
// The sections and scopes of a Consent are modifiers: who passes over them would read
// a permission wider than was given, and FHIR R4 §2.8.0.2 has them stop instead. The
// one who a grant is for is named by the grant (urn:carehold:grant) and in the
// person's words: that is all anybody knows of them.
//
// # What is left out
//
// What the log does not know is not invented. It has no addresses of clients and no
// texts of searches, only the type that was searched for; where a profile wants an
// element all the same, there is a data-absent-reason. A profile is claimed
// (meta.profile) only where its rules are kept.
//
// # What it must never do
//
// Tell of more than it is given: who may see which version, grant or leaf is decided
// by whoever asks. Tell one grantee the id of another's grant: their name, as the
// author of what both may read, is all (Version.Own).
package derived
