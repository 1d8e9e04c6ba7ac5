//go:build linux

package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"carehold/crypto"
	"carehold/httpapi/client"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/holder"
)

// flipSecrets is what it takes to read everything of one person.
type flipSecrets struct {
	Recovery string
	Memory   []byte
	Tokens   []string
	Versions int
}

// flipper is the process that opens damaged stores. It first reads the whole one
// twice, to know what everything reads, and what of it differs by itself.
func flipper(args []string) {
	syscall.Umask(0o077)
	slog.SetDefault(slog.New(slog.DiscardHandler))
	if err := flipping(args[0], args[1], args[2]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func flipping(origin, work, file string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var people []flipSecrets
	if err := json.Unmarshal(b, &people); err != nil {
		return err
	}
	read := func(f *flip) (answers map[string]string, err error) {
		if err := errors.Join(os.RemoveAll(work), copyFolder(origin, work)); err != nil {
			return nil, err
		}
		if f != nil {
			if err := f.apply(work); err != nil {
				return nil, err
			}
		}
		return everything(work, people)
	}
	whole, err := read(nil)
	if err != nil {
		return err
	}
	again, err := read(nil)
	if err != nil {
		return err
	}
	maps.DeleteFunc(whole, func(what, text string) bool { return again[what] != text })
	for what, text := range whole {
		if strings.HasPrefix(text, "!") {
			return fmt.Errorf("%s: %s", what, text)
		}
	}
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var f flip
		if _, err := fmt.Sscan(lines.Text(), &f.at, &f.bit, &f.file); err != nil {
			return err
		}
		answers, err := read(&f)
		if err != nil {
			fmt.Println(refused, oneLine(err.Error()))
			continue
		}
		v, why := compare(whole, answers)
		fmt.Println(v, oneLine(why))
	}
	return os.RemoveAll(work)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// compare judges: an answer that differs must say that it is for damage.
func compare(whole, answers map[string]string) (v verdict, why string) {
	v = harmless
	for _, what := range slices.Sorted(maps.Keys(whole)) {
		switch got, there := answers[what]; {
		case got == whole[what]:
		case strings.HasPrefix(got, "!"):
			v, why = detected, what+": "+got
		case !there && v == detected: // what comes after something damaged
		case !there && damaged(answers):
			v = detected
		default:
			return harmful, fmt.Sprintf("%s reads %.200q, was %.200q", what, got, whole[what])
		}
	}
	return v, why
}

func damaged(answers map[string]string) bool {
	for _, text := range answers {
		if strings.HasPrefix(text, "!") {
			return true
		}
	}
	return false
}

func (f flip) apply(dir string) error {
	file, err := os.OpenFile(filepath.Join(dir, f.file), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	var b [1]byte
	if _, err := file.ReadAt(b[:], f.at); err != nil {
		return err
	}
	b[0] ^= 1 << f.bit
	_, err = file.WriteAt(b[:], f.at)
	return errors.Join(err, file.Close())
}

// everything reads all there is by every door. An answer that begins with "!" is
// for damage.
func everything(data string, people []flipSecrets) (answers map[string]string, err error) {
	s, err := inside(data)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	answers = map[string]string{}
	for i, p := range people {
		if err := everythingOf(s.address, fmt.Sprintf("p%d ", i), p, answers); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

func everythingOf(address, who string, p flipSecrets, answers map[string]string) error {
	ctx := context.Background()
	say := func(what string, err error, text func() string) bool {
		switch {
		case errors.Is(err, record.Integrity):
			answers[who+what] = "!" + err.Error()
		case err != nil:
			answers[who+what] = "error " + string(record.KindOf(err)) + ": " + err.Error()
		default:
			answers[who+what] = text()
		}
		return err == nil
	}
	road := newRoad(address)
	defer road.close()
	c, err := road.client()
	if err != nil {
		return err
	}
	code, err := crypto.ParseRecoveryCode(p.Recovery)
	if err != nil {
		return err
	}
	memory, err := holder.ParseMemory(p.Memory)
	if err != nil {
		return err
	}
	slot := code.Slot()
	defer slot.Destroy()
	capsule, err := c.Slot(ctx, slot.CapsuleID())
	say("slot", err, func() string { return fmt.Sprintf("%x", capsule) })
	ref := fhir.Ref{Type: "Observation", ID: entryID(0)}
	for i, token := range p.Tokens {
		body, err := c.With(token).Read(ctx, ref)
		say(fmt.Sprintf("token %d", i), err, func() string { return string(body) })
	}
	h, err := holder.Unlock(ctx, c, slot, memory)
	if !say("unlock", err, func() string { return fmt.Sprintf("%x %d %+v", h.Person(), h.Epoch(), h.Slots()) }) {
		return nil
	}
	defer h.Close()
	for _, g := range h.Grants() {
		say("grant "+g.Grant.ID.String(), nil, func() string { return fmt.Sprintf("%+v %v %v", g.Grant, g.State, g.Ended) })
	}
	token, _, err := h.SignIn(ctx)
	if !say("session", err, func() string { return "yes" }) {
		return nil
	}
	me := c.With(token)
	var ids []string
	err = me.Search(ctx, "Observation", func(e client.Found) error {
		ids = append(ids, e.Ref.ID)
		say("found "+e.Ref.ID, nil, func() string { return string(e.Resource) })
		return nil
	})
	say("search", err, func() string { return strings.Join(ids, " ") })
	for i := range entriesEach {
		for v := range p.Versions + 1 {
			body, err := me.VRead(ctx, fhir.Ref{Type: "Observation", ID: entryID(i)}, record.Version(v+1))
			say(fmt.Sprintf("entry %d version %d", i, v+1), err, func() string { return string(body) })
		}
	}
	document, err := me.Read(ctx, documentRef) // asked for once: Download tries again
	if err != nil {
		err = record.Safef(record.Integrity, "%w", err) // that a body breaks off is how damage in it is told
	}
	say("document", err, func() string { return fmt.Sprintf("%x", sha256.Sum256(document)) })
	list, err := h.History(ctx, token, 0)
	say("log", err, func() string { return "whole" })
	for _, e := range list {
		say(fmt.Sprintf("leaf %d", e.Index), nil, func() string { return fmt.Sprintf("%+v", e) })
	}
	return nil
}
