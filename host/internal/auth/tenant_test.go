package auth

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
)

func TestTenantOf(t *testing.T) {
	const api = "https://tenant.us.auth0.com/api/v2/"
	tests := map[string]struct {
		aud   any
		want  string
		error string // "" : none
	}{
		"a text":        {api, "tenant.us.auth0.com", ""},
		"a list":        {[]string{"https://tenant.us.auth0.com/userinfo", api}, "tenant.us.auth0.com", ""},
		"after no URL":  {[]string{"my api", "%zz", api}, "tenant.us.auth0.com", ""},
		"twice":         {[]string{api, api}, "tenant.us.auth0.com", ""},
		"capitals":      {"https://Tenant.US.auth0.com/api/v2/", "tenant.us.auth0.com", ""},
		"port":          {"https://127.0.0.1:8443/api/v2/", "127.0.0.1:8443", ""},
		"private cloud": {"https://login.corp.example/api/v2/", "login.corp.example", ""},
		"several": {[]string{api, "https://other.eu.auth0.com/api/v2/"}, "",
			"the token is for 2 tenants (tenant.us.auth0.com, other.eu.auth0.com): sign in again and choose one"},
		"none": {nil, "", "the token names no audience, so it is for no tenant: one must be " +
			"https://TENANT/api/v2/"},
		"another API": {"https://api.example", "",
			`the token is for no tenant: its audiences are "https://api.example", and one must be https://TENANT/api/v2/`},
		"any tenant": {DefaultAudience, "",
			`the token is for no tenant: its audiences are "https://*.auth0.com/api/v2/",` +
				` and one must be https://TENANT/api/v2/`},
		"no slash":          {"https://t.auth0.com/api/v2", "", "for no tenant"},
		"below the API":     {"https://t.auth0.com/api/v2/users", "", "for no tenant"},
		"encoded path":      {"https://t.auth0.com/api%2Fv2/", "", "for no tenant"},
		"http":              {"http://t.auth0.com/api/v2/", "", "for no tenant"},
		"user":              {"https://t.auth0.com@evil.example/api/v2/", "", "for no tenant"},
		"query":             {"https://t.auth0.com/api/v2/?a", "", "for no tenant"},
		"fragment":          {"https://t.auth0.com/api/v2/#a", "", "for no tenant"},
		"no host":           {"https:///api/v2/", "", "for no tenant"},
		"control character": {"https://t.auth0.com\u202e", "", `its audiences are "https://t.auth0.com"`},
		"a number":          {5, "", "it is not a JSON Web Token"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := TenantOf(testJWT(t, jwt.MapClaims{"aud": tt.aud}))
			if got != tt.want || (err == nil) != (tt.error == "") || (err != nil && !strings.Contains(err.Error(), tt.error)) {
				t.Errorf("%q, %v\nwant %q, %s", got, err, tt.want, tt.error)
			}
			noCanary(t, err)
		})
	}
	for _, token := range []string{"", canary, canary + ".b.c", "a." + canary} {
		if _, err := TenantOf(token); !errors.Is(err, errNotJWT) {
			t.Errorf("%q: %v", token, err)
		} else {
			noCanary(t, err)
		}
	}
}

// Whatever a token says, the domain that is read from it leads to one host, and its
// end can be stored.
func FuzzReadClaims(f *testing.F) {
	f.Add(`{"aud":"https://t.us.auth0.com/api/v2/","exp":1,"iat":0,"scope":"a b"}`)
	f.Add(`{"aud":["https://a.example:1/api/v2/","https://[::1]/api/v2/"],"exp":1e300,"iat":-1e300}`)
	f.Add(`{"aud":"https://a@b/api/v2/","exp":"x"}`)
	f.Fuzz(func(t *testing.T, payload string) {
		encode := base64.RawURLEncoding.EncodeToString
		token := encode([]byte(`{"alg":"RS256"}`)) + "." + encode([]byte(payload)) + ".c2ln"
		if domain, err := TenantOf(token); err == nil {
			if again, err := tenant.NormalizeDomain(domain); err != nil || again != domain {
				t.Errorf("tenant %q is not a domain: %v", domain, err)
			}
		}
		s, err := GivenSession("p", "t.example", token)
		if err != nil {
			t.Fatal(err)
		}
		claims, err := readClaims(token)
		if err != nil {
			return
		}
		for _, end := range []time.Time{s.ExpiresAt, s.IssuedAt, claims.endFrom(time.Now())} {
			if _, err := end.MarshalJSON(); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestGivenSession(t *testing.T) {
	end := time.Now().Add(time.Hour).Truncate(time.Second)
	jwtToken := testJWT(t, jwt.MapClaims{"exp": end.Unix(), "iat": end.Add(-2 * time.Hour).Unix(), "scope": "read:logs"})
	s, err := GivenSession("p", testTenant, jwtToken)
	if err != nil || !s.ExpiresAt.Equal(end) || !s.IssuedAt.Equal(end.Add(-2*time.Hour)) || s.Scope != "read:logs" ||
		s.Method != Given || s.Renewable() {
		t.Errorf("%+v ends %v, issued %v, scope %q, %v", s, s.ExpiresAt, s.IssuedAt, s.Scope, err)
	}
	if s, err := GivenSession("p", testTenant, "opaque"); err != nil || !s.ValidAt(time.Now()) {
		t.Errorf("an opaque token: %v, %v", s, err)
	}
	for _, token := range []string{"", "a b", canary + "\n", canary + "é"} {
		if _, err := GivenSession("p", testTenant, token); err == nil {
			t.Errorf("%q was taken for a token", token)
		} else {
			noCanary(t, err)
		}
	}
}
