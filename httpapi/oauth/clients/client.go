package clients

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"carehold/record"
)

// Auth is how a client proves that it is itself.
type Auth string

const (
	Public Auth = "public" // not at all: an app on a device keeps no secret
	Secret Auth = "secret" // client_secret_basic, client_secret_post
	Key    Auth = "key"    // private_key_jwt
)

// Profile is the set of rules it is held to, where those of two standards differ.
type Profile string

const (
	SMART Profile = "smart" // SMART App Launch 2.2
	FAPI2 Profile = "fapi2" // FAPI 2.0 Security Profile
)

// Client is one app. It is a value: who has one may keep it, and changes nothing of it.
type Client struct {
	ID           string         `json:"id"`
	Name         string         `json:"name"`
	Organisation string         `json:"organisation,omitzero"` // whose app it is
	URI          string         `json:"uri,omitzero"`          // a page about it
	Redirects    []string       `json:"redirects,omitzero"`
	Auth         Auth           `json:"auth"`
	SecretHash   string         `json:"secret_sha256,omitzero"` // of Secret: hexadecimal
	JWKS         jsontext.Value `json:"jwks,omitzero"`          // of Key: the keys themselves,
	JWKSURI      string         `json:"jwks_uri,omitzero"`      // or where they are
	Profile      Profile        `json:"profile"`
	DPoP         bool           `json:"dpop,omitzero"`    // its tokens must be bound to a key of its own
	PAR          bool           `json:"par,omitzero"`     // it must push what it asks for
	Backend      bool           `json:"backend,omitzero"` // it may come without a person: client_credentials
	Origins      []string       `json:"origins,omitzero"` // whose scripts may ask in a browser (CORS)
	Added        time.Time      `json:"added"`            // or, of one that is not registered, fetched
	Verified     bool           `json:"-"`                // the operator has registered it
}

const (
	maxName = 100 // characters
	maxList = 32  // redirects, and origins
)

