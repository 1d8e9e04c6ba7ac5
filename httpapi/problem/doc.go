// Package problem is the one place where an error becomes an answer.
//
// A record.Kind says what a caller can do; this table says how HTTP, FHIR and
// the holder's door put it:
//
//	kind             HTTP  FHIR issue     holder code
//	invalid          400   invalid        invalid
//	unauthorized     401   login          unauthorized
//	…
//
// A row is all a client ever learns of an error, beside the text that the error
// itself shows. What has no kind is a fault of ours: 500, a request id, and
// nothing else. The texts of Unauthorized and of NotFound are the table's own,
// whatever the error says: answers that must not differ, cannot.
//
// Four kinds exist only here, because only HTTP can end in them.
package problem
