package export

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"filippo.io/age"

	"carehold/record"
)

// Who may open a sealed export, and who opens it.
type (
	Recipient = age.Recipient
	Identity  = age.Identity
)

// Seal encrypts what is written, with age; Close ends it. An age file cannot be cut
// short unseen.
func Seal(w io.Writer, to ...Recipient) (io.WriteCloser, error) { return age.Encrypt(w, to...) }

// PassphraseRecipient is who knows a passphrase. Trying one costs 256 MiB and a second.
func PassphraseRecipient(passphrase string) (Recipient, error) {
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, record.Safef(record.Invalid, "this cannot be a passphrase")
	}
	return r, nil
}

// PassphraseIdentity opens what PassphraseRecipient sealed. An age file may ask for any
// amount of work: for more than four times that of ours it is not done.
func PassphraseIdentity(passphrase string) (Identity, error) {
	i, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, record.Safef(record.Invalid, "this cannot be a passphrase")
	}
	i.SetMaxWorkFactor(20)
	return i, nil
}

const ageMagic = "age-encryption.org/v1\n"

// Sealed reports whether a file that begins so is age's, and whether a passphrase opens
// it.
func Sealed(head []byte) (sealed, byPassphrase bool) {
	rest, sealed := bytes.CutPrefix(head, []byte(ageMagic))
	return sealed, bytes.HasPrefix(rest, []byte("-> scrypt "))
}

// Unseal reads a sealed file anywhere in it. Nothing of it is written to a disk.
func Unseal(at io.ReaderAt, size int64, ids ...Identity) (io.ReaderAt, int64, error) {
	plain, n, err := age.DecryptReaderAt(at, size, ids...)
	switch _, no := errors.AsType[*age.NoIdentityMatchError](err); {
	case no:
		return nil, 0, record.Safef(record.Unauthorized, "this does not open it: it was encrypted with another passphrase, or to another key")
	case err != nil && strings.Contains(err.Error(), "work factor too large"):
		return nil, 0, record.Safef(record.TooLarge, "trying a passphrase on this file would take more than 1 GiB: no export of Carehold's asks for that")
	case err != nil:
		return nil, 0, errSealed
	}
	return unsealed{plain}, n, nil
}

var errSealed error = record.Safef(record.Integrity, "the encrypted file is damaged, cut off, or was changed")

// unsealed gives age's refusals words.
type unsealed struct{ at io.ReaderAt }

func (u unsealed) ReadAt(b []byte, off int64) (int, error) {
	n, err := u.at.ReadAt(b, off)
	if err != nil && err != io.EOF {
		err = errSealed
	}
	return n, err
}
