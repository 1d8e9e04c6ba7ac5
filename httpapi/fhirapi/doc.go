// Package fhirapi is FHIR R4's REST interface, one interaction a file.
//
//	metadata.go     GET    /metadata                 what this server does, made from a table
//	read.go         GET    /{type}/{id}              ETag, Last-Modified, If-None-Match
//	vread.go        GET    /{type}/{id}/_history/{v}
//	create.go       POST   /{type}                   the id is this server's
//	update.go       PUT    /{type}/{id}              If-Match
//	delete.go       DELETE /{type}/{id}
//	search.go       GET    /{type}?_count=           one type, page by page
//	transaction.go  POST   /                         all or nothing
//	batch.go        POST   /                         each entry for itself
//
// A handler reads what was asked, gives it to the View, and writes what the View
// returns: the same bytes that are stored, with id, versionId and lastUpdated in
// them. It decides nothing about who may see what, and it never decodes a
// resource to encode it again.
//
// # What it says no to, and how
//
//	another media type asked for       406     _format and Accept; JSON only
//	a conditional create               501     If-None-Exist: search has to come first
//	a read inside a transaction        501     send a batch, or read afterwards
//	an unknown search parameter        400     with Prefer: handling=strict;
//	                                           else it is left out of the self link, and an
//	                                           OperationOutcome in the Bundle names it
//
// # What it must never do
//
// Make a link from the Host header, or put what was searched for into a link: the
// next page is named by an opaque cursor of the store's.
package fhirapi
