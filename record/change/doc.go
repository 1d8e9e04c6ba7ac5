// Package change turns a Bundle into ordered changes to one person's record. It
// is pure: it reads bytes and gives back what should be done, and never sees a
// store. FHIR handlers, the web import and the command line meet here.
//
// # The words
//
//   - A Bundle is a bundle taken apart: its entries, each resource with its exact
//     bytes (package fhir).
//   - A Change is one thing to do: as it is asked for (Requests), and then, planned,
//     as it is to be done (Transaction, One).
//   - A Transaction is prepared before it has the person's turn to write, and planned
//     while it has it: prepare.go says what is done when.
//   - A Finder answers what only the record knows: which resource a condition
//     means, and what is there to be patched. It sees what its caller may see, and
//     a plan that asks it is made while nobody else can change the record.
//   - A JSONPatch is a patch that has been read.
//   - An Import is what putting a bundle into a record would do, with what is
//     refused and why.
//
// # A transaction (FHIR R4 §3.1.0.11.2)
//
// Transaction orders it DELETE, POST, PUT and PATCH, GET; refuses the same resource
// twice, also where only a condition says that it is the same; gives each POST an
// id and writes Type/id wherever a resource of the bundle pointed to its fullUrl:
// references, elements of type uri, url, oid and uuid, links and images of the
// narrative; never a canonical. A relative reference is first completed with the
// root of its own entry's fullUrl (R4 §2.36.4.1). A urn that stands in a Reference
// and names nothing in the bundle is refused. References with a query are looked up
// last, in what the transaction leaves: exactly one match, or the whole fails. By
// identifier they find what the transaction itself makes; by anything else, what
// was there and stays. What is written is checked as it will be written, and before
// anything is looked up: but for ids that a condition decides, and for patches.
//
// A batch's entries are independent: nothing is rewritten, and what is wrong with
// one is in its Change's Err.
//
// # Conditions
//
//	           none              one                     several
//	create     it is created     Exists: 200             412   R4 §3.1.0.8.1
//	update     created; with an  updated; another id     412   §3.1.0.4.3
//	           id, under that    in the resource: 400
//	delete     Absent: 204       deleted                 412   §3.1.0.7.1
//	patch      404               patched                 412   §3.1.0.6
//
// A condition is narrower than a search (lookups.go): it names what a change is about,
// and is looked up while everybody else waits. The same condition is looked up once.
//
// # A patch (RFC 6902)
//
// Apply does each operation with github.com/evanphx/json-patch/v5, which puts values
// in and takes them out, and leaves everything else as it was written: 1.10 stays
// 1.10. What RFC 6902 and 6901 say of when that may be done is looked at here, for
// the library is lenient: it takes 01 and +1 for an index, "" for the object itself,
// null at a place that is not there, and panics over null in a compared array; it
// holds 1.0 and 1 to be different. What comes out is read again like any resource,
// keeps its type and id, and is seen to where it has a narrative (retold.go).
// Operations, the result's size and the work are bounded; what the work will be is
// reckoned before it is begun.
//
// # An import
//
// PlanImport takes a bundle of any type and makes every resource an Update with
// an id derived from where it came from:
//
//	id       = base32-lower(SHA-256(lp("carehold/import") || lp(source) || lp(identity))[:16])
//	identity = fullUrl, when it is a URL or a urn
//	         | Type/id
//	         | "sha256:" || hex(SHA-256(stripped bytes))
//	lp(x)    = 4-byte big-endian length || x
//
// That is 26 characters, a to z and 2 to 7. The same source gives the same ids,
// so importing it again adds nothing. The record's own Patient keeps the id it has.
// References among the bundle's entries are rewritten to the new ids, without
// the version they may name: the record counts versions anew. A reference to
// nothing in the bundle stays as it is, and is counted.
//
// With Checking, what a check refuses is left out with its reason, and what pointed
// to it points to nothing; the person is pointed to as before, for a record has a
// Patient of its own.
//
// One record is one person. A bundle with two Patients is refused as a whole,
// unless it is a document, whose Composition says whom it is about; an entry
// about another Patient is refused. A bundle without a Patient, all about one
// patient elsewhere, is taken to be about the person: it is they who import it.
// About compares the source's Patient with the record's own, and refuses what is
// certainly somebody else's; whoever imports asks the person about the rest.
//
// # What a record cannot hold
//
//	Parameters        no RESTful endpoint: the arguments of an operation (R4, Parameters)
//	OperationOutcome  no record of anything: the answer to one request (R4, OperationOutcome)
//	Subscription      asks a server to send data on; R4, Subscription, lets the server refuse.
//	                  Here only a grant lets data out, and the person makes it
//
// Every other type of R4 can be held. A Bundle is held as it is, so that a signed
// document stays one; a Binary may be a letter's scan; definitions (Questionnaire,
// ValueSet, StructureDefinition …) are kept like anything else and change nothing
// here.
//
// # What it must never do
//
// Decode a resource and encode it again, but for the names of members that a patch
// goes through; guess which of two people is meant; say in an error's Safe text what
// was sent.
package change
