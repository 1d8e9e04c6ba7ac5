package httpapi

// askRoutes are those of a device that answers who asks for access. A code is looked up
// at another door's: oauthRoutes.
func (s *Server) askRoutes() []Route {
	h := s.holder
	return []Route{
		{Method: "GET", Path: "/holder/v1/requests", Door: DoorHolder, Kinds: themself, Rate: RateOrdinary, View: h.Requests},
		{Method: "POST", Path: "/holder/v1/requests/{capsule}/answer", Door: DoorHolder, Kinds: themself, Rate: RateOrdinary, Body: smallBody, Types: plainJSON, View: h.Answer},
		{Method: "DELETE", Path: "/holder/v1/requests/{capsule}", Door: DoorHolder, Kinds: themself, Rate: RateOrdinary, View: h.DropRequest},
		{Method: "DELETE", Path: "/holder/v1/addresses/{capsule}", Door: DoorHolder, Kinds: themself, Rate: RateOrdinary, View: h.DropAddress},
	}
}
