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
//	person  memory()  epoch()  now()  grants()  slots()  doubt()  close()
//	refresh()  signOut(token)  signIn()       -> {token, until}
//	grant({name, role, organisation, sections, scopes, purpose, until, lasts, daily, label})
//	issueToken(id, label, until)              -> {id, token, until}
//	revoke([id])  strike(token, id)  tidy()
//	addPassphrase(passphrase, label)          -> deviceKey
//	addPasskey(prf, label)  replaceRecovery() -> recovery
//	removeSlot(id)  evict([id])
//	check(token)  checkNew(token)             -> {from, size, statements}
//	history(token, from)                      -> [{index, time, writer, action, refused, grant, entries, more, sentence}]
//
// All of these but person, memory, epoch, now, grants, slots, doubt and close return
// promises. Ids are hexadecimal, times ISO 8601, memory and prf Uint8Array,
// until and memory may be null, lasts is in seconds, sections a list of names.
// Keep memory() after each call, the failed ones included.
//
// A promise is rejected with an Error whose code is the record.Kind: "conflict",
// "unauthorized", "integrity". The last is never a network's fault.
//
// server is how the core reaches its server: httpapi/web/ui/server.mjs makes one of fetch. It is
// a function of {method, path, token, json, bytes} that resolves with the answer
// parsed from JSON, or rejects with an object that has the answer's code and
// message; anything else it rejects with is taken for a broken connection.
package main
