package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// imports measures how quickly entries come in: one transaction over HTTP, and the
// whole of the command a person types.
func (b *bench) imports() error {
	s, err := b.site("import")
	if err != nil {
		return err
	}
	if err := s.serve(); err != nil {
		return err
	}
	defer func() { s.stop() }()
	n := b.scale.entries
	i := 0
	http, err := median(3, func() (time.Duration, error) {
		i++
		name := fmt.Sprintf("import %d", i)
		p, err := s.enrol(b.ctx, name)
		if err != nil {
			return 0, err
		}
		return s.fill(b.ctx, p, name, n)
	})
	if err != nil {
		return err
	}
	peak := s.proc.memory()
	command, again, err := b.importCommand(s, n)
	if err != nil {
		return err
	}
	rate := func(d time.Duration) float64 { return float64(n) / d.Seconds() }
	row := func(what string, d time.Duration) []string {
		return []string{what, ms(d), thousands(rate(d)) + "/s"}
	}
	b.out.table("import", []string{thousands(float64(n)) + " entries", "took", "entries/s"}, [][]string{
		row("one transaction over HTTP, median of 3", http),
		row("`carehold import`, from reading the file to the end", command),
		row("the same file again, where nothing is new", again),
	})
	b.out.text("import", "The server's memory was at most %s (anonymous %s afterwards).", mb(peak.peak), mb(peak.anonymous))
	b.out.goal(rate(http) >= 5000, "import", "≥ 5,000 entries/s", "%s/s over HTTP, %s/s by the command", thousands(rate(http)), thousands(rate(command)))
	return nil
}

// importCommand enrols by the command line and imports a file twice.
func (b *bench) importCommand(s *site, n int) (took, again time.Duration, err error) {
	invite, err := s.invite(b.ctx)
	if err != nil {
		return 0, 0, err
	}
	path := func(name string) string { return filepath.Join(s.dir, name) }
	var raw []json.RawMessage
	for _, e := range entries("a file", "somebody", n) {
		raw = append(raw, e.json)
	}
	body, err := bundleOf(raw)
	if err != nil {
		return 0, 0, err
	}
	for name, text := range map[string][]byte{"invite": []byte(invite), "passphrase": []byte("correct horse battery staple\n"), "source.json": body} {
		if err := os.WriteFile(path(name), text, 0o600); err != nil {
			return 0, 0, err
		}
	}
	own := []string{"--state", path("device.json"), "--passphrase-file", path("passphrase")}
	command := func(args ...string) (time.Duration, error) {
		cmd := exec.CommandContext(b.ctx, b.carehold, slices.Concat(args, own)...)
		began := time.Now()
		out, err := cmd.CombinedOutput()
		if err != nil {
			return 0, fmt.Errorf("carehold %s: %w: %s", args[0], err, tail(out))
		}
		return time.Since(began), nil
	}
	if _, err := command("enrol", "--server", "http://"+s.address, "--invite-file", path("invite"), "--recovery-out", path("recovery")); err != nil {
		return 0, 0, err
	}
	if took, err = command("import", "--yes", path("source.json")); err != nil {
		return 0, 0, err
	}
	again, err = command("import", "--yes", path("source.json"))
	return took, again, err
}

// bundleOf is a Bundle of type collection, as a person may be given one.
func bundleOf(list []json.RawMessage) ([]byte, error) {
	type entry struct {
		Resource json.RawMessage `json:"resource"`
	}
	b := struct {
		ResourceType string  `json:"resourceType"`
		Type         string  `json:"type"`
		Entry        []entry `json:"entry"`
	}{ResourceType: "Bundle", Type: "collection"}
	for _, r := range list {
		b.Entry = append(b.Entry, entry{r})
	}
	return json.Marshal(b)
}
