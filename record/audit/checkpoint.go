package audit

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/statement"
)

// A checkpoint is a C2SP tlog-checkpoint: a signed note of three lines.
//
//	carehold/log/<store>/<person>
//	<size, decimal>
//	<root, base64>
//
// signed with Ed25519 by the node, whose name in the signature line is
// carehold/node/<store>. A device pins the node's verifier key when it enrols.

func origin(s record.StoreID, p record.PersonID) string {
	return "carehold/log/" + s.String() + "/" + p.String()
}

func nodeName(s record.StoreID) string { return "carehold/node/" + s.String() }

// NodeSigner signs checkpoints.
type NodeSigner struct {
	store  record.StoreID
	signer note.Signer
	public string
}

// NewNodeSigner makes the node's signer from its key (node.key).
func NewNodeSigner(store record.StoreID, node crypto.Key) (*NodeSigner, error) {
	seed := node.Derive(crypto.LabelCheckpoint, store[:])
	private := ed25519.NewKeyFromSeed(seed.Bytes())
	verifier, err := note.NewEd25519VerifierKey(nodeName(store), private.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, err
	}
	// note takes a signer only in its text form: PRIVATE+KEY+<name>+<hash>+<base64(1 || seed)>.
	parts := strings.SplitN(verifier, "+", 3)
	text := "PRIVATE+KEY+" + parts[0] + "+" + parts[1] + "+" +
		base64.StdEncoding.EncodeToString(append([]byte{1}, seed.Bytes()...))
	signer, err := note.NewSigner(text)
	if err != nil {
		return nil, err
	}
	return &NodeSigner{store, signer, verifier}, nil
}

// Verifier is the node's public key as a device pins it.
func (n *NodeSigner) Verifier() string { return n.public }

// Sign makes the checkpoint of a person's log.
func (n *NodeSigner) Sign(p record.PersonID, h statement.Head) ([]byte, error) {
	text := origin(n.store, p) + "\n" + strconv.FormatUint(h.Size, 10) + "\n" +
		base64.StdEncoding.EncodeToString(h.Root[:]) + "\n"
	return note.Sign(&note.Note{Text: text}, n.signer)
}

// ErrCheckpoint is for a checkpoint that the pinned node did not sign for this
// person's log.
var ErrCheckpoint = errors.New("the server's checkpoint is not signed by the server this device knows")

// VerifyCheckpoint reads a checkpoint under the pinned verifier key.
func VerifyCheckpoint(signed []byte, verifier string, s record.StoreID, p record.PersonID) (statement.Head, error) {
	var h statement.Head
	v, err := note.NewVerifier(verifier)
	if err != nil || v.Name() != nodeName(s) {
		return h, ErrCheckpoint
	}
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return h, ErrCheckpoint
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[0] != origin(s, p) || lines[3] != "" {
		return h, ErrCheckpoint
	}
	size, err := strconv.ParseUint(lines[1], 10, 62)
	if err != nil || strconv.FormatUint(size, 10) != lines[1] {
		return h, ErrCheckpoint
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != len(h.Root) {
		return h, ErrCheckpoint
	}
	h.Size = size
	copy(h.Root[:], root)
	return h, nil
}
