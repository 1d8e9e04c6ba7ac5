package dpop

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// period is how long a nonce is handed out; for as long again it is taken.
const period = 5 * time.Minute

// nonces makes them. Its key is of the process: nonces of another are not taken.
type nonces struct{ key [32]byte }

func newNonces() (n nonces) {
	rand.Read(n.key[:]) // never fails (crypto/rand)
	return n
}

func (n *nonces) at(now time.Time, back int64) string {
	mac := hmac.New(sha256.New, n.key[:])
	mac.Write([]byte("DPoP nonce"))
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(now.Unix()/int64(period/time.Second)-back)))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}

func (n *nonces) good(now time.Time, nonce string) bool {
	return hmac.Equal([]byte(nonce), []byte(n.at(now, 0))) || hmac.Equal([]byte(nonce), []byte(n.at(now, 1)))
}
