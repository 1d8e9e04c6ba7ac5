package qr

import (
	"strings"

	"carehold/record"
	"rsc.io/qr/coding"
)

// quiet is how many light modules there are on each side (ISO/IEC 18004 §5.3.8).
const quiet = 4

// maxCard is the largest version of a health card's code (SHC, "Health Cards as QR
// Codes").
const maxCard = 22

// Code is a QR code.
type Code struct{ c *coding.Code }

// Text makes the code of a text in ASCII, such as a link.
func Text(text string) (*Code, error) {
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r > 0x7e || r < ' ' }) {
		return nil, record.Safef(record.Invalid, "a QR code is made of plain letters, digits and signs on one line")
	}
	segment := coding.Encoding(coding.String(text))
	for _, s := range []coding.Encoding{coding.Num(text), coding.Alpha(text)} {
		if s.Check() == nil {
			segment = s
			break
		}
	}
	if v := fit(coding.M, coding.MaxVersion, segment); v > 0 {
		return draw(v, coding.M, segment)
	}
	return nil, record.Safef(record.TooLarge, "this is too long for a QR code: at most 2,331 letters. Hand it over as text")
}

// Card makes the code of a SMART Health Card from its JWS.
func Card(jws string) (*Code, error) {
	digits := make([]byte, 0, 2*len(jws))
	for _, c := range []byte(jws) {
		// Ord(c)-45 in two digits; a JWS has letters from - to z.
		if c < '-' || c > 'z' {
			return nil, record.Safef(record.Invalid, "this is not a SMART Health Card: it has letters that a card cannot have")
		}
		digits = append(digits, '0'+(c-'-')/10, '0'+(c-'-')%10)
	}
	segments := []coding.Encoding{coding.String("shc:/"), coding.Num(digits)}
	for _, level := range []coding.Level{coding.M, coding.L} {
		if v := fit(level, maxCard, segments...); v > 0 && len(jws) > 0 {
			return draw(v, level, segments...)
		}
	}
	return nil, record.Safef(record.TooLarge, "this card does not fit into one QR code: hand it over as a .smart-health-card file")
}

// fit is the smallest version that holds the segments, 0 if none does.
func fit(level coding.Level, most coding.Version, segments ...coding.Encoding) coding.Version {
	for v := coding.Version(coding.MinVersion); v <= most; v++ {
		bits := 0
		for _, s := range segments {
			bits += s.Bits(v)
		}
		if bits <= v.DataBytes(level)*8 {
			return v
		}
	}
	return 0
}

// draw tries every mask and keeps the best.
func draw(v coding.Version, level coding.Level, segments ...coding.Encoding) (*Code, error) {
	var best *Code
	least := 0
	for mask := coding.Mask(0); mask < 8; mask++ {
		plan, err := coding.NewPlan(v, level, mask)
		if err != nil {
			return nil, err
		}
		c, err := plan.Encode(segments...)
		if err != nil {
			return nil, err
		}
		if p := penalty(c); best == nil || p < least {
			best, least = &Code{c}, p
		}
	}
	return best, nil
}

// Size is the number of modules on a side, without the light ones around.
func (c *Code) Size() int { return c.c.Size }

// Dark reports whether a module is dark; what is outside is light.
func (c *Code) Dark(x, y int) bool { return c.c.Black(x, y) }
