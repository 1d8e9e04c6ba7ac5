//go:build screens

package browsertest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"

	"carehold/crypto"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/sample"
)

// TestScreens takes the pictures of docs/screens: make screens. It is no test, and built
// only for that.
func TestScreens(t *testing.T) {
	dir := filepath.Join("..", "..", "docs", "screens")
	w, b := newWorld(t), newBrowser(t)
	w.check(os.MkdirAll(dir, 0o755))
	total := 0
	shot := func(p *tab, name string, width int64, theme string) {
		t.Helper()
		height := int64(1000)
		if width < 500 {
			height = 812
		}
		p.looks(width, theme)
		call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1})
		eval[bool](p, `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`)
		got := call(p, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: "png"})
		raw := []byte(got.Data)
		if decoded, err := base64.StdEncoding.DecodeString(string(raw)); err == nil {
			raw = decoded
		}
		small := packed(t, raw)
		w.check(os.WriteFile(filepath.Join(dir, name+".png"), small, 0o644))
		total += len(small)
	}
	four := func(p *tab, name string) {
		for _, theme := range []string{"light", "dark"} {
			shot(p, name+"-phone-"+theme, 375, theme)
			shot(p, name+"-desktop-"+theme, 1100, theme)
		}
	}

	nobody := b.tab(t)
	nobody.goes(w.url + "/")
	shot(nobody, "first-run-desktop-light", 1100, "light")
	nobody.enrols(w)
	shot(nobody, "start-passkey-phone-light", 375, "light")
	nobody.clicks("Not now: go to my record")
	nobody.at("/app/record")
	nobody.clicks("Lock")
	nobody.at("/unlock")
	shot(nobody, "unlock-phone-dark", 375, "dark")

	marion := w.marion()
	party := grant.Party{Name: "Dr Amara Okafor", Role: "GP", Organisation: "Elm Road Surgery"}
	req := holder.GrantRequest{To: party, Sections: grant.Clinical, Scopes: []grant.Scope{{Type: "*", Verbs: grant.Read | grant.Search}}, Purpose: "TREAT", Lasts: 30 * 24 * time.Hour, Label: "surgery"}
	_, err := marion.holder.Grant(t.Context(), req)
	w.check(err)
	link := holder.PrepareLink()
	defer link.Destroy()
	req.To, req.Label, req.Lasts = grant.Party{Name: "Ward 7", Organisation: "Fellside Hospital"}, "ward", 48*time.Hour
	_, err = marion.holder.Link(t.Context(), link, holder.LinkRequest{GrantRequest: req, Passcode: crypto.SecretString("violet 29"), Summary: true})
	w.check(err)
	marion.token, _, err = marion.holder.SignInToRead(t.Context())
	w.check(err)

	p := b.tab(t)
	p.signedIn(marion)
	p.goes(w.url + "/app/record")
	four(p, "record")
	for _, x := range []struct {
		name, path string
		width      int64
		theme      string
	}{
		{"allergies-phone-light", "/app/list/allergies", 375, "light"},
		{"results-desktop-light", "/app/list/results", 1100, "light"},
		{"care-phone-light", "/app/care", 375, "light"},
		{"add-desktop-light", "/app/add", 1100, "light"},
		{"share-phone-light", "/app/share", 375, "light"},
		{"sharing-desktop-light", "/app/sharing", 1100, "light"},
		{"settings-phone-dark", "/app/settings", 375, "dark"},
	} {
		p.goes(w.url + x.path)
		shot(p, x.name, x.width, x.theme)
	}
	p.goes(w.url + "/app/list/allergies")
	p.goes(w.url + eval[string](p, `[...document.querySelectorAll("main a[href*='/AllergyIntolerance/']")].find(a => /penicillin/i.test(a.textContent)).getAttribute("href")`))
	shot(p, "entry-desktop-light", 1100, "light")
	p.goes(w.url + "/app/list/measurements")
	p.goes(w.url + eval[string](p, `document.querySelector("main a[href^='/app/entry/Observation/']").getAttribute("href")`) + "/trend")
	shot(p, "trend-phone-light", 375, "light")
	p.goes(w.url + "/app/add")
	p.drops("#files", "surgery.json", sample.Sources()[0].Bundle)
	p.at("/app/import/")
	shot(p, "review-desktop-light", 1100, "light")

	payload, err := json.Marshal(map[string]any{"url": w.url + "/shl/" + link.Segment(), "key": base64.RawURLEncoding.EncodeToString(link.Key.Bytes()), "flag": "LP", "label": "Summary", "v": 1})
	w.check(err)
	ward := b.tab(t)
	ward.goes(w.url + "/v#shlink:/" + base64.RawURLEncoding.EncodeToString(payload))
	ward.fills("Your name", "Sister Evans")
	ward.clicks("Open")
	ward.fills("Passcode", "violet 29")
	shot(ward, "viewer-passcode-phone-light", 375, "light")
	ward.clicks("Open the record")
	ward.until("the summary", `document.getElementById("viewer").dataset.state === "summary"`)
	four(ward, "viewer")
	p.goes(w.url + "/app/history")
	shot(p, "history-desktop-light", 1100, "light")
	if total > 2<<20 {
		t.Errorf("the pictures have %d bytes together", total)
	}
	t.Logf("%d bytes", total)
}

// packed is a picture in its 256 commonest colours: pages have few, and text that is
// smoothed many that differ by nothing one sees.
func packed(t testing.TB, raw []byte) []byte {
	t.Helper()
	in, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[color.RGBA]int{}
	at := func(x, y int) color.RGBA {
		r, g, b, _ := in.At(x, y).RGBA()
		return color.RGBA{uint8(r>>8) &^ 3, uint8(g>>8) &^ 3, uint8(b>>8) &^ 3, 255}
	}
	for y := in.Bounds().Min.Y; y < in.Bounds().Max.Y; y++ {
		for x := in.Bounds().Min.X; x < in.Bounds().Max.X; x++ {
			counts[at(x, y)]++
		}
	}
	all := make([]color.RGBA, 0, len(counts))
	for c := range counts {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b color.RGBA) int {
		if n := counts[b] - counts[a]; n != 0 {
			return n
		}
		return (int(a.R)<<16 | int(a.G)<<8 | int(a.B)) - (int(b.R)<<16 | int(b.G)<<8 | int(b.B))
	})
	var palette color.Palette
	for _, c := range all[:min(len(all), 256)] {
		palette = append(palette, c)
	}
	out := image.NewPaletted(in.Bounds(), palette)
	known := map[color.RGBA]uint8{}
	for y := in.Bounds().Min.Y; y < in.Bounds().Max.Y; y++ {
		for x := in.Bounds().Min.X; x < in.Bounds().Max.X; x++ {
			c := at(x, y)
			i, is := known[c]
			if !is {
				i = uint8(palette.Index(c))
				known[c] = i
			}
			out.SetColorIndex(x, y, i)
		}
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, out); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
