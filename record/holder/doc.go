// Package holder is the person's side of a record: the only code that ever holds
// the root key. It runs on their device, natively and in a browser.
package holder
