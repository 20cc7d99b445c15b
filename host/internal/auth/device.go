package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Where a user signs in unless the profile says otherwise: Auth0's own tenant,
// the public application that it has for MCP servers, and an audience by which the
// user picks the tenant.
const (
	DefaultAuthDomain = "auth0.auth0.com"
	DefaultClientID   = "2lhnuYMRQ8IpR5hNsOhDFQqrGQUQMRm5"
	DefaultAudience   = "https://*.auth0.com/api/v2/"
)

const (
	deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"
	// defaultInterval is RFC 8628's, for a server that names none.
	defaultInterval = 5 * time.Second
	// slowDownStep is what slow_down adds for good. RFC 8628 section 3.5.
	slowDownStep = 5 * time.Second
	// maxTimeoutInterval is as far as timeouts stretch the interval: a user who
	// has confirmed waits for it after the network is back.
	maxTimeoutInterval = time.Minute
)

// How a sign-in by device flow fails for good. RFC 8628 section 3.5.
var (
	// ErrDenied means that the user, or a rule of the tenant, declined: access_denied.
	ErrDenied = errors.New("the sign-in was refused in the browser")
	// ErrCodeExpired means that the code was not confirmed in time: expired_token.
	ErrCodeExpired = errors.New("the code expired before it was confirmed")
	// ErrCodeInvalid means that the code is not known, or was used up: invalid_grant.
	ErrCodeInvalid = errors.New("the code is no longer known")
)

// DeviceLogin is a sign-in that waits for a user to confirm a code in a browser.
type DeviceLogin struct {
	// UserCode is what the user compares, or types in.
	UserCode string
	// VerificationURI is the https page where the code is confirmed.
	VerificationURI string
	// VerificationURIComplete is that page with the code filled in; "" if the server
	// has none.
	VerificationURIComplete string
	// Interval is between two questions of Poll, which makes it longer when the
	// server asks for it or does not answer.
	Interval time.Duration
	// ExpiresAt is when the code ends, and Poll with it.
	ExpiresAt time.Time

	oauth      OAuth
	session    Session
	deviceCode string
}

// String names the sign-in without the device code, which is a secret.
func (d DeviceLogin) String() string {
	return "sign-in of profile " + d.session.Profile + " at " + d.session.AuthDomain
}

// GoString is String: %#v would print every field.
func (d DeviceLogin) GoString() string { return d.String() }

// LogValue is String: a log must not hold a secret.
func (d DeviceLogin) LogValue() slog.Value { return slog.StringValue(d.String()) }

type deviceAnswer struct {
	DeviceCode              string  `json:"device_code"`
	UserCode                string  `json:"user_code"`
	VerificationURI         string  `json:"verification_uri"`
	VerificationURIComplete string  `json:"verification_uri_complete"`
	ExpiresIn               seconds `json:"expires_in"`
	Interval                seconds `json:"interval"`
}

func withDeviceDefaults(s Session) Session {
	if s.AuthDomain == "" {
		s.AuthDomain = DefaultAuthDomain
	}
	if s.ClientID == "" {
		s.ClientID = DefaultClientID
	}
	if s.Audience == "" {
		s.Audience = DefaultAudience
	}
	return s
}

// StartDevice begins the sign-in of a profile. RFC 8628 section 3.1. A refresh token
// is asked for besides the profile's scopes; whether Auth0 grants one shows in the
// session. Errors: *OAuthError, *UnavailableError, or the context's.
func (o OAuth) StartDevice(ctx context.Context, profile string, p Profile) (*DeviceLogin, error) {
	scopes := slices.Clone(p.Scopes)
	if !slices.Contains(scopes, "offline_access") {
		scopes = append(scopes, "offline_access")
	}
	s := withDeviceDefaults(Session{
		Profile: profile, Method: Device, AuthDomain: p.AuthDomain, ClientID: p.ClientID, Audience: p.Audience,
		// RFC 6749 section 5.1: an answer that names no scope grants all of them.
		Scope: strings.Join(scopes, " "),
	})
	form := url.Values{"client_id": {s.ClientID}, "audience": {s.Audience}, "scope": {s.Scope}}
	begun := time.Now().UTC()
	var answer deviceAnswer
	if err := o.post(ctx, s.AuthDomain, "/oauth/device/code", form, &answer); err != nil {
		return nil, fmt.Errorf("starting the sign-in: %w", err)
	}
	if err := answer.check(); err != nil {
		return nil, fmt.Errorf("starting the sign-in: %w", &UnavailableError{s.AuthDomain, http.StatusOK, err})
	}
	d := &DeviceLogin{
		UserCode: answer.UserCode, VerificationURI: answer.VerificationURI,
		VerificationURIComplete: answer.VerificationURIComplete,
		Interval:                time.Duration(answer.Interval) * time.Second,
		ExpiresAt:               begun.Add(time.Duration(answer.ExpiresIn) * time.Second),
		oauth:                   o, session: s, deviceCode: answer.DeviceCode,
	}
	if d.Interval == 0 {
		d.Interval = defaultInterval
	}
	return d, nil
}

