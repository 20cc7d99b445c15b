package catalog

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

func TestMembersOfArguments(t *testing.T) {
	tool := newTool(&Plugin{}, pluginv1.ToolManifest{Name: "auth0_x", InputSchema: json.RawMessage(`{"type":"object","properties":{
		"name":{"type":"string"},
		"style":{"type":"object","properties":{"css":{"type":"string","description":"One sheet."}}},
		"nodes":{"type":"array","items":{"anyOf":[{"$ref":"#/$defs/step"},{"type":"object","properties":{
			"kind":{"const":"flow"},"flow":{"type":"string"}}}]}}},
		"$defs":{"step":{"type":"object","properties":{"kind":{"const":"step"},"fields":{"type":"array","items":{"type":"object",
			"properties":{"size":{"type":"integer","minimum":1}}}}}}}}`)})
	members, err := tool.Members()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range members {
		got = append(got, m.Name+": "+m.Values+" "+m.Description)
	}
	want := []string{
		"style.css: a string One sheet.",
		`nodes[].kind: "step" or "flow" `,
		"nodes[].fields: an array of objects ",
		"nodes[].fields[].size: an integer of at least 1 ",
		"nodes[].flow: a string ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
