package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

// testKey takes a while to make, so the tests have one.
var testKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func rsaTestKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := testKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func pkcs1(key *rsa.PrivateKey) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

func pkcs8(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func TestClientSecret(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{})
	machine, err := tenant.AddMachine(sandbox.Machine{Name: "CI", Scopes: []string{"read:clients", "read:logs"}})
	if err != nil {
		t.Fatal(err)
	}
	good := Session{Profile: "ci", Domain: tenant.Domain(), Method: ClientSecret, ClientID: machine.ClientID,
		ClientSecret: machine.ClientSecret}
	wrong := good
	wrong.ClientSecret = canary
	elsewhere := good
	elsewhere.Audience = "https://api.example"
	tests := map[string]struct {
		session Session
		scopes  []string
		scope   string
		want    string // in the error
	}{
		"all that is granted": {good, nil, "read:clients read:logs", ""},
		"less":                {good, []string{"read:logs"}, "read:logs", ""},
		"more": {good, []string{"update:clients"}, "",
			"authorize it for https://" + tenant.Domain() + "/api/v2/, with the scopes it needs"},
		"another audience": {elsewhere, nil, "", "authorize it for https://api.example,"},
		"wrong secret":     {wrong, nil, "", "check the client id and the client secret"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := OAuth{Transport: tenant.Transport()}.ClientCredentials(t.Context(), tt.session,
				CredentialOptions{Scopes: tt.scopes})
			noCanary(t, err, s)
			if tt.want != "" {
				if !strings.Contains(errorText(err), tt.want) || temporary(err) {
					t.Errorf("error %v, want %s", err, tt.want)
				}
				return
			}
			if err != nil || s.Scope != tt.scope || !s.ValidAt(time.Now()) || !s.Renewable() || s.Audience != tenant.Audience() {
				t.Errorf("%v scope %q, audience %q, %v", s, s.Scope, s.Audience, err)
			}
		})
	}
}

func TestPrivateKeyJWT(t *testing.T) {
	key := rsaTestKey(t)
	for _, algorithm := range []string{"", "RS256", "RS384", "PS256"} {
		for form, text := range map[string]string{"PKCS1": pkcs1(key), "PKCS8": pkcs8(t, key)} {
			t.Run(algorithm+" "+form, func(t *testing.T) {
				tenant := sandbox.New(sandbox.Options{})
				machine, err := tenant.AddMachine(sandbox.Machine{Name: "CI", Key: &key.PublicKey, KeyID: "k1",
					Algorithm: algorithm})
				if err != nil {
					t.Fatal(err)
				}
				s := Session{Domain: tenant.Domain(), Method: PrivateKeyJWT, ClientID: machine.ClientID, PrivateKey: text,
					KeyID: "k1"}
				o, options := OAuth{Transport: tenant.Transport()}, CredentialOptions{Algorithm: algorithm}
				// Twice: an assertion must not be the same again.
				for range 2 {
					if s, err = o.ClientCredentials(t.Context(), s, options); err != nil {
						t.Fatal(err)
					}
				}
				if !s.ValidAt(time.Now()) || !s.Renewable() || s.Scope == "" {
					t.Errorf("%v, scope %q", s, s.Scope)
				}
				s.KeyID = "another"
				if _, err := o.ClientCredentials(t.Context(), s, options); !strings.HasSuffix(errorText(err),
					"check the client id, the private key, its key id and this computer's clock") {
					t.Errorf("with another key id: %v", err)
				}
			})
		}
	}
}

func TestAssertion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := rsaTestKey(t)
		now := time.Now()
		text, err := signAssertion(Session{Domain: "t.example:8443", ClientID: "client", PrivateKey: pkcs1(key),
			KeyID: "k1"}, "")
		if err != nil {
			t.Fatal(err)
		}
		claims := jwt.MapClaims{}
		token, err := jwt.ParseWithClaims(text, claims, func(*jwt.Token) (any, error) { return &key.PublicKey, nil },
			jwt.WithValidMethods([]string{"RS256"}))
		if err != nil {
			t.Fatal(err)
		}
		jti, _ := claims["jti"].(string)
		if token.Header["kid"] != "k1" || len(jti) < 20 {
			t.Errorf("kid %v, jti %q", token.Header["kid"], jti)
		}
		delete(claims, "jti")
		for name, want := range map[string]any{"iss": "client", "sub": "client", "aud": "https://t.example:8443/",
			"iat": float64(now.Unix()), "exp": float64(now.Unix() + 60)} {
			if claims[name] != want {
				t.Errorf("%s = %v, want %v", name, claims[name], want)
			}
			delete(claims, name)
		}
		if len(claims) > 0 {
			t.Errorf("more claims: %v", claims)
		}
	})
}

