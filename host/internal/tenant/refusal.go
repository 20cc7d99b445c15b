package tenant

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"sync"
)

// Refusal is what the Management API says in an error answer.
type Refusal struct {
	// Message is in prose, Code for programs; either may be empty.
	Message, Code string
}

// ParseRefusal reads an error answer. It is not ok if something other than the Management
// API made the answer, such as a firewall or a gateway: all of its error answers are JSON
// objects that repeat the status as statusCode, with an error or a message.
// Source: https://auth0.com/docs/api/management/v2
func ParseRefusal(status int, body []byte) (r Refusal, ok bool) {
	var said struct {
		Status  int    `json:"statusCode"`
		Error   string `json:"error"`
		Message string `json:"message"`
		Code    string `json:"errorCode"`
	}
	if json.Unmarshal(body, &said) != nil || said.Status != status || said.Error == "" && said.Message == "" {
		return Refusal{}, false
	}
	if said.Message == "" {
		said.Message = said.Error
	}
	return Refusal{Message: said.Message, Code: said.Code}, true
}

// insufficientScope is the one code that means a missing scope. RFC 6750, 3.1.
const insufficientScope = "insufficient_scope"

var (
	expectedScopes  = lazily(`expected any of:\s*([a-z0-9_:]+(?:\s*,\s*[a-z0-9_:]+)*)`)
	challengeError  = lazily(`(?i)\berror="?([a-z_]+)`)
	challengeScopes = lazily(`(?i)\bscope="([^"]*)"`)
)

// MissingScope reports whether the token lacks a scope, and of which scopes any would do:
// none if that is not said. header is the answer's.
func (r Refusal) MissingScope(header http.Header) (anyOf []string, missing bool) {
	challenge := strings.Join(header.Values("WWW-Authenticate"), ", ")
	code := r.Code
	if m := challengeError().FindStringSubmatch(challenge); m != nil && code == "" {
		code = m[1]
	}
	if code != insufficientScope {
		return nil, false
	}
	if m := expectedScopes().FindStringSubmatch(r.Message); m != nil {
		return strings.FieldsFunc(m[1], func(r rune) bool { return r == ',' || r == ' ' }), true
	}
	if m := challengeScopes().FindStringSubmatch(challenge); m != nil {
		return strings.Fields(m[1]), true
	}
	return nil, true
}

// Quota reports whether the tenant has as many objects of the kind as it may have.
func (r Refusal) Quota() bool {
	if r.Code == "too_many_requests" {
		return false // of time, and not of objects
	}
	for _, part := range []string{"too_many", "max_", "limit", "quota", "exceeded"} {
		if strings.Contains(strings.ToLower(r.Code), part) {
			return true
		}
	}
	return false
}

// NotOffered reports whether the tenant may not use what was asked for, whatever the
// token's scopes are.
func (r Refusal) NotOffered() bool {
	switch r.Code {
	case "insufficient_entitlement", "operation_not_supported", "feature_not_enabled", "feature_not_supported",
		"not_entitled":
		return true
	}
	return false
}

// namedField finds the member or parameter that a validation names.
var namedField = lazily(`(?:on property |Additional properties not allowed: |Missing required property: )` +
	`([A-Za-z0-9_.\[\]-]*[A-Za-z0-9_\]](?:, ?[A-Za-z0-9_.\[\]-]*[A-Za-z0-9_\]])*)`)

// Field is the member or parameter that the answer names as wrong; "" if it names none.
func (r Refusal) Field() string {
	if m := namedField().FindStringSubmatch(r.Message); m != nil {
		return m[1]
	}
	return ""
}

// lazily compiles a pattern when it is first used: a server that starts needs none.
func lazily(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
