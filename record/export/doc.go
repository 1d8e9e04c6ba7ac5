// Package export is the format in which a whole record leaves Carehold, and comes
// back: files that other programs and people can read, in a folder or a zip.
// docs/export.md describes it for others.
//
// # The files
//
//	manifest.json            what this is, and the size and SHA-256 of every other file
//	index.html, pages/       the record for people: no script, nothing from elsewhere
//	ips.json, ips.html       the patient summary, as FHIR and as a page
//	Condition.ndjson …       the newest version of each entry, a line each, as served
//	history/Condition.ndjson older versions and deletions, as entries of a history
//	documents/               the content of files and letters, under names for people
//	history/documents/       the content of older versions
//	documents.json           which entry each of them belongs to
//	sections.json            where each entry is filed, by what rule and by whom written
//	derived/                 Provenance, Consent, AuditEvent: what the server makes of the record's own
//
// # The words
//
//   - A Sink is where files are written: one after the other, none is opened twice.
//   - A Source is where they are read from: a folder, a zip, a zip in an age file.
//   - A Document is the content of an entry in a file of its own: a copy for readers
//     without Carehold, which an import passes over. Only the content of a large Binary
//     is there alone: it is apart, and its line has in the place of "data" a "_data"
//     that says so (FileURL).
//   - A letter is the text of a Document that is short and plain: its page shows it.
//
// # What it promises
//
// Writing holds no more than a line and what the pages say: never a document. The
// manifest comes last, so what has one was written to its end. Names of documents are
// made of their titles by rules (Names), and stay different where letters' case does
// not count. A text of the record is text on every page.
//
// Reading believes nothing before Verify has seen that all files are what the manifest
// says: sizes and hashes, names that lead nowhere else, no file twice. It holds a line
// and never a file, and says which file is wrong.
//
// # What it must never do
//
// Open a path that the export does not name, or that leads out of it; write a document
// under a name of the record's choosing; read past what the manifest says a file has.
package export
