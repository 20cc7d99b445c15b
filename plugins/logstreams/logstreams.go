// Package logstreams is the plugin for what an Auth0 tenant sends elsewhere: its log events by log streams, and changes
// of users and organizations by event streams.
package logstreams

import (
	_ "embed"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
)

// The schemas are what the Management API takes: see schemas.txt.
var (
	//go:embed schemas/auth0_create_log_stream.json
	createLogSchema []byte
	//go:embed schemas/auth0_update_log_stream.json
	updateLogSchema []byte
	//go:embed schemas/auth0_create_event_stream.json
	createEventSchema []byte
	//go:embed schemas/auth0_update_event_stream.json
	updateEventSchema []byte
)

// Plugin is the log streams plugin.
func Plugin() sdk.Plugin {
	return sdk.Plugin{Name: "logstreams", Version: "0.1.0",
		Display: sdk.Display{Description: "Log streams and event streams: what the tenant sends elsewhere."},
		Tools:   resource.Tools(slices.Concat(logStreamTools(), eventStreamTools(), deliveryTools())...)}
}

func logStreams() resource.Collection {
	return resource.Collection{Path: []string{"log-streams"}, Items: "log_streams", What: "log stream", Unpaged: true,
		Scope: "read:log_streams",
		IsID:  resource.Prefix("lst_"), Show: []string{"id", "name", "type", "status"},
		Untrusted: []string{"name", "sink"}}
}

func logStreamTools() []resource.Tool {
	const one = "/api/v2/log-streams/{stream}"
	stream := resource.Ref("stream", logStreams())
	return []resource.Tool{
		{
			Name: "auth0_list_log_streams", Title: "List log streams",
			Description: "Where log events are sent, and whether that goes on. Auth0 suspends a stream that fails.",
			Operation:   "GET /api/v2/log-streams", Scopes: []string{"read:log_streams"}, Of: logStreams(),
		},
		{
			Name: "auth0_get_log_stream", Title: "Get log stream", Description: "One log stream.",
			Operation: "GET " + one, Scopes: []string{"read:log_streams"}, Of: logStreams(),
			Args: []resource.Arg{stream},
		},
		{
			Name: "auth0_create_log_stream", Title: "Create log stream",
			Description: "Send log events elsewhere from now on.",
			Operation:   "POST /api/v2/log-streams", Scopes: []string{"create:log_streams"}, Of: logStreams(),
			Body: createLogSchema,
		},
		{
			Name: "auth0_update_log_stream", Title: "Update log stream",
			Description: "Change a log stream. status active resumes a suspended one; give the sink whole.",
			Operation:   "PATCH " + one, Scopes: []string{"update:log_streams"}, Of: logStreams(),
			Args: []resource.Arg{stream}, Body: updateLogSchema,
		},
		{
			Name: "auth0_delete_log_stream", Title: "Delete log stream",
			Description: "Delete a log stream. To pause it: auth0_update_log_stream with status paused.",
			Operation:   "DELETE " + one, Scopes: []string{"delete:log_streams"}, Args: []resource.Arg{stream},
		},
	}
}

func eventStreams() resource.Collection {
	return resource.Collection{Path: []string{"event-streams"}, Items: "eventStreams", As: "event_streams",
		What: "event stream", Scope: "read:event_streams", IsID: resource.Prefix("est_"), CheckpointOnly: true,
		Show: []string{"id", "name", "status", "subscriptions"}, Untrusted: []string{"name", "destination"}}
}

const eventStream = "/api/v2/event-streams/{stream}"

func eventStreamTools() []resource.Tool {
	stream := resource.Ref("stream", eventStreams())
	return []resource.Tool{
		{
			Name: "auth0_list_event_streams", Title: "List event streams",
			Description: "Where changes of users and organizations are sent as they happen.",
			Operation:   "GET /api/v2/event-streams", Scopes: []string{"read:event_streams"}, Of: eventStreams(),
		},
		{
			Name: "auth0_get_event_stream", Title: "Get event stream", Description: "One event stream.",
			Operation: "GET " + eventStream, Scopes: []string{"read:event_streams"}, Of: eventStreams(),
			Args: []resource.Arg{stream},
		},
		{
			Name: "auth0_create_event_stream", Title: "Create event stream",
			Description: "Send events elsewhere. Next: auth0_test_event_stream.",
			Operation:   "POST /api/v2/event-streams", Scopes: []string{"create:event_streams"}, Of: eventStreams(),
			Body: createEventSchema,
		},
		{
			Name: "auth0_update_event_stream", Title: "Update event stream",
			Description: "Change an event stream, or turn it on and off.",
			Operation:   "PATCH " + eventStream, Scopes: []string{"update:event_streams"}, Of: eventStreams(),
			Args: []resource.Arg{stream}, Body: updateEventSchema,
		},
		{
			Name: "auth0_delete_event_stream", Title: "Delete event stream", Description: "Delete an event stream.",
			Operation: "DELETE " + eventStream, Scopes: []string{"delete:event_streams"}, Args: []resource.Arg{stream},
		},
	}
}

func deliveryTools() []resource.Tool {
	stream := resource.Ref("stream", eventStreams())
	from := resource.Time("date_from", "RFC 3339, day or age.", 0)
	to := resource.Time("date_to", "", resource.LastOfDay)
	deliveries := resource.Collection{Items: "deliveries", What: "delivery", CheckpointOnly: true,
		Untrusted: []string{"attempts", "event"}}
	return []resource.Tool{
		{
			Name: "auth0_list_event_stream_deliveries", Title: "List event stream deliveries",
			Description: "Events that could not be delivered, and why.",
			Operation:   "GET " + eventStream + "/deliveries", Scopes: []string{"read:event_streams"}, Of: deliveries,
			Args: []resource.Arg{stream, from, to},
		},
		{
			Name: "auth0_redeliver_event_stream", Title: "Redeliver events",
			Description: "Send failed events again, once what received them works.",
			Operation:   "POST " + eventStream + "/redeliver", Scopes: []string{"update:event_deliveries"}, Of: deliveries,
			Args: []resource.Arg{stream, from, to,
				resource.Texts("event_types", "Such as user.created; default all.")},
		},
		{
			Name: "auth0_test_event_stream", Title: "Test event stream", Description: "Send one made-up event.",
			Operation: "POST " + eventStream + "/test", Scopes: []string{"update:event_streams"}, Of: deliveries,
			Args: []resource.Arg{stream, resource.Text("event_type", "Such as user.created.").Required()},
		},
	}
}
