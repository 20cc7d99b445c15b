package mcpserver

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/fakeplugin"
)

const inspector = "mcp-inspector"

// greet connects a client that calls itself so.
func greet(t *testing.T, structured bool, version, name string) *client {
	t.Helper()
	c := dial(t, catalog.Filter{}, func(cfg *Config) { cfg.Structured = structured }, fakeplugin.Shaped)
	if version != "2026-07-28" {
		c.request("initialize", fmt.Sprintf(`{"protocolVersion":%q,"capabilities":{},"clientInfo":{"name":%q,"version":"1"}}`,
			version, name))
	}
	return c
}

// structuredResult is an answer of a tool that echoes a text.
type structuredResult struct {
	Content           []struct{ Text string }
	StructuredContent json.RawMessage
	IsError           bool
}

func (c *client) echo(tool int, said, meta string) (result structuredResult) {
	c.t.Helper()
	r := c.request("tools/call", fmt.Sprintf(`{"name":%q,"arguments":{"do":"echo","file":%q}%s}`,
		fakeplugin.Manifest(fakeplugin.Shaped).Tools[tool].Name, said, meta))
	if err := json.Unmarshal(r.Result, &result); err != nil || len(result.Content) == 0 {
		c.t.Fatalf("result %s: %v", r.Result, err)
	}
	return result
}

func TestStructuredContentForKnownClients(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		structured    bool
		version, name string
		want          bool
	}{
		{true, "2025-06-18", inspector, true},
		{true, "2025-11-25", "inspector-cli", true},
		{true, "2026-07-28", inspector, true},
		{true, "2025-03-26", inspector, false}, // had no structured content
		{true, "2025-06-18", "claude-code", false},
		{true, "2026-07-28", "t", false},
		{false, "2025-06-18", inspector, false},
		{false, "2026-07-28", inspector, false},
	} {
		c := greet(t, one.structured, one.version, one.name)
		meta, params := "", `{}`
		if one.version == "2026-07-28" {
			own := strings.TrimSuffix(modern, "}") + fmt.Sprintf(`,"io.modelcontextprotocol/clientInfo":{"name":%q,"version":"1"}}`,
				one.name)
			meta, params = ","+own, "{"+own+"}"
		}
		listed := string(c.request("tools/list", params).Result)
		if got := strings.Count(listed, `"outputSchema":`); got != 3 && one.want || got != 0 && !one.want {
			t.Errorf("%+v: %d output schemas in %s", one, got, listed)
		}
		const said = `a <b> & \"c\"`
		result := c.echo(fakeplugin.Read, `a <b> & "c"`, meta)
		text := result.Content[0].Text
		if !strings.Contains(text, said) || (string(result.StructuredContent) == text) != one.want ||
			!one.want && result.StructuredContent != nil {
			t.Errorf("%+v: the text is %s, structured is %s", one, text, result.StructuredContent)
		}
	}
}

// Structured content is what the text is after all that the host does to it.
func TestStructuredContentIsTheFinalText(t *testing.T) {
	t.Parallel()
	c := greet(t, true, "2025-06-18", inspector)
	result := c.echo(fakeplugin.Read, "visible\u202e password: "+c.token, "")
	if got := string(result.StructuredContent); got != result.Content[0].Text || strings.Contains(got, c.token) ||
		strings.Contains(got, "\u202e") || !strings.Contains(got, "visible") {
		t.Errorf("structured is %s, the text %s", got, result.Content[0].Text)
	}
}

func TestWithoutStructuredContent(t *testing.T) {
	t.Parallel()
	c := greet(t, true, "2025-06-18", inspector)
	if result := c.echo(fakeplugin.Destroy, "x", ""); result.StructuredContent != nil || result.IsError {
		t.Errorf("a tool without output schema: %+v", result)
	}
	failed := c.request("tools/call", `{"name":"auth0_shaped_read","arguments":{"do":"fail"}}`)
	if got := names(t, failed.Result); got != "_meta content isError" {
		t.Errorf("an error has %s", got)
	}
	result := c.echo(fakeplugin.Narrow, "x", "")
	if !result.IsError || result.StructuredContent != nil || len(result.Content) < 2 ||
		!strings.Contains(result.Content[0].Text, "the answer.said is no integer") || result.Content[1].Text != `{"said":"x"}` {
		t.Errorf("an answer that does not fit: %+v", result)
	}
}
