package httpapi

// inboxRoutes are those of the inbox.
func (s *Server) inboxRoutes() []Route { return nil }
