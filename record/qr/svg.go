package qr

import (
	"fmt"
	"html"
	"strings"
)

// pictured is how wide a picture is at least, in CSS pixels: a scanner needs three or
// four for a module.
const pictured = 300

// SVG is the code as a picture that stands by itself, with a title for who cannot see
// it. One unit is one module, and one module a whole number of pixels: it grows without
// blurring.
func (c *Code) SVG(title string) []byte {
	side := c.Size() + 2*quiet
	var path strings.Builder
	for y := range c.Size() {
		for x := 0; x < c.Size(); x++ {
			run := 0
			for c.Dark(x+run, y) {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, run, run)
				x += run
			}
		}
	}
	module := max(4, (pictured+side-1)/side)
	title = html.EscapeString(title)
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" shape-rendering="crispEdges"><title>%s</title>`+
		`<rect width="%d" height="%d" fill="#fff"/><path fill="#000" d="%s"/></svg>`+"\n", side*module, side*module, side, side, title, side, side, path.String())
}
