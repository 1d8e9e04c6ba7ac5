// Package client speaks to a Carehold server over HTTP: holder.Server for the
// person's device, and what the command line asks of the record itself.
//
//	c, err := client.New("https://record.example.org", client.Options{})
//	h, kit, err := holder.Enrol(ctx, c, …)          // the control plane
//	s := c.With(token)                              // the data plane, as that token
//	body, err := s.Read(ctx, fhir.Ref{Type: "Patient", ID: id})
//
// An error that the server answered with has the record.Kind it had there, so a
// caller asks errors.Is(err, record.NotFound) on both sides. An answer that is
// too large, not the expected JSON, or no answer at all has no kind, or is
// record.Unavailable: nobody knows what became of the request.
//
// # What it must never do
//
// Send anything in the clear but to this machine; follow a redirect, which could
// lead a token elsewhere; put a token into an error or a log; believe a server's
// answer to be of any size.
package client
