package httpapi

// appShareRoutes are the pages on which the person sees who can see what, and stops it.
func (s *Server) appShareRoutes() []Route {
	a := s.app
	return []Route{
		{Method: "GET", Path: "/app/sharing", Door: DoorApp, Kinds: themself, Rate: RateOrdinary, View: s.page(a.Sharing)},
		{Method: "POST", Path: "/app/sharing/stop", Door: DoorApp, Kinds: themself, Rate: RateOrdinary, Body: smallBody, Types: form, View: s.page(a.Stop)},
	}
}
