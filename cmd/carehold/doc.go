// Command carehold keeps a person's health and care record, and is the person's
// way to it.
//
// # Two sorts of command
//
//	operator   init serve invite status           work on the data folder; while serve
//	                                              runs they ask it over a socket of mode 0600
//	person     enrol import grant revoke check …  open the record on this device and
//	                                              speak HTTP to a server
//
// The person's commands unlock for as long as they run: the passphrase is asked
// for, Argon2id and the device key open the root key, a session is opened, used
// and closed. Nothing that opens the record outlives the command; the device
// file (state.go) holds the device key and what the device remembers of the
// record, and neither opens anything without the passphrase.
//
// # The words
//
//	app       one run of the program: its streams, its terminal, its flags
//	device    the device file: server, device key, memory
//	unlocked  the record while it is open: holder, server, session
//	setting   one definition of flag, variable, file key and help (settings.go)
//
// # What it promises
//
// stdout is the answer, stderr everything else. With --json the answer is JSON,
// one object a line, each with a "type" (docs/cli.md, tested). Exit codes are in
// errors.go. Every file it makes is 0600, every folder 0700.
//
// # What it must never do
//
// Take a secret as an argument, a flag's value or an environment variable's: other
// programs can see those. Ask for a secret on stdin when nobody said so, or write
// one anywhere but to the terminal or to the file it was told to.
package main
