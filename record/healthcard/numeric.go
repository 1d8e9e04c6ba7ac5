package healthcard

import (
	"strconv"
	"strings"

	"carehold/record"
)

const (
	scheme    = "shc:/"
	maxChunks = 50
)

// isNumeric reports whether a text is that of a card's QR code.
func isNumeric(s string) bool {
	return len(s) >= len(scheme) && strings.EqualFold(s[:len(scheme)], scheme)
}

// fromNumeric reads the text of one QR code or more, each beginning with shc:/ and
// apart from the next by white space (SHC, "Encoding QRs"). Several codes may be
// several cards, or one that was cut into numbered pieces.
func fromNumeric(s string) ([]string, error) {
	var codes []string
	for _, field := range strings.Fields(s) {
		if isNumeric(field) {
			codes = append(codes, field[len(scheme):])
		} else { // the rest of a code that was broken into lines
			codes[len(codes)-1] += field
		}
		if len(codes) > maxCards+maxChunks {
			return nil, errDigits
		}
	}
	var whole []string
	var cut pieces
	for _, code := range codes {
		text, err := cut.take(code)
		if err != nil {
			return nil, err
		}
		if text != "" {
			whole = append(whole, text)
		}
	}
	joined, err := cut.join()
	if err != nil {
		return nil, err
	}
	if joined != "" {
		whole = append(whole, joined)
	}
	return whole, nil
}

// pieces are the numbered pieces of one card. The standard gave them up in 2022, and
// there are cards that have them.
type pieces struct {
	of    int
	texts map[int]string
}

// take gives the text of a code that is a card by itself, and keeps a piece.
func (p *pieces) take(code string) (string, error) {
	parts := strings.Split(code, "/")
	switch len(parts) {
	case 1:
		return letters(code)
	case 3:
	default:
		return "", errDigits
	}
	n, err1 := strconv.ParseUint(parts[0], 10, 8)
	of, err2 := strconv.ParseUint(parts[1], 10, 8)
	if err1 != nil || err2 != nil || n < 1 || n > of || of > maxChunks {
		return "", errDigits
	}
	text, err := letters(parts[2])
	if err != nil {
		return "", err
	}
	if p.texts == nil {
		p.of, p.texts = int(of), map[int]string{}
	}
	if before, again := p.texts[int(n)]; p.of != int(of) || again && before != text {
		return "", record.Safef(record.Invalid, "these codes are not all of one card: give the codes of one card at a time")
	}
	p.texts[int(n)] = text
	return "", nil
}

// join puts the pieces together.
func (p *pieces) join() (string, error) {
	var all strings.Builder
	for n := 1; n <= p.of; n++ {
		text, ok := p.texts[n]
		if !ok {
			return "", record.Safef(record.Invalid, "this card was cut into %d codes, and code %d is not here: scan all of them, and give them together", p.of, n)
		}
		all.WriteString(text)
	}
	return all.String(), nil
}

// letters turns pairs of digits into the letters of a JWS.
func letters(digits string) (string, error) {
	if digits == "" || len(digits)%2 != 0 {
		return "", errDigits
	}
	out := make([]byte, len(digits)/2)
	for i := range out {
		tens, ones := digits[2*i]-'0', digits[2*i+1]-'0'
		if tens > 9 || ones > 9 {
			return "", errDigits
		}
		out[i] = tens*10 + ones + '-' // what is no letter of a JWS, crypto/jose refuses
	}
	return string(out), nil
}

var errDigits = record.Safef(record.Invalid, "this is not all of a SMART Health Card's code: shc:/ and an even number of digits. Scan it again")
