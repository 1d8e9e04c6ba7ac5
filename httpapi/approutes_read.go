package httpapi

// appReadRoutes are the pages on which the person reads their record.
func (s *Server) appReadRoutes() []Route {
	a := s.app
	const entry = "/app/entry/{type}/{id}"
	return []Route{
		{Method: "GET", Path: "/app/record", Door: DoorApp, Kinds: themself, Rate: RateOrdinary, View: s.page(a.Record)},
		{Method: "GET", Path: "/app/list/{card}", Door: DoorApp, Kinds: themself, Rate: RateOrdinary, View: s.page(a.List)},
		{Method: "GET", Path: entry, Door: DoorApp, Kinds: themself, Rate: RateOrdinary, View: s.page(a.Entry)},
		{Method: "GET", Path: entry + "/original", Door: DoorApp, Kinds: themself, Rate: RateOrdinary, View: s.page(a.Original)},
		{Method: "GET", Path: entry + "/narrative", Door: DoorApp, Kinds: themself, Rate: RateOrdinary, View: s.page(a.Narrative)},
		{Method: "GET", Path: entry + "/file", Door: DoorApp, Kinds: themself, Rate: RateOrdinary, Stream: true, View: s.page(a.File)},
		{Method: "GET", Path: entry + "/trend", Door: DoorApp, Kinds: themself, Rate: RateOrdinary, View: s.page(a.Trend)},
		{Method: "GET", Path: "/app/care", Door: DoorApp, Kinds: themself, Rate: RateOrdinary, View: s.page(a.Care)},
		{Method: "GET", Path: "/app/history", Door: DoorApp, Kinds: themself, Rate: RateOrdinary, View: s.page(a.History)},
	}
}
