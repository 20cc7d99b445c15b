package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// tokenLifetime is how long a minted token is good for, on the tenant's clock.
const tokenLifetime = 24 * time.Hour

// claims are what a token says. They are the claims of a token that Auth0 issues.
type claims struct {
	Issuer    string    `json:"iss"`
	Subject   string    `json:"sub"`
	Audience  audiences `json:"aud"`
	IssuedAt  int64     `json:"iat"`
	ExpiresAt int64     `json:"exp"`
	Grant     string    `json:"gty,omitempty"`
	Party     string    `json:"azp,omitempty"`
	Scope     string    `json:"scope"`
	// Permissions are there only for an API whose token dialect asks for them.
	Permissions []string `json:"permissions,omitempty"`
	// ID tells two tokens of the same second apart; a user who revokes one must
	// not lose the other.
	ID string `json:"jti,omitempty"`
}

// audiences is the claim "aud": a text for one audience, a list for any other
// number. RFC 7519 section 4.1.3.
type audiences []string

// MarshalJSON writes one audience as a text, as Auth0 does.
func (a audiences) MarshalJSON() ([]byte, error) {
	if len(a) == 1 {
		return json.Marshal(a[0])
	}
	return json.Marshal([]string(a))
}

// UnmarshalJSON reads both forms. It fails for anything else.
func (a *audiences) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*a = audiences{one}
		return nil
	}
	var list []string
	if err := json.Unmarshal(text, &list); err != nil {
		return fmt.Errorf("claim aud: %w", err)
	}
	*a = list
	return nil
}

func (c claims) allows(scopes []string) bool {
	for granted := range strings.FieldsSeq(c.Scope) {
		if slices.Contains(scopes, granted) {
			return true
		}
	}
	return false
}

// Token mints a bearer token with the given scopes, or with every scope that the
// tenant knows when none is given. It is a JSON Web Token in form, signed with a
// key of this tenant, and good for a day.
func (t *Tenant) Token(scopes ...string) string {
	return t.TokenUntil(t.now().Add(tokenLifetime), scopes...)
}

// Authorized is the tenant behind a host: each request gets a token with the given
// scopes, or with all that there are, in place of what the caller sent.
func (t *Tenant) Authorized(scopes ...string) http.Handler {
	token := t.Token(scopes...)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+token)
		t.ServeHTTP(w, r)
	})
}

// TokenUntil is Token with an expiry of the caller's choice, on the tenant's
// clock; one in the past gives an expired token.
func (t *Tenant) TokenUntil(expiry time.Time, scopes ...string) string {
	if len(scopes) == 0 {
		scopes = managementScopes()
	}
	client := t.explorer
	return t.mint(claims{
		Issuer:    t.issuer(),
		Subject:   client + "@clients",
		Audience:  audiences{t.Audience()},
		IssuedAt:  t.now().Unix(),
		ExpiresAt: expiry.Unix(),
		Grant:     "client-credentials",
		Party:     client,
		Scope:     strings.Join(scopes, " "),
	})
}

// mint writes and signs a token.
func (t *Tenant) mint(c claims) string {
	payload, _ := json.Marshal(c) // strings and integers always encode
	head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`))
	signed := head + "." + base64.RawURLEncoding.EncodeToString(payload)
	return signed + "." + base64.RawURLEncoding.EncodeToString(t.sign(signed))
}

// Revoke makes the tenant refuse a token that it accepted so far.
func (t *Tenant) Revoke(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.revoked[token] = true
}

func (t *Tenant) sign(text string) []byte {
	mac := hmac.New(sha256.New, t.tokenKey)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// authenticate reads the request's token. The caller holds mu.
func (t *Tenant) authenticate(r *http.Request) (claims, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return claims{}, &apiError{status: http.StatusUnauthorized, message: "Missing authentication"}
	}
	invalid := &apiError{status: http.StatusUnauthorized, message: "Invalid token", attribute: true}
	scheme, token, _ := strings.Cut(header, " ")
	signed, signature, found := cutLast(token, ".")
	if !strings.EqualFold(scheme, "Bearer") || !found || t.revoked[token] {
		return claims{}, invalid
	}
	mac, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil || !hmac.Equal(mac, t.sign(signed)) {
		return claims{}, invalid
	}
	_, encoded, _ := strings.Cut(signed, ".")
	payload, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return claims{}, invalid
	}
	var c claims
	if json.Unmarshal(payload, &c) != nil || c.ExpiresAt <= t.now().Unix() {
		return claims{}, invalid
	}
	if !slices.Contains(c.Audience, t.Audience()) {
		return claims{}, &apiError{
			status: http.StatusUnauthorized, message: "Bad audience: " + strings.Join(c.Audience, ","), attribute: true,
		}
	}
	return c, nil
}

func cutLast(text, separator string) (before, after string, found bool) {
	at := strings.LastIndex(text, separator)
	if at < 0 {
		return text, "", false
	}
	return text[:at], text[at+len(separator):], true
}
