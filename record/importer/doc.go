// Package importer looks at files that are not FHIR, as people get and make them: a
// letter as PDF, a photo of one, a scan. It says what a file is, and makes of it the
// two entries that a record keeps: a Binary, which is the file, and a
// DocumentReference, which says of it what it is called, when it was made and what it
// belongs to.
//
//	PDF    %PDF- … %%EOF                dated by Info /CreationDate, or XMP
//	JPEG   SOI … EOI                    dated by Exif DateTimeOriginal
//	PNG    signature … IEND             dated by eXIf
//	GIF    GIF87a, GIF89a … trailer
//	TIFF   II*, MM*                     dated by Exif, or DateTime (when it was scanned)
//	HEIC   ftyp heic, mif1 …            dated by its Exif
//	text   UTF-8 without controls
//
// # The words
//
//   - A Document is a file that was looked at, all of it: what it is, how long, its
//     hashes, and what it says of itself.
//   - A Note is what else is said of it, by whoever brings it.
//   - As is, is how a file is kept that is none of these, or that is not whole: HTML
//     and SVG as what they are called, anything else as octets. The person says so.
//
// # What is refused
//
// A file is what its first bytes say, and its name must say the same. It must end
// where its format ends: what breaks off was not copied whole. And it is one thing:
// with an archive, a page or another document in front, inside its head or behind its
// end it could be opened as that by another program, and is refused. Of a JPEG, more
// pictures behind the first are its own if it says so (multi-picture format); a film or
// a phone's own notes behind it are not. What a SMART Health Link leads to, without its
// link, is a text to look at and nothing that anybody can read: it is refused too. A PDF
// that is locked is taken, and said to be.
//
// The readers are our own and small: they go from one marker, chunk, box or directory
// to the next and decode nothing that is compressed. The libraries that were looked at
// do much more, on bytes from strangers: they make images and pages. What is read of
// each is bounded, and each has a fuzzer.
//
// # What it must never do
//
// Believe a length; decode an image; hold a file in memory; guess a date: a time
// without a zone is a day, a clock that was never set is none.
package importer
