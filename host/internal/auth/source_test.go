package auth

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

var _ oauth2.TokenSource = (*Source)(nil)

func TestTokenIsRenewedBeforeItsEnd(t *testing.T) {
	tests := map[string]struct{ life, until time.Duration }{
		"a day":            {24 * time.Hour, 24*time.Hour - 5*time.Minute},
		"ten minutes":      {10 * time.Minute, 9 * time.Minute},
		"twenty seconds":   {20 * time.Second, 18 * time.Second},
		"fifty-one minute": {51 * time.Minute, 46 * time.Minute},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, endpoint := newMemoryStore(deviceSession(t, tt.life)), renewals(t, tt.life)
				s, _ := store.source(t, endpoint)
				time.Sleep(tt.until - time.Nanosecond)
				wantToken(t, s, "0")
				wantRequests(t, endpoint, 0)
				time.Sleep(time.Nanosecond)
				token := wantToken(t, s, "1")
				wantToken(t, s, "1")
				wantRequests(t, endpoint, 1)
				if stored := store.stored(); stored.AccessToken != token.AccessToken ||
					stored.RefreshToken != canary+"-refresh-1" || !stored.ExpiresAt.Equal(token.Expiry) {
					t.Errorf("stored %v, %v", stored, stored.ExpiresAt)
				}
				// The next renewal uses the refresh token that came with this one.
				time.Sleep(tt.life)
				wantToken(t, s, "2")
				if sent := endpoint.requests()[1].Get("refresh_token"); sent != canary+"-refresh-1" {
					t.Errorf("sent the refresh token %s", sent)
				}
			})
		})
	}
}

func TestTokenOfUnknownEndServesUntilRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		session := deviceSession(t, 0)
		session.ExpiresAt = time.Time{}
		endpoint := renewals(t, time.Hour)
		s, _ := newMemoryStore(session).source(t, endpoint)
		time.Sleep(1000 * time.Hour)
		token := wantToken(t, s, "0")
		wantRequests(t, endpoint, 0)
		s.Refused("another")
		wantToken(t, s, "0")
		s.Refused(token.AccessToken)
		wantToken(t, s, "1")
		wantRequests(t, endpoint, 1)
	})
}

func TestManyCallersRenewOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, endpoint := newMemoryStore(deviceSession(t, time.Hour)), renewals(t, time.Hour)
		endpoint.steps[0] = slowly(3*time.Second, endpoint.steps[0])
		s, _ := store.source(t, endpoint)
		time.Sleep(time.Hour)
		var callers sync.WaitGroup
		for range 10 {
			callers.Go(func() { wantTokenAsync(t, s, "1") })
		}
		// One of them has less patience: it leaves alone.
		callers.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			begun := time.Now()
			if _, err := s.TokenContext(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != time.Second {
				t.Errorf("after %v: %v", time.Since(begun), err)
			}
		})
		callers.Wait()
		wantRequests(t, endpoint, 1)
	})
}

// wantTokenAsync is wantToken for other goroutines than the test's.
func wantTokenAsync(t *testing.T, s *Source, id string) {
	token, err := s.Token()
	if err != nil {
		t.Error(err)
		return
	}
	if claims, err := readClaims(token.AccessToken); err != nil || claims.ID != id {
		t.Errorf("token %q, %v; want %q", claims.ID, err, id)
	}
}

// The only caller gives up: what its renewal brings must not be lost.
func TestRenewalOutlivesItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, endpoint := newMemoryStore(deviceSession(t, time.Hour)), renewals(t, time.Hour)
		endpoint.steps[0] = slowly(3*time.Second, endpoint.steps[0])
		life, end := context.WithCancel(t.Context())
		s, err := NewSource(life, SourceConfig{OAuth: OAuth{Transport: endpoint}, Load: store.load, Save: store.save,
			Lock: store.lock, Stamp: store.readStamp})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		time.AfterFunc(time.Second, end) // the server is stopped
		if _, err := s.Token(); !errors.Is(err, context.Canceled) {
			t.Errorf("error: %v", err)
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Second)
		defer cancel()
		if err := s.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waited less than it may: %v", err)
		}
		if err := s.Wait(t.Context()); err != nil {
			t.Error(err)
		}
		if got := store.stored().RefreshToken; got != canary+"-refresh-1" {
			t.Errorf("stored the refresh token %s", got)
		}
	})
}

