// Package record holds the words the whole of Carehold is written in: person,
// section, entry, version, epoch, grant, and the errors they can end in.
//
// # The words
//
//   - A person is whom the record is about. Their PersonID is the hash of the
//     first identity key their own device made, so whoever writes to the
//     database cannot give somebody else that name.
//   - An entry is one FHIR resource with all its versions, numbered densely
//     from 1. A gap in the numbers is damage, never absence.
//   - A section is the part of the record an entry is filed in: exactly one for
//     each entry, and the unit of cryptographic sharing. The list is the same
//     for everyone, so that a section's existence says nothing about anyone.
//   - An epoch is one number for the whole record. A new epoch renews every
//     section key.
//   - A grant is a person's decision: who, which sections, which FHIR scopes,
//     what for, until when.
//
// # What it promises
//
// This package knows nothing of storage, HTTP or FHIR tables, so that the
// person's core in the browser can import it. Ids print as hexadecimal and are
// never derived from anything clinical. An Error carries two texts: Safe may be
// written to a log; Shown goes back to whoever sent the data, and to nobody
// else.
package record
