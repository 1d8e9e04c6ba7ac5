package httpapi

// appShareRoutes are the pages on which the person shares a part of their record, sees who
// can see what, changes it and stops it, and the one on which they write who they are,
// which a share has to say.
func (s *Server) appShareRoutes() []Route {
	a := s.app
	return []Route{
		{Method: "GET", Path: "/app/sharing", Door: DoorApp, Kinds: themself, Rate: RateOrdinary, View: s.page(a.Sharing)},
		{Method: "GET", Path: "/app/sharing/{grant}", Door: DoorApp, Kinds: themself, Rate: RateOrdinary, View: s.page(a.Change)},
		{Method: "GET", Path: "/app/share", Door: DoorApp, Kinds: themself, Rate: RateOrdinary, View: s.page(a.Share)},
		{Method: "POST", Path: "/app/share/preview", Door: DoorApp, Kinds: themself, Rate: RateOrdinary, Body: smallBody, Types: form, View: s.page(a.SharePreview)},
		{Method: "POST", Path: "/app/sharing/stop", Door: DoorApp, Kinds: themself, Rate: RateOrdinary, Body: smallBody, Types: form, View: s.page(a.Stop)},

		{Method: "GET", Path: "/app/settings/details", Door: DoorApp, Kinds: themself, Rate: RateOrdinary, View: s.page(a.Details)},
		{Method: "POST", Path: "/app/settings/details", Door: DoorApp, Kinds: themself, Rate: RateOrdinary, Body: smallBody, Types: form, View: s.page(a.Details)},
	}
}
