package httpapi

// oauthRoutes are the doors of OAuth 2.0 and SMART App Launch.
func (s *Server) oauthRoutes() []Route { return nil }
