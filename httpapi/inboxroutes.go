package httpapi

import "carehold/record/store"

// takingIn is how large a contribution may be as it is sent: in base64, with what goes
// with it.
const takingIn = store.MayWait/3*4 + smallBody

// inboxRoutes are those of the inbox, and of what the person says about entries.
func (s *Server) inboxRoutes() []Route {
	h := s.holder
	return []Route{
		{Method: "GET", Path: "/holder/v1/inbox", Door: DoorHolder, Kinds: themself, Rate: RateOrdinary, View: h.Inbox},
		{Method: "POST", Path: "/holder/v1/inbox/{item}", Door: DoorHolder, Kinds: themself, Rate: RateOrdinary, Body: takingIn, Types: plainJSON, View: h.TakeIn},
		{Method: "DELETE", Path: "/holder/v1/inbox/{item}", Door: DoorHolder, Kinds: themself, Rate: RateOrdinary, View: h.Dismiss},
		{Method: "POST", Path: "/holder/v1/entries/{type}/{id}/note", Door: DoorHolder, Kinds: themself, Rate: RateOrdinary, Body: smallBody, Types: plainJSON, View: h.Note},
		{Method: "DELETE", Path: "/holder/v1/entries/{type}/{id}/note", Door: DoorHolder, Kinds: themself, Rate: RateOrdinary, View: h.Withdraw},
	}
}