// Another process renewed first.
func TestSiblingsTokenIsTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, endpoint := newMemoryStore(deviceSession(t, time.Hour)), renewals(t, time.Hour)
		s, _ := store.source(t, endpoint)
		sibling, _ := store.source(t, endpoint)
		time.Sleep(time.Hour)
		wantToken(t, sibling, "1")
		wantToken(t, s, "1")
		wantRequests(t, endpoint, 1)

		// And while this one waits for the lock: the store is read again after it.
		time.Sleep(time.Hour)
		unlock, err := store.lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			time.Sleep(3 * time.Second)
			session := store.stored()
			session.AccessToken, session.RefreshToken = tenantJWT(t, "sibling"), canary+"-sibling"
			session.IssuedAt, session.ExpiresAt = time.Now().UTC(), time.Now().UTC().Add(time.Hour)
			store.put(session, nil)
			unlock()
		}()
		wantToken(t, s, "sibling")
		wantRequests(t, endpoint, 1)
		// The next renewal is with the sibling's refresh token.
		time.Sleep(time.Hour)
		wantToken(t, s, "2")
		if sent := endpoint.requests()[1].Get("refresh_token"); sent != canary+"-sibling" {
			t.Errorf("sent %s", sent)
		}
	})
}

func TestRenewalThatFails(t *testing.T) {
	tests := map[string]struct {
		step   answerStep
		signIn bool
		want   string
	}{
		"fault": {says(503, "<html>"), false, "renewing the token of profile dev: auth0.auth0.com answered 503 " +
			"Service Unavailable: the answer is not one of OAuth: try again"},
		"network": {breaks(errTestNetwork), false, "renewing the token of profile dev: no answer from auth0.auth0.com " +
			"(network is down): check the network, the domain and the proxy settings: try again"},
		"slow": {hangs, false, "renewing the token of profile dev: auth0.auth0.com did not answer in time: check " +
			"the network and the proxy settings: try again"},
		"malformed": {says(200, `{"access_token":"`+canary), false,
			"renewing the token of profile dev: auth0.auth0.com answered 200 OK: the answer is not one of OAuth: try again"},
		"ended token": {says(200, `{"access_token":%q}`, testJWT(t, jwt.MapClaims{"aud": "https://" + testTenant + "/api/v2/",
			"iat": 200, "exp": 100})), false,
			"renewing the token of profile dev: a new token counts as ended already: check this computer's clock"},
		"refused": {saysError(403, "invalid_grant"), true,
			"profile dev is not signed in to tenant.us.auth0.com: its token could not be renewed: auth0.auth0.com answered " +
				"invalid_grant (the reason for invalid_grant): sign in again with `auth0-mcp init --profile dev`; the server " +
				"need not be restarted"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, endpoint := newMemoryStore(deviceSession(t, time.Hour)), renewals(t, time.Hour)
				good := endpoint.steps[0]
				endpoint.steps[0] = tt.step
				s, _ := store.source(t, endpoint)
				time.Sleep(time.Hour - time.Minute)
				if name != "ended token" {
					wantToken(t, s, "0") // it serves to its end, though not renewed
				}
				time.Sleep(2 * time.Minute)
				_, err := s.Token()
				var signIn *SignInError
				if errorText(err) != tt.want || errors.As(err, &signIn) != tt.signIn {
					t.Errorf("error\n  %v\nwant\n  %s", err, tt.want)
				}
				var answer *OAuthError
				if tt.signIn && (!errors.As(err, &answer) || answer.Code != "invalid_grant" ||
					signIn.Command != "auth0-mcp init --profile dev") {
					t.Errorf("what is in the error: %#v, %#v", answer, signIn)
				}
				noCanary(t, err)
				// Many calls do not make many requests.
				before := len(endpoint.requests())
				for range 100 {
					_, _ = s.Token()
				}
				wantRequests(t, endpoint, before)
				if store.stored().RefreshToken != canary+"-refresh-0" {
					t.Error("the stored session was changed")
				}
				// It recovers by itself when what was wrong has passed.
				endpoint.mu.Lock()
				endpoint.steps = []answerStep{good}
				endpoint.mu.Unlock()
				time.Sleep(2 * time.Minute)
				if token, err := s.Token(); err != nil || !token.Valid() {
					t.Errorf("afterwards: %v", err)
				}
			})
		})
	}
}

