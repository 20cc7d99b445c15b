package auth

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// What was renewed and not stored is in use, and stored when the store is back.
func TestStoreThatDoesNotTakeTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, endpoint := newMemoryStore(deviceSession(t, time.Hour)), renewals(t, time.Hour)
		s, log := store.source(t, endpoint)
		store.fail(errors.New("keychain is locked"), nil)
		time.Sleep(time.Hour)
		wantToken(t, s, "1")
		if !strings.Contains(log.String(), "storing the renewed session of profile dev, without which the next start "+
			"needs a sign-in: keychain is locked") {
			t.Errorf("log: %s", log)
		}
		store.fail(nil, nil)
		time.Sleep(maxHold)
		wantToken(t, s, "1") // does not wait for the store
		synctest.Wait()
		if got := store.stored().RefreshToken; got != canary+"-refresh-1" {
			t.Errorf("stored the refresh token %s", got)
		}
		time.Sleep(time.Hour)
		wantToken(t, s, "2")
		if sent := endpoint.requests()[1].Get("refresh_token"); sent != canary+"-refresh-1" {
			t.Errorf("sent %s", sent)
		}
	})
}

// A token is refused while it is being stored at last: that update does not renew,
// so another must follow.
func TestRefusedWhileItIsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, endpoint := newMemoryStore(deviceSession(t, time.Hour)), renewals(t, time.Hour)
		s, _ := store.source(t, endpoint)
		store.fail(errors.New("keychain is locked"), nil)
		time.Sleep(time.Hour)
		token := wantToken(t, s, "1")
		store.fail(nil, nil)
		store.saveTakes = 5 * time.Second
		time.Sleep(maxHold)
		wantToken(t, s, "1") // begins to store it
		time.Sleep(time.Second)
		s.Refused(token.AccessToken)
		wantToken(t, s, "2")
	})
}

// Logging out, and signing in to another tenant, are not undone by a session that
// waits to be stored.
func TestUnsavedSessionGivesWay(t *testing.T) {
	other := Session{Profile: "dev", Domain: "other.eu.auth0.com", Method: Device, AccessToken: canary + "-other"}
	for name, change := range map[string]func(*memoryStore){
		"log-out":        func(m *memoryStore) { m.put(Session{}, fs.ErrNotExist) },
		"another tenant": func(m *memoryStore) { m.put(other, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newMemoryStore(deviceSession(t, time.Hour))
				s, _ := store.source(t, renewals(t, time.Hour))
				store.fail(errors.New("keychain is locked"), nil)
				time.Sleep(time.Hour)
				wantToken(t, s, "1")
				store.fail(nil, nil)
				change(store)
				before := store.stored()
				for range 5 {
					time.Sleep(maxHold)
					if _, err := s.Token(); err == nil {
						t.Error("gave a token")
					}
					synctest.Wait()
				}
				if !sameSession(store.stored(), before) {
					t.Errorf("stored %v", store.stored())
				}
			})
		})
	}
}

// While the store does not take it, the next renewal uses what is in memory, not the
// dead refresh token of the store.
func TestUnsavedSessionIsTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, endpoint := newMemoryStore(deviceSession(t, time.Hour)), renewals(t, time.Hour)
		s, _ := store.source(t, endpoint)
		store.fail(errors.New("disk is full"), nil)
		time.Sleep(time.Hour)
		wantToken(t, s, "1")
		time.Sleep(time.Hour)
		wantToken(t, s, "2")
		if sent := endpoint.requests()[1].Get("refresh_token"); sent != canary+"-refresh-1" {
			t.Errorf("sent %s", sent)
		}
	})
}

func TestStoreThatCannotBeReadOrLocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		session := deviceSession(t, time.Hour)
		store, endpoint := newMemoryStore(session), renewals(t, time.Hour)
		s, _ := store.source(t, endpoint)
		// A live token does not need the store.
		store.put(session, errors.New("keychain is locked"))
		time.Sleep(lookInterval)
		wantToken(t, s, "0")
		readings := store.loads
		for range 50 {
			wantToken(t, s, "0")
			time.Sleep(100 * time.Millisecond)
		}
		if store.loads != readings {
			t.Errorf("read %d times in five seconds, though each may take seconds", store.loads-readings)
		}
		// Without the store there is no renewal: its refresh token may be a dead one.
		time.Sleep(time.Hour)
		if _, err := s.Token(); errorText(err) != "reading the session of profile dev: keychain is locked" {
			t.Errorf("error: %v", err)
		}
		wantRequests(t, endpoint, 0)
		store.put(session, nil)
		store.fail(nil, errors.New("no locks here"))
		time.Sleep(maxHold)
		if _, err := s.Token(); errorText(err) != "renewing the token of profile dev: waiting for the lock of its store: "+
			"no locks here: try again" {
			t.Errorf("error: %v", err)
		}
		wantRequests(t, endpoint, 0)
		store.fail(nil, nil)
		time.Sleep(maxHold)
		wantToken(t, s, "1")
	})
}

// The lock cannot be had, but the user has signed in meanwhile.
func TestSignInDuringAFailedLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore(deviceSession(t, time.Hour))
		s, _ := store.source(t, renewals(t, time.Hour), func(cfg *SourceConfig) {
			cfg.Lock = func(context.Context) (func(), error) {
				session := deviceSession(t, time.Hour)
				session.AccessToken = tenantJWT(t, "new")
				store.put(session, nil)
				return nil, errors.New("no locks here")
			}
		})
		time.Sleep(time.Hour)
		wantToken(t, s, "new")
	})
}

// A store that changes, but not what matters, is no reason to try again.
func TestChangeOfNothingIsNoNewSignIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		session := deviceSession(t, time.Hour)
		store, endpoint := newMemoryStore(session), &endpointScript{steps: []answerStep{saysError(403, "invalid_grant")}}
		s, _ := store.source(t, endpoint)
		time.Sleep(time.Hour)
		for range 5 {
			wantSignIn(t, s, "could not be renewed")
			store.put(session, nil)
			time.Sleep(lookInterval)
		}
		wantRequests(t, endpoint, 1)
	})
}

// A lock that is never released does not hold a call for ever.
func TestLockThatIsNeverFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore(deviceSession(t, time.Hour))
		s, _ := store.source(t, renewals(t, time.Hour))
		if _, err := store.lock(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		begun := time.Now()
		_, err := s.Token()
		if took := time.Since(begun); took != updateTimeout || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after %v: %v", took, err)
		}
	})
}

// The update's own time is nearly over when the new token comes: storing it must not
// be cut short.
func TestStoringHasItsOwnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, endpoint := newMemoryStore(deviceSession(t, time.Hour)), renewals(t, time.Hour)
		store.saveTakes = 5 * time.Second
		endpoint.steps[0] = slowly(9*time.Second, endpoint.steps[0])
		s, _ := store.source(t, endpoint)
		unlock, err := store.lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		time.AfterFunc(updateTimeout-10*time.Second, unlock)
		wantToken(t, s, "1")
		if got := store.stored().RefreshToken; got != canary+"-refresh-1" {
			t.Errorf("stored the refresh token %s", got)
		}
	})
}

// A user signs in while a renewal is under way that fails: the new session counts.
func TestSignInDuringARenewalThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore(deviceSession(t, time.Hour))
		s, _ := store.source(t, &endpointScript{steps: []answerStep{func(r *http.Request) (*http.Response, error) {
			session := deviceSession(t, time.Hour)
			session.AccessToken = tenantJWT(t, "new")
			store.put(session, nil)
			return saysError(403, "invalid_grant")(r)
		}}})
		time.Sleep(time.Hour)
		wantToken(t, s, "new")
	})
}
