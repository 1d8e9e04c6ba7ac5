package audit

import (
	"encoding/base64"
	"errors"
	"strconv"

	"golang.org/x/mod/sumdb/note"

	"carehold/record"
)

// A backup is signed as a checkpoint is, under the same key; its text can be taken
// for no checkpoint's.
//
//	carehold/backup/<store>
//	<the number it goes up to, decimal>
//	<SHA-256 of its frames, base64>

// ErrBackupNote is for a backup that the server it names did not sign.
var ErrBackupNote = errors.New("the backup is not signed by the server it names")

func backupText(s record.StoreID, to uint64, sum [32]byte) string {
	return "carehold/backup/" + s.String() + "\n" + strconv.FormatUint(to, 10) + "\n" + base64.StdEncoding.EncodeToString(sum[:]) + "\n"
}

// SignBackup signs a backup of the store.
func (n *NodeSigner) SignBackup(to uint64, sum [32]byte) ([]byte, error) {
	return note.Sign(&note.Note{Text: backupText(n.store, to, sum)}, n.signer)
}

// VerifyBackup reports whether the note is that of the backup.
func VerifyBackup(signed []byte, verifier string, s record.StoreID, to uint64, sum [32]byte) error {
	v, err := note.NewVerifier(verifier)
	if err != nil || v.Name() != nodeName(s) {
		return ErrBackupNote
	}
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil || n.Text != backupText(s, to, sum) {
		return ErrBackupNote
	}
	return nil
}

// IsVerifier reports whether a text is a verifier key of that store's node.
func IsVerifier(verifier string, s record.StoreID) bool {
	v, err := note.NewVerifier(verifier)
	return err == nil && v.Name() == nodeName(s)
}
