package client_test

import (
	"fmt"
	"time"

	"carehold/record"
	"carehold/record/entry"
	"carehold/record/grant"
	"carehold/record/holder"
)

// A laboratory that may only add leaves a result; it waits until the person takes it into
// their record.
func Example_inbox() {
	_, c, h, end := exampleUnlocked()
	defer end()
	scopes, err := grant.ParseScopes("patient/Observation.c")
	check(err)
	lab, err := h.Grant(ctx, holder.GrantRequest{To: grant.Party{Name: "Lakeside Laboratory"}, Sections: record.SectionsOf(record.Results),
		Scopes: scopes, Purpose: "TREAT", Lasts: time.Hour})
	check(err)

	_, err = c.With(lab.Token).Transaction(ctx, []byte(`{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"POST","url":"Observation"},
		"resource":{"resourceType":"Observation","status":"final","code":{"text":"Potassium"},"valueQuantity":{"value":4.1,"unit":"mmol/l"},
			"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}]}}]}`), entry.Origin{})
	check(err)

	token, _, err := h.SignIn(ctx)
	check(err)
	items, err := h.Inbox(ctx, token)
	check(err)
	for _, i := range items {
		taken, err := h.TakeIn(ctx, token, i, 0)
		check(err)
		fmt.Printf("%s of %s, under %s\n", i.Type, i.By.Name, taken.Section)
	}
	check(h.SignOut(ctx, token))

	// Output:
	// Observation of Lakeside Laboratory, under results
}
