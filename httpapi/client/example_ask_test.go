package client_test

import (
	"fmt"
	"time"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/fhir"
)

// Somebody asks at an address that a person showed them; the person's device says yes to
// less than was asked for; and who asked fetches a token.
func ExampleClient_Ask() {
	server, c, h, end := exampleUnlocked()
	defer end()
	address, err := h.NewAddress(ctx, "for the surgery", time.Time{})
	check(err)

	// The surgery: all it has is the address.
	asked, err := c.Ask(ctx, server.url+"/ask/"+address.Segment, message.Asking{Name: "Sam Lee", Role: "practice nurse",
		Sections: []string{"allergies", "plan"}, Days: 7, Purpose: "TREAT", Words: "for your check on Monday"})
	check(err)
	told, err := c.Answer(ctx, asked.Request)
	check(err)
	fmt.Println(told.Status)

	// The person.
	token, _, err := h.SignIn(ctx)
	check(err)
	waiting, err := h.Requests(ctx, token)
	check(err)
	for _, r := range waiting {
		fmt.Printf("%s, %s: %q\n", r.Question.To.Name, r.Question.To.Role, r.Question.Words)
		give := r.Proposal()
		give.Sections = record.SectionsOf(record.Allergies)
		_, err = h.Approve(ctx, r, give, "not my plan, please")
		check(err)
	}
	check(h.SignOut(ctx, token))

	// The surgery.
	told, err = c.Answer(ctx, asked.Request)
	check(err)
	fmt.Println(told.Status+":", told.Words)
	_, err = c.With(told.Token).Read(ctx, fhir.Ref{Type: "AllergyIntolerance", ID: "a1"})
	fmt.Println("reads:", err)

	// Output:
	// waiting
	// Sam Lee, practice nurse: "for your check on Monday"
	// approved: not my plan, please
	// reads: <nil>
}
