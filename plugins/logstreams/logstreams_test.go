package logstreams

import (
	"testing"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

func TestManifest(t *testing.T) { sdktest.Manifest(t, Plugin()) }

func script(t *testing.T, steps []sdktest.Step) {
	t.Helper()
	sdktest.Script(t, Plugin(), sandbox.New(sandbox.Options{}).Authorized(), steps)
}

func TestLogStreams(t *testing.T) {
	const security = "lst_0000000000012345"
	script(t, []sdktest.Step{
		{Tool: "auth0_list_log_streams", Arguments: `{"per_page":1,"page":1}`,
			Answer: []string{`"name":"Archive"`, `"count":1,"total":2`, `"has_next":false`}},
		{Tool: "auth0_get_log_stream", Arguments: `{"stream":"Security events"}`,
			Sent: []string{"GET /log-streams", "GET /log-streams/" + security}, Answer: []string{`"sink":{`}},
		{Tool: "auth0_create_log_stream", Arguments: `{"name":"a/b |c #EXT#","type":"http",` +
			`"sink":{"httpEndpoint":"https://logs.example"}}`, Answer: []string{`"id":"lst_`}},
		{Tool: "auth0_create_log_stream",
			Arguments: `{"name":"x","type":"datadog","sink":{"httpEndpoint":"https://x.example"}}`,
			Failure:   "400"},
		{Tool: "auth0_update_log_stream", Arguments: `{"stream":"a/b |c #EXT#","status":"paused"}`,
			Answer: []string{`"status":"paused"`}},
		{Tool: "auth0_update_log_stream", Arguments: `{"stream":"` + security + `"}`, Failure: "nothing to update",
			Sent: []string{}},
		{Tool: "auth0_delete_log_stream", Arguments: `{"stream":"a/b |c #EXT#"}`, Answer: []string{`"result":"deleted"`}},
		{Tool: "auth0_delete_log_stream", Arguments: `{"stream":"security"}`, Failure: `Similar names: "Security events"`},
		{Tool: "auth0_delete_log_stream", Arguments: `{"stream":"lst_a/b c"}`, Failure: "404",
			Sent: []string{"DELETE /log-streams/lst_a%2Fb%20c"}},
	})
}

func TestEventStreams(t *testing.T) {
	const readers = "est_HarbourReadersSync1111"
	script(t, []sdktest.Step{
		{Tool: "auth0_list_event_streams", Arguments: `{}`, Answer: []string{`"event_streams":[{`, `"total":1`}},
		{Tool: "auth0_get_event_stream", Arguments: `{"stream":"Readers to the CRM"}`, Answer: []string{readers}},
		{Tool: "auth0_create_event_stream", Arguments: `{"name":"Other","subscriptions":[{"event_type":"user.created"}],` +
			`"destination":{"type":"webhook","configuration":{"webhook_endpoint":"https://hooks.example",` +
			`"webhook_authorization":{"method":"bearer","token":"t0k3n-0123456789"}}}}`, Answer: []string{`"id":"est_`}},
		{Tool: "auth0_update_event_stream", Arguments: `{"stream":"Other","status":"disabled"}`,
			Answer: []string{`"status":"disabled"`}},
		{Tool: "auth0_delete_event_stream", Arguments: `{"stream":"Other"}`, Answer: []string{`"result":"deleted"`}},
		{Tool: "auth0_list_event_stream_deliveries", Arguments: `{"stream":"` + readers + `"}`,
			Answer: []string{`"evt_HarbourFaiied111111111"`, `"total":1`}},
		{Tool: "auth0_list_event_stream_deliveries", Arguments: `{"stream":"` + readers + `","per_page":1,"page":1}`,
			Answer: []string{`"count":0`, `"has_next":false`}},
		{Tool: "auth0_list_event_stream_deliveries", Sent: []string{"GET /event-streams/" + readers + "/deliveries?" +
			"date_from=2026-11-01T00%3A00%3A00Z&date_to=2026-11-28T23%3A59%3A59Z"},
			Arguments: `{"stream":"` + readers + `","date_from":"2026-11-01","date_to":"2026-11-28"}`},
		{Tool: "auth0_redeliver_event_stream", Arguments: `{"stream":"` + readers + `","date_from":"2026-11-01T02:00:00+02:00"}`,
			Sent: []string{"POST /event-streams/" + readers + `/redeliver {"date_from":"2026-11-01T00:00:00Z"}`}},
		{Tool: "auth0_list_event_stream_deliveries", Arguments: `{"stream":"` + readers + `","date_from":"7d"}`},
		{Tool: "auth0_list_event_stream_deliveries", Arguments: `{"stream":"` + readers + `","date_from":"soon"}`,
			Failure: `date_from "soon": want RFC 3339`},
		{Tool: "auth0_redeliver_event_stream", Arguments: `{"stream":"` + readers + `","event_types":["user.created"]}`,
			Sent: []string{"POST /event-streams/" + readers + `/redeliver {"event_types":["user.created"]}`}},
		{Tool: "auth0_redeliver_event_stream", Arguments: `{"stream":"` + readers + `"}`,
			Sent: []string{"POST /event-streams/" + readers + "/redeliver {}"}},
		{Tool: "auth0_test_event_stream", Arguments: `{"stream":"` + readers + `","event_type":"user.created"}`,
			Answer: []string{`"event_type":"user.created"`}},
		{Tool: "auth0_test_event_stream", Arguments: `{"stream":"Nobody","event_type":"user.created"}`,
			Failure: "no event stream has the id or the name"},
	})
}
