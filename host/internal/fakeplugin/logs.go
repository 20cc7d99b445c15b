package fakeplugin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Logs is a role whose reading tool answers as auth0_list_logs does, for `auth0-mcp logs`. It takes no filters.
const Logs = "logs"

func declareLogs(m *pluginv1.Manifest) {
	tool := m.Tools[Narrow]
	tool.Name = "auth0_list_logs"
	tool.InputSchema = json.RawMessage(`{"type":"object","additionalProperties":false,"properties":{` +
		`"page":{"type":"integer"},"per_page":{"type":"integer"},"from":{"type":"string"},"take":{"type":"integer"},` +
		`"include_fields":{"type":"boolean"}}}`)
	m.Tools = []pluginv1.ToolManifest{tool}
}

func (f *fake) listLogs(ctx context.Context, r *pluginv1.CallToolRequest) (*pluginv1.CallToolResponse, error) {
	var in struct {
		Page    int    `json:"page"`
		PerPage int    `json:"per_page"`
		From    string `json:"from"`
		Take    int    `json:"take"`
	}
	if err := json.Unmarshal(r.GetArguments(), &in); err != nil {
		return nil, err
	}
	query := url.Values{"page": {fmt.Sprint(in.Page)}, "per_page": {fmt.Sprint(in.PerPage)}}
	if in.From != "" {
		query = url.Values{"from": {in.From}, "take": {fmt.Sprint(in.Take)}}
	}
	answer, err := f.host.RoundTrip(ctx, &pluginv1.RoundTripRequest{CallId: r.GetCallId(), Method: "GET",
		Path: "/api/v2/logs", Query: query.Encode()})
	if err != nil {
		return nil, err
	}
	failure := answer.GetFailure()
	if status := answer.GetResponse().GetStatus(); failure == nil && status != 200 {
		failure = &pluginv1.Failure{Code: pluginv1.Failure_CODE_API, HttpStatus: status}
	}
	if failure != nil {
		return &pluginv1.CallToolResponse{Outcome: &pluginv1.CallToolResponse_Failure{Failure: failure}}, nil
	}
	var events []map[string]any
	if err := json.Unmarshal(answer.GetResponse().GetBody(), &events); err != nil {
		return nil, err
	}
	next := in.From
	for _, event := range events {
		if event["type"] != "sapi" {
			event["type_meaning"] = "Failed login"
		}
		next = fmt.Sprint(event["log_id"])
	}
	data, err := json.Marshal(map[string]any{"logs": events, "count": len(events), "next_from": next,
		"has_next": len(events) == in.Take, "pagination": map[string]any{"has_next": len(events) == in.PerPage}})
	return &pluginv1.CallToolResponse{Outcome: &pluginv1.CallToolResponse_Result{Result: data}}, err
}
