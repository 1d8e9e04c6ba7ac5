// Package acmetest tries --acme on the program as it is shipped, with Pebble: the
// certificate authority that Let's Encrypt gives to those who write clients. It is
// a module of its own, so that what Pebble needs is not what Carehold needs.
//
//	cd httpapi/certificate/acmetest && go test ./...
package acmetest
