package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// scopeOffline asks for a refresh token.
const scopeOffline = "offline_access"

// family are the refresh tokens that follow from one sign-in.
type family struct {
	session session
	began   time.Time
	used    time.Time // its latest exchange
	newest  int       // the highest generation that was issued
	dead    bool
}

// refreshToken is one token of a family.
type refreshToken struct {
	family     *family
	generation int
	rotated    time.Time // when it was exchanged for the next; zero for a live one
}

// openSession answers with the first tokens of a sign-in. There is a refresh token
// among them if one was asked for, the API allows it, and the client may use it.
func (t *Tenant) openSession(s session) (response, error) {
	to, found := t.findTarget(s.audience)
	offline := slices.Contains(s.scopes, scopeOffline) && mayUse(s.client, grantRefresh) == nil &&
		(s.audience == "" || found && to.offline)
	answer, err := t.tokens(s, offline)
	if err != nil {
		return response{}, err
	}
	if offline {
		now := t.now()
		answer["refresh_token"] = t.newRefreshToken(&family{session: s, began: now, used: now}, 0)
	}
	return jsonAnswer(http.StatusOK, answer), nil
}

func (t *Tenant) newRefreshToken(f *family, generation int) string {
	text := "v1." + t.randomText(secretDigits, 60)
	f.newest = max(f.newest, generation)
	t.oauth.refresh[text] = &refreshToken{family: f, generation: generation}
	return text
}

// exchangeRefresh renews a user's tokens. RFC 6749 section 6. With rotation, each
// refresh token is good for one exchange; one that comes again kills its family, so
// that neither the thief nor the owner can go on.
// https://auth0.com/docs/secure/tokens/refresh-tokens/refresh-token-rotation
func (t *Tenant) exchangeRefresh(client object, p oauthParams) (response, error) {
	text := p["refresh_token"]
	if text == "" {
		return response{}, missing("refresh_token")
	}
	now, settings := t.now(), refreshSettings(client)
	token := t.oauth.refresh[text]
	if token == nil || token.family.session.client["client_id"] != client["client_id"] || token.family.dead ||
		settings.ended(token.family, now) {
		return response{}, oauthProblem("invalid_grant")
	}
	f := token.family
	if !token.rotated.IsZero() {
		// Only the token before the newest may come again, and only for a moment: for
		// a client that lost the answer.
		inTime := settings.rotating && token.generation == f.newest-1 && now.Before(token.rotated.Add(settings.leeway))
		if !inTime {
			t.killFamily(f)
			return response{}, oauthProblem("invalid_grant")
		}
	}
	s := f.session
	if wanted := p.scopes(); len(wanted) > 0 {
		s.scopes = slices.DeleteFunc(wanted, func(scope string) bool { return !slices.Contains(f.session.scopes, scope) })
	}
	answer, err := t.tokens(s, true)
	if err != nil {
		return response{}, err
	}
	f.used = now
	if settings.rotating {
		if token.rotated.IsZero() {
			token.rotated = now
		}
		answer["refresh_token"] = t.newRefreshToken(f, token.generation+1)
	}
	return jsonAnswer(http.StatusOK, answer), nil
}

func (t *Tenant) killFamily(f *family) {
	f.dead = true
	for text, token := range t.oauth.refresh {
		if token.family == f {
			delete(t.oauth.refresh, text)
		}
	}
}

// refreshPolicy are a client's settings for its refresh tokens. A zero lifetime has
// no end.
type refreshPolicy struct {
	rotating       bool
	leeway         time.Duration
	lifetime, idle time.Duration
}

func refreshSettings(client object) refreshPolicy {
	set, _ := client["refresh_token"].(object)
	policy := refreshPolicy{rotating: set["rotation_type"] == "rotating", leeway: settingSeconds(set["leeway"])}
	if set["expiration_type"] != "expiring" {
		return policy
	}
	if set["infinite_token_lifetime"] != true {
		policy.lifetime = settingSeconds(set["token_lifetime"])
	}
	if set["infinite_idle_token_lifetime"] != true {
		policy.idle = settingSeconds(set["idle_token_lifetime"])
	}
	return policy
}

// ended tells whether a family is too old, or was left alone for too long.
func (p refreshPolicy) ended(f *family, now time.Time) bool {
	past := func(from time.Time, life time.Duration) bool { return life > 0 && !now.Before(from.Add(life)) }
	return past(f.began, p.lifetime) || past(f.used, p.idle)
}

// settingSeconds reads a setting in seconds, as decoded bodies hold numbers.
func settingSeconds(value any) time.Duration {
	text, _ := value.(json.Number)
	n, _ := text.Int64()
	return time.Duration(n) * time.Second
}

// revokeToken ends a refresh token and its family. RFC 7009 section 2. A token that
// isn't the client's, or is none, is no error: it can't be used, which is what was
// asked for. Access tokens live on, as they do at Auth0.
func (t *Tenant) revokeToken(r *Request, p oauthParams) (response, error) {
	client, err := t.authenticateClient(r, p)
	if err != nil {
		return response{}, err
	}
	if p["token"] == "" {
		return response{}, missing("token")
	}
	token := t.oauth.refresh[p["token"]]
	if token != nil && token.family.session.client["client_id"] == client["client_id"] {
		t.killFamily(token.family)
	}
	return response{status: http.StatusOK, header: http.Header{"Cache-Control": {"no-store"}}}, nil
}
