package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	devicePath   = "/oauth/device/code"
	tokenPath    = "/oauth/token" // #nosec G101 -- a path
	revokePath   = "/oauth/revoke"
	activatePath = "/activate"
)

// SignIn is how the tenant answers where users sign in. The zero value is what
// Auth0 does by default.
type SignIn struct {
	// TenantAudiences are the audiences of a token that was asked for the wildcard
	// audience, https://*.auth0.com/api/v2/: on the real host, those of the tenants
	// that the user chose. Nil means the tenant's own, an empty list none.
	TenantAudiences []string
	// WithholdRefreshTokens gives no refresh token for the wildcard audience,
	// whatever scope was asked for.
	WithholdRefreshTokens bool
	// UserScopes are the scopes that the user who signs in may grant; nil means
	// all that the API has, an empty list none.
	UserScopes []string
	// CodeLifetime is how long a device code is good for; zero means 15 minutes.
	CodeLifetime time.Duration
	// PollInterval is how far apart the polls with a device code have to be; zero
	// means 5 seconds. The answer names it in whole seconds, rounded up, so that a
	// shorter one tolerates every client.
	PollInterval time.Duration
	// TokenLifetime is how long every access token is good for; zero means what the
	// API says.
	TokenLifetime time.Duration
}

// SetSignIn changes how the tenant signs users in, for codes and tokens that are
// issued from then on.
func (t *Tenant) SetSignIn(s SignIn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.oauth.signIn = s.complete()
}

// complete fills in the defaults, and parts from the caller's lists.
func (s SignIn) complete() SignIn {
	s.TenantAudiences, s.UserScopes = slices.Clone(s.TenantAudiences), slices.Clone(s.UserScopes)
	if s.CodeLifetime == 0 {
		s.CodeLifetime = 15 * time.Minute
	}
	if s.PollInterval == 0 {
		s.PollInterval = 5 * time.Second
	}
	return s
}

// oauthState is what the Authentication API keeps. The tenant's mu guards it.
type oauthState struct {
	signIn SignIn
	// host are the clients of the host where users sign in. They are no
	// applications of the tenant, so the Management API doesn't show them.
	host    collection
	keys    map[string]assertionKey // by credential id
	spent   map[string]time.Time    // jti of an assertion, by client, and its end
	devices []*deviceRequest        // oldest first
	refresh map[string]*refreshToken
	counts  map[string]int // requests of the token endpoint, by grant_type
}

func newOAuthState(s SignIn) oauthState {
	return oauthState{
		signIn: s.complete(),
		host: collection{idKey: "client_id", items: []object{{
			"client_id": DeviceClientID, "name": "Auth0 device sign-in", "app_type": "native", "is_first_party": true,
			"grant_types": stringList(grantDevice, grantRefresh), "token_endpoint_auth_method": "none",
			"refresh_token": rotatingRefreshToken(),
		}}},
		keys:    map[string]assertionKey{},
		spent:   map[string]time.Time{},
		refresh: map[string]*refreshToken{},
		counts:  map[string]int{},
	}
}

// TokenRequests returns how many requests with the given grant_type, or of any if
// it is empty, have reached the token endpoint, whatever their answer; those that a
// fault rule met are among them.
func (t *Tenant) TokenRequests(grantType string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if grantType != "" {
		return t.oauth.counts[grantType]
	}
	total := 0
	for _, n := range t.oauth.counts {
		total += n
	}
	return total
}

// maxCounted bounds the grant types that are told apart, which a caller makes up.
const maxCounted = 64

func (s *oauthState) count(r *Request) {
	if r.Method != http.MethodPost || r.Path != tokenPath {
		return
	}
	params, _ := readParams(r) // one that can't be read has no grant_type
	grant := params["grant_type"]
	if _, known := s.counts[grant]; !known && len(s.counts) >= maxCounted {
		grant = ""
	}
	s.counts[grant]++
}

