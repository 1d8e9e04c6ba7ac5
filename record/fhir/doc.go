// Package fhir reads FHIR R4 resources in JSON strictly, keeps the bytes they
// came in, and changes those bytes only by splicing.
//
// # The words
//
//   - A Resource is checked JSON with its exact bytes: decimals, unknown
//     extensions, _field siblings, escapes, white space and the order of members
//     stay as they came.
//   - A Ref is a type and an id. A Reference is a place in a resource that
//     points somewhere; ParseReference says in what form.
//   - A Date is as precise as it was written.
//
// # What is refused
//
// Parse takes RFC 8259 JSON in UTF-8, and of that only what FHIR allows (R4
// §2.6.2). It is the door, not the validator: it knows no element.
//
//	not UTF-8, a lone surrogate, a byte order mark, anything after the value
//	a member name twice, also when written with escapes ("\u0061" is "a")
//	an empty object, array or string; an array in an array
//	a null, unless it fills a gap between a primitive array and its _sibling
//	no resourceType, or none of R4's 146; an id, meta, meta.versionId or
//	  meta.lastUpdated of the wrong JSON type; an id that is not a FHIR id
//	more bytes, depth or values than Limits says
//
// # The splice
//
// Three members belong to the server: id, meta.versionId, meta.lastUpdated. With
// sets them; Stripped takes them out. A member that is there is replaced where
// it stands. One that is not goes in right after resourceType (meta after id),
// or in front of meta's first member, with the white space and the colon of the
// members around it:
//
//	{"resourceType":"Patient","active":true}
//	{"resourceType":"Patient","id":"1","meta":{"versionId":"2","lastUpdated":"…"},"active":true}
//
// Stripped takes a member out with the comma in front of it; the members in front
// of the first one that stays go with the comma and white space after them.
// These are exactly the bytes With puts in, so that for every resource r and
// every Meta m
//
//	Stripped(With(r, m)) == Stripped(r)
//
// byte for byte. The stored form is Stripped, what is served is With of it, and
// a client that sends back what it was served has changed nothing. Between
// Stripped and the original, nothing differs but these three members, the commas
// and white space beside them, and a meta that held nothing else.
//
// # What it must never do
//
// Decode a resource and encode it again; log; know storage or HTTP. Error texts
// that quote what was sent are Shown, never Safe.
package fhir

//go:generate go run ./internal/gen ../../../shared/data/r4-definitions tables.go