// The longer a renewal fails, the rarer it is tried.
func TestFailedRenewalsGetRarer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		endpoint := &endpointScript{steps: []answerStep{breaks(errTestNetwork)}}
		s, _ := newMemoryStore(deviceSession(t, time.Hour)).source(t, endpoint)
		time.Sleep(time.Hour)
		begun := time.Now()
		for time.Since(begun) < 2*time.Minute {
			_, _ = s.Token()
			time.Sleep(100 * time.Millisecond)
		}
		// After 0, 1, 3, 7, 15, 31, 61 and 91 s.
		if n := len(endpoint.requests()); n < 7 || n > 8 {
			t.Errorf("%d requests in two minutes", n)
		}
	})
}

// A user signs in again while the server runs, in whatever state it is.
func TestNewSignInIsNoticed(t *testing.T) {
	tests := map[string]func(t *testing.T, s *Source, store *memoryStore){
		"with a valid token": func(t *testing.T, s *Source, _ *memoryStore) { wantToken(t, s, "0") },
		"after the end": func(t *testing.T, s *Source, _ *memoryStore) {
			time.Sleep(time.Hour)
			wantSignIn(t, s, "could not be renewed")
		},
		"after a log-out": func(t *testing.T, s *Source, store *memoryStore) {
			store.put(Session{}, fmt.Errorf("no session: %w", fs.ErrNotExist))
			time.Sleep(lookInterval)
			wantSignIn(t, s, "the profile was logged out")
		},
		"after a refusal": func(t *testing.T, s *Source, _ *memoryStore) {
			s.Refused(wantToken(t, s, "0").AccessToken)
			wantSignIn(t, s)
		},
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newMemoryStore(deviceSession(t, time.Hour))
				s, _ := store.source(t, &endpointScript{steps: []answerStep{saysError(403, "invalid_grant")}})
				prepare(t, s, store)
				session := deviceSession(t, time.Hour)
				session.AccessToken = tenantJWT(t, "new")
				store.put(session, nil)
				time.Sleep(lookInterval)
				wantToken(t, s, "new")
			})
		})
	}
}

// The store is asked for its stamp once a second, and read only after a change.
func TestStoreIsLookedAtSparingly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, looks := newMemoryStore(deviceSession(t, time.Hour)), 0
		s, _ := store.source(t, renewals(t, time.Hour), func(cfg *SourceConfig) {
			cfg.Stamp = func() string { looks++; return store.readStamp() }
		})
		for range 100 {
			wantToken(t, s, "0")
			time.Sleep(100 * time.Millisecond)
		}
		if looks < 10 || looks > 12 || store.loads != 1 {
			t.Errorf("%d looks and %d readings in ten seconds", looks, store.loads)
		}
	})
}

func TestAnotherTenant(t *testing.T) {
	const other = "other.eu.auth0.com"
	for _, follow := range []bool{false, true} {
		t.Run(fmt.Sprintf("follow=%v", follow), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first := deviceSession(t, time.Hour)
				store, endpoint := newMemoryStore(first), renewals(t, time.Hour)
				s, _ := store.source(t, endpoint, func(cfg *SourceConfig) { cfg.FollowTenant = follow })
				session := deviceSession(t, time.Hour)
				session.Domain, session.AccessToken = other, testJWT(t, jwt.MapClaims{"aud": "https://" + other + "/api/v2/",
					"jti": "other"})
				store.put(session, nil)
				time.Sleep(lookInterval)

				// Domain never changes, so neither does the tenant of what Token gives.
				_, err := s.Token()
				var changed *TenantChangedError
				const want = "profile dev was for the tenant tenant.us.auth0.com, and is now signed in to other.eu.auth0.com: " +
					"restart the server to continue with other.eu.auth0.com, or sign in to tenant.us.auth0.com again"
				if !errors.As(err, &changed) || err.Error() != want || s.Domain() != testTenant {
					t.Errorf("error\n  %v\nwant\n  %s", err, want)
				}
				domain, token, err := s.Current(t.Context())
				switch {
				case follow && (err != nil || domain != other || tokenID(t, token) != "other"):
					t.Errorf("current: %s, %q, %v", domain, tokenID(t, token), err)
				case !follow && !errors.As(err, &changed):
					t.Errorf("current: %v", err)
				}
				// Neither the old token nor the new session is touched by a renewal.
				time.Sleep(2 * time.Hour)
				if !follow {
					_, err := s.Token()
					if !errors.As(err, &changed) {
						t.Errorf("two hours later: %v", err)
					}
					wantRequests(t, endpoint, 0)
				}
				// Back to the first.
				first.AccessToken, first.ExpiresAt = tenantJWT(t, "back"), time.Now().Add(time.Hour)
				store.put(first, nil)
				time.Sleep(lookInterval)
				wantToken(t, s, "back")
			})
		})
	}
}

