package auth

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestTokenThatIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, endpoint := newMemoryStore(deviceSession(t, time.Hour)), renewals(t, time.Hour)
		s, _ := store.source(t, endpoint)
		s.Refused(wantToken(t, s, "0").AccessToken)
		second := wantToken(t, s, "1")
		wantRequests(t, endpoint, 1)
		// The tenant refuses the new one as well: renewing again would not help, and a
		// token for each call would cost.
		s.Refused(second.AccessToken)
		wantSignIn(t, s, "the tenant rejected its token (401), and renewing it did not help; it is tried again at "+
			"2000-01-01T00:01:00Z", "`auth0-mcp init --profile dev`")
		wantRequests(t, endpoint, 1)
		// But a minute later the fault may have passed.
		time.Sleep(refusedHold)
		wantToken(t, s, "1")
		s.Refused(second.AccessToken)
		wantToken(t, s, "2")
		wantRequests(t, endpoint, 2)
	})
}

// A renewal that was not approved does not count.
func TestRefusedTokenIsRenewedWhenTheNetworkIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, endpoint := newMemoryStore(deviceSession(t, time.Hour)), renewals(t, time.Hour)
		endpoint.steps = []answerStep{breaks(errTestNetwork), endpoint.steps[0]}
		s, _ := store.source(t, endpoint)
		s.Refused(wantToken(t, s, "0").AccessToken)
		if _, err := s.Token(); !errors.Is(err, errTestNetwork) {
			t.Errorf("error: %v", err)
		}
		time.Sleep(firstHold)
		wantToken(t, s, "2") // the second request
	})
}

// One renewal for each refused token, also if it fails.
func TestRefusedTokenIsRenewedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		endpoint := &endpointScript{steps: []answerStep{saysError(403, "invalid_grant")}}
		s, _ := newMemoryStore(deviceSession(t, time.Hour)).source(t, endpoint)
		for range 3 {
			s.Refused(wantToken(t, s, "0").AccessToken)
			wantSignIn(t, s)
			time.Sleep(refusedHold)
		}
		wantRequests(t, endpoint, 1)
	})
}

func TestRefusedTokenThatCannotBeRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		session := deviceSession(t, time.Hour)
		session.RefreshToken = ""
		store, endpoint := newMemoryStore(session), renewals(t, time.Hour)
		s, _ := store.source(t, endpoint)
		s.Refused(wantToken(t, s, "0").AccessToken)
		wantSignIn(t, s, "the tenant rejected its token (401); it is tried again at 2000-01-01T00:01:00Z",
			"`auth0-mcp init --profile dev`")
		wantRequests(t, endpoint, 0)
	})
}

func TestSignInErrorNamesTheCommand(t *testing.T) {
	machine := Session{Profile: "ci", Domain: testTenant, ClientID: "client", AccessToken: canary}
	tests := map[string]struct {
		change func(*Session)
		want   string
	}{
		"device":     {func(s *Session) { s.Method = Device }, "`auth0-mcp init --profile ci`"},
		"no profile": {func(s *Session) { s.Method, s.Profile = Device, "" }, "`auth0-mcp init`"},
		"client secret": {func(s *Session) { s.Method = ClientSecret },
			"`auth0-mcp init --profile ci --auth0-domain tenant.us.auth0.com --auth0-client-id client " +
				"--auth0-client-secret-stdin`"},
		"private key": {func(s *Session) { s.Method, s.KeyID = PrivateKeyJWT, "k1" },
			"`auth0-mcp init --profile ci --auth0-domain tenant.us.auth0.com --auth0-client-id client --private-key-file " +
				"KEY.pem --key-id k1`"},
		"given by AUTH0_TOKEN": {func(s *Session) { s.Method, s.Profile = Given, "" },
			"set AUTH0_TOKEN to a new Management API token of it and restart the server"},
		"given": {func(s *Session) { s.Method = Given },
			"there is no valid token for tenant.us.auth0.com: its token expired at 2000-01-01T01:00:00Z: the command of " +
				"profile ci must give a new one; the server need not be restarted"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				session := machine
				tt.change(&session)
				session.ExpiresAt = time.Now().Add(time.Hour)
				s, _ := newMemoryStore(session).source(t, renewals(t, time.Hour))
				time.Sleep(time.Hour)
				wantSignIn(t, s, tt.want)
			})
		})
	}
}

// Refused while another update is under way: the update after it renews.
func TestRefusedDuringAnUpdate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		session := deviceSession(t, time.Hour)
		store, endpoint := newMemoryStore(session), renewals(t, time.Hour)
		s, _ := store.source(t, endpoint, func(cfg *SourceConfig) {
			cfg.Load = func(ctx context.Context) (Session, error) {
				time.Sleep(time.Second)
				return store.load(ctx)
			}
		})
		store.put(session, nil) // a change that changes nothing
		time.Sleep(lookInterval)
		time.AfterFunc(time.Second/2, func() { s.Refused(session.AccessToken) })
		wantToken(t, s, "1")
		wantRequests(t, endpoint, 1)
	})
}
