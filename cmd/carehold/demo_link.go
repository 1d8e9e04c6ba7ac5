package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"carehold/crypto"
	"carehold/record/healthlink"
)

// The part of the demo with a letter on paper and a link.

// demoLetter is a page of PDF, as a scanner makes one.
func demoLetter(words string) []byte {
	var b strings.Builder
	b.WriteString("%PDF-1.4\n")
	var at []int
	page := fmt.Sprintf("BT /F1 14 Tf 72 760 Td (%s) Tj ET", words)
	for i, object := range []string{
		"<</Type/Catalog/Pages 2 0 R>>",
		"<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
		fmt.Sprintf("<</Length %d>>stream\n%s\nendstream", len(page), page),
		"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
	} {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj%sendobj\n", i+1, object)
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, offset := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&b, "trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, xref)
	return []byte(b.String())
}

func (d *demo) letter() error {
	d.heading("She puts in a letter", "It came on paper; she has scanned it. Files of any kind are kept as they are, with a title and a date.")
	const title = "Eye screening: your result"
	letter := demoLetter("Eye screening: no changes. See you in a year.")
	if err := writeNewFile(d.path("eye-letter.pdf"), letter); err != nil {
		return err
	}
	d.typed(`import eye-letter.pdf --title "Eye screening: your result" --date 2026-09-14`)
	out, err := d.hers("import", "--yes", "--title", title, "--date", "2026-09-14", d.path("eye-letter.pdf"))
	if err != nil {
		return err
	}
	d.shown(strings.ReplaceAll(out, d.dir+string(os.PathSeparator), ""))
	list, err := d.hers("entries", "--type", "DocumentReference", "--json")
	if err != nil {
		return err
	}
	var file string
	err = eachLine(list, "item", func(e entryItem) {
		if e.Title == title {
			file = e.Ref
		}
	})
	if err != nil {
		return err
	}
	if _, err := d.hers("show", file, "--save", d.path("saved.pdf")); err != nil {
		return err
	}
	saved, err := os.ReadFile(d.path("saved.pdf"))
	d.claim("the letter comes back as it went in", string(saved) == string(letter))
	return err
}

func (d *demo) link() error {
	d.heading("She hands A&E a summary, as a link", "For whoever is on duty, with any viewer of SMART Health Links: no account, no name she would have to know. The passcode she says aloud.")
	d.typed(`link --to "A&E, any hospital" --for 1d`)
	out, err := d.hers("link", "--to", "A&E, any hospital", "--for", "1d", "--yes", "--json")
	if err != nil {
		return err
	}
	var made struct{ Link, Passcode string }
	if err := json.Unmarshal([]byte(lastLine(out)), &made); err != nil {
		return err
	}
	l, err := healthlink.Parse(made.Link)
	if err != nil {
		return err
	}
	d.say("  %s… (%d characters, or a QR code)", made.Link[:30], len(made.Link))
	d.say("  The passcode is %s.", made.Passcode)
	d.say("")
	wrong := "000000"
	if made.Passcode == wrong {
		wrong = "000001"
	}
	_, err = d.opened(l, wrong)
	refused, ok := errors.AsType[*healthlink.WrongPasscode](err)
	d.claim("a wrong passcode opens nothing", ok)
	if ok {
		d.say("  A nurse's viewer asks with %s:  %s, %d tries are left", wrong, d.strong("not that passcode"), refused.Remaining)
	}
	summary, err := d.opened(l, made.Passcode)
	if err != nil {
		return err
	}
	d.say("  and with the right one:  %s, and reads", d.good("open"))
	for _, s := range summary.Entry[0].Resource.Section {
		what := "in words"
		if len(s.Entry) > 0 {
			what = fmt.Sprintf("%d listed", len(s.Entry))
		}
		if said := s.EmptyReason.Text; said != "" {
			what, _, _ = strings.Cut(said, ". ")
			what = strings.TrimSuffix(what, ".")
		}
		d.say("    %s  %s", fit(s.Title, 27), cut(what, 78-33))
	}
	d.claim("the summary lists the allergies", summary.lists("48765-2"))
	if out, err = d.mine("revoke", "A&E, any hospital"); err != nil {
		return err
	}
	d.shown(out)
	_, err = d.opened(l, made.Passcode)
	d.claim("a link that was stopped opens nothing", err != nil)
	d.say("  The same link, asked once more:  %s", d.strong("opens nothing"))
	return nil
}

// demoSummary is what a viewer reads of an International Patient Summary.
type demoSummary struct {
	Entry []struct {
		Resource struct {
			Section []struct {
				Title       string
				Code        struct{ Coding []struct{ Code string } }
				Entry       []struct{ Reference string }
				EmptyReason struct{ Text string }
			}
		}
	}
}

// lists reports whether there is anything in the section of a LOINC code.
func (s demoSummary) lists(code string) bool {
	for _, x := range s.Entry[0].Resource.Section {
		for _, c := range x.Code.Coding {
			if c.Code == code && len(x.Entry) > 0 {
				return true
			}
		}
	}
	return false
}

// opened opens a link as a viewer does.
func (d *demo) opened(l healthlink.Link, passcode string) (s demoSummary, err error) {
	secret := crypto.SecretOf([]byte(passcode))
	defer secret.Destroy()
	opened, err := l.Open(d.ctx, newFetch(d.url), healthlink.Ask{Recipient: "Northgate A&E, triage", Passcode: secret, Now: time.Now()})
	if err != nil {
		return s, err
	}
	for _, f := range opened.Files {
		if f.ContentType == healthlink.FHIR {
			if err := json.Unmarshal(f.Body, &s); err != nil {
				return s, err
			}
		}
	}
	if len(s.Entry) == 0 {
		return s, errors.New("the link holds no summary")
	}
	return s, nil
}