var registered = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$`)

// people are ids as persons, grants and stores have them: no app's may look like one
// (RFC 9700 §4.15).
var people = regexp.MustCompile(`^[0-9A-Fa-f]{32}$`)

// Check says what is wrong with a client, in words that name the part.
func (c Client) Check() error {
	for _, check := range []func(Client) string{checkID, checkShown, checkRedirects, checkAuth, checkProfile, checkOrigins} {
		if wrong := check(c); wrong != "" {
			return record.Errorf(record.Unprocessed, "%s", wrong)
		}
	}
	return nil
}

func checkID(c Client) string {
	if strings.HasPrefix(c.ID, "https:") { // one that describes itself, and is registered all the same
		if wrong := checkURL(c.ID); wrong != "" {
			return "the id, a URL, " + wrong
		}
		return ""
	}
	if !registered.MatchString(c.ID) {
		return "the id must be 1 to 128 letters, digits, and . _ ~ - that begin with a letter or digit, or an https URL"
	}
	if people.MatchString(c.ID) {
		return "the id looks like a record's or a grant's: give it another"
	}
	return ""
}

func checkShown(c Client) string {
	if wrong := checkText(c.Name); wrong != "" {
		return "the name " + wrong
	}
	if c.Organisation != "" {
		if wrong := checkText(c.Organisation); wrong != "" {
			return "the organisation " + wrong
		}
	}
	if c.URI != "" {
		if wrong := checkHTTPS(c.URI); wrong != "" {
			return "the page about it " + wrong
		}
	}
	return ""
}

// checkText judges what is shown to a person who decides: letters that change the
// order of others, or cannot be seen, are for those who deceive.
func checkText(s string) string {
	switch {
	case s == "" || !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxName:
		return fmt.Sprintf("must have 1 to %d characters", maxName)
	case strings.TrimSpace(s) != s:
		return "must not begin or end with a space"
	case strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsGraphic(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
	}):
		return "must be of letters that can be seen"
	}
	return ""
}

func checkHTTPS(s string) string {
	u, wrong := split(s)
	if wrong == "" && (u.scheme != "https" || u.host == "") {
		wrong = "must be an https URL"
	}
	return wrong
}

func checkRedirects(c Client) string {
	if len(c.Redirects) == 0 && !c.Backend {
		return "there must be a redirect: where a person is sent back to"
	}
	if len(c.Redirects) > maxList {
		return fmt.Sprintf("there may be %d redirects at most", maxList)
	}
	for i, r := range c.Redirects {
		if wrong := checkRedirect(r); wrong != "" {
			return fmt.Sprintf("the redirect %s %s", shown(r), wrong)
		}
		if native(r) && c.Auth != Public {
			return fmt.Sprintf("the redirect %s is of an app on a device, which keeps no secret: it must be public", shown(r))
		}
		if slices.Contains(c.Redirects[:i], r) {
			return fmt.Sprintf("the redirect %s is there twice", shown(r))
		}
	}
	return ""
}

func checkAuth(c Client) string {
	keys := len(c.JWKS) > 0 || c.JWKSURI != ""
	switch c.Auth {
	case Public:
		if c.SecretHash != "" || keys {
			return "a public client has no secret and no keys"
		}
	case Secret:
		if b, err := hex.DecodeString(c.SecretHash); err != nil || len(b) != sha256.Size || hex.EncodeToString(b) != c.SecretHash {
			return "the secret must be kept as SHA-256, in 64 hexadecimal digits"
		}
		if keys {
			return "a client has a secret or keys, not both"
		}
	case Key:
		switch {
		case c.SecretHash != "":
			return "a client has a secret or keys, not both"
		case (len(c.JWKS) > 0) == (c.JWKSURI != ""):
			return "a client that proves itself by a key has its keys, or the address of them, and not both"
		case c.JWKSURI != "":
			if wrong := checkHTTPS(c.JWKSURI); wrong != "" {
				return "the address of the keys " + wrong
			}
		default:
			return checkKeys(c.JWKS)
		}
	default:
		return fmt.Sprintf("auth must be %s, %s or %s", Public, Secret, Key)
	}
	return ""
}

func checkProfile(c Client) string {
	if c.Backend && c.Auth != Key {
		return "a client that comes without a person must prove itself by a key (SMART backend services)"
	}
	switch c.Profile {
	case SMART:
	case FAPI2:
		switch {
		case c.Auth != Key:
			return "a client of the profile fapi2 must prove itself by a key"
		case !c.DPoP || !c.PAR:
			return "a client of the profile fapi2 must bind its tokens (dpop) and push what it asks for (par)"
		case slices.ContainsFunc(c.Redirects, onDevice):
			return "a client of the profile fapi2 must have redirects that are https"
		}
	default:
		return fmt.Sprintf("the profile must be %s or %s", SMART, FAPI2)
	}
	return ""
}

func checkOrigins(c Client) string {
	if len(c.Origins) > maxList {
		return fmt.Sprintf("there may be %d origins at most", maxList)
	}
	for i, o := range c.Origins {
		u, wrong := split(o)
		if wrong != "" {
			return fmt.Sprintf("the origin %s %s", shown(o), wrong)
		}
		if o != u.origin() || u.host == "" || u.scheme != "https" && !(u.scheme == "http" && u.loopback()) {
			return fmt.Sprintf("the origin %s must be https:// and a host, with a port that is not 443 if there is one, and nothing else; or http:// and 127.0.0.1 or [::1]", shown(o))
		}
		if slices.Contains(c.Origins[:i], o) {
			return fmt.Sprintf("the origin %s is there twice", shown(o))
		}
	}
	return ""
}

// shown is somebody's text in a message: quoted, and not endless.
func shown(s string) string {
	if len(s) > 80 {
		s = strings.ToValidUTF8(s[:80], "") + "…"
	}
	return fmt.Sprintf("%q", s)
}

// Host is the host of an id that is a URL: all that is known for certain of a client
// that is not Verified. It is "" for other ids.
func (c Client) Host() string {
	if u, wrong := split(c.ID); wrong == "" && u.scheme == "https" {
		return u.host
	}
	return ""
}

// Title is what a person is shown who decides: the name, or, of an app that nobody
// registered, where it is from, and only then what it calls itself.
func (c Client) Title() string {
	switch {
	case c.Verified:
		return c.Name
	case c.Name == "" || c.Name == c.Host():
		return c.Host()
	}
	return fmt.Sprintf("%s, which calls itself “%s”", c.Host(), strings.NewReplacer("“", "'", "”", "'").Replace(c.Name))
}

const secretPrefix = "chdapp_" // so that whoever finds one knows what it is of

// NewSecret draws a secret of 256 bits, and says what is kept of it.
func NewSecret() (secret, hash string) {
	b := make([]byte, 32)
	rand.Read(b)
	secret = secretPrefix + base64.RawURLEncoding.EncodeToString(b)
	sum := sha256.Sum256([]byte(secret))
	return secret, hex.EncodeToString(sum[:])
}

// NewID makes an id: 64 random bits, and no person's id looks like it.
func NewID() string {
	b := make([]byte, 8)
	rand.Read(b)
	return "app-" + hex.EncodeToString(b)
}

// HasSecret reports whether given is the client's secret. It takes as long for each
// that is as long, and is false for a client that has none.
func (c Client) HasSecret(given string) bool {
	sum := sha256.Sum256([]byte(given))
	return c.Auth == Secret && subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum[:])), []byte(c.SecretHash)) == 1
}

func (c Client) clone() Client {
	c.Redirects, c.Origins, c.JWKS = slices.Clone(c.Redirects), slices.Clone(c.Origins), slices.Clone(c.JWKS)
	return c
}