func TestPrivateKeyIsChecked(t *testing.T) {
	key := rsaTestKey(t)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	encoded := func(kind, text string) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte(text)}))
	}
	tests := map[string]struct{ key, algorithm, want string }{
		"good":      {pkcs8(t, key), "", ""},
		"nothing":   {"", "", "it is not an RSA private key in PEM form"},
		"no PEM":    {canary, "", "it is not an RSA private key in PEM form"},
		"garbage":   {encoded("PRIVATE KEY", canary), "", "it is not an RSA private key in PEM form"},
		"encrypted": {encoded("ENCRYPTED PRIVATE KEY", canary), "", "it is not an RSA private key in PEM form"},
		"curve":     {pkcs8(t, curve), "", "it is not an RSA private key in PEM form"},
		"too small": {pkcs1(small), "", "it has 1024 bits"},
		"algorithm": {pkcs1(key), "none", `the algorithm "none" is not RS256, RS384 or PS256`},
		"symmetric": {pkcs1(key), "HS256", `the algorithm "HS256" is not RS256, RS384 or PS256`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := CheckPrivateKey(tt.key, tt.algorithm)
			var keyError *KeyError
			if (tt.want != "") != errors.As(err, &keyError) || !strings.Contains(errorText(err), tt.want) {
				t.Errorf("error %v, want %s", err, tt.want)
			}
			noCanary(t, err)
			// Nothing may be sent with a key that does not work.
			script := &endpointScript{steps: []answerStep{saysError(400, "sent")}}
			_, err = OAuth{Transport: script}.ClientCredentials(t.Context(),
				Session{Domain: testTenant, Method: PrivateKeyJWT, PrivateKey: tt.key}, CredentialOptions{Algorithm: tt.algorithm})
			if sent := len(script.requests()) > 0; sent != (tt.want == "") {
				t.Errorf("sent = %v, %v", sent, err)
			}
		})
	}
}

func TestApplicationWithoutTheGrant(t *testing.T) {
	script := &endpointScript{steps: []answerStep{saysError(403, "unauthorized_client")}}
	_, err := OAuth{Transport: script}.ClientCredentials(t.Context(),
		Session{Domain: testTenant, Method: ClientSecret, ClientID: "client", ClientSecret: canary}, CredentialOptions{})
	const want = "application client: tenant.us.auth0.com answered unauthorized_client (the reason for " +
		"unauthorized_client): allow it the grant client_credentials in the dashboard of the tenant"
	if errorText(err) != want {
		t.Errorf("error\n  %v\nwant\n  %s", err, want)
	}
}

func TestClientCredentialsNeedAMethod(t *testing.T) {
	script := &endpointScript{steps: []answerStep{says(200, `{}`)}}
	if _, err := (OAuth{Transport: script}).Renew(t.Context(), Session{Domain: testTenant, Method: Given},
		CredentialOptions{}); err == nil || len(script.requests()) > 0 {
		t.Errorf("%v after %d requests", err, len(script.requests()))
	}
}

func TestRenewDevice(t *testing.T) {
	base := Session{Profile: "dev", Domain: testTenant, Method: Device, ClientID: "client", AuthDomain: "auth.example",
		AccessToken: "old", RefreshToken: canary + "-1", Scope: "read:logs"}
	other := testJWT(t, jwt.MapClaims{"aud": "https://other.eu.auth0.com/api/v2/"})
	tests := map[string]struct {
		step    answerStep
		refresh string
		want    string
	}{
		"rotated": {says(200, `{"access_token":%q,"refresh_token":"%s-2"}`, tenantJWT(t, "2"), canary), canary + "-2",
			""},
		"kept": {says(200, `{"access_token":%q}`, tenantJWT(t, "2")), canary + "-1", ""},
		"refused": {saysError(403, "invalid_grant"), "", "auth.example answered invalid_grant (the reason for " +
			"invalid_grant)"},
		"another tenant": {says(200, `{"access_token":%q}`, other), "",
			"profile dev was for the tenant tenant.us.auth0.com, and is now signed in to other.eu.auth0.com"},
		"no tenant": {says(200, `{"access_token":"%s"}`, canary), "", "the token does not say which tenant it is for"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			script := &endpointScript{steps: []answerStep{tt.step}}
			s, err := OAuth{Transport: script}.Renew(t.Context(), base, CredentialOptions{})
			if !strings.Contains(errorText(err), tt.want) || (err == nil) != (tt.want == "") || s.RefreshToken != tt.refresh {
				t.Errorf("%v, %v, want %s", s, err, tt.want)
			}
			if err == nil && (s.AccessToken == "old" || s.Scope != "read:logs" || s.Domain != testTenant) {
				t.Errorf("session %v, scope %q", s, s.Scope)
			}
			if temporary(err) {
				t.Error("counts as temporary")
			}
			sent := script.requests()[0]
			if sent.Get("PATH") != "https://auth.example/oauth/token" || sent.Get("grant_type") != "refresh_token" ||
				sent.Get("refresh_token") != canary+"-1" || sent.Get("client_id") != "client" || sent.Has("scope") {
				t.Errorf("sent %v", sent)
			}
			noCanary(t, err)
		})
	}
}

