package ips

import "carehold/record/fhir"

// Completed is an entry's bytes as a summary has them: with what IPS requires, and with
// nothing that is there changed. By it a summary's entry is known again.
func Completed(r *fhir.Resource) []byte {
	return (&builder{}).completed(&item{Entry: Entry{Ref: fhir.Ref{Type: r.Type(), ID: r.ID()}}, res: r})
}
