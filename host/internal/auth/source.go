package auth

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

const (
	// lookInterval is how often the store is read for a new sign-in: a user
	// who comes back from the browser does not notice a second.
	lookInterval = time.Second
	// lookAgain is the same after a store that could not be read: each try can take
	// a keychain's seconds, and a call waits for it.
	lookAgain = 10 * time.Second
	// updateTimeout bounds one update: the wait for a sibling process, the store,
	// and the request.
	updateTimeout = time.Minute
	// saveTimeout bounds storing what was got, also when the update's own time is
	// over: a refresh token that is not stored is lost.
	saveTimeout = 15 * time.Second
	// A failed renewal is not tried again for firstHold, then twice as long each
	// time up to maxHold; one that the server decided, for refusedHold.
	firstHold = time.Second
	maxHold   = 30 * time.Second
	// refusedHold is how long a refused token is not used again. After it one call
	// may try: a refusal can be a fault of the tenant that has passed. It is also
	// the least time between two renewals because of a refusal: a tenant that
	// refuses whatever it is sent must not cost a token for each call.
	refusedHold = time.Minute
)

// SourceConfig is what a Source needs: where the session is kept, and how to renew it.
type SourceConfig struct {
	OAuth OAuth
	// Credentials are for the methods ClientSecret and PrivateKeyJWT.
	Credentials CredentialOptions
	// FollowTenant is the profile's: see Source.Current.
	FollowTenant bool

	// Load reads the profile's session. An error that is fs.ErrNotExist means that
	// there is none: the user has logged out.
	Load func(context.Context) (Session, error)
	// Save stores it.
	Save func(context.Context, Session) error
	// Lock takes the profile's lock, which holds against other processes and which
	// whoever saves must take: a renewal that was under way would otherwise
	// write over a new sign-in.
	Lock func(context.Context) (unlock func(), err error)
	// Stamp is cheap, and changes when what Load returns may have changed.
	Stamp func() string
	// Log is told of renewals; nil discards.
	Log *slog.Logger
}

// Source gives the token of one profile and keeps it valid: an oauth2.TokenSource
// for as long as a server runs. Its methods may be called from any goroutine.
type Source struct {
	cfg SourceConfig
	// base is the context of the Token method and carries the values of updates.
	base            context.Context
	profile, domain string

	mu sync.Mutex
	// current is in use. stored is what the store held when it was last read or
	// written: it differs after a renewal that could not be stored.
	current, stored Session
	// refused is a token that the tenant answered 401 to, at refusedAt; renewedFor
	// the last one that a renewal was tried for because of that, at renewedAt.
	refused, renewedFor  string
	refusedAt, renewedAt time.Time

	stamp    string
	nextLook time.Time
	stale    bool // the store may hold something else
	unsaved  bool

	// blocked says why no token is given although there may be a valid one.
	blocked error
	// failure is the last one; nothing is tried again before retryAt.
	failure error
	retryAt time.Time
	hold    time.Duration

	updating chan struct{} // closed at the end of the update in progress; nil: none
}

// NewSource reads the profile's session and makes the source of its tokens. The
// session need not be valid, but it decides the tenant. ctx is the server's life:
// Token gives up when it ends, a renewal that has begun does not.
func NewSource(ctx context.Context, cfg SourceConfig) (*Source, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	stamp := cfg.Stamp() // before reading: a change in between must show later
	session, err := cfg.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the session: %w", err)
	}
	return &Source{
		cfg: cfg, base: ctx, profile: session.Profile, domain: session.Domain,
		current: session, stored: session, stamp: stamp,
	}, nil
}

// Domain is the tenant that Token gives tokens for, host or host:port. It never changes.
func (s *Source) Domain() string { return s.domain }

// String names the source and none of its secrets.
func (s *Source) String() string { return "tokens of profile " + s.profile + " at " + s.domain }

// GoString is String: %#v would print every field.
func (s *Source) GoString() string { return s.String() }

// LogValue is String: a log must not hold a secret.
func (s *Source) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Token is TokenContext within the server's life, for oauth2.TokenSource.
func (s *Source) Token() (*oauth2.Token, error) { return s.TokenContext(s.base) }

// TokenContext returns a valid token for Domain, and renews it first if it must.
// The caller waits as long as ctx allows; the renewal goes on for the others.
// Errors: *SignInError if a user must sign in, *TenantChangedError, what hinders
// a renewal just now (another call may succeed), or the context's.
func (s *Source) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	domain, token, err := s.Current(ctx)
	if err == nil && domain != s.domain {
		return nil, &TenantChangedError{Profile: s.profile, From: s.domain, To: domain}
	}
	return token, err
}

// Current is TokenContext for a caller that can change the tenant with the token:
// with FollowTenant it gives both together, as they were signed in to.
func (s *Source) Current(ctx context.Context) (domain string, token *oauth2.Token, err error) {
	// One update can end with a token that was refused meanwhile; more than a few
	// in a row would mean that nothing helps.
	for range 3 {
		done := s.begin()
		if done == nil {
			break
		}
		select {
		case <-done:
		case <-ctx.Done():
			return "", nil, context.Cause(ctx)
		}
	}
	return s.answer()
}

