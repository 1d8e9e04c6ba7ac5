package oauth

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"carehold/httpapi/oauth/assertion"
	"carehold/httpapi/oauth/dpop"
)

// Where things are. Every address that is published is made of these.
const (
	pathAuthorize  = "/oauth/authorize"
	pathToken      = "/oauth/token"
	pathPAR        = "/oauth/par"
	pathIntrospect = "/oauth/introspect"
	pathRevoke     = "/oauth/revoke"
	pathJWKS       = "/oauth/jwks"
	pathManage     = "/manage"

	// PathResource is the description of the FHIR interface: RFC 9728 §3.1, the path goes behind.
	PathResource = "/.well-known/oauth-protected-resource/fhir"
)

// capabilities are SMART App Launch 2.2's words for what there is (§2.1.1).
var capabilities = []string{"launch-standalone", "authorize-post", "client-public", "client-confidential-symmetric", "client-confidential-asymmetric",
	"sso-openid-connect", "context-standalone-patient", "permission-patient", "permission-user", "permission-offline", "permission-online",
	"permission-v1", "permission-v2"}

// scopes are examples of what can be asked for: every resource type is known.
var scopes = []string{"openid", "fhirUser", "launch/patient", "offline_access", "online_access", "patient/*.rs", "patient/*.cruds", "patient/*.read", "user/*.rs", "system/*.rs",
	"patient/Observation.rs", "patient/Condition.rs", "patient/AllergyIntolerance.rs", "patient/MedicationRequest.rs", "patient/Immunization.rs", "patient/DocumentReference.rs"}

var authMethods = []string{"none", "client_secret_basic", "client_secret_post", "private_key_jwt"}

// asserted are the algorithms of assertions, of either profile.
func asserted() []string {
	all := assertion.Algorithms(assertion.SMART)
	for _, alg := range assertion.Algorithms(assertion.FAPI2) {
		if !slices.Contains(all, alg) {
			all = append(all, alg)
		}
	}
	return all
}

// metadata is of the authorization server: RFC 8414, OpenID Connect Discovery 1.0 and
// SMART App Launch 2.2 name most of it alike.
type metadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	PAREndpoint           string   `json:"pushed_authorization_request_endpoint"`
	PARRequired           bool     `json:"require_pushed_authorization_requests"`
	IntrospectionEndpoint string   `json:"introspection_endpoint"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	ManagementEndpoint    string   `json:"management_endpoint,omitempty"`
	Capabilities          []string `json:"capabilities,omitempty"`
	ScopesSupported       []string `json:"scopes_supported"`
	ResponseTypes         []string `json:"response_types_supported"`
	ResponseModes         []string `json:"response_modes_supported"`
	GrantTypes            []string `json:"grant_types_supported"`
	Challenges            []string `json:"code_challenge_methods_supported"`
	AuthMethods           []string `json:"token_endpoint_auth_methods_supported"`
	AuthAlgs              []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	IntrospectionMethods  []string `json:"introspection_endpoint_auth_methods_supported"`
	IntrospectionAlgs     []string `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	RevocationMethods     []string `json:"revocation_endpoint_auth_methods_supported"`
	RevocationAlgs        []string `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	DPoPAlgs              []string `json:"dpop_signing_alg_values_supported"`
	IssInResponse         bool     `json:"authorization_response_iss_parameter_supported"`
	MetadataDocuments     bool     `json:"client_id_metadata_document_supported"`
	RequestObjects        bool     `json:"request_parameter_supported"`
	RequestURIs           bool     `json:"request_uri_parameter_supported"`
	SubjectTypes          []string `json:"subject_types_supported,omitempty"`
	IDTokenAlgs           []string `json:"id_token_signing_alg_values_supported,omitempty"`
	Claims                []string `json:"claims_supported,omitempty"`
}

// discovery makes the documents that say what there is, by their paths.
func (a *API) discovery() map[string][]byte {
	algs := asserted()
	m := metadata{
		Issuer: a.config.Base, AuthorizationEndpoint: a.config.Base + pathAuthorize, TokenEndpoint: a.config.Base + pathToken,
		JWKSURI: a.config.Base + pathJWKS, PAREndpoint: a.config.Base + pathPAR,
		IntrospectionEndpoint: a.config.Base + pathIntrospect, RevocationEndpoint: a.config.Base + pathRevoke,
		ScopesSupported: scopes, ResponseTypes: []string{"code"}, ResponseModes: []string{"query"},
		GrantTypes: []string{"authorization_code", "refresh_token", "client_credentials", tokenExchange}, Challenges: []string{"S256"},
		AuthMethods: authMethods, AuthAlgs: algs, IntrospectionMethods: authMethods, IntrospectionAlgs: algs, RevocationMethods: authMethods, RevocationAlgs: algs,
		DPoPAlgs: strings.Fields(dpop.Algorithms()), IssInResponse: true, MetadataDocuments: a.config.Clients.TakesUnknown(),
	}
	openID := m
	openID.SubjectTypes, openID.IDTokenAlgs = []string{"public"}, []string{"RS256"}
	openID.Claims = []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "fhirUser"}
	smart := m
	smart.Capabilities, smart.ManagementEndpoint = capabilities, a.config.Base+pathManage
	smart.GrantTypes = []string{"authorization_code", "client_credentials"} // the two that SMART §2.1.1 knows
	resource := struct {
		Resource string   `json:"resource"`
		Servers  []string `json:"authorization_servers"`
		Scopes   []string `json:"scopes_supported"`
		Methods  []string `json:"bearer_methods_supported"`
		DPoPAlgs []string `json:"dpop_signing_alg_values_supported"`
		Name     string   `json:"resource_name"`
	}{a.fhir(), []string{a.config.Base}, scopes, []string{"header"}, m.DPoPAlgs, "Carehold, FHIR R4"}
	out := map[string][]byte{}
	for path, v := range map[string]any{
		"/fhir/.well-known/smart-configuration":   smart,
		"/.well-known/oauth-authorization-server": openID, // what RFC 8414 does not name is allowed in it
		"/.well-known/openid-configuration":       openID,
		PathResource:                              resource,
	} {
		b, err := json.Marshal(v)
		if err != nil { // strings always encode
			panic("oauth: encoding what there is")
		}
		out[path] = b
	}
	return out
}

// About serves what there is, in JSON whatever was asked for, to pages of every site.
func (a *API) About(w http.ResponseWriter, r *http.Request) error {
	return a.public(w, a.about[r.URL.Path])
}

func (a *API) public(w http.ResponseWriter, body []byte) error {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=300")
	h.Del("Pragma")
	h.Del("Vary")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	return sent(w.Write(body))
}
