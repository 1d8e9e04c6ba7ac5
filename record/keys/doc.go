// Package keys is the key hierarchy that both sides share, written once: the
// person's device (record/holder) makes these things, the server (record/store)
// opens them while it serves a request.
//
//	ON THE DEVICE                                       AT REST ON THE SERVER
//	R ─ opens the keyring, which holds                  slot capsule    ring blob
//	  E_1 … E_e   one key for each epoch
//	  ID          turns FHIR ids into names of rows
//	  K_grants ─ KDF(grant) ─ GK_g ───────────────────  grant row: Seal(KDF(GK_g,"wrap"), GrantRow)
//	  K_audit  ─ KDF(grant) ─ AK_g                        GrantRow = epoch, ID, {s: SK_{s,e}}, AK_g, certificate
//	  E_e ─ KDF(section) ─ SK_{s,e} ──────────────────  back row: Seal(KDF(SK_{s,e},"prev"), SK_{s,e-1}), for each s
//	                         ├ KDF("seal-entry")          entry rows
//	                         └ KDF("view-tag")            the hint beside an entry row
//
//	ONLY WHILE A REQUEST RUNS
//	token ─ capsule ─ GK_g, AK_g ─ GrantRow ─ Hold: ID and the section keys, older epochs by the back rows
//	      └ KDF("opened")                                all of that, in memory between requests
//	                  ├ KDF("page")                        where a page of a list ended; the client holds it
//	                  └ KDF("memo")                        what searches keep in memory between requests
//
// A Hold recognises the rows it may open by their hint, opens them and seals new
// ones under the newest epoch. It hands out no key.
//
// Everything sealed here has a Context that says what it is and where it
// belongs; contexts.go has them all. docs/format.md gives the bytes.
package keys
