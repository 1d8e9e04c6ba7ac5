// Package shl serves the SMART Health Links that people made here (HL7 SMART Health
// Cards and Links 1.0.0): what is in a link is opened by whoever has it, with any
// viewer.
//
// # The words
//
//   - A link is a credential: the last part of its URL is a secret of 256 bits, and
//     what the database holds for it opens under that (package record/keys).
//   - A file is what a link leads to, encrypted under a key that is in the link and not
//     in its URL. Most files were made on the person's device, and this server cannot
//     read them; where there is a passcode, it cannot hand them out without it either. A summary of the record as it is now is made here, while the link is
//     open, and encrypted under the same key.
//   - A ticket is the location of a file that is too large to stand in a manifest.
//
// # The paths
//
//	POST /shl/{link}            {recipient, passcode?, embeddedLengthMax?} -> the manifest
//	GET  /shl/{link}?recipient= the one file of a link with the U flag, as application/jose
//	GET  /shl/file/{ticket}     a file, for an hour
//
// All of them answer pages of other sites, for viewers are such; none reads a cookie.
// What opens nothing is 404, in the same bytes whether it never was, has run out, was
// stopped, was tried too often, or is asked for in the other way than it is made for.
//
// A manifest holds files of 1 MiB together, and of what the client takes each; the
// others have a location. Who asks says so in 80 characters, and is cut there.
//
// # Passcodes
//
// A wrong one is 401 with the tries that are left, of the link's whole life; the store
// counts them on the disk before it looks (record/store, linktries.go). When none is left
// the link is 404 for everybody.
//
// # What it promises
//
// An opening is in the person's log, with what the one who opened it says of themself,
// before a byte of it is sent; what is fetched from its locations belongs to it, and a
// summary says what it showed each time it is made. A link that was stopped opens nothing from the next
// request on, tickets included.
//
// # What it must never do
//
// Log a path, a recipient or a passcode. Keep anything of a link that is open.
package shl
