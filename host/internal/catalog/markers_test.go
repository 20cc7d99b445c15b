package catalog

import (
	"encoding/json"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// The marker of a stored value satisfies what a string must be until the value is put back, and nothing else does.
func TestMarkersSatisfyStrings(t *testing.T) {
	const schema = `{"type":"object","additionalProperties":false,"properties":{
		"short":{"type":"string","maxLength":3},"listed":{"type":"string","enum":["a","b"]},
		"hex":{"type":"string","pattern":"^[0-9a-f]+$"},"port":{"type":"integer"},"on":{"type":"boolean"},
		"either":{"anyOf":[{"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":{"const":"x"}}},
			{"type":"object","additionalProperties":false,"required":["b"],"properties":{"b":{"type":"integer"}}}]}}}`
	tests := map[string]bool{
		`{"short":"[REDACTED:k7q2m9xa]"}`:        true,
		`{"listed":"[REDACTED:k7q2m9xa]"}`:       true,
		`{"hex":"[REDACTED:k7q2m9xa]"}`:          true,
		`{"port":"[REDACTED:k7q2m9xa]"}`:         true,
		`{"either":{"a":"[REDACTED:k7q2m9xa]"}}`: true,
		`{"on":"[REDACTED:k7q2m9xa]"}`:           false,
		`{"short":"long"}`:                       false,
		`{"either":{"a":"y"}}`:                   false,
		`{"either":{"c":"[REDACTED:k7q2m9xa]"}}`: false,
		`{"other":"[REDACTED:k7q2m9xa]"}`:        false,
		`{"short":"[REDACTED]"}`:                 false,
		`{"short":"[REDACTED:k7q2"}`:             false,
		`{"hex":"[REDACTED:k7[REDACTED:x]]"}`:    false,
	}
	tool := toolWith(pluginv1.EffectWrite, schema)
	for in, fits := range tests {
		if _, err := tool.CheckArguments(json.RawMessage(in)); (err == nil) != fits {
			t.Errorf("%s: %v", in, err)
		}
	}
}

// What a creating tool makes stores no secret yet: a marker is refused before anything is sent.
func TestCreatingToolsTakeNoMarkers(t *testing.T) {
	for name, tt := range map[string]struct {
		paths []string
		takes bool
	}{
		"creates":             {[]string{"POST /api/v2/clients"}, false},
		"looks, then creates": {[]string{"GET /api/v2/clients", "POST /api/v2/clients"}, false},
		"updates":             {[]string{"GET /api/v2/clients/{id}", "PATCH /api/v2/clients/{id}"}, true},
		"creates or updates":  {[]string{"POST /api/v2/clients", "PUT /api/v2/clients/{id}"}, true},
		"declares no paths":   {nil, true},
	} {
		tool := toolWith(pluginv1.EffectWrite, `{"type":"object","properties":{"secret":{"type":"string"}}}`)
		tool.Paths = tt.paths
		if _, err := tool.CheckArguments(json.RawMessage(`{"secret":"[REDACTED:k7q2m9xa]"}`)); (err == nil) != tt.takes {
			t.Errorf("a tool that %s: %v", name, err)
		}
	}
}
