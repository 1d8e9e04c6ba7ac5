// Package holderapi is the door of the person's own devices, /holder/v1: what
// record/holder asks of a server, and what only the person may ask of their
// record. The messages are in httpapi/message.
//
//	node.go        GET  node                    which server this is
//	slot.go        POST slot, ring, ring/log    the sealed way in, by derived ids; the log of
//	                                            a record that waits to be carried on
//	statement.go   POST statements              a signed change; the first with an invite
//	session.go     sessions                     POST: a token for the standing self-grant
//	log.go         GET  log, log/proof          the log, sealed as it is, and its proof
//	strike.go      POST strikes                 stop a grant at once
//	record.go      GET, POST record             the whole of it, sealed: taken away, brought here
//	entries.go     GET  entries …               where each entry is filed, why, and moving it
//	imports.go     GET  imports, POST undo
//	preview.go     POST preview                 what a grant would show
//	requests.go    GET  requests …              who asks for access, sealed as it came; saying no
//	addresses.go   DELETE addresses             an address at which the person was asked
//
// Lookups are POSTs, for what they look up must not stand in a URL. Nothing here
// tells an unknown id from a wrong proof, or one refused token from another.
package holderapi
