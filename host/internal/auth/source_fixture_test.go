package auth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"
)

// memoryStore is a credential store in memory, with a profile's lock.
type memoryStore struct {
	mu       sync.Mutex
	session  Session
	stamp    int
	loads    int
	loadErr  error
	saveErr  error
	lockErr  error
	lockHeld chan struct{} // has one element

	saveTakes time.Duration
}

func newMemoryStore(s Session) *memoryStore {
	return &memoryStore{session: s, lockHeld: make(chan struct{}, 1)}
}

func (m *memoryStore) load(context.Context) (Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.loads++
	return m.session, m.loadErr
}

func (m *memoryStore) save(ctx context.Context, s Session) error {
	if err := pause(ctx, m.saveTakes); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.saveErr == nil {
		m.session = s
		m.stamp++
	}
	return m.saveErr
}

// put is another process's change: a sign-in, or a log-out by an error.
func (m *memoryStore) put(s Session, loadErr error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.session, m.loadErr = s, loadErr
	m.stamp++
}

func (m *memoryStore) fail(saveErr, lockErr error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.saveErr, m.lockErr = saveErr, lockErr
}

func (m *memoryStore) stored() Session {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.session
}

func (m *memoryStore) lock(ctx context.Context) (func(), error) {
	m.mu.Lock()
	err := m.lockErr
	m.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case m.lockHeld <- struct{}{}:
		return func() { <-m.lockHeld }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (m *memoryStore) readStamp() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strconv.Itoa(m.stamp)
}

// source makes a source over the store and keeps what it logs.
func (m *memoryStore) source(t *testing.T, transport http.RoundTripper, change ...func(*SourceConfig)) (*Source,
	*strings.Builder) {
	t.Helper()
	log := &strings.Builder{}
	cfg := SourceConfig{
		OAuth: OAuth{Transport: transport}, Load: m.load, Save: m.save, Lock: m.lock, Stamp: m.readStamp,
		Log: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, f := range change {
		f(&cfg)
	}
	s, err := NewSource(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cfg.Log.Info("end", "source", s, "session", m.stored())
		noCanary(t, log.String(), s)
	})
	return s, log
}

// renewals answers refresh requests, each time with the next token: access-1, …
func renewals(t *testing.T, life time.Duration) *endpointScript {
	t.Helper()
	e := &endpointScript{}
	e.steps = []answerStep{func(r *http.Request) (*http.Response, error) {
		n := strconv.Itoa(len(e.requests()))
		return says(200, `{"access_token":%q,"refresh_token":"%s-refresh-%s","expires_in":%d}`,
			tenantJWT(t, n), canary, n, int(life.Seconds()))(r)
	}}
	return e
}

// slowly waits before a step, unless the request is given up.
func slowly(d time.Duration, step answerStep) answerStep {
	return func(r *http.Request) (*http.Response, error) {
		if err := pause(r.Context(), d); err != nil {
			return nil, err
		}
		return step(r)
	}
}

// deviceSession is a sign-in of now, whose token has the id 0.
func deviceSession(t *testing.T, life time.Duration) Session {
	t.Helper()
	now := time.Now().UTC()
	return Session{Profile: "dev", Domain: testTenant, Method: Device, AccessToken: tenantJWT(t, "0"), IssuedAt: now,
		ExpiresAt:    now.Add(life),
		RefreshToken: canary + "-refresh-0", AuthDomain: DefaultAuthDomain, ClientID: DefaultClientID}
}

func tokenID(t *testing.T, token *oauth2.Token) string {
	t.Helper()
	if token == nil {
		return ""
	}
	claims, err := readClaims(token.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	return claims.ID
}

// wantToken fails unless the source gives the token with that id.
func wantToken(t *testing.T, s *Source, id string) *oauth2.Token {
	t.Helper()
	token, err := s.Token()
	if err != nil || tokenID(t, token) != id {
		t.Fatalf("token %q, %v; want %q", tokenID(t, token), err, id)
	}
	return token
}

func wantRequests(t *testing.T, e *endpointScript, want int) {
	t.Helper()
	if got := len(e.requests()); got != want {
		t.Errorf("%d requests, want %d", got, want)
	}
}

// wantSignIn fails unless the source asks for a sign-in with all the words.
func wantSignIn(t *testing.T, s *Source, words ...string) {
	t.Helper()
	token, err := s.Token()
	var signIn *SignInError
	if !errors.As(err, &signIn) {
		t.Fatalf("token %q, %v; want a SignInError", tokenID(t, token), err)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error %q lacks %q", err, word)
		}
	}
	noCanary(t, err)
}
