package fakeplugin

import (
	"context"
	"encoding/json"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Conformance is the role that has the tools which the official conformance suite
// (@modelcontextprotocol/conformance) calls by name.
const Conformance = "conformance"

func conformanceManifest() pluginv1.Manifest {
	none := json.RawMessage(`{"type":"object","additionalProperties":false,"properties":{}}`)
	tool := func(name string, schema json.RawMessage) pluginv1.ToolManifest {
		return pluginv1.ToolManifest{Name: name, Effect: pluginv1.EffectRead, InputSchema: schema,
			Scopes:  []string{"read:logs"},
			Display: pluginv1.Display{Description: "Called by the conformance suite."}}
	}
	return pluginv1.Manifest{ManifestVersion: pluginv1.ManifestVersion, Name: Conformance, Version: "0.1.0",
		Protocols: []int{pluginv1.ProtocolVersion}, Tools: []pluginv1.ToolManifest{
			tool("test_simple_text", none), tool("test_error_handling", none), tool("test_tool_with_progress", none),
			tool("test_tool_with_logging", none),
			tool("json_schema_2020_12_tool",
				json.RawMessage(`{"$schema":"https://json-schema.org/draft/2020-12/schema",`+
					`"type":"object","additionalProperties":false,`+
					`"properties":{"name":{"type":"string"},"address":{"$ref":"#/$defs/address"}},`+
					`"$defs":{"address":{"type":"object","additionalProperties":false,`+
					`"properties":{"street":{"type":"string"},"city":{"type":"string"}}}}}`)),
		}}
}

// conform does what the suite expects of the tool.
func (f *fake) conform(ctx context.Context, r *pluginv1.CallToolRequest) (*pluginv1.CallToolResponse, error) {
	for i := range 3 {
		var err error
		switch r.GetTool() {
		case "test_tool_with_progress":
			_, err = f.host.Progress(ctx, &pluginv1.ProgressRequest{CallId: r.GetCallId(), Done: float64(50 * i), Total: 100})
		case "test_tool_with_logging":
			_, err = f.host.Log(ctx, &pluginv1.LogRequest{CallId: r.GetCallId(), Level: pluginv1.LogRequest_LEVEL_INFO,
				Message: "a step"})
		}
		if err != nil {
			return nil, err
		}
	}
	if r.GetTool() == "test_error_handling" {
		failure := &pluginv1.Failure{Message: "This tool intentionally returns an error"}
		return &pluginv1.CallToolResponse{Outcome: &pluginv1.CallToolResponse_Failure{Failure: failure}}, nil
	}
	result := []byte(`"This is a simple text response for testing."`)
	return &pluginv1.CallToolResponse{Outcome: &pluginv1.CallToolResponse_Result{Result: result}}, nil
}