// Refused tells the source that the tenant answered 401 to a token. If that is the
// current one, the next call renews it, once, instead of returning it.
func (s *Source) Refused(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if token == s.current.AccessToken {
		s.refused, s.refusedAt = token, time.Now()
	}
}

// Reread lets the next call read the store: this process has put another session there.
func (s *Source) Reread() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stale = true
}

// Wait returns when no renewal is under way, for the end of the program: what was
// renewed and not stored would be lost.
func (s *Source) Wait(ctx context.Context) error {
	s.mu.Lock()
	done := s.updating
	s.mu.Unlock()
	if done == nil {
		return nil
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// begin looks whether there is anything to wait for: the update in progress, or one
// that it starts. nil: the source can answer as it is.
func (s *Source) begin() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if !now.Before(s.nextLook) {
		s.nextLook = now.Add(lookInterval)
		s.stale = s.stale || s.cfg.Stamp() != s.stamp
	}
	settled := !s.stale && (s.blocked != nil || s.usable(now) || now.Before(s.retryAt))
	if s.updating == nil && (!settled || (s.unsaved && !now.Before(s.retryAt))) {
		s.updating = make(chan struct{})
		go s.update(s.updating)
	}
	if settled {
		return nil
	}
	return s.updating
}

func (s *Source) usable(now time.Time) bool { return s.current.ValidAt(now) && !s.isRefused(now) }

func (s *Source) isRefused(now time.Time) bool {
	return s.refused != "" && s.refused == s.current.AccessToken && now.Sub(s.refusedAt) < refusedHold
}

func (s *Source) answer() (string, *oauth2.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	// A token that could not be renewed serves until its very end.
	live := s.current.AccessToken != "" && (s.current.ExpiresAt.IsZero() || now.Before(s.current.ExpiresAt))
	switch {
	case s.blocked != nil:
		return "", nil, s.blocked
	case live && !s.isRefused(now):
		return s.current.Domain, &oauth2.Token{AccessToken: s.current.AccessToken, TokenType: "Bearer",
			Expiry: s.current.ExpiresAt}, nil
	case s.failure != nil:
		return "", nil, s.failure
	}
	// Each one that was renewed just now.
	return "", nil, newSignInError(s.current, s.refusal(", and renewing it did not help"))
}

var (
	errEndedAtOnce = errors.New("a new token counts as ended already: check this computer's clock")
	errLoggedOut   = errors.New("the profile was logged out")
)

// refusal is the reason of a token that the tenant answered 401 to: a refusal can be a
// fault that passes, so it says when the token is used again. mu is held.
func (s *Source) refusal(more string) error {
	return fmt.Errorf("the tenant rejected its token (401)%s; it is tried again at %s", more,
		s.refusedAt.Add(refusedHold).UTC().Format(time.RFC3339))
}

// update does what is due, alone in the process. It is not a caller's: one that
// goes away must not stop the others' renewal, nor lose what it brings.
func (s *Source) update(done chan struct{}) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.base), updateTimeout)
	defer cancel()
	err := s.bringUpToDate(ctx)

	s.mu.Lock()
	defer s.mu.Unlock()
	s.updating = nil
	now := time.Now()
	var signIn *SignInError
	switch {
	case err == nil:
		if s.usable(now) && !s.unsaved {
			s.failure, s.retryAt, s.hold = nil, time.Time{}, 0
		}
	case errors.As(err, &signIn):
		s.failure, s.retryAt, s.hold = err, now.Add(refusedHold), 0
	default:
		s.hold = min(max(firstHold, 2*s.hold), maxHold)
		s.failure, s.retryAt = err, now.Add(s.hold)
	}
	if err != nil {
		s.cfg.Log.Warn("the token is not up to date", "profile", s.profile, "tenant", s.domain, "error", err)
	}
	close(done)
}

func (s *Source) bringUpToDate(ctx context.Context) error {
	state := s.snapshot()
	if state.stale || !state.session.Renewable() {
		if err := s.reload(ctx); err != nil {
			return err
		}
		state = s.snapshot()
	}
	switch {
	case state.settled && !state.unsaved, state.holding:
		return nil
	case !state.settled && !state.session.Renewable():
		return newSignInError(state.session, state.reason)
	}
	unlock, err := s.cfg.Lock(ctx)
	if err != nil {
		if s.reload(ctx) == nil && s.snapshot().settled {
			return nil
		}
		return fmt.Errorf("renewing the token of profile %s: waiting for the lock of its store: %w: try again", s.profile,
			err)
	}
	defer unlock()
	// A sibling process may have renewed it while this one waited for the lock.
	if err := s.reload(ctx); err != nil {
		return err
	}
	state = s.snapshot()
	switch {
	case state.settled && state.unsaved:
		return s.save(ctx, state.session)
	case state.settled:
		return nil
	case !state.session.Renewable():
		return newSignInError(state.session, state.reason)
	}
	return s.renew(ctx, state.session)
}

