package egress

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
)

// holder is whose session a token belongs to, as the token tells: a JWT of Auth0 (RFC 9068). The signature is not
// checked, as the answer only keeps requests back. Of an opaque token all is empty.
type holder struct {
	client string // the application: azp
	user   string // sub; empty if the application acts for itself
	// audience are the identifiers of the APIs that the token is for.
	audience []string
	// scopes are what the token may do; empty: it does not tell.
	scopes []string
	id     string // jti
	key    string // kid, which signed it
}

// holderOf reads a token.
func holderOf(token string) (h holder) {
	parts := strings.Split(token, ".")
	const ofJWT = 3
	if len(parts) != ofJWT {
		return holder{}
	}
	var head struct {
		Key string `json:"kid"`
	}
	var claims struct {
		Client   string          `json:"azp"`
		Subject  string          `json:"sub"`
		ID       string          `json:"jti"`
		Scope    string          `json:"scope"`
		Audience json.RawMessage `json:"aud"`
	}
	if !decodePart(parts[1], &claims) {
		return holder{}
	}
	decodePart(parts[0], &head)
	h = holder{client: claims.Client, user: claims.Subject, scopes: strings.Fields(claims.Scope), id: claims.ID,
		key: head.Key}
	if machine, ok := strings.CutSuffix(claims.Subject, "@clients"); ok {
		h.user = ""
		if h.client == "" {
			h.client = machine
		}
	}
	var one string
	if json.Unmarshal(claims.Audience, &one) == nil {
		h.audience = []string{one}
	} else if json.Unmarshal(claims.Audience, &h.audience) != nil {
		h.audience = nil
	}
	return h
}

func decodePart(part string, into any) bool {
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(part, "="))
	return err == nil && json.Unmarshal(text, into) == nil
}

func (h holder) has(scope string) bool { return slices.Contains(h.scopes, scope) }

// known reports whether the token tells whose it is.
func (h holder) known() bool { return h.client != "" }

// managementPath ends the identifier of a tenant's Management API.
const managementPath = "/api/v2/"

// isManagementAPI reports whether an API's identifier is that of the Management API of a tenant at a domain.
func (h holder) isManagementAPI(domain, identifier string) bool {
	return same(identifier, "https://"+domain+managementPath) ||
		slices.ContainsFunc(h.audience, func(own string) bool {
			return strings.HasSuffix(own, managementPath) && same(identifier, own)
		})
}

// same reports whether an id of a request can mean one that is not empty, however often it is encoded, and also for a
// server that takes an encoded "/", "?" or ";" behind it for the end of the path.
func same(id, own string) bool {
	plain := strings.TrimSpace(decoded(id, percents))
	end := len(plain)
	if at := strings.IndexAny(plain, "?;"); at >= 0 {
		end = at
	}
	return own != "" && (strings.EqualFold(id, own) || strings.EqualFold(plain, own) ||
		strings.EqualFold(strings.TrimRight(plain[:end], "/ "), own))
}

// sameAs reports whether two tokens are of one session, such as one before and one after a renewal.
func (h holder) sameAs(other holder) bool { return h.client == other.client && h.user == other.user }
