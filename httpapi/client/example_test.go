package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"carehold/crypto"
	"carehold/httpapi"
	"carehold/httpapi/client"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/keys"
	"carehold/record/store"
)

// A person's own program: it opens the record with the passphrase and what this device
// keeps, shows who can see what, and remembers what it saw.
func Example_unlock() {
	server, end := exampleServer()
	defer end()
	device := exampleRecord(server)

	c, err := client.New(server.url, client.Options{})
	check(err)
	slot := crypto.PassphraseSlot(device.key, crypto.SecretString("correct horse battery staple"))
	h, err := holder.Unlock(ctx, c, slot, device.memory)
	check(err)
	defer h.Close()
	for _, g := range h.Grants() {
		fmt.Printf("%s, %s: %s, %s\n", g.Grant.To.Name, g.Grant.To.Role, g.Grant.Sections, g.State)
	}
	device.memory = h.Memory() // on the disk: the next Unlock is given it

	// Output:
	// Dr Amara Okafor, GP: identity, providers, allergies, live
}

// Giving somebody access, and taking it back: whoever has the token reads what the
// grant has, until the moment that Revoke returns.
func Example_grant() {
	_, c, h, end := exampleUnlocked()
	defer end()

	scopes, err := grant.ParseScopes("patient/AllergyIntolerance.rs")
	check(err)
	issued, err := h.Grant(ctx, holder.GrantRequest{
		To:       grant.Party{Name: "Sam Reyes", Organisation: "Elm Road Pharmacy", Role: "pharmacist"},
		Sections: record.SectionsOf(record.Allergies),
		Scopes:   scopes,
		Purpose:  "TREAT",
		Lasts:    time.Hour,
	})
	check(err)

	pharmacy := c.With(issued.Token) // at another place: all they have is the address and the token
	allergy := fhir.Ref{Type: "AllergyIntolerance", ID: "a1"}
	_, err = pharmacy.Read(ctx, allergy)
	fmt.Println("granted:", err)
	_, err = pharmacy.Read(ctx, fhir.Ref{Type: "Goal", ID: "g1"})
	fmt.Println("a goal is not found:", errors.Is(err, record.NotFound))

	check(h.Revoke(ctx, issued.Grant.ID))
	_, err = pharmacy.Read(ctx, allergy)
	fmt.Println("revoked, and refused:", errors.Is(err, record.Unauthorized))

	// Output:
	// granted: <nil>
	// a goal is not found: true
	// revoked, and refused: true
}

// A program that was given a token reads entries with it.
func ExampleSession_Search() {
	server, end := exampleServer()
	defer end()
	token := exampleRecord(server).token

	c, err := client.New(server.url, client.Options{})
	check(err)
	err = c.With(token).Search(ctx, "AllergyIntolerance", func(f client.Found) error {
		resource, err := fhir.Parse(f.Resource, fhir.Limits{})
		if err != nil {
			return err
		}
		text, _ := resource.Value("code.text")
		fmt.Println(f.Ref, text)
		return nil
	})
	check(err)

	// Output:
	// AllergyIntolerance/a1 "penicillin"
}

// The log of who read what, opened and checked on the device: what the server shows is
// held against what it signed, and against all that this device has seen.
func Example_history() {
	server, end := exampleServer()
	defer end()
	device := exampleRecord(server)
	c, err := client.New(server.url, client.Options{})
	check(err)
	_, err = c.With(device.token).Read(ctx, fhir.Ref{Type: "AllergyIntolerance", ID: "a1"})
	check(err)

	h, err := holder.Unlock(ctx, c, device.slot(), device.memory)
	check(err)
	defer h.Close()
	token, _, err := h.SignIn(ctx)
	check(err)
	entries, err := h.History(ctx, token, 0)
	check(err)
	for _, e := range entries {
		if e.Event.Grant == device.grant && e.Event.Action == audit.Read {
			fmt.Println("the GP read", e.Event.Entries)
		}
	}
	check(h.SignOut(ctx, token))

	// Output:
	// the GP read [AllergyIntolerance/a1/_history/1]
}

