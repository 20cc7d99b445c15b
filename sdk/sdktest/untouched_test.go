package sdktest

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

type change struct {
	ID       string         `json:"id"`
	Name     *string        `json:"name,omitempty" schema:"null"`
	Long     string         `json:"long,omitempty" schema:"min=20"`
	Empty    *struct{}      `json:"empty,omitempty"`
	Numbers  []int          `json:"numbers,omitempty"`
	Nested   *nested        `json:"nested,omitempty"`
	Metadata map[string]any `json:"metadata,omitempty" jsonschema:"Free." schema:"free"`
}

type nested struct {
	On     *bool                      `json:"on,omitempty"`
	Choice string                     `json:"choice" schema:"enum=a|b"`
	Either sdk.OneOf[string, float64] `json:"either,omitzero"`
}

// sends is a plugin whose tool sends what body makes of its arguments.
func sends(body func(*sdk.Call, change) (json.RawMessage, error)) sdk.Plugin {
	return sdk.Plugin{Name: "things", Version: "0.1.0", Tools: []sdk.Tool{
		sdk.NewTool("change", sdk.Write, "Change.", func(ctx context.Context, c *sdk.Call, in change) (any, error) {
			raw, err := body(c, in)
			if err != nil {
				return nil, err
			}
			r, err := http.NewRequestWithContext(ctx, http.MethodPatch, "https://"+c.Domain()+"/api/v2/things/"+in.ID,
				strings.NewReader(string(raw)))
			if err != nil {
				return nil, err
			}
			resp, err := c.HTTPClient().Do(r)
			if err != nil {
				return nil, err
			}
			return "done", resp.Body.Close()
		}),
	}}
}

func TestUntouched(t *testing.T) {
	raw := sends(func(c *sdk.Call, _ change) (json.RawMessage, error) { return c.Body("id") })
	if problems := touched(t, raw, http.NotFoundHandler(), "change", `{"id":"x"}`, []string{"id"}); len(problems) > 0 {
		t.Errorf("raw arguments: %q", problems)
	}
	typed := sends(func(_ *sdk.Call, in change) (json.RawMessage, error) {
		in.ID = ""
		return json.Marshal(in)
	})
	problems := strings.Join(touched(t, typed, http.NotFoundHandler(), "change", `{"id":"x"}`, []string{"id"}), "\n")
	for _, lost := range []string{`"name":null`, `"numbers":[]`, `"metadata":{}`} {
		if !strings.Contains(problems, lost) {
			t.Errorf("a tool that loses %s passes:\n%s", lost, problems)
		}
	}
	refuses := sends(func(*sdk.Call, change) (json.RawMessage, error) { return nil, sdk.InvalidArgument("no") })
	if problems := touched(t, refuses, http.NotFoundHandler(), "change", `{"id":"x"}`,
		[]string{"id"}); len(problems) != 11 {
		t.Errorf("a tool that refuses everything: %q", problems)
	}
}
