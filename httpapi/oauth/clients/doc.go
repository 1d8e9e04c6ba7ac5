// Package clients knows the apps that may ask for a person's record by OAuth: those
// that the operator has registered, and, where the operator takes them, those that
// nobody has.
//
//	Client       one app: its name, where it may be sent back to, how it proves itself
//	Registry     the apps that are registered: clients.json in the store's folder
//	Registry.Get what an endpoint asks, of any client_id
//
// # The registry
//
// One JSON document, of mode 0600, written whole beside itself and renamed. The
// commands write it under a lock, clients.lock, so that two of them at once lose
// nothing; the server only reads. It looks at the file whenever it is asked, and reads
// it again when it is another: what was added or removed holds from the next request.
// A hand may edit it: it is read strictly, and a text that cannot be read leaves what
// was there before in force, with one warning in the log.
//
//	{
//	  "version": 1,
//	  "clients": [
//	    {
//	      "id": "app-0f3c5a7791d2e684",
//	      "name": "Sunrise",
//	      "organisation": "Sunrise Health Ltd",
//	      "redirects": ["https://app.sunrise.example/callback"],
//	      "auth": "public",
//	      "profile": "smart",
//	      "added": "2026-11-02T09:30:00Z"
//	    }
//	  ]
//	}
//
// There is no secret in it, only SHA-256 of some: they are 256 random bits that this
// program drew, so there is nothing to guess and nothing slow is needed.
//
// # Apps that nobody registered
//
// A client_id that is an https URL is where the app describes itself
// (draft-ietf-oauth-client-id-metadata-document): the document is fetched and held to
// rules stricter than the draft's, see ParseDocument. Such a Client is not Verified:
// the one thing known of it is the host that the document was at, and Title says it
// first. Anybody can make a server ask by naming a URL, so the asking is bounded in
// number, in time, in bytes and for each host, it goes through fetch.Fetch, which
// reaches public addresses alone, and it follows no redirect.
//
// # What it promises
//
// What a person is sent back to was registered, letter for letter: nothing is decoded,
// cleaned or put in order before it is compared. The port of a loopback address alone
// may differ (RFC 8252 §7.3).
//
// # What it must never do
//
// Log or quote a secret. Ask an address while it holds a lock. Take a client from a
// document that it would refuse from the operator.
package clients
