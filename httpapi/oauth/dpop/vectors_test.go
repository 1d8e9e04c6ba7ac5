package dpop_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"carehold/httpapi/oauth/dpop"
	"carehold/httpapi/oauth/dpop/signed"
)

// The proofs of RFC 9449: §4.1 (for the token endpoint) and §7.1 (for a
// resource), the token of §7.1 and the thumbprint of §6.1.
const (
	rfcHead     = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19"
	rfcForToken = rfcHead + ".eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
	rfcForAPI   = rfcHead + ".eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
	rfcToken    = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
	rfcJKT      = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
)

func TestRFC9449(t *testing.T) {
	jkt, err := dpop.ParseThumbprint(rfcJKT)
	if err != nil {
		t.Fatal(err)
	}
	c, clock := world(dpop.Options{})
	clock.at = time.Unix(1562262620, 0)
	if p, err := c.Check([]string{rfcForToken}, "POST", "https://server.example.com/token", "", [32]byte{}); err != nil || dpop.FormatThumbprint(p.JKT) != rfcJKT {
		t.Errorf("§4.1: %v %v", p, err)
	}
	if _, err := c.Check([]string{rfcForAPI}, "GET", "https://resource.example.org/protectedresource", rfcToken, jkt); err != nil {
		t.Errorf("§7.1: %v", err)
	}
	if _, err := c.Check([]string{strings.Replace(rfcForAPI, ".2oW9", ".3oW9", 1)}, "GET", "https://resource.example.org/protectedresource", rfcToken, jkt); !errors.Is(err, dpop.Invalid) {
		t.Errorf("§7.1 with another signature: %v", err)
	}
}

// RFC 7638 §3.1: the key and its thumbprint.
func TestRFC7638(t *testing.T) {
	k, err := signed.ParseKey([]byte(`{"kty":"RSA",
		"n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
		"e":"AQAB","alg":"RS256","kid":"2011-04-29"}`))
	if err != nil || dpop.FormatThumbprint(k.Thumbprint) != "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" {
		t.Errorf("%v %v", k, err)
	}
}

// FuzzProof: nothing but what was signed is ever taken.
func FuzzProof(f *testing.F) {
	for _, text := range []string{rfcForToken, rfcForAPI, "", "a.b.c", rfcHead + ".e30.AA", "eyJhbGciOiJub25lIn0.e30."} {
		f.Add(text, "https://server.example.com/token")
	}
	signedPart := rfcForToken[:strings.LastIndexByte(rfcForToken, '.')]
	f.Fuzz(func(t *testing.T, text, uri string) {
		c, clock := world(dpop.Options{})
		clock.at = time.Unix(1562262620, 0)
		_, err := c.Check([]string{text}, "POST", uri, "", [32]byte{})
		if err != nil {
			if _, ok := errors.AsType[*dpop.Error](err); !ok {
				t.Fatalf("%T", err)
			}
			return
		}
		// A key can be anybody's: only for the RFC's is it known what it signed.
		if strings.HasPrefix(text, rfcHead+".") && !strings.HasPrefix(text, signedPart+".") {
			t.Fatalf("taken: %q", text)
		}
	})
}
