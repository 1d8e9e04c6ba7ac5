package httpapi

// askRoutes are those of a device that answers who asks for access.
func (s *Server) askRoutes() []Route { return nil }
