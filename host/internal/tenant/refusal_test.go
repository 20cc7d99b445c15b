package tenant

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestParseRefusal(t *testing.T) {
	tests := map[string]struct {
		status int
		body   string
		want   Refusal
		ok     bool
	}{
		"message and code": {400, `{"statusCode":400,"error":"Bad Request","message":"No.","errorCode":"invalid_body","x":1}`,
			Refusal{"No.", "invalid_body"}, true},
		"only a name":       {404, `{"statusCode":404,"error":"Not Found"}`, Refusal{"Not Found", ""}, true},
		"another status":    {400, `{"statusCode":401,"error":"Unauthorized","message":"No."}`, Refusal{}, false},
		"no status":         {400, `{"error":"Bad Request","message":"No."}`, Refusal{}, false},
		"a status as text":  {400, `{"statusCode":"400","error":"Bad Request"}`, Refusal{}, false},
		"says nothing":      {400, `{"statusCode":400}`, Refusal{}, false},
		"a message of JSON": {400, `{"statusCode":400,"message":{"a":1}}`, Refusal{}, false},
		"a list":            {400, `[400]`, Refusal{}, false},
		"a page":            {400, `<html>`, Refusal{}, false},
		"nothing":           {400, ``, Refusal{}, false},
	}
	for name, tt := range tests {
		if got, ok := ParseRefusal(tt.status, []byte(tt.body)); got != tt.want || ok != tt.ok {
			t.Errorf("%s: %+v, %v", name, got, ok)
		}
	}
}

func TestMissingScope(t *testing.T) {
	challenge := func(value string) http.Header { return http.Header{"Www-Authenticate": {value}} }
	tests := map[string]struct {
		refusal Refusal
		header  http.Header
		scopes  []string
		missing bool
	}{
		"one": {Refusal{"Insufficient scope, expected any of: read:a", "insufficient_scope"}, nil, []string{"read:a"}, true},
		"several": {Refusal{"Insufficient scope, expected any of: read:a,update:b_c . More", "insufficient_scope"}, nil,
			[]string{"read:a", "update:b_c"}, true},
		"none named": {Refusal{"Please upgrade", "insufficient_scope"}, nil, nil, true},
		"by the header": {Refusal{"Forbidden", ""},
			challenge(`Bearer realm="x", error="insufficient_scope", scope="read:a read:b"`), []string{"read:a", "read:b"},
			true},
		"the header has another error": {Refusal{"Forbidden", ""}, challenge(`Bearer error="invalid_token", scope="read:a"`),
			nil, false},
		"the code is another": {Refusal{"expected any of: read:a", "operation_not_supported"},
			challenge(`Bearer error="insufficient_scope", scope="read:a"`), nil, false},
		"only the words": {Refusal{"Insufficient scope, expected any of: read:a", ""}, nil, nil, false},
	}
	for name, tt := range tests {
		if scopes, missing := tt.refusal.MissingScope(tt.header); missing != tt.missing || !slices.Equal(scopes, tt.scopes) {
			t.Errorf("%s: %q, %v", name, scopes, missing)
		}
	}
}

func TestKindsOfRefusals(t *testing.T) {
	for code, want := range map[string]struct{ quota, notOffered bool }{
		"":                         {},
		"insufficient_scope":       {},
		"invalid_body":             {},
		"too_many_requests":        {},
		"too_many_entities":        {quota: true},
		"max_entities_exceeded":    {quota: true},
		"entity_limit_reached":     {quota: true},
		"insufficient_entitlement": {notOffered: true},
		"operation_not_supported":  {notOffered: true},
		"feature_not_enabled":      {notOffered: true},
	} {
		r := Refusal{Code: code}
		if r.Quota() != want.quota || r.NotOffered() != want.notOffered {
			t.Errorf("%q: quota %v, not offered %v", code, r.Quota(), r.NotOffered())
		}
	}
}

// Whatever is answered, nothing that is not a name is taken for a scope or a field.
func FuzzRefusal(f *testing.F) {
	f.Add(403, `{"statusCode":403,"message":"expected any of: read:a, b","errorCode":"insufficient_scope"}`,
		`Bearer error="insufficient_scope", scope="a b"`)
	f.Add(400, `{"statusCode":400,"message":"on property a.b[0].","error":"x"}`, "")
	f.Fuzz(func(t *testing.T, status int, body, challenge string) {
		refusal, ok := ParseRefusal(status, []byte(body))
		if !ok {
			return
		}
		if refusal.Message == "" {
			t.Error("no message")
		}
		if strings.ContainsAny(refusal.Field(), "<>\"'\n\x00;") {
			t.Errorf("field %q", refusal.Field())
		}
		scopes, missing := refusal.MissingScope(http.Header{"Www-Authenticate": {challenge}})
		if !missing && scopes != nil {
			t.Errorf("scopes %q of %+v", scopes, refusal)
		}
	})
}
