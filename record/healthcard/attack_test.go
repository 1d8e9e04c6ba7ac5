package healthcard_test

import (
	"errors"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/healthcard"
)

// TestIssuersLookAlike: the person decides by an issuer's address, as they see it. One
// with what is not seen, or seen as something else, would go on to say that the card is
// verified, or be another's address to the eye.
func TestIssuersLookAlike(t *testing.T) {
	i := newIssuer(t)
	for _, address := range []string{ // in JSON
		iss + `,\u00a0verified\u00a02026-11-22`,                                  // no-break spaces
		iss + `,\u2003verified`, iss + `\u200b`, iss + `\u2060x`, iss + `\ufeff`, // of no width
		`https://issuer.example/\u202esdrac`, iss + `\u2066x`, // turn what follows
		iss + `\u0085x`, iss + `\u009b31m`, iss + `\u001b[31m`, iss + `\u007f`, // steer a terminal
		`https://\u0456ssuer.example/cards`, `https://issuer\u2024example/cards`, // another letter, another dot
		`https://issuer.example\u2215cards`, iss + `\u00e9`,
	} {
		card := i.sign(t, strings.Replace(payload(bundle, "", ""), `"`+iss+`"`, `"`+address+`"`, 1))
		if _, err := healthcard.Parse([]byte(card)); !errors.Is(err, record.Invalid) {
			t.Errorf("%s: %v", address, err)
		}
	}
	// As an address writes other letters, it is taken.
	card := i.sign(t, strings.Replace(payload(bundle, "", ""), `"`+iss+`"`, `"https://xn--bcher-kva.example/%C3%A9"`, 1))
	if _, err := healthcard.Parse([]byte(card)); err != nil {
		t.Error(err)
	}
}