// Machine credentials are minted again, with what the profile asked for.
func TestClientCredentialsAreMintedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := sandbox.New(sandbox.Options{SignIn: sandbox.SignIn{TokenLifetime: time.Hour}})
		machine, err := tenant.AddMachine(sandbox.Machine{Name: "CI"})
		if err != nil {
			t.Fatal(err)
		}
		options := CredentialOptions{Scopes: []string{"read:logs"}}
		session, err := OAuth{Transport: tenant.Transport()}.ClientCredentials(t.Context(),
			Session{Profile: "ci", Domain: tenant.Domain(), Method: ClientSecret, ClientID: machine.ClientID,
				ClientSecret: machine.ClientSecret}, options)
		if err != nil {
			t.Fatal(err)
		}
		store := newMemoryStore(session)
		s, _ := store.source(t, tenant.Transport(), func(cfg *SourceConfig) { cfg.Credentials = options })
		time.Sleep(time.Hour)
		token, err := s.Token()
		if err != nil || token.AccessToken == session.AccessToken || store.stored().Scope != "read:logs" ||
			store.stored().AccessToken != token.AccessToken {
			t.Errorf("scope %q, %v", store.stored().Scope, err)
		}
	})
}

// The sandbox rotates, and kills the family of a refresh token that comes twice.
func TestRotationAtTheSandbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := sandbox.New(sandbox.Options{})
		session := signInAt(t, tenant, "dev")
		store := newMemoryStore(session)
		s, _ := store.source(t, tenant.Transport())
		seen := map[string]bool{session.AccessToken: true}
		for range 5 {
			time.Sleep(24 * time.Hour)
			token, err := s.Token()
			if err != nil || seen[token.AccessToken] {
				t.Fatalf("a new token: %v", err)
			}
			seen[token.AccessToken] = true
		}
		if n := tenant.TokenRequests("refresh_token"); n != 5 {
			t.Errorf("%d refresh requests", n)
		}
		// A copy of the first session is worthless.
		copied := newMemoryStore(session)
		late, _ := copied.source(t, tenant.Transport())
		wantSignIn(t, late, "invalid_grant", "`auth0-mcp init --profile dev`")
	})
}

func TestNoSessionAtTheStart(t *testing.T) {
	store := newMemoryStore(Session{})
	store.loadErr = fs.ErrNotExist
	_, err := NewSource(t.Context(), SourceConfig{Load: store.load, Save: store.save, Lock: store.lock,
		Stamp: store.readStamp})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error: %v", err)
	}
}

// A given token is not renewed here, but its store may have another: a profile's
// command prints a new one.
func TestGivenTokenIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		session := deviceSession(t, time.Hour)
		session.Method, session.RefreshToken = Given, ""
		store := newMemoryStore(session)
		s, _ := store.source(t, renewals(t, time.Hour), func(cfg *SourceConfig) {
			cfg.Stamp = func() string { return "" } // the store cannot tell
		})
		wantToken(t, s, "0")
		time.Sleep(time.Hour)
		session.AccessToken, session.ExpiresAt = tenantJWT(t, "next"), time.Now().Add(time.Hour)
		store.put(session, nil)
		wantToken(t, s, "next")
	})
}
