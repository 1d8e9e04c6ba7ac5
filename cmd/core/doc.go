// Core is the person's side of Carehold for the browser: record/holder as
// WebAssembly, run in a worker so that neither the page nor another script sees
// a key.
//
//	go generate ./httpapi/web
//
// builds it (httpapi/web/buildcore says how) to where httpapi/web embeds it.
//
// When it runs it sets globalThis.carehold:
//
//	enrol(server, {invite, passphrase, label, name})  -> {holder, deviceKey, recovery}
//	unlock(server, {deviceKey, passphrase} | {recovery} | {prf}, memory)  -> holder
//
// and a holder has
//
//	person  memory()  handover()  epoch()  now()  grants()  links()  slots()  addresses()  doubt()  close()
//	waiting()  examine()  carryOn(loseSeen)   of a record that was restored or moved
//	refresh()  signOut(token)  signIn()       -> {token, until}
//	grant({name, role, organisation, sections, scopes, purpose, until, lasts, daily, label})
//	issueToken(id, label, until)              -> {id, token, until}
//	amend(id, {add, drop, scopes, lasts | until | open, unbound}) -> the grant as it is then
//	revoke([id])  suspend([id])  resume([id])  strike(token, id)  tidy()
//	receipt(id)                               -> its text
//	prepareLink()                             -> a link to be made: see link_js.go, and shlmake.mjs
//	addPassphrase(passphrase, label)          -> deviceKey
//	addPasskey(prf, label)  replaceRecovery() -> recovery
//	removeSlot(id)  evict([id])  deleteRecord()
//	check(token)  checkNew(token)             -> {from, size, statements}
//	history(token, from)                      -> [{index, time, writer, action, refused, grant, entries, more, sentence}]
//
//	newAddress(label, until)                  -> {id, label, until, created, closed, open, path}
//	closeAddress(token, id)
//	requests(token)                           -> [{id, expires, damaged, name, …, sections, sensitive, scopes, proposal, app}]
//	lookup(token, code)                       -> one of them
//	approve(token, id, {as of grant, words, beyond, unbound, code}) -> {id, until}
//	refuse(token, id, {words, code})  drop(token, id)
//	inbox(token)                              -> [{id, notice, damaged, time, name, …, known, entries, more, type, json, section, why}]
//	takeIn(token, id, {section, dispute})     -> {type, id, version, section, unchanged, deleted, unverified, disputed, notSaid}
//	looked(token, id)  dismiss(token, id)
//
// All of these but person, memory, handover, epoch, now, grants, links, slots, addresses, doubt,
// waiting, prepareLink and close return promises. Ids are hexadecimal, times ISO 8601, memory and
// prf Uint8Array, until and memory may be null, lasts is in seconds, sections a list of
// names. Keep memory() after each call, the failed ones included.
//
// What waits and who asks is answered by its id. With other keys than those it was looked
// at with, it is fetched once more; for one that came with a code, say code again.
//
// A promise is rejected with an Error whose code is the record.Kind: "conflict",
// "unauthorized", "integrity". The last is never a network's fault.
//
// server is how the core reaches its server: httpapi/web/ui/server.mjs makes one of fetch. It is
// a function of {method, path, token, json, bytes, raw} that resolves with the answer
// parsed from JSON, or with its text where raw is said, or rejects with an object that has the answer's code and
// message; anything else it rejects with is taken for a broken connection.
package main
