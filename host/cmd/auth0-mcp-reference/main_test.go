package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

func toolOf(t *testing.T, schema string) *catalog.Tool {
	t.Helper()
	return catalog.ToolsOf(pluginv1.Manifest{Name: "readers", Tools: []pluginv1.ToolManifest{{Name: "auth0_get_reader",
		Effect: pluginv1.EffectRead, InputSchema: json.RawMessage(schema)}}})[0]
}

// A tool needs no example if what it takes is in the sandbox; else the error says what to add.
func TestExampleOfANewTool(t *testing.T) {
	calls, err := callsFor(toolOf(t, `{"type":"object","required":["user"],"properties":{"user":{"type":"string"},
		"page":{"type":"integer"}},"additionalProperties":false}`), nil)
	if err != nil || len(calls) != 1 || string(calls[0].Arguments) != `{"user":"ada.finch@example.com"}` {
		t.Errorf("got %v, %v", calls, err)
	}
	_, err = callsFor(toolOf(t, `{"type":"object","required":["shelf"],"properties":{"shelf":{"type":"string"}},
		"additionalProperties":false}`), nil)
	if want := `plugins/readers/examples.json, such as {"auth0_get_reader": {"shelf": …}}`; err == nil ||
		!strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestExamplesAreOfToolsThatExist(t *testing.T) {
	p := shipped{Plugin: &catalog.Plugin{Manifest: pluginv1.Manifest{Name: "readers"}},
		tools: []*catalog.Tool{toolOf(t, `{"type":"object"}`)}}
	path := filepath.Join(t.TempDir(), "examples.json")
	for content, want := range map[string]string{
		`{"auth0_get_reader":{"a":1}}`: "",
		`{"auth0_get_reader":[{"tool":"auth0_other","arguments":{}},{"tool":"auth0_get_reader","arguments":{}}]}`: "",
		`{"auth0_gone":{}}`:       "has no tool auth0_gone",
		`{"auth0_get_reader":[]}`: "want the arguments, or",
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		chosen, err := readExamples(path, p)
		if want == "" && (err != nil || len(chosen["auth0_get_reader"]) == 0) ||
			want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, %v, want %q", content, chosen, err, want)
		}
	}
}

// The command means the arguments, whatever they hold.
func TestCommand(t *testing.T) {
	tool := toolOf(t, `{"type":"object","properties":{"name":{"type":"string"},"ids":{"type":"array","items":{"type":"string"}},
		"any":{"anyOf":[{"type":"string"},{"type":"object"}]}},"additionalProperties":false}`)
	const call = "auth0-mcp call --sandbox auth0_get_reader "
	for arguments, want := range map[string]string{
		`{"name":"a b"}`:       call + `'name=a b'`,
		`{"ids":["a","b"]}`:    call + `'ids=["a","b"]'`,
		`{"any":{"x":"it's"}}`: call + `'{"any":{"x":"it'\''s"}}'`,
	} {
		if got, err := command(tool, json.RawMessage(arguments)); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", arguments, got, err, want)
		}
	}
}

// Requests that read may be sent at once; those that write are in order.
func TestRequestsInOrder(t *testing.T) {
	got := inOrder([]string{"GET /b", "GET /a", "POST /z", "GET /d", "GET /c", "PATCH /y", "DELETE /x"})
	want := []string{"GET /a", "GET /b", "POST /z", "GET /c", "GET /d", "PATCH /y", "DELETE /x"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestShownAnswerIsBounded(t *testing.T) {
	long, err := json.Marshal(slices.Repeat([]string{strings.Repeat("é", 300)}, 100))
	if err != nil {
		t.Fatal(err)
	}
	got, err := shown(string(long))
	lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
	if err != nil || len(lines) != maxAnswerLines+1 || lines[maxAnswerLines] != "… 57 more lines" ||
		len([]rune(lines[1])) != maxAnswerColumns+2 {
		t.Errorf("%d lines, the last %q, %v", len(lines), lines[len(lines)-1], err)
	}
}
