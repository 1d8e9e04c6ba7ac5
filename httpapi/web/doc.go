// Package web is the pages of a server. So far there is one: what this server
// is, for somebody who meets its address in a browser. It holds nothing of
// anybody's record, and runs no script.
//
//	/                what this is, its version, whether the core is built in
//	/static/app.css  the stylesheet
//	/core.wasm       record/holder for the browser, when `make` has built it
//	/robots.txt      nothing here is for search engines
//
// Pages are made by html/template under a Content-Security-Policy that allows
// what a page has and no more. Errors are a page too.
package web