// check refuses what must not reach a terminal or be opened by a browser.
func (a deviceAnswer) check() error {
	switch {
	case a.DeviceCode == "" || a.ExpiresIn == 0 || !showable(a.UserCode):
		return errors.New("the answer holds no code that can be shown, or no end of it")
	case !isWebPage(a.VerificationURI), a.VerificationURIComplete != "" && !isWebPage(a.VerificationURIComplete):
		return errors.New("the page to confirm the code on is not an https address")
	}
	return nil
}

func showable(text string) bool {
	const most = 100 // a code for people has some ten characters
	return text != "" && len(text) <= most && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

func isWebPage(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil &&
		!strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// Poll waits until the user has confirmed the code, and returns the session, whose
// tenant is the token's. What may pass by itself (no network, a fault of the server,
// a malformed answer) is asked again until the code ends. After a cancelled context
// Poll can be called again; not by two goroutines at once.
// Errors: ErrDenied, ErrCodeExpired, ErrCodeInvalid, *OAuthError, *AudienceError, or
// the context's.
func (d *DeviceLogin) Poll(ctx context.Context) (Session, error) {
	ctx, cancel := context.WithDeadlineCause(ctx, d.ExpiresAt, ErrCodeExpired)
	defer cancel()
	var last error
	for {
		if err := pause(ctx, d.Interval); err != nil {
			return Session{}, d.failed(err, last)
		}
		s, err := d.ask(ctx)
		switch {
		case err == nil:
			return s, nil
		case ctx.Err() != nil:
			return Session{}, d.failed(context.Cause(ctx), last)
		case !d.goesOn(err):
			return Session{}, d.failed(err, nil)
		}
		last = err
	}
}

func (d *DeviceLogin) ask(ctx context.Context) (Session, error) {
	form := url.Values{"grant_type": {deviceGrant}, "client_id": {d.session.ClientID}, "device_code": {d.deviceCode}}
	s, err := d.oauth.requestToken(ctx, d.session.AuthDomain, form, d.session)
	if err != nil {
		return Session{}, err
	}
	s.Domain, err = TenantOf(s.AccessToken)
	return s, err
}

// goesOn reports whether to ask again after an error, and how much later.
func (d *DeviceLogin) goesOn(err error) bool {
	var answer *OAuthError
	switch {
	case errors.As(err, &answer) && answer.Code == "authorization_pending":
	case errors.As(err, &answer) && (answer.Code == "slow_down" || answer.Status == http.StatusTooManyRequests):
		d.Interval += slowDownStep
	case timedOut(err):
		// RFC 8628 section 3.5: a timeout must make the questions rarer.
		d.Interval = max(d.Interval, min(2*d.Interval, maxTimeoutInterval))
	default:
		return temporary(err)
	}
	return true
}

// failed words how the sign-in ended; last is the answer before the end.
func (d *DeviceLogin) failed(err, last error) error {
	var answer *OAuthError
	switch {
	case errors.Is(err, ErrCodeExpired):
		if temporary(last) {
			err = fmt.Errorf("%w; the last request failed: %w", err, last)
		}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("the sign-in was given up: %w", err)
	case !errors.As(err, &answer):
	case answer.Code == "access_denied":
		err = fmt.Errorf("%w (%w)", ErrDenied, err)
	case answer.Code == "expired_token":
		err = fmt.Errorf("%w (%w)", ErrCodeExpired, err)
	case answer.Code == "invalid_grant":
		err = fmt.Errorf("%w (%w)", ErrCodeInvalid, err)
	}
	return fmt.Errorf("signing in at %s: %w: sign in again with `%s`", d.session.AuthDomain, err,
		d.session.signInCommand())
}

// pause waits, or returns why the context ended first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
