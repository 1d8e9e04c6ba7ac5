package httpapi

// viewerRoutes are the pages on which a professional opens a link that was shared. They
// are the same for everybody: what the link is never comes here but as /shl.
func (s *Server) viewerRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/v", Door: DoorWeb, Kinds: anyone, Rate: RateOrdinary, File: true, Open: s.web.Viewer},
		{Method: "GET", Path: "/v/scan", Door: DoorWeb, Kinds: anyone, Rate: RateOrdinary, File: true, Open: s.web.Scan},
	}
}
