package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	grantDevice  = "urn:ietf:params:oauth:grant-type:device_code"
	grantRefresh = "refresh_token"
	grantMachine = "client_credentials"

	// wildcardAudience is what users sign in for on Auth0's own host: the Management
	// API of the tenant that they choose there.
	wildcardAudience = "https://*.auth0.com/api/v2/"

	// personID is the one user who signs in.
	personID  = "auth0|64f1c0ffee5eed0ddba11ad5"
	userEmail = "dana.okafor@harbourlight.example"

	subjectClient, subjectUser = "client", "user"
)

// issueToken is the token endpoint. RFC 6749 section 3.2.
func (t *Tenant) issueToken(r *Request, p oauthParams) (response, error) {
	grantType := p["grant_type"]
	var exchange func(object, oauthParams) (response, error)
	switch grantType {
	case "":
		return response{}, missing("grant_type")
	case grantDevice:
		exchange = t.exchangeDevice
	case grantRefresh:
		exchange = t.exchangeRefresh
	case grantMachine:
		exchange = t.exchangeMachine
	default:
		return response{}, refuseOAuth(http.StatusForbidden, "unsupported_grant_type", "Unsupported grant type: %s",
			grantType)
	}
	client, err := t.authenticateClient(r, p)
	if err != nil {
		return response{}, err
	}
	if err := mayUse(client, grantType); err != nil {
		return response{}, err
	}
	return exchange(client, p)
}

// target is the API that a token is asked for.
type target struct {
	api       object // nil for the wildcard
	audiences []string
	scopes    []string
	lifetime  time.Duration
	offline   bool
}

// findTarget finds the API with the given identifier. Two names lead to the tenant's
// Management API: its own, and the wildcard of the host where users sign in, whose
// tokens are for whatever tenant was chosen there.
func (t *Tenant) findTarget(audience string) (target, bool) {
	signIn := t.oauth.signIn
	var found target
	if audience == wildcardAudience {
		found = target{audiences: signIn.TenantAudiences, scopes: managementScopes(), lifetime: tokenLifetime,
			offline: !signIn.WithholdRefreshTokens}
		if found.audiences == nil {
			found.audiences = []string{t.Audience()}
		}
	} else {
		at := slices.IndexFunc(t.apis.items, func(api object) bool { return api["identifier"] == audience })
		if at < 0 {
			return target{}, false
		}
		api := t.apis.items[at]
		found = target{api: api, audiences: []string{audience}, scopes: scopeValues(api),
			offline: api["allow_offline_access"] == true}
		found.lifetime = settingSeconds(api["token_lifetime"])
	}
	if signIn.TokenLifetime != 0 {
		found.lifetime = signIn.TokenLifetime
	}
	return found, true
}

// scopeValues are the scopes that an API has.
func scopeValues(api object) []string {
	scopes, _ := api["scopes"].([]any)
	var out []string
	for _, item := range scopes {
		scope, _ := item.(object)
		if value, isText := scope["value"].(string); isText {
			out = append(out, value)
		}
	}
	return out
}

// grantable are the scopes that a client can have for an API, on its own behalf or on
// a user's, by the API's policy and the client's grants.
// https://auth0.com/docs/get-started/apis/api-access-policies-for-applications
func (t *Tenant) grantable(client object, to target, subject string) ([]string, error) {
	if to.api == nil {
		return to.scopes, nil
	}
	policies, _ := to.api["subject_type_authorization"].(object)
	policy, _ := policies[subject].(object)
	if policy["policy"] == "allow_all" && client["is_first_party"] == true {
		return to.scopes, nil
	}
	audience, _ := to.api["identifier"].(string)
	at := slices.IndexFunc(t.grants.items, func(grant object) bool {
		return grant["client_id"] == client["client_id"] && grant["audience"] == audience && grant["subject_type"] == subject
	})
	if at < 0 || policy["policy"] == "deny_all" {
		return nil, refuseOAuth(http.StatusForbidden, "access_denied",
			`Client is not authorized to access "%s". You need to create a "client-grant" associated to this API.`, audience)
	}
	grant := t.grants.items[at]
	if grant["allow_all_scopes"] == true {
		return to.scopes, nil
	}
	granted, _ := grant["scope"].([]any)
	return slices.DeleteFunc(slices.Clone(to.scopes),
		func(scope string) bool { return !slices.Contains(granted, any(scope)) }), nil
}