func TestRevoke(t *testing.T) {
	s := Session{Profile: "dev", Method: Device, RefreshToken: canary}
	tests := map[string]struct {
		session Session
		step    answerStep
		sent    int
		want    string
	}{
		"revoked":           {s, says(200, ""), 1, ""},
		"nothing to revoke": {Session{}, says(200, ""), 0, ""},
		"refused": {s, saysError(401, "invalid_client"), 1,
			"the refresh token of profile dev was not revoked: auth0.auth0.com answered invalid_client (the reason for " +
				"invalid_client): remove the application's access in the account settings of auth0.auth0.com if it matters"},
		"repeated": {s, saysError(400, canary), 1,
			"the refresh token of profile dev was not revoked: auth0.auth0.com answered [token] (the reason for [token]): " +
				"remove the application's access in the account settings of auth0.auth0.com if it matters"},
		"fault": {s, says(503, "<html>"+canary), 1,
			"the refresh token of profile dev was not revoked: auth0.auth0.com answered 503 Service Unavailable: the answer " +
				"is not one of OAuth: remove the application's access in the account settings of auth0.auth0.com if it matters"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			script := &endpointScript{steps: []answerStep{tt.step}}
			err := OAuth{Transport: script}.Revoke(t.Context(), tt.session)
			if errorText(err) != tt.want {
				t.Errorf("error\n  %v\nwant\n  %s", err, tt.want)
			}
			noCanary(t, err)
			sent := script.requests()
			if len(sent) != tt.sent {
				t.Fatalf("%d requests, want %d", len(sent), tt.sent)
			}
			if tt.sent == 1 && (sent[0].Get("PATH") != "https://auth0.auth0.com/oauth/revoke" ||
				sent[0].Get("token") != canary || sent[0].Get("client_id") != DefaultClientID) {
				t.Errorf("sent %v", sent[0])
			}
		})
	}
}

// A refresh token that was revoked brings nothing more.
func TestRevokeAtTheSandbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := sandbox.New(sandbox.Options{})
		o := OAuth{Transport: tenant.Transport()}
		s := signInAt(t, tenant, "dev")
		fresh, err := o.Renew(t.Context(), s, CredentialOptions{})
		if err != nil || fresh.AccessToken == s.AccessToken || fresh.RefreshToken == s.RefreshToken {
			t.Fatalf("renewed: %v", err)
		}
		if err := o.Revoke(t.Context(), fresh); err != nil {
			t.Fatal(err)
		}
		var answer *OAuthError
		if _, err := o.Renew(t.Context(), fresh, CredentialOptions{}); !errors.As(err, &answer) ||
			answer.Code != "invalid_grant" {
			t.Errorf("after the revocation: %v", err)
		}
	})
}

// signInAt signs a user in at the sandbox.
func signInAt(t *testing.T, tenant *sandbox.Tenant, profile string) Session {
	t.Helper()
	login, err := OAuth{Transport: tenant.Transport()}.StartDevice(t.Context(), profile, Profile{})
	if err != nil {
		t.Fatal(err)
	}
	if err := tenant.Approve(login.UserCode); err != nil {
		t.Fatal(err)
	}
	s, err := login.Poll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The same over a real connection, with the transport that the host uses.
func TestClientCredentialsOverTheNetwork(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	auth0 := sandbox.New(sandbox.Options{Domain: listener.Addr().String()})
	server, err := sandbox.Serve(listener, auth0)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	caFile := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(caFile, server.CAPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	transport, err := tenant.NewTransport(caFile)
	if err != nil {
		t.Fatal(err)
	}
	transport.Proxy = nil
	defer transport.CloseIdleConnections()
	machine, err := auth0.AddMachine(sandbox.Machine{Name: "CI"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := OAuth{Transport: transport, UserAgent: "auth0-mcp/test"}.ClientCredentials(t.Context(),
		Session{Domain: auth0.Domain(), Method: ClientSecret, ClientID: machine.ClientID,
			ClientSecret: machine.ClientSecret}, CredentialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if domain, err := TenantOf(s.AccessToken); err != nil || domain != auth0.Domain() {
		t.Errorf("a token for %q, %v; want %q", domain, err, auth0.Domain())
	}
}
