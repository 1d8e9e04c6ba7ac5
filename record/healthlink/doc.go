// Package healthlink reads SMART Health Links that a person was given, opens what
// they lead to, and writes links of the same kind (HL7 SMART Health Cards and Links
// 1.0.0). It has no network: a fetch.Fetch is passed in.
//
// # The words
//
//   - A Link is a URL and a key. Whoever has both has the content, so a Link prints
//     as [secret]; Text is the one way to write it out.
//   - A Manifest lists a link's files, asked for by POST with who is asking and, if
//     need be, a passcode. A single link ("U") has one file and no manifest.
//   - A File is one of the content, decrypted.
//
// # The link
//
//	[viewer URL ending in #] shlink:/ base64url({"url","key","exp"?,"flag"?,"label"?,"v"?})
//
//	url    https, at most 128 characters   key    43 characters, 32 bytes
//	exp    seconds since 1970, a hint      label  at most 80 characters
//	flag   L long-term, P passcode, U single; unknown ones are ignored; P and U never
//	v      1, which is also what its absence means; anything above is refused
//
// White space is taken out, for mail programs break lines, and so is padding. The
// scheme is read in any letters, the payload in its own: one that came in capitals
// is damaged, and the error says so. Members that are unknown are ignored, as the
// standard asks; one that is there twice is refused. A label loses what does not
// print, since it will be shown on a terminal.
//
// # Opening
//
//	          P    U    request                           then
//	manifest  yes  no   POST {recipient, passcode}        each file: embedded, or GET its location
//	manifest  no   no   POST {recipient}                  the same
//	single    no   yes  GET url?recipient=…               the file
//
// Each file is a compact JWE by the link's key, "dir" with A256GCM and nothing else
// (package crypto/jose), its content type in "cty". A "cty" that says another thing
// than the manifest is refused, and so is a content that is not what its type says.
// Without one, as in HL7's own example, the content's members say what it is.
//
//	Limits       one link                   why
//	text         16 KiB                     a QR code holds 3
//	manifest      1 MiB, 100 files          we ask for files above 8 KiB by location
//	fetched      64 MiB in all              as much as a link made here may hold
//	inflated     64 MiB in all, and 256     "zip":"DEF" is inflated by crypto/jose, which counts
//	             times what it came in      before it keeps: a bomb costs time, not memory
//
// go-jose would inflate too, but no more than max(250,000, 10 × the input) bytes, a
// bound that honest summaries break and that nobody can set: crypto/jose says how
// that is gone around.
//
// # What it promises
//
// A passcode is asked for before a try is spent. All files open or none is handed
// out. An error says what the person can do: type the passcode again and how many
// tries are left, wait and how long, ask for a new link.
//
// # What it must never do
//
// Follow a header to a key. Send the passcode to any address but the link's own.
// Say in an error's Safe text what the link or its files hold.
package healthlink
