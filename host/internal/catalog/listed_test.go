package catalog

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

func TestListed(t *testing.T) {
	defs := `,"$defs":{"item":` + closed(`"x":{"type":"string","pattern":"^a","minLength":1,"maxLength":9}`) + `}}`
	for name, tt := range map[string]struct{ schema, want string }{
		"as it is": {closed(`"a":{"anyOf":[{"type":"string","pattern":"^a"},{"type":"null"}]}`), ""},
		"an object": {
			closed(`"a":{"fold":true,"description":"A <thing>.","type":"object","properties":{"b":{"type":"string"}},` +
				`"additionalProperties":false}`),
			closed(`"a":{"type":"object","additionalProperties":true,"description":"A <thing>."}`)},
		"arrays": {
			closed(`"a":{"fold":true,"type":"array","items":{"type":"object","properties":{},"additionalProperties":false}},` +
				`"b":{"fold":true,"type":"array","items":{"enum":["x","y"]}},"c":{"fold":true,"type":"array",` +
				`"description":"Any.","items":{}}`),
			closed(`"a":{"type":"array","items":{"type":"object","additionalProperties":true}},` +
				`"b":{"type":"array","items":{"type":"string"}},"c":{"type":"array","items":{"type":"object",` +
				`"additionalProperties":true},"description":"Any."}`)},
		"a number": {closed(`"a":{"fold":true,"type":"integer","minimum":1,"maximum":100,"default":20}`),
			closed(`"a":{"type":"integer","maximum":100}`)},
		"an enum": {closed(`"a":{"fold":true,"type":"string","enum":["x","y"],"description":"x, or another."},` +
			`"b":{"enum":["x",null]}`),
			closed(`"a":{"type":"string","description":"x, or another."},"b":{"type":"string","enum":["x"]}`)},
		"null": {
			closed(`"a":{"fold":true,"description":"A.","anyOf":[{"type":"object","properties":{},` +
				`"additionalProperties":false},{"type":"null"}]},` +
				`"b":{"description":"B.","anyOf":[{"type":"integer","minimum":1,"description":"inner"},{"type":"null"}]},` +
				`"c":{"anyOf":[{"type":"string"},{"type":"integer"},{"type":"null"}]}`),
			closed(`"a":{"type":"object","additionalProperties":true,"description":"A."},` +
				`"b":{"description":"B.","type":"integer","minimum":1},"c":{"anyOf":[{"type":"string"},{"type":"integer"}]}`)},
		"references": {
			`{"type":"object","additionalProperties":false,"properties":{"a":{"type":"array","items":{"$ref":"#/$defs/item"}},` +
				`"b":{"description":"B.","fold":true,"anyOf":[{"$ref":"#/$defs/item"},{"type":"null"}]}}` + defs,
			closed(`"a":{"type":"array","items":{"type":"object","additionalProperties":false,` +
				`"properties":{"x":{"type":"string","maxLength":9}}}},` +
				`"b":{"type":"object","additionalProperties":true,"description":"B."}`)},
		"read-only": {closed(`"a":{"type":"string"},"b":{"readOnly":true}`), closed(`"a":{"type":"string"}`)},
		"more": {closed(`"a":{"type":"string"},"b":{"type":"string","fold":"more"},"c":{"type":"string","fold":"more"}`),
			closed(`"a":{"type":"string"},"more":{"type":"object","additionalProperties":true,` +
				`"description":"Any other setting by name; auth0_describe_tool lists them."}`)},
		"more that can be cleared": {closed(`"b":{"fold":"more","anyOf":[{"type":"string"},{"type":"null"}]}`),
			closed(`"more":{"type":"object","additionalProperties":true,` +
				`"description":"Any other setting by name (auth0_describe_tool lists them); null clears one."}`)},
	} {
		if tt.want == "" {
			tt.want = tt.schema
		}
		m := aTool("auth0_x", pluginv1.EffectWrite)
		m.InputSchema = json.RawMessage(tt.schema)
		if err := ValidateManifest(aManifest("things", m)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		hides := strings.Contains(tt.want, `"additionalProperties":true`)
		if folds := newTool(&Plugin{}, m).Folds(); folds != hides {
			t.Errorf("%s: folds %v", name, folds)
		}
		if got := string(newTool(&Plugin{}, m).Listed()); got != tt.want {
			t.Errorf("%s: listed as\n%s, want\n%s", name, got, tt.want)
		}
	}
}
