package jose

import (
	"bytes"
	"encoding/base64"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxHeader bounds a protected header: those of links and cards have 100 bytes.
const maxHeader = 8 << 10

// header is what matters of a protected header. Whatever else is in it is ignored
// (RFC 7515 §4), unless crit says that it must not be.
type header struct {
	Algorithm   string         `json:"alg"`
	Encryption  string         `json:"enc"`
	Zip         string         `json:"zip"`
	ContentType string         `json:"cty"`
	KeyID       string         `json:"kid"`
	Critical    jsontext.Value `json:"crit"`
	Base64      jsontext.Value `json:"b64"` // RFC 7797: a payload that is not encoded
}

// parseHeader reads one: JSON with no name twice (RFC 7515 §4), names compared
// letter by letter.
func parseHeader(part []byte) (h header, err error) {
	if len(part) > maxHeader {
		return h, ErrForm
	}
	b, err := decode(part)
	if err != nil {
		return h, err
	}
	if jsontext.Value(b).Kind() != '{' || json.Unmarshal(b, &h) != nil {
		return h, ErrForm
	}
	if h.Critical != nil || h.Base64 != nil || h.Zip != "" && h.Zip != "DEF" {
		return h, ErrAlgorithm
	}
	return h, nil
}

// b64 is base64url without padding (RFC 7515 §2), and no loose bits at its end.
var b64 = base64.RawURLEncoding.Strict()

// decode decodes one part.
func decode(part []byte) ([]byte, error) {
	// encoding/base64 skips line breaks; here they are bytes that do not belong.
	if bytes.ContainsAny(part, "\r\n") {
		return nil, ErrForm
	}
	b, err := b64.AppendDecode(nil, part)
	if err != nil {
		return nil, ErrForm
	}
	return b, nil
}

// split cuts a compact object into exactly n parts.
func split(compact []byte, n int) ([][]byte, error) {
	parts := bytes.SplitN(compact, []byte("."), n+1)
	if len(parts) != n {
		return nil, ErrForm
	}
	return parts, nil
}
