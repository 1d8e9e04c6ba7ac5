package qr

import "strings"

// Terminal is the code for a terminal with colours, two modules to a character.
func (c *Code) Terminal() string {
	const (
		blackOnWhite = "\x1b[38;5;16;48;5;231m" // the cube's corners: themes change only the first 16
		reset        = "\x1b[0m"
	)
	return c.halves(blackOnWhite, reset, [4]string{" ", "▄", "▀", "█"})
}

// Plain is the code for a terminal or a file without colours. A reader wants dark on
// light, so it has to be known what a blank is: dark on a dark terminal, light on
// paper.
func (c *Code) Plain(darkGround bool) string {
	if darkGround {
		return c.halves("", "", [4]string{"█", "▀", "▄", " "})
	}
	return c.halves("", "", [4]string{" ", "▄", "▀", "█"})
}

// halves writes a line for each two rows. The glyphs are for: both light, the lower
// dark, the upper dark, both dark.
func (c *Code) halves(before, after string, glyphs [4]string) string {
	var s strings.Builder
	for y := -quiet; y < c.Size()+quiet; y += 2 {
		s.WriteString(before)
		for x := -quiet; x < c.Size()+quiet; x++ {
			n := 0
			if c.Dark(x, y) {
				n += 2
			}
			if c.Dark(x, y+1) {
				n++
			}
			s.WriteString(glyphs[n])
		}
		s.WriteString(after + "\n")
	}
	return s.String()
}