// oauthHandler answers on one path with one method.
type oauthHandler func(*Tenant, *Request, oauthParams) (response, error)

// oauthRoutes lists the endpoints: path, method, handler.
func oauthRoutes() map[string]map[string]oauthHandler {
	const get, post = http.MethodGet, http.MethodPost
	return map[string]map[string]oauthHandler{
		devicePath:                          {post: (*Tenant).startDevice},
		tokenPath:                           {post: (*Tenant).issueToken},
		revokePath:                          {post: (*Tenant).revokeToken},
		activatePath:                        {get: (*Tenant).showActivation, post: (*Tenant).decideActivation},
		"/.well-known/openid-configuration": {get: (*Tenant).showConfiguration},
		"/.well-known/jwks.json":            {get: (*Tenant).showKeys},
	}
}

func onOAuthPath(path string) bool {
	_, found := oauthRoutes()[path]
	return found
}

// processOAuth runs an endpoint of the Authentication API.
func (t *Tenant) processOAuth(r *Request, bodyErr error) response {
	answer, err := t.runOAuth(r, bodyErr)
	var problem *oauthError
	switch {
	case errors.As(err, &problem):
		answer = jsonAnswer(problem.status, problem.body())
		switch {
		case problem.status == http.StatusMethodNotAllowed:
			answer.header.Set("Allow", strings.Join(slices.Sorted(maps.Keys(oauthRoutes()[r.Path])), ", "))
		case problem.status == http.StatusUnauthorized && r.Header.Get("Authorization") != "":
			answer.header.Set("WWW-Authenticate", `Basic realm="`+t.domain+`"`) // RFC 6749 section 5.2
		}
	case err != nil:
		return jsonAnswer(http.StatusInternalServerError, oauthFailure(http.StatusInternalServerError).body())
	}
	return answer
}

func (t *Tenant) runOAuth(r *Request, bodyErr error) (response, error) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	handle, found := oauthRoutes()[r.Path][method]
	if !found {
		return response{}, refuseOAuth(http.StatusMethodNotAllowed, "invalid_request", "%s does not answer %s", r.Path,
			r.Method)
	}
	var tooLarge *apiError
	if errors.As(bodyErr, &tooLarge) {
		return response{}, refuseOAuth(tooLarge.status, "invalid_request", "%s", tooLarge.message)
	}
	params, err := readParams(r)
	if err != nil {
		return response{}, err
	}
	return handle(t, r, params)
}

// jsonAnswer is an answer that no cache may keep. RFC 6749 section 5.1.
func jsonAnswer(status int, body any) response {
	return response{status: status, header: http.Header{"Cache-Control": {"no-store"}, "Pragma": {"no-cache"}},
		body: encode(body)}
}

// oauthParams are a request's parameters. One without a value counts as missing.
// RFC 6749 section 3.2.
type oauthParams map[string]string

// scopes are the wanted scopes, each once.
func (p oauthParams) scopes() []string {
	var out []string
	for scope := range strings.FieldsSeq(p["scope"]) {
		if !slices.Contains(out, scope) {
			out = append(out, scope)
		}
	}
	return out
}

// readParams reads the query of a GET, and the form or the JSON object of a POST:
// Auth0 takes both.
func readParams(r *Request) (oauthParams, error) {
	if r.Method != http.MethodPost {
		return singleParams(r.Query)
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && media == "application/x-www-form-urlencoded":
		values, err := url.ParseQuery(string(r.Body))
		if err != nil {
			return nil, refuseOAuth(http.StatusBadRequest, "invalid_request", "The form can't be read")
		}
		return singleParams(values)
	case err == nil && media == "application/json":
		var params oauthParams
		if json.Unmarshal(r.Body, &params) != nil {
			return nil, refuseOAuth(http.StatusBadRequest, "invalid_request", "The body is no JSON object of texts")
		}
		return params, nil
	}
	return nil, refuseOAuth(http.StatusBadRequest, "invalid_request", "Send a form, application/x-www-form-urlencoded")
}