// renew sends the one request. The profile's lock is held.
func (s *Source) renew(ctx context.Context, session Session) error {
	if reason := s.mayRenew(session); reason != nil {
		return newSignInError(session, reason)
	}
	fresh, err := s.cfg.OAuth.Renew(ctx, session, s.cfg.Credentials)
	if err == nil {
		s.mu.Lock()
		s.noteDecision(session)
		s.current = fresh
		s.mu.Unlock()
		s.cfg.Log.Info("renewed the token", "profile", s.profile, "tenant", fresh.Domain, "ends", fresh.ExpiresAt)
		if err := s.save(ctx, fresh); err != nil || fresh.ValidAt(time.Now()) {
			return err
		}
		return fmt.Errorf("renewing the token of profile %s: %w", s.profile, errEndedAtOnce)
	}
	// Another process may have signed in during the request.
	if reloadErr := s.reload(ctx); reloadErr == nil && s.snapshot().settled {
		return nil
	}
	if temporary(err) || ctx.Err() != nil {
		return fmt.Errorf("renewing the token of profile %s: %w: try again", s.profile, err)
	}
	s.mu.Lock()
	s.noteDecision(session)
	s.mu.Unlock()
	return newSignInError(session, fmt.Errorf("its token could not be renewed: %w", err))
}

// mayRenew keeps renewals because of a refusal to one for each token and one in
// refusedHold. The error says why there is none.
func (s *Source) mayRenew(session Session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if !s.isRefused(now) ||
		s.renewedFor != session.AccessToken && (s.renewedAt.IsZero() || now.Sub(s.renewedAt) >= refusedHold) {
		return nil
	}
	return s.refusal(", and renewing it did not help")
}

// noteDecision counts a renewal that the server granted or refused. mu is held.
func (s *Source) noteDecision(session Session) {
	if now := time.Now(); s.refused == session.AccessToken && s.isRefused(now) {
		s.renewedFor, s.renewedAt = session.AccessToken, now
	}
}

// save stores a session that is in use already. It goes on without: a token that
// could not be stored is as good, and storing it is tried again later.
func (s *Source) save(ctx context.Context, session Session) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	err := s.cfg.Save(ctx, session)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unsaved = err != nil; s.unsaved {
		return fmt.Errorf("storing the renewed session of profile %s, without which the next start needs a sign-in: %w",
			s.profile, err)
	}
	s.stored = session
	return nil
}

// reload reads the store, and takes over what is new there.
func (s *Source) reload(ctx context.Context) error {
	stamp := s.cfg.Stamp()
	loaded, err := s.cfg.Load(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stale = false
	loggedOut := errors.Is(err, fs.ErrNotExist)
	switch {
	case err != nil && !loggedOut:
		// The stamp still differs, so the next look tries again.
		s.nextLook = time.Now().Add(lookAgain)
		return fmt.Errorf("reading the session of profile %s: %w", s.profile, err)
	case loggedOut:
		// What could not be stored must not be now: it would undo the log-out, or below
		// the sign-in to another tenant.
		loaded, s.blocked, s.unsaved = Session{}, newSignInError(s.current, errLoggedOut), false
	case sameSession(loaded, s.stored):
	case loaded.Domain != s.current.Domain && !s.cfg.FollowTenant:
		s.blocked, s.unsaved = &TenantChangedError{Profile: s.profile, From: s.domain, To: loaded.Domain}, false
	default:
		s.current, s.blocked, s.unsaved = loaded, nil, false
		s.failure, s.retryAt, s.hold = nil, time.Time{}, 0
		s.cfg.Log.Info("took over the stored session", "profile", s.profile, "tenant", loaded.Domain)
	}
	s.stamp, s.stored = stamp, loaded
	return nil
}

// sameSession compares all but the times, whose representation a store may change.
func sameSession(a, b Session) bool {
	a.ExpiresAt, a.IssuedAt, b.ExpiresAt, b.IssuedAt = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	return a == b
}

// sourceState is what an update decides by, read at one moment.
type sourceState struct {
	session                          Session
	stale, settled, unsaved, holding bool
	// reason is why the token cannot be used as it is.
	reason error
}

func (s *Source) snapshot() sourceState {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	state := sourceState{
		session: s.current, stale: s.stale, unsaved: s.unsaved,
		settled: s.blocked != nil || s.usable(now), holding: now.Before(s.retryAt),
	}
	switch {
	case s.isRefused(now):
		state.reason = s.refusal("")
	case s.current.AccessToken == "":
		state.reason = errors.New("it has no token")
	default:
		state.reason = fmt.Errorf("its token expired at %s", s.current.ExpiresAt.UTC().Format(time.RFC3339))
	}
	return state
}
