// Package storetest checks from outside that a store gives back what it was
// given. It is for tests, and it shares no code with package fhir: it reads JSON
// with encoding/json, so that a fault of our own reader cannot hide itself.
//
// # What may differ
//
// A resource that was sent and the same one as it is served are equal byte for
// byte, white space included, but for
//
//   - the members id, meta.versionId and meta.lastUpdated, which are the
//     server's, and a meta that holds nothing else;
//   - the white space and the comma next to one of these;
//   - references that the import rewrote, each to exactly what the caller says.
//
// Thief is the other side of it: whoever has a copy of all rows, node.key and the log, and
// tries what is in them on what is in them.
//
// # What it must never do
//
// Forgive: a 1.0 that comes back as 1.00, an escape that is written another way,
// two members in another order are differences.
package storetest
