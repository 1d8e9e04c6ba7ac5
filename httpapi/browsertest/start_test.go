package browsertest

import (
	"regexp"
	"strings"
)

const theirs = "seven teapots under nine bridges"

// enrols makes a record as somebody does who was given an invite, to the passkey that
// they are offered, and tells what is on the sheet.
func (p *tab) enrols(w *world) (recovery string) {
	p.t.Helper()
	p.goes(w.url + "/start#" + w.invite())
	p.fills("Your name", "Rhiannon")
	p.fills("Choose a passphrase", theirs)
	p.fills("The passphrase again", theirs)
	p.clicks("Make my record")
	p.sees("Type group number")
	recovery = eval[string](p, `document.getElementById("code").textContent`)
	n := regexp.MustCompile(`Type group number (\d)`).FindStringSubmatch(eval[string](p, `document.body.innerText`))[1]
	groups := strings.Fields(recovery)
	p.fills("Type group number "+n+" of the code", groups[n[0]-'1'])
	p.clicks("I have kept it")
	p.sees("Make a passkey")
	return recovery
}