func singleParams(values url.Values) (oauthParams, error) {
	params := oauthParams{}
	for name, given := range values {
		if len(given) > 1 {
			return nil, refuseOAuth(http.StatusBadRequest, "invalid_request", "Parameter %s is given more than once", name)
		}
		params[name] = given[0]
	}
	return params, nil
}

func missing(name string) error {
	return refuseOAuth(http.StatusBadRequest, "invalid_request", "Missing required parameter: %s", name)
}

// oauthError is an answer with the Authentication API's error body.
type oauthError struct {
	status      int
	code        string
	description string
}

func refuseOAuth(status int, code, format string, args ...any) error {
	return &oauthError{status, code, fmt.Sprintf(format, args...)}
}

func (e *oauthError) Error() string { return fmt.Sprintf("%d %s: %s", e.status, e.code, e.description) }

func (e *oauthError) body() object {
	return object{"error": e.code, "error_description": e.description}
}

// oauthProblem is the tenant's usual error for a code. Auth0 answers 403 where the
// RFCs would have 400.
func oauthProblem(code string) *oauthError {
	switch code {
	case "authorization_pending":
		return &oauthError{http.StatusForbidden, code, "User has yet to authorize device code."}
	case "slow_down":
		return &oauthError{http.StatusTooManyRequests, code, "You are polling faster than the specified interval."}
	case "access_denied":
		return &oauthError{http.StatusForbidden, code, "The user refused the device code."}
	case "expired_token":
		return &oauthError{http.StatusForbidden, code, "The device code has expired."}
	case "invalid_grant":
		return &oauthError{http.StatusForbidden, code, "Unknown or invalid refresh token."}
	case "invalid_client":
		return &oauthError{http.StatusUnauthorized, code, "The client can't be authenticated."}
	case "unauthorized_client":
		return &oauthError{http.StatusForbidden, code, "The grant type is not allowed for the client."}
	case "unsupported_grant_type":
		return &oauthError{http.StatusForbidden, code, "The grant type is not supported."}
	}
	return &oauthError{http.StatusBadRequest, code, "The request was refused."}
}

// oauthFailure is the error body for a bare status.
func oauthFailure(status int) *oauthError {
	code := "invalid_request"
	switch {
	case status == http.StatusTooManyRequests:
		return &oauthError{status, "too_many_requests", "Global limit has been reached"}
	case status == http.StatusUnauthorized:
		code = "invalid_client"
	case status == http.StatusForbidden:
		code = "access_denied"
	case status == http.StatusServiceUnavailable:
		code = "temporarily_unavailable"
	case status >= http.StatusInternalServerError:
		code = "server_error"
	}
	return &oauthError{status, code, http.StatusText(status)}
}

// showConfiguration names the endpoints. OpenID Connect Discovery section 3, RFC
// 8628 section 4.
func (t *Tenant) showConfiguration(*Request, oauthParams) (response, error) {
	base := "https://" + t.domain
	return response{status: http.StatusOK, body: encode(object{
		"issuer": t.issuer(), "token_endpoint": base + tokenPath, "device_authorization_endpoint": base + devicePath,
		"revocation_endpoint": base + revokePath, "jwks_uri": base + "/.well-known/jwks.json",
		"grant_types_supported": stringList(grantMachine, grantRefresh, grantDevice),
		"token_endpoint_auth_methods_supported": stringList("client_secret_basic", "client_secret_post",
			"private_key_jwt", "none"),
		"token_endpoint_auth_signing_alg_values_supported": stringList("RS256", "RS384", "PS256"),
		"scopes_supported": stringList("openid", "profile", "email", "offline_access"),
	})}, nil
}

// showKeys publishes no key: the tokens are signed with one that only the tenant
// has.
func (t *Tenant) showKeys(*Request, oauthParams) (response, error) {
	return response{status: http.StatusOK, body: encode(object{"keys": []any{}})}, nil
}
