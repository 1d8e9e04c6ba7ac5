package httpapi

// appAskRoutes are the pages on which the person answers who asks, and takes in what was
// sent to them.
func (s *Server) appAskRoutes() []Route {
	a := s.app
	consent := s.page(a.Consent(s.oauth))
	return []Route{
		{Method: "GET", Path: "/app/requests", Door: DoorApp, Kinds: themself, Rate: RateOrdinary, View: s.page(a.Requests)},
		{Method: "GET", Path: "/app/inbox", Door: DoorApp, Kinds: themself, Rate: RateOrdinary, View: s.page(a.Inbox)},
		{Method: "GET", Path: "/app/consent", Door: DoorApp, Kinds: themself, Rate: RateOrdinary, View: consent},
		{Method: "POST", Path: "/app/consent", Door: DoorApp, Kinds: themself, Rate: RateSecret, Body: smallBody, Types: form, View: consent},
	}
}
