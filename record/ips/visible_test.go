package ips_test

import (
	"encoding/xml"
	"strings"
)

// visible is what a reader sees of a narrative: a line for each paragraph and row, cells
// apart by " | ", lines in a cell by " / ".
func visible(div string) string {
	d := xml.NewDecoder(strings.NewReader(div))
	d.Entity = xml.HTMLEntity
	var out strings.Builder
	cells := 0
	for {
		t, err := d.Token()
		if err != nil {
			return strings.TrimSpace(out.String())
		}
		switch t := t.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "tr":
				cells = 0
			case "td", "th":
				if cells++; cells > 1 {
					out.WriteString(" | ")
				}
			case "br":
				out.WriteString(" / ")
			}
		case xml.EndElement:
			if n := t.Name.Local; n == "p" || n == "tr" {
				out.WriteByte('\n')
			}
		case xml.CharData:
			out.Write(t)
		}
	}
}
