package account

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// oneSession is a store with one session, or with one error.
type oneSession struct {
	auth.Store
	session auth.Session
	err     error
}

func (s oneSession) Get(context.Context, string) (auth.Session, error) { return s.session, s.err }

func (s oneSession) Describe() auth.StoreDescription {
	return auth.StoreDescription{Kind: auth.StoreFile, Where: "a test", Writable: true}
}

func testTools() []*catalog.Tool {
	tool := func(name string, scopes ...string) *catalog.Tool {
		return &catalog.Tool{ToolManifest: pluginv1.ToolManifest{Name: name, Scopes: scopes}}
	}
	return []*catalog.Tool{tool("none"), tool("one", "read:logs"), tool("two", "read:logs", "read:clients")}
}

func TestReport(t *testing.T) {
	const canary = "canary-secret"
	now := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	person := auth.Session{
		Profile: "p", Domain: "t.example", Method: auth.Device, AccessToken: canary, RefreshToken: canary, Scope: "read:logs",
		IssuedAt: now.Add(-time.Hour), ExpiresAt: now.Add(time.Hour),
	}
	change := func(f func(*auth.Session)) auth.Session {
		s := person
		f(&s)
		return s
	}
	tests := []struct {
		name    string
		session auth.Session
		err     error
		state   State
		usable  bool
		tools   []string
		failure string
	}{
		{"valid", person, nil, Valid, true, []string{"none", "one"}, ""},
		{"inside the margin counts as ended, as in run", change(func(s *auth.Session) {
			s.ExpiresAt, s.RefreshToken = now.Add(4*time.Minute), ""
		}), nil, Expired, false, []string{"none", "one"}, "profile p: the token ends in 4 minutes"},
		{"outside the margin", change(func(s *auth.Session) {
			s.ExpiresAt, s.RefreshToken = now.Add(6*time.Minute), ""
		}), nil, Valid, true, []string{"none", "one"}, ""},
		{"ended and renewable", change(func(s *auth.Session) { s.ExpiresAt = now.Add(-time.Minute) }), nil, Renewable, true,
			[]string{"none", "one"}, ""},
		{"ended", change(func(s *auth.Session) {
			s.ExpiresAt, s.RefreshToken = now.Add(-time.Minute), ""
		}), nil, Expired, false, []string{"none", "one"}, "profile p: the token ended 60 seconds ago"},
		{"all scopes", change(func(s *auth.Session) { s.Scope = "read:clients read:logs" }), nil, Valid, true,
			[]string{"none", "one", "two"}, ""},
		{"an opaque token", auth.Session{Method: auth.Given, Domain: "t.example", AccessToken: canary}, nil, Valid, true,
			nil, ""},
		{"no token", change(func(s *auth.Session) { s.AccessToken, s.RefreshToken = "", "" }), nil, None, false, nil,
			"profile p: the session has no token"},
		{"no session", auth.Session{}, &auth.NoSessionError{Profile: "p", Store: auth.StoreFile}, None, false, nil,
			"profile p: not signed in: sign in with `auth0-mcp init --profile p`"},
		{"closed", auth.Session{}, errors.New("locked: unlock it"), Unreadable, false, nil, "profile p: locked: unlock it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			acc := &Account{Name: "p", Profile: auth.Profile{Domain: "t.example", Method: auth.Device},
				Store: oneSession{session: tt.session, err: tt.err}}
			r := (&Accounts{}).Report(t.Context(), acc, testTools(), now)
			if r.State != tt.state || r.Usable != tt.usable || r.Domain != "t.example" {
				t.Errorf("state %s, usable %v, domain %s", r.State, r.Usable, r.Domain)
			}
			var tools []string
			if r.Tools != nil {
				tools = r.Tools.Names
			}
			if tt.tools != nil || r.Scopes == nil {
				if !reflect.DeepEqual(tools, tt.tools) {
					t.Errorf("tools %v, want %v", tools, tt.tools)
				}
			}
			failure := ""
			if err := r.Failure(); err != nil {
				failure = err.Error()
			}
			if !strings.HasPrefix(failure, tt.failure) || (failure == "") != tt.usable {
				t.Errorf("failure %q, want %q", failure, tt.failure)
			}
			encoded, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(encoded), canary) {
				t.Errorf("the report has a secret:\n%s", encoded)
			}
		})
	}
}

func TestEnding(t *testing.T) {
	now := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		end  time.Time
		want string
	}{
		{time.Time{}, "does not tell when it ends"},
		{now, "ended 0 seconds ago"},
		{now.Add(119 * time.Second), "ends in 119 seconds"},
		{now.Add(2 * time.Minute), "ends in 2 minutes"},
		{now.Add(119 * time.Minute), "ends in 119 minutes"},
		{now.Add(47 * time.Hour), "ends in 47 hours"},
		{now.Add(49 * time.Hour), "ends in 2 days"},
		{now.Add(-3 * time.Hour), "ended 3 hours ago"},
	} {
		got, _, _ := strings.Cut(Ending(tt.end, now), " (")
		if got != tt.want {
			t.Errorf("%v: %q, want %q", tt.end, got, tt.want)
		}
	}
}

func TestSignIn(t *testing.T) {
	for _, tt := range []struct {
		name    string
		profile auth.Profile
		want    string
	}{
		{"", auth.Profile{Method: auth.Given}, "set AUTH0_TOKEN to a new Management API token and restart the server"},
		{"p", auth.Profile{}, "sign in with `auth0-mcp init --profile p`"},
		{"p", auth.Profile{Method: auth.Device, Domain: "t.example"}, "sign in with `auth0-mcp init --profile p`"},
		{"p", auth.Profile{Method: auth.ClientSecret, Domain: "t.example", ClientID: "abc"},
			"sign in with `auth0-mcp init --profile p --auth0-domain t.example --auth0-client-id abc " +
				"--auth0-client-secret-stdin`"},
		{"p", auth.Profile{Method: auth.PrivateKeyJWT, Domain: "t.example", ClientID: "abc"},
			"sign in with `auth0-mcp init --profile p --auth0-domain t.example --auth0-client-id abc --private-key-file " +
				"KEY.pem`"},
		{"p", auth.Profile{Method: auth.Given, Command: []string{"vault"}},
			"run the profile's command yourself to see why it gives no valid token"},
	} {
		if got := (&Account{Name: tt.name, Profile: tt.profile}).SignIn(); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.profile, got, tt.want)
		}
	}
}
