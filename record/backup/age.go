package backup

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"filippo.io/age"

	"carehold/record"
)

// Recipients reads the public keys that a backup is encrypted to: age1… and, for
// keys that a quantum computer does not break, age1pq1…. All of them are of one
// sort: age refuses to weaken the second by the first.
func Recipients(keys []string) ([]age.Recipient, error) {
	var list []age.Recipient
	sorts := make(map[bool]bool)
	for _, k := range keys {
		k = strings.TrimSpace(k)
		if k == "" || strings.HasPrefix(k, "#") {
			continue
		}
		r, err := age.ParseRecipients(strings.NewReader(k))
		if err != nil || len(r) != 1 {
			return nil, record.Safef(record.Invalid, "a recipient is a public key of age's, age1… or age1pq1…, as age-keygen prints it")
		}
		sorts[strings.HasPrefix(k, "age1pq1")] = true
		list = append(list, r[0])
	}
	if len(list) == 0 {
		return nil, record.Safef(record.Invalid, "a backup needs a recipient: a public key of age's, as age-keygen prints it")
	}
	if len(sorts) > 1 {
		return nil, record.Safef(record.Invalid, "the recipients are of two sorts, age1… and age1pq1…: use one sort, or the stronger would be no stronger than the weaker")
	}
	return list, nil
}

// Identities reads a file of age's with the secret keys.
func Identities(r io.Reader) ([]age.Identity, error) {
	list, err := age.ParseIdentities(r)
	if err != nil { // its words could quote the file
		return nil, record.Safef(record.Invalid, "this is not an identity file of age's: it has a line that begins with AGE-SECRET-KEY-")
	}
	return list, nil
}

// Encrypt encrypts what is written; Close ends it.
func Encrypt(w io.Writer, to []age.Recipient) (io.WriteCloser, error) { return age.Encrypt(w, to...) }

var (
	errIdentity error = record.Safef(record.Unauthorized, "this identity does not open the backup: it was encrypted to another key")
	errNotAge   error = record.Safef(record.Integrity, "this is no file of age's, or its beginning is damaged")
	errPayload  error = record.Safef(record.Integrity, "the file is damaged, cut off, or was changed: age cannot decrypt all of it")
)

// Decrypt reads an encrypted backup.
func Decrypt(r io.Reader, ids []age.Identity) (*Reader, error) {
	plain, err := age.Decrypt(bufio.NewReaderSize(r, 128<<10), ids...)
	if _, no := errors.AsType[*age.NoIdentityMatchError](err); no {
		return nil, errIdentity
	}
	if err != nil {
		return nil, errNotAge
	}
	return NewReader(payload{plain})
}

// payload gives age's refusals words, and passes on what the disk says.
type payload struct{ r io.Reader }

func (p payload) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	if err != nil && err != io.EOF {
		err = errPayload
	}
	return n, err
}
