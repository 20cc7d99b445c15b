package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// assertionLife is how long a signed assertion is good for: one request.
const assertionLife = time.Minute

// CredentialOptions are what a session does not say of the client credentials
// grant. The zero value is the usual.
type CredentialOptions struct {
	// Scopes are asked for; none: the application gets all that it may have.
	Scopes []string
	// Algorithm signs the assertion of PrivateKeyJWT: RS256 (the default), RS384 or
	// PS256, those that Auth0 knows.
	// Source: https://auth0.com/docs/get-started/authentication-and-authorization-flow/authenticate-with-private-key-jwt
	Algorithm string
}

// KeyError means that a private key, or the way to sign with it, cannot be used. It
// never holds a part of the key.
type KeyError struct{ Err error }

func (e *KeyError) Error() string {
	return fmt.Sprintf("the private key cannot be used (%v): give an RSA key of at least 2048 bits in PEM form, PKCS "+
		"#1 or PKCS #8, without a passphrase", e.Err)
}

func (e *KeyError) Unwrap() error { return e.Err }

// ClientCredentials gets a token with the credentials in s (Domain, ClientID and
// ClientSecret or PrivateKey, KeyID if the application has several, Audience unless
// it is https://DOMAIN/api/v2/) and returns s with it. RFC 6749 section 4.4, RFC 7523.
// Errors: *OAuthError, *UnavailableError, *KeyError, or the context's.
func (o OAuth) ClientCredentials(ctx context.Context, s Session, options CredentialOptions) (Session, error) {
	if s.Audience == "" {
		s.Audience = "https://" + s.Domain + managementPath
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {s.ClientID}, "audience": {s.Audience}}
	if len(options.Scopes) > 0 {
		form.Set("scope", strings.Join(options.Scopes, " "))
	}
	switch s.Method {
	case ClientSecret:
		form.Set("client_secret", s.ClientSecret)
	case PrivateKeyJWT:
		assertion, err := signAssertion(s, options.Algorithm)
		if err != nil {
			return Session{}, err
		}
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", assertion)
	default:
		return Session{}, fmt.Errorf("profile %s signs in by %q, which has no client credentials", s.Profile, s.Method)
	}
	s.Scope = strings.Join(options.Scopes, " ") // what was asked for is what is granted, unless the answer says otherwise
	fresh, err := o.requestToken(ctx, s.Domain, form, s)
	var answer *OAuthError
	if errors.As(err, &answer) && !temporary(err) {
		return Session{}, fmt.Errorf("application %s: %w: %s", s.ClientID, err, credentialsRemedy(answer, s))
	}
	return fresh, err
}

func credentialsRemedy(answer *OAuthError, s Session) string {
	switch {
	// Auth0 says access_denied also to a wrong secret, but then with the status 401.
	case answer.Code == "access_denied" && answer.Status == http.StatusForbidden:
		return fmt.Sprintf("authorize it for %s, with the scopes it needs, in the dashboard of the tenant", s.Audience)
	case answer.Code == "unauthorized_client":
		return "allow it the grant client_credentials in the dashboard of the tenant"
	case s.Method == PrivateKeyJWT:
		return "check the client id, the private key, its key id and this computer's clock"
	}
	return "check the client id and the client secret"
}

// CheckPrivateKey reports as *KeyError why ClientCredentials could not sign with a
// key (PEM) and an algorithm ("" for the default): before anything is sent.
func CheckPrivateKey(key, algorithm string) error {
	_, err := signAssertion(Session{PrivateKey: key}, algorithm)
	return err
}

// signAssertion makes the JWT by which an application proves who it is. RFC 7523
// section 3.
func signAssertion(s Session, algorithm string) (string, error) {
	method, err := signingMethod(algorithm)
	if err != nil {
		return "", &KeyError{err}
	}
	key, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(s.PrivateKey))
	if err != nil {
		return "", &KeyError{errors.New("it is not an RSA private key in PEM form")}
	}
	const leastBits = 2048 // Auth0 takes no smaller one
	if bits := key.N.BitLen(); bits < leastBits {
		return "", &KeyError{fmt.Errorf("it has %d bits", bits)}
	}
	now := time.Now()
	// MapClaims, because RegisteredClaims writes the audience as an array.
	token := jwt.NewWithClaims(method, jwt.MapClaims{
		"iss": s.ClientID, "sub": s.ClientID, "aud": "https://" + s.Domain + "/",
		"jti": rand.Text(), "iat": now.Unix(), "exp": now.Add(assertionLife).Unix(),
	})
	if s.KeyID != "" {
		token.Header["kid"] = s.KeyID
	}
	signed, err := token.SignedString(key)
	if err != nil {
		return "", &KeyError{err}
	}
	return signed, nil
}

func signingMethod(algorithm string) (jwt.SigningMethod, error) {
	switch algorithm {
	case "", "RS256":
		return jwt.SigningMethodRS256, nil
	case "RS384":
		return jwt.SigningMethodRS384, nil
	case "PS256":
		return jwt.SigningMethodPS256, nil
	}
	return nil, fmt.Errorf("the algorithm %q is not RS256, RS384 or PS256", algorithm)
}

// Renew gets a new token for a session in the way it was signed in, without a
// user, and returns the session with it. The session that was given is worthless
// afterwards if its refresh token was replaced: store the new one at once.
// Errors: those of ClientCredentials, *AudienceError, *TenantChangedError.
func (o OAuth) Renew(ctx context.Context, s Session, options CredentialOptions) (Session, error) {
	if s.Method != Device {
		return o.ClientCredentials(ctx, s, options)
	}
	s = withDeviceDefaults(s)
	form := url.Values{"grant_type": {"refresh_token"}, "client_id": {s.ClientID}, "refresh_token": {s.RefreshToken}}
	fresh, err := o.requestToken(ctx, s.AuthDomain, form, s)
	if err != nil {
		return Session{}, err
	}
	tenant, err := TenantOf(fresh.AccessToken)
	if err != nil {
		return Session{}, err
	}
	if tenant != s.Domain {
		return Session{}, &TenantChangedError{Profile: s.Profile, From: s.Domain, To: tenant}
	}
	return fresh, nil
}
