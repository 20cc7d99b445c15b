package catalog

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// offered is a selection from a plugin with a tool that folds, and one that does not.
func offered(t *testing.T, f Filter) (*Selection, error) {
	t.Helper()
	folds, plain := aTool("auth0_update_thing", pluginv1.EffectWrite), aTool("auth0_list_things", pluginv1.EffectRead)
	folds.InputSchema = json.RawMessage(
		`{"type":"object","additionalProperties":false,"properties":{"id":{"type":"string"},
		"steps":{"fold":true,"type":"array","items":{"anyOf":[{"$ref":"#/$defs/flow"},
			{"type":"object","additionalProperties":false,"properties":{"type":{"enum":["WAIT"]},"config":{"type":"object","additionalProperties":false,"properties":{"seconds":{"type":"integer"}}}}}]}},
		"made":{"readOnly":true},
		"rare":{"fold":"more","anyOf":[{"$ref":"#/$defs/flow"},{"type":"null"}]}},
		"$defs":{"flow":{"type":"object","additionalProperties":false,"properties":{"type":{"enum":["FLOW"]},"made":{"readOnly":true},"config":{"type":"object","description":"What it does.","additionalProperties":false,"required":["flow_id"],"properties":{"flow_id":{"type":"string","pattern":"^ap_"}}}}}}}`)
	m := aManifest("things", folds, plain)
	if err := ValidateManifest(m); err != nil {
		t.Fatal(err)
	}
	p := &Plugin{Manifest: m}
	return (&Catalog{plugins: []*Plugin{p}, tools: []*Tool{newTool(p, folds), newTool(p, plain)}}).Select(f)
}

func TestDescribeTool(t *testing.T) {
	s, err := offered(t, Filter{})
	if err != nil {
		t.Fatal(err)
	}
	tool, ok := s.Lookup(describeToolName)
	if !ok || tool.Builtin() == nil {
		t.Fatal("not offered")
	}
	const flow = `{"type":"object","description":"What it does.","additionalProperties":false,"required":["flow_id"],` +
		`"properties":{"flow_id":{"type":"string","pattern":"^ap_"}}}`
	const wait = `{"type":"object","additionalProperties":false,"properties":{"seconds":{"type":"integer"}}}`
	const rare = `{"anyOf":[{"type":"object","additionalProperties":false,"properties":{"type":{"enum":["FLOW"]},` +
		`"config":` +
		flow + `}},{"type":"null"}]}`
	for in, want := range map[string]string{
		`{"tool":"auth0_update_thing","member":"steps[].config"}`: `{"tool":"auth0_update_thing","member":"steps[].config",` +
			`"schema":{"anyOf":[` + flow + `,` + wait + `]}}`,
		`{"tool":"auth0_update_thing","member":"steps.config"}`: `{"tool":"auth0_update_thing","member":"steps[].config",` +
			`"schema":{"anyOf":[` + flow + `,` + wait + `]}}`,
		`{"tool":"auth0_update_thing","member":"rare"}`: `{"tool":"auth0_update_thing","member":"rare","schema":` +
			rare + `}`,
		`{"tool":"auth0_update_thing","member":"id"}`: `{"tool":"auth0_update_thing","member":"id",` +
			`"schema":{"type":"string"}}`,
		`{"tool":"auth0_list_things"}`: `{"tool":"auth0_list_things","schema":` + emptySchema +
			`}`,
	} {
		arguments, err := tool.CheckArguments(json.RawMessage(in))
		if err != nil {
			t.Fatal(err)
		}
		got, err := tool.Builtin()(arguments, 40_000)
		if err != nil || string(got) != want {
			t.Errorf("%s:\n%s (%v), want\n%s", in, got, err, want)
		}
	}
	got, err := tool.Builtin()(json.RawMessage(`{"tool":"auth0_update_thing"}`), 40_000)
	if text := string(got); err != nil || !strings.Contains(text, `"rare":`+rare) || strings.Contains(text, "made") ||
		strings.Contains(text, "fold") || !strings.Contains(text, "goes into the argument more") {
		t.Errorf("the whole tool: %s (%v)", got, err)
	}
	for in, want := range map[string]string{
		`{"tool":"auth0_update_thing","member":"step"}`:             `the tool has no argument "step"; did you mean steps?`,
		`{"tool":"auth0_update_thing","member":"steps[].nonsense"}`: `steps has no member "nonsense"; it has type, config`,
		`{"tool":"auth0_update_thing","member":"id.x"}`:             `id has no member "x", nor any that a schema names`,
		`{"tool":"auth0_update_things"}`: `there is no tool "auth0_update_things"; did you mean ` +
			`auth0_update_thing`,
	} {
		if _, err := tool.Builtin()(json.RawMessage(in), 40_000); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", in, err, want)
		}
	}
}

// Whatever the budget is, the answer is JSON and says where there is more.
func TestDescribeToolWithinABudget(t *testing.T) {
	s, err := offered(t, Filter{})
	if err != nil {
		t.Fatal(err)
	}
	before := ""
	for _, budget := range []int{2000, 700, 500, 300} {
		got, err := s.describe(json.RawMessage(`{"tool":"auth0_update_thing"}`), budget)
		if err != nil || len(got) > budget {
			t.Errorf("%d: %d bytes, %v", budget, len(got), err)
		}
		if _, err := jsondoc.Decode(got); err != nil {
			t.Errorf("%d: %v: %s", budget, err, got)
		}
		if budget < 900 && !strings.Contains(string(got), `"fold":true`) || string(got) == before {
			t.Errorf("%d: %s", budget, got)
		}
		before = string(got)
	}
}

func TestDescribeToolIsSelectedLikeOthers(t *testing.T) {
	for _, tt := range []struct {
		filter  Filter
		offered bool
		reason  string
	}{
		{Filter{}, true, ""},
		{Filter{Patterns: []string{"*"}}, true, ""},
		{Filter{Patterns: []string{"auth0_*_thing", "auth0_describe_tool"}}, true, ""},
		{Filter{Patterns: []string{"auth0_*_thing"}}, false, "left out by --tools"},
		{Filter{Patterns: []string{"*"}, ReadOnly: true}, false, "tools/list shows all arguments"},
		{Filter{Patterns: []string{"auth0_list_things", "auth0_describe*"}}, false, "tools/list shows all arguments"},
	} {
		s, err := offered(t, tt.filter)
		if err != nil {
			t.Errorf("%+v: %v", tt.filter, err)
			continue
		}
		isListed := slices.ContainsFunc(s.Tools(), func(tool *Tool) bool { return tool.Name == describeToolName })
		_, err = s.Find(describeToolName)
		var excluded *ExcludedError
		if isListed != tt.offered || tt.offered != (err == nil) ||
			!tt.offered && (!errors.As(err, &excluded) || !strings.Contains(err.Error(), tt.reason)) {
			t.Errorf("%+v: listed %v, %v", tt.filter, isListed, err)
		}
	}
	if _, err := offered(t, Filter{Patterns: []string{"auth0_describe_tool"}}); err == nil ||
		!strings.Contains(err.Error(), "name those too") {
		t.Errorf("by itself: %v", err)
	}
}
