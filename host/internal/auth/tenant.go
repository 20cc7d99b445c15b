package auth

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
)

// managementPath is the path of a Management API's identifier, which is the
// audience of its tokens.
// Source: https://auth0.com/docs/api/management/v2
const managementPath = "/api/v2/"

// AudienceError means that a token is not for exactly one tenant.
type AudienceError struct {
	// Audiences are the token's, quoted; Tenants those that name a tenant.
	Audiences, Tenants []string
}

func (e *AudienceError) Error() string {
	if len(e.Tenants) > 1 {
		return fmt.Sprintf("the token is for %d tenants (%s): sign in again and choose one", len(e.Tenants),
			strings.Join(e.Tenants, ", "))
	}
	const want = "one must be https://TENANT" + managementPath
	if len(e.Audiences) == 0 {
		return "the token names no audience, so it is for no tenant: " + want
	}
	return fmt.Sprintf("the token is for no tenant: its audiences are %s, and %s", strings.Join(e.Audiences, ", "), want)
}

// TenantOf reads from an access token which tenant it is for: host or host:port of
// the one audience whose path is /api/v2/. None or several is an *AudienceError.
//
// The signature is not checked. The token came from its issuer over TLS, and what
// is read decides only where the token is sent: a forged one would be refused there.
func TenantOf(token string) (string, error) {
	claims, err := readClaims(token)
	if err != nil {
		return "", fmt.Errorf("the token does not say which tenant it is for: %w", err)
	}
	var tenants []string
	for _, audience := range claims.Audience {
		if tenant, ok := tenantFrom(audience); ok && !slices.Contains(tenants, tenant) {
			tenants = append(tenants, tenant)
		}
	}
	if len(tenants) != 1 {
		const listed = 10
		e := &AudienceError{Tenants: tenants}
		for _, audience := range claims.Audience[:min(len(claims.Audience), listed)] {
			e.Audiences = append(e.Audiences, fmt.Sprintf("%q", quotable(audience, nil)))
		}
		return "", e
	}
	return tenants[0], nil
}

func tenantFrom(audience string) (string, bool) {
	u, err := url.Parse(audience)
	if err != nil || u.Scheme != "https" || u.User != nil || u.EscapedPath() != managementPath ||
		u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", false
	}
	// The audience of a sign-in has a star for any tenant: that is no domain.
	domain, err := tenant.NormalizeDomain(u.Host)
	return domain, err == nil
}

// tokenClaims are what is read from an access token. RFC 9068.
type tokenClaims struct {
	jwt.RegisteredClaims
	Scope string `json:"scope"`
}

// readClaims reads a JWT without checking its signature; see TenantOf. Errors never
// hold the token.
func readClaims(token string) (tokenClaims, error) {
	var claims tokenClaims
	if _, _, err := jwt.NewParser().ParseUnverified(token, &claims); err != nil {
		return tokenClaims{}, errNotJWT
	}
	return claims, nil
}

var errNotJWT = fmt.Errorf("it is not a JSON Web Token: give an access token of the Management API")

// endFrom is when a token ends that was got at begun: by its life where it says
// when it was issued, so that this computer's clock need not agree with the
// server's. Zero: it does not say.
func (c tokenClaims) endFrom(begun time.Time) time.Time {
	switch {
	case c.ExpiresAt == nil:
		return time.Time{}
	case c.IssuedAt == nil:
		return begun.Add(bounded(c.ExpiresAt.Sub(begun)))
	}
	return begun.Add(bounded(c.ExpiresAt.Sub(c.IssuedAt.Time)))
}

// bounded keeps an end within the years that JSON can write.
func bounded(life time.Duration) time.Duration {
	const most = math.MaxInt32 * time.Second
	return max(-most, min(life, most))
}

// GivenSession is a session with a token that another program got. Its end and its
// scope are read from the token, if it is a JWT; domain is the tenant, normalised.
func GivenSession(profile, domain, token string) (Session, error) {
	if err := tenant.Placeholder(token); err != nil {
		return Session{}, fmt.Errorf("the token for %s: %w", domain, err)
	}
	if !headerSafe(token) {
		return Session{}, fmt.Errorf("the token for %s is empty, or holds white space or characters that no token has: "+
			"copy it again", domain)
	}
	s := Session{Profile: profile, Domain: domain, Method: Given, AccessToken: token}
	claims, err := readClaims(token)
	if err != nil {
		return s, nil //nolint:nilerr // an opaque token may be valid: the tenant will tell
	}
	s.Scope = claims.Scope
	// It is unknown when it was handed over, so the clocks must agree here.
	now := time.Now().UTC()
	if claims.ExpiresAt != nil {
		s.ExpiresAt = now.Add(bounded(claims.ExpiresAt.Sub(now)))
	}
	if claims.IssuedAt != nil {
		s.IssuedAt = now.Add(bounded(claims.IssuedAt.Sub(now)))
	}
	return s, nil
}
