// Package fhirapi is FHIR R4's REST interface, one interaction a file.
//
//	metadata.go capability.go  GET    /metadata          what this server does, made from its tables and R4's
//	read.go vread.go           GET    /{type}/{id}       and a version: ETag, If-None-Match, If-Modified-Since
//	create.go                  POST   /{type}            the id is this server's; If-None-Exist
//	update.go                  PUT    /{type}/{id}       or /{type}?condition; If-Match
//	patch.go                   PATCH  /{type}/{id}       or /{type}?condition; JSON Patch
//	delete.go                  DELETE /{type}/{id}       or /{type}?condition
//	history.go                 GET    …/_history         of an entry, a type, everything
//	search.go                  GET    /{type}?… /?…      and /Patient/{id}/{type}; POST …/_search
//	validate.go                POST   …/$validate        whether something could be written
//	summary.go                 GET    /Patient/$summary  the International Patient Summary
//	everything.go              GET    /Patient/$everything   all that the grant shows, page by page
//	export.go exportfile.go    GET    /$export           the record as it was at a moment, in files
//	derived.go                 GET    …                  Provenance, Consent and AuditEvent of the record itself:
//	                                                     the store makes them, nobody writes them
//	bundle.go transaction.go   POST   /                  all or nothing
//	batch.go                   POST   /                  each entry for itself, as by itself (get.go)
//
// # The words
//
//   - asked is what a request has beside the thing itself: _format, _summary, Prefer.
//   - An answer is what a request that changes nothing comes to, before it is written:
//     a response, or an entry of a batch's.
//   - A part is how much of a resource is wanted (part.go). It is copied member by
//     member from the bytes, and marked SUBSETTED; one that is sent back is refused.
//   - A condition names a resource by what it is like (write.go). It is looked up and
//     acted on while nobody else can change the record.
//   - hints are what is doubtful about what was written.
//
// A handler reads what was asked, gives it to the View, and writes what the View
// returns: the same bytes that are stored, with id, versionId and lastUpdated in
// them. It decides nothing about who may see what, and it never decodes a resource
// to encode it again: _pretty too only puts white space between the bytes.
//
// What is to be written is validated first (check.go); what is wrong is one 422 with
// an issue for each place.
//
// # What it says no to, and how
//
//	another media type asked for           406  _format and Accept; JSON only
//	what is not valid FHIR R4              422  with every issue
//	a condition that several match         412
//	a condition that is none, or unknown   400  it would be about every resource of the type
//	If-Match, If-None-Match, If-None-Exist,
//	  If-Unmodified-Since where they are
//	  not understood (precondition.go)     501  nothing is done
//	a query beside an id, in what changes
//	  something, and on a create           400  it would look like a condition
//	what the scopes let be done to nothing 403  before the body is looked at
//	a parameter of a search it knows not   400  with Prefer: handling=strict; else it is left out
//	                                            of the self link, and named in an OperationOutcome
//	                                            in the Bundle
//	a parameter of a history it knows not  400  there is no place to name it
//	_summary beside _elements              400
//	a modifier, a chain, an :iterate that
//	  is understood and not supported      400
//	another compartment than the Patient's,
//	  another operation than those above   501
//	a parameter of an export it knows not  400  with Prefer: handling=lenient it is left out, and
//	                                            named in a file
//
// # What it must never do
//
// Make a link from the Host header, or put what was searched for into the link of a
// further page: that is sealed by the store, and opens for the grant's tokens alone.
// Repeat a parameter's value in an answer about the parameter, or leave out a
// condition and answer as if it had held.
package fhirapi
