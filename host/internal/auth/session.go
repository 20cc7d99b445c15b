// Package auth knows how a token is got and kept: device flow and client
// credentials, profiles, credential stores, and the renewal of a token while the
// server runs.
package auth

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
)

// Method is how a profile's token is got.
type Method string

const (
	// Device is the device authorization grant: a user signs in with a browser.
	// RFC 8628.
	Device Method = "device"
	// ClientSecret is the client credentials grant with a client secret. RFC 6749
	// section 4.4.
	ClientSecret Method = "client_secret"
	// PrivateKeyJWT is the client credentials grant with an assertion signed by the
	// client's private key. RFC 7523.
	PrivateKeyJWT Method = "private_key_jwt"
	// Given is a token that another program got, and that is not renewed here.
	Given Method = "given"
)

// Profile is what is known of a sign-in besides its secrets: a section of the
// config file. The zero values mean the defaults.
type Profile struct {
	// Domain is the tenant, host or host:port.
	Domain string `toml:"domain"`
	Method Method `toml:"method"`
	// ClientID is the application that signs in.
	ClientID string `toml:"client_id,omitempty"`
	// AuthDomain is where a user signs in, for the device flow.
	AuthDomain string `toml:"auth_domain,omitempty"`
	// Audience is the API that the token is for.
	Audience string `toml:"audience,omitempty"`
	// Scopes were asked for at the last sign-in.
	Scopes []string `toml:"scopes,omitempty"`
	// KeyID names the private key of PrivateKeyJWT, if the application has several.
	KeyID string `toml:"key_id,omitempty"`
	// Algorithm signs the assertion of PrivateKeyJWT; RS256 if empty.
	Algorithm string `toml:"algorithm,omitempty"`
	// Store names the credential store that holds the session.
	Store string `toml:"store,omitempty"`
	// Command is the program of the store "command", with its arguments.
	Command []string `toml:"command,omitempty"`
	// FollowTenant lets a running server go on with another tenant after a user
	// signed this profile in to it. Without it the server says so and stops
	// working: what was meant for one tenant must not reach another.
	FollowTenant bool `toml:"follow_tenant,omitempty"`
	// Environment is what the tenant is for: it decides which changes a user must
	// approve.
	Environment tenant.Environment `toml:"environment,omitempty"`
}

// Session is a sign-in: a token with all that belongs to it, kept and replaced as
// one, so that a token is never used with another session's tenant. It holds
// secrets and is kept in a credential store only.
type Session struct {
	// Profile is the name it was stored under; a store refuses one with another.
	Profile string `json:"profile"`
	Domain  string `json:"domain"`
	Method  Method `json:"method"`

	AccessToken string `json:"access_token"`
	// ExpiresAt is when AccessToken ends; zero: unknown.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	// IssuedAt is when AccessToken was got.
	IssuedAt time.Time `json:"issued_at,omitzero"`
	// Scope is what was granted, separated by spaces.
	Scope        string `json:"scope,omitempty"`
	RefreshToken string `json:"refresh_token,omitempty"`

	// What a renewal needs besides the refresh token.
	AuthDomain   string `json:"auth_domain,omitempty"`
	Audience     string `json:"audience,omitempty"`
	ClientID     string `json:"client_id,omitempty"`
	ClientSecret string `json:"client_secret,omitempty"`
	PrivateKey   string `json:"private_key,omitempty"` // PEM
	KeyID        string `json:"key_id,omitempty"`
}

// Margin is how long before its end a token counts as ended: a call must not set
// out with a token that ends on the way. Short-lived tokens get a tenth of their life.
const Margin = 5 * time.Minute

// ValidAt reports whether the token can be used at now: the one rule for every
// command and the server. A token whose end is unknown is valid until it is refused.
func (s Session) ValidAt(now time.Time) bool {
	switch {
	case s.AccessToken == "":
		return false
	case s.ExpiresAt.IsZero():
		return true
	}
	margin := Margin
	if life := s.ExpiresAt.Sub(s.IssuedAt); !s.IssuedAt.IsZero() && life > 0 {
		margin = min(margin, life/10)
	}
	return now.Before(s.ExpiresAt.Add(-margin))
}

// Renewable reports whether a new token can be got without a user.
func (s Session) Renewable() bool {
	switch s.Method {
	case Device:
		return s.RefreshToken != ""
	case ClientSecret:
		return s.ClientSecret != ""
	case PrivateKeyJWT:
		return s.PrivateKey != ""
	}
	return false
}

// Scopes are the granted scopes, sorted.
func (s Session) Scopes() []string {
	scopes := strings.Fields(s.Scope)
	slices.Sort(scopes)
	return slices.Compact(scopes)
}

// String names the session and none of its secrets, for %v and %s.
func (s Session) String() string {
	return "session of profile " + s.Profile + " at " + s.Domain
}

// GoString is String: %#v would print every field.
func (s Session) GoString() string { return s.String() }

// Format is String whatever the verb: %d or %x would print every field.
func (s Session) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue is String: a log must not hold a secret.
func (s Session) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON is String: a session inside a logged struct, list or map must not
// tell its secrets either. The stores have a form of their own.
func (s Session) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }
