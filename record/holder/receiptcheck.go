package holder

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/grant"
)

var errReceipt error = record.Safef(record.Invalid, "this is not a receipt as it was made: something in it was changed, or is missing")

var errNoReceipt error = record.Safef(record.Invalid, "this is no Carehold receipt")

// maxReceipt is the most there may be, in bytes.
const maxReceipt = 64 << 10

// VerifyReceipt checks a receipt, and reads it: the signature, the certificate under the
// same identity, the log's head under the store's key, and that what it says in words is
// what they say. Who the identity is, see Slip.Named. Whether the grant still is what it
// was, no paper knows. All line ends may have become CRLF on the way, as
// mail and some editors make them.
func VerifyReceipt(b []byte) (Slip, error) {
	if n := bytes.Count(b, []byte("\r\n")); n > 0 && n == bytes.Count(b, []byte("\n")) {
		b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	}
	if !bytes.HasPrefix(b, []byte("Carehold receipt ")) {
		return Slip{}, errNoReceipt
	}
	at := strings.LastIndex(string(b), receiptMark)
	if at < 0 || len(b) > maxReceipt {
		return Slip{}, errReceipt
	}
	text, last := string(b[:at]), string(b[at+len(receiptMark):])
	signature, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSuffix(last, "\n"))
	if err != nil || last != base64.StdEncoding.EncodeToString(signature)+"\n" {
		return Slip{}, errReceipt
	}
	s, ok := readSlip(text)
	if !ok || s.Identity.Verify(crypto.SignReceipt, []byte(text), signature) != nil {
		return Slip{}, errReceipt
	}
	if s.certificate != nil {
		if s.Grant, err = grant.Verify(s.certificate, s.Identity); err != nil {
			return Slip{}, errReceipt
		}
	}
	s.Head, err = audit.VerifyCheckpoint(s.checkpoint, s.Verifier, s.Store, s.Grant.Person)
	if err != nil || s.text() != text { // so there is one form of each, words and all
		return Slip{}, errReceipt
	}
	return s, nil
}

// readSlip takes from a text what the rest of it is made of; whether it is, is for the
// caller to compare.
func readSlip(text string) (s Slip, ok bool) {
	head, checkpoint, ok := strings.Cut(text, "\nlog:\n")
	if !ok {
		return s, false
	}
	s.checkpoint = []byte(checkpoint)
	fields, block, certified := strings.Cut(head, "\ncertificate:\n")
	if !certified {
		if fields, block, ok = strings.Cut(head, "\nmessage:\n"); !ok {
			return s, false
		}
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(strings.ReplaceAll(block, "\n", ""))
	if err != nil || len(raw) < crypto.SignatureSize {
		return s, false
	}
	if certified {
		s.certificate = raw
		raw = raw[crypto.SignatureSize:]
	}
	if s.Grant, err = grant.Parse(raw); err != nil {
		return s, false
	}
	said := map[string]string{}
	for line := range strings.Lines(fields) {
		if name, value, found := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); found {
			said[name] = value
		}
	}
	for state := Live; state <= Suspended; state++ {
		if state.String() == said["state"] {
			s.State = state
		}
	}
	why, err := strconv.ParseUint("0"+said["why"], 10, 8)
	s.Why = EndReason(why)
	if err != nil || s.State == 0 || s.State == Suspended && said["since"] == "" || (s.State == Ended) != (s.Why != NotEnded) {
		return s, false
	}
	for name, into := range map[string]*time.Time{"since": &s.Since, "made": &s.Made} {
		if text := said[name]; text != "" {
			if *into, err = time.Parse(time.RFC3339, text); err != nil {
				return s, false
			}
			*into = into.UTC()
		}
	}
	store, err := hex.DecodeString(said["store"])
	if err != nil || len(store) != len(s.Store) || s.Made.IsZero() {
		return s, false
	}
	identity, err := base64.StdEncoding.Strict().DecodeString(said["identity"])
	if err != nil {
		return s, false
	}
	s.Identity, err = crypto.ParsePublicKey(identity)
	s.Store, s.Verifier = record.StoreID(store), said["verifier"]
	return s, err == nil
}