var ctx = context.Background()

// check ends an example: a program tells the person who asked.
func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

type running struct {
	url   string
	store *store.Store
}

// exampleServer is a server on this machine. A program has only its address.
func exampleServer() (s running, end func()) {
	dir, err := os.MkdirTemp("", "example")
	check(err)
	check(store.Init(filepath.Join(dir, "store")))
	s.store, err = store.Open(filepath.Join(dir, "store"), store.Options{Log: slog.New(slog.DiscardHandler)})
	check(err)
	doors, err := httpapi.New(s.store, httpapi.Config{PublicURL: "http://127.0.0.1", Logger: slog.New(slog.DiscardHandler)})
	check(err)
	listening := httptest.NewServer(doors)
	s.url = listening.URL
	return s, func() {
		listening.Close()
		s.store.Close()
		os.RemoveAll(dir)
	}
}

// device is what a person's device keeps: the key that is stretched together with the
// passphrase, and what it has seen. The token is somebody else's.
type device struct {
	key    crypto.DeviceKey
	memory holder.Memory
	token  string
	grant  record.GrantID
}

func (d device) slot() crypto.Credential {
	return crypto.PassphraseSlot(d.key, crypto.SecretString("correct horse battery staple"))
}

// exampleUnlocked is a server with such a record, which its person has unlocked, as
// Example_unlock does.
func exampleUnlocked() (running, *client.Client, *holder.Holder, func()) {
	server, stop := exampleServer()
	device := exampleRecord(server)
	c, err := client.New(server.url, client.Options{})
	check(err)
	h, err := holder.Unlock(ctx, c, device.slot(), device.memory)
	check(err)
	return server, c, h, func() {
		h.Close()
		stop()
	}
}

// exampleRecord makes a record with an allergy and a goal in it, and a grant to a GP.
func exampleRecord(s running) device {
	c, err := client.New(s.url, client.Options{})
	check(err)
	invite, err := s.store.Invite(ctx, keys.Invite{Until: time.Now().Add(time.Hour)}) // "carehold invite"
	check(err)
	h, kit, err := holder.Enrol(ctx, c, holder.Enrolment{Invite: invite.Token(),
		Passphrase: crypto.SecretString("correct horse battery staple"), Label: "laptop"})
	check(err)
	defer h.Close()
	token, _, err := h.SignIn(ctx)
	check(err)
	me := c.With(token)
	patient, err := me.Patient(ctx)
	check(err)
	_, err = me.Transaction(ctx, fmt.Appendf(nil, `{"resourceType":"Bundle","type":"transaction","entry":[
		{"resource":{"resourceType":"AllergyIntolerance","id":"a1","code":{"text":"penicillin"},"patient":{"reference":"Patient/%s"},
			"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]}},
			"request":{"method":"PUT","url":"AllergyIntolerance/a1"}},
		{"resource":{"resourceType":"Goal","id":"g1","lifecycleStatus":"active","description":{"text":"walk to the shop"},"subject":{"reference":"Patient/%[1]s"}},
			"request":{"method":"PUT","url":"Goal/g1"}}]}`, patient), entry.Origin{})
	check(err)
	check(h.SignOut(ctx, token))
	scopes, err := grant.ParseScopes("patient/*.rs")
	check(err)
	gp, err := h.Grant(ctx, holder.GrantRequest{To: grant.Party{Name: "Dr Amara Okafor", Role: "GP"},
		Sections: record.SectionsOf(record.Allergies), Scopes: scopes, Purpose: "TREAT", Lasts: 24 * time.Hour})
	check(err)
	return device{key: kit.DeviceKey, memory: h.Memory(), token: gp.Token, grant: gp.Grant.ID}
}
