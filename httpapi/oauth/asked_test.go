package oauth

import (
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"carehold/httpapi/oauth/clients"
)

// TestAskedKeepsNoBody: what waits for an answer is copied out of the body it came in, of
// which little is needed: a text that is a part of another keeps all of it in memory.
func TestAskedKeepsNoBody(t *testing.T) {
	const redirect = "https://app.example/cb"
	c := clients.Client{ID: "app", Redirects: []string{redirect}}
	a := &API{config: Config{Base: "https://record.example"}}
	for name, scope := range map[string]string{"one word": "patient/*.rs", "several": "openid+fhirUser+patient/Observation.rs?category=laboratory+patient/*.c+nothing"} {
		body := "x=" + strings.Repeat("A", 15_000) + "&response_type=code&redirect_uri=" + redirect + "&state=af0ifjsldkj&nonce=n-0S6_WzA2Mj&scope=" + scope +
			"&aud=https://record.example/fhir&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
		p, twice, err := parse(body)
		if err != nil {
			t.Fatal(err)
		}
		to, ok := c.Redirect(p["redirect_uri"])
		if !ok {
			t.Fatal("the redirect is not the app's")
		}
		q, wrong := a.examine(c, to, p, twice)
		if wrong != nil {
			t.Fatalf("%s: %v", name, wrong)
		}
		begin := uintptr(unsafe.Pointer(unsafe.StringData(body)))
		texts := 0
		var look func(v reflect.Value)
		look = func(v reflect.Value) {
			switch v.Kind() {
			case reflect.String:
				texts++
				at := uintptr(unsafe.Pointer(unsafe.StringData(v.String())))
				if v.Len() > 0 && at >= begin && at < begin+uintptr(len(body)) {
					t.Errorf("%s: %q is a part of the body", name, v.String())
				}
			case reflect.Struct:
				for i := range v.NumField() {
					look(v.Field(i))
				}
			case reflect.Slice, reflect.Array:
				for i := range v.Len() {
					look(v.Index(i))
				}
			case reflect.Pointer, reflect.Interface, reflect.Map:
				if !v.IsZero() && v.Type() != reflect.TypeFor[map[string]bool]() {
					t.Fatalf("there is a %s to look into", v.Type())
				}
			}
		}
		look(reflect.ValueOf(q))
		if texts < 8 || q.state != "af0ifjsldkj" || q.redirect != redirect || q.nonce == "" || len(q.requested.Scopes) == 0 || strings.Contains(q.scope, "nothing") {
			t.Errorf("%s: %+v", name, q)
		}
	}
}
