// Package web is the pages of a server: what everybody sees of it in a browser, and
// the frame, words and files that the person's screens (package app) and the
// professional's viewer are made with.
//
//	/                what this is; on a server without anybody's record, how to begin
//	/start           making a record here, with an invite
//	/unlock          opening it on this device; /app/lock closes it
//	/v               the professional's viewer: a link that was shared
//	/static/…        the stylesheet, the scripts, Go's loader for the core
//	/core.wasm       record/holder for the browser, when `make` has built it
//	/offline         what the service worker shows where there is no connection
//	/robots.txt      nothing here is for search engines
//
// # How a page is made
//
// On the server, by html/template, from one frame (templates/layout.html) and one file
// for each screen, in the language that is asked for (messages/). Render sends it under
// a Content-Security-Policy that allows what that page has and no more (policy.go). No
// page has a script, a style or a handler of its own in it: all of that is under
// /static/, and is the same for everybody. Reading pages are whole without scripts.
//
// # Who a page is for
//
// The person's pages are under /app/ and take their session's cookie and nothing else.
// The device opens the session (record/holder in the browser, ui/keys.mjs) and trades
// its token for the cookie, which no script can read: POST /holder/v1/cookie. Visit is
// what a handler knows of the request beside its View: until when the session lasts, the
// language, and the word that each of its forms must bring (session.go).
//
// A session can end while somebody types. What they sent is then given back to them, in
// a page on which they unlock and send it again (held.go): nothing typed is lost.
//
// # What it must never do
//
// No answer with something of a record is kept by a cache, and nothing of a record
// stands in a URL but the random names of entries. What came from a record is text:
// html/template escapes it, and narrative and files are never part of a page.
package web