// exchangeMachine gives a machine a token on its own behalf. RFC 6749 section 4.4.
// Auth0 refuses a scope that the client's grant lacks, and doesn't leave it out.
func (t *Tenant) exchangeMachine(client object, p oauthParams) (response, error) {
	audience := p["audience"]
	if audience == "" {
		return response{}, missing("audience")
	}
	to, found := t.findTarget(audience)
	if !found || to.api == nil {
		return response{}, refuseOAuth(http.StatusForbidden, "access_denied", "Service not enabled within domain: %s",
			audience)
	}
	scopes, err := t.grantable(client, to, subjectClient)
	if err != nil {
		return response{}, err
	}
	if wanted := p.scopes(); len(wanted) > 0 {
		lacking := slices.DeleteFunc(slices.Clone(wanted), func(scope string) bool { return slices.Contains(scopes, scope) })
		if len(lacking) > 0 {
			return response{}, refuseOAuth(http.StatusForbidden, "access_denied", "Client has not been granted scopes: %s",
				strings.Join(lacking, ", "))
		}
		scopes = wanted
	}
	id, _ := client["client_id"].(string)
	return jsonAnswer(http.StatusOK, t.accessToken(to, claims{
		Subject: id + "@clients", Audience: to.audiences, Grant: "client-credentials", Party: id,
		Scope: strings.Join(scopes, " "),
	})), nil
}

// accessToken completes the claims, and answers with a token that says them.
func (t *Tenant) accessToken(to target, c claims) object {
	now := t.now()
	c.Issuer, c.IssuedAt, c.ExpiresAt = t.issuer(), now.Unix(), now.Add(to.lifetime).Unix()
	c.ID = t.randomText(alphanumeric, 24)
	if dialect, _ := to.api["token_dialect"].(string); strings.HasSuffix(dialect, "_authz") {
		c.Permissions = slices.DeleteFunc(strings.Fields(c.Scope), isIdentityScope)
	}
	return object{"access_token": t.mint(c), "scope": c.Scope, "expires_in": seconds(to.lifetime), "token_type": "Bearer"}
}

func errNoService(audience string) error {
	return refuseOAuth(http.StatusForbidden, "access_denied", "Service not found: %s", audience)
}

// isIdentityScope tells the scopes that belong to no API.
func isIdentityScope(scope string) bool {
	return slices.Contains([]string{"openid", "profile", "email", scopeOffline}, scope)
}

// session is a user's consent, which a refresh token stands for.
type session struct {
	client   object
	subject  string
	audience string // empty if none was asked for
	scopes   []string
}

// tokens answers with a user's tokens: what was asked for, as far as the user,
// the client and the API allow it. The refresh token is not among them.
func (t *Tenant) tokens(s session, offline bool) (object, error) {
	id, _ := s.client["client_id"].(string)
	to := target{lifetime: tokenLifetime}
	var allowed []string
	if s.audience != "" {
		named, found := t.findTarget(s.audience)
		if !found {
			return nil, errNoService(s.audience)
		}
		to = named
		var err error
		if allowed, err = t.grantable(s.client, to, subjectUser); err != nil {
			return nil, err
		}
	}
	user := t.oauth.signIn.UserScopes
	granted := slices.DeleteFunc(slices.Clone(s.scopes), func(scope string) bool {
		if isIdentityScope(scope) {
			return scope == scopeOffline && !offline
		}
		return !slices.Contains(allowed, scope) || user != nil && !slices.Contains(user, scope)
	})
	audience := audiences(slices.Clone(to.audiences))
	openID := slices.Contains(granted, "openid")
	if openID || len(audience) == 0 {
		audience = append(audience, "https://"+t.domain+"/userinfo")
	}
	answer := t.accessToken(to, claims{Subject: s.subject, Audience: audience, Party: id,
		Scope: strings.Join(granted, " ")})
	if openID {
		now := t.now()
		answer["id_token"] = t.mint(claims{
			Issuer: t.issuer(), Subject: s.subject, Audience: audiences{id}, IssuedAt: now.Unix(),
			ExpiresAt: now.Add(tokenLifetime).Unix(),
		})
	}
	return answer, nil
}
