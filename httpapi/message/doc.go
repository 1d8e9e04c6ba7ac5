// Package message is what is said at the holder's door, /holder/v1, in both
// directions: the server's handlers and every client use these same types.
//
//	bytes     standard base64
//	ids       lower-case hexadecimal
//	times     RFC 3339, UTC
//	sections  their names: "mental-health"
//
// Reading is strict: an unknown member, a member twice, anything after the
// value, an id that is not exactly as it would be written, are refused. A field
// that is added later is therefore a new version of the door for whoever sends
// it; whoever receives answers passes over what they do not know.
package message
