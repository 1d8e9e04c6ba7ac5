package client

import (
	"context"
	"encoding/hex"
	"strconv"
	"time"

	"carehold/crypto"
)

// linkTime is for one file of a link.
const linkTime = 10 * time.Minute

// PutLinkFile keeps file n of a link; 0 is the list of the others, which comes last.
func (s *Session) PutLinkFile(ctx context.Context, link crypto.CapsuleID, n int, content []byte) error {
	_, _, err := s.c.do(ctx, call{method: "PUT", path: linkPath(link) + "/files/" + strconv.Itoa(n), token: s.token,
		typ: "application/octet-stream", body: content, timeout: linkTime})
	return err
}

// DropLink removes the files of a link.
func (s *Session) DropLink(ctx context.Context, link crypto.CapsuleID) error {
	_, _, err := s.c.do(ctx, call{method: "DELETE", path: linkPath(link), token: s.token})
	return err
}

func linkPath(link crypto.CapsuleID) string { return "/holder/v1/links/" + hex.EncodeToString(link[:]) }

// Summary fetches the patient summary of what the token opens.
func (s *Session) Summary(ctx context.Context) ([]byte, error) {
	_, b, err := s.c.do(ctx, call{method: "GET", path: "/fhir/Patient/$summary", token: s.token, max: maxPage * 4})
	return b, err
}
