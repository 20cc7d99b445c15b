package flows

import (
	"encoding/json"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

func TestManifest(t *testing.T) { sdktest.Manifest(t, Plugin()) }

const odd = `a|b #EXT#/c`

func TestFlows(t *testing.T) {
	const actions = `[{"id":"stop_1","type":"FLOW","action":"ERROR_MESSAGE","params":{"message":"No."}}]`
	sdktest.Script(t, Plugin(), sandbox.New(sandbox.Options{}).Authorized(), []sdktest.Step{
		{Tool: "auth0_list_flows", Arguments: `{}`, Sent: []string{"GET /flows?hydrate=form_count"},
			Answer: []string{`"flows":[{`, `"form_count":`}},
		{Tool: "auth0_create_flow", Arguments: `{"name":"` + odd + `","actions":` + actions + `}`,
			Sent: []string{`POST /flows {"name":"` + odd + `","actions":` + actions + `}`}, Answer: []string{`"id":"af_`}},
		{Tool: "auth0_create_flow", Arguments: `{"name":"bad","actions":[{"id":"x","type":"NOTHING"}]}`, Failure: "400"},
		{Tool: "auth0_get_flow", Arguments: `{"flow":"` + odd + `"}`, Answer: []string{`"ERROR_MESSAGE"`}},
		{Tool: "auth0_update_flow", Arguments: `{"flow":"` + odd + `"}`, Failure: "nothing to update"},
		{Tool: "auth0_update_flow", Arguments: `{"flow":"` + odd + `","name":"Other"}`, Answer: []string{`"name":"Other"`}},
		{Tool: "auth0_delete_flow", Arguments: `{"flow":"Other"}`, Answer: []string{`"result":"deleted"`, `"name":"Other"`}},
		{Tool: "auth0_delete_flow", Arguments: `{"flow":"Other"}`, Failure: "no flow has the id or the name"},
		{Tool: "auth0_get_flow", Arguments: `{"flow":"af_` + odd + `"}`, Failure: "404",
			Sent: []string{"GET /flows/af_a%7Cb%20%23EXT%23%2Fc"}},
		{Tool: "auth0_get_flow", Arguments: `{"flow":"af_x/../y"}`, Failure: "path", Sent: []string{}},
	})
}

func TestVaultConnections(t *testing.T) {
	const setup = `{"type":"BEARER","token":"t0k3n-0123456789"}`
	sdktest.Script(t, Plugin(), sandbox.New(sandbox.Options{}).Authorized(), []sdktest.Step{
		{Tool: "auth0_list_flow_vault_connections", Arguments: `{}`,
			Answer: []string{`"flow_vault_connections":[{`, `"name":"CRM"`, `"total":1`}},
		{Tool: "auth0_get_flow_vault_connection", Arguments: `{"connection":"CRM"}`, Answer: []string{`"app_id":"HTTP"`}},
		{Tool: "auth0_create_flow_vault_connection",
			Arguments: `{"name":"` + odd + `","app_id":"HTTP","setup":` + setup + `}`, Answer: []string{`"id":"ac_`}},
		{Tool: "auth0_create_flow_vault_connection", Arguments: `{"name":"x","app_id":"NOTHING"}`, Failure: "400"},
		{Tool: "auth0_update_flow_vault_connection", Arguments: `{"connection":"` + odd + `","name":"Other"}`,
			Answer: []string{`"name":"Other"`}},
		{Tool: "auth0_delete_flow_vault_connection", Arguments: `{"connection":"Other"}`,
			Answer: []string{`"result":"deleted"`}},
		{Tool: "auth0_delete_flow_vault_connection", Arguments: `{"connection":"ac_` + odd + `"}`, Failure: "404",
			Sent: []string{"DELETE /flows/vault/connections/ac_a%7Cb%20%23EXT%23%2Fc"}},
	})
}

func TestExecutions(t *testing.T) {
	auth0 := sandbox.New(sandbox.Options{}).Authorized()
	r := sdktest.Call(t, Plugin(), auth0, "auth0_list_flows", `{}`)
	var list struct {
		Flows []struct{ ID string }
	}
	if err := json.Unmarshal(r.JSON, &list); err != nil || len(list.Flows) == 0 {
		t.Fatal(err, r.Failure)
	}
	flow := `{"flow":"` + list.Flows[0].ID + `"`
	const run = `,"execution":"fex_HarbourCrm1111111111"`
	sdktest.Script(t, Plugin(), auth0, []sdktest.Step{
		{Tool: "auth0_list_flow_executions", Arguments: flow + `}`, Answer: []string{`"status":"succeeded"`, `"total":1`}},
		{Tool: "auth0_get_flow_execution", Arguments: flow + run + `,"debug":true}`,
			Sent: []string{"GET /flows/" + list.Flows[0].ID + "/executions/fex_HarbourCrm1111111111?hydrate=debug"}},
		{Tool: "auth0_delete_flow_execution", Arguments: flow + run + `}`, Answer: []string{`"result":"deleted"`}},
		{Tool: "auth0_get_flow_execution", Arguments: flow + run + `}`, Failure: "404"},
		{Tool: "auth0_delete_flow_execution", Arguments: flow + `,"execution":"x/../y"}`, Failure: "path", Sent: []string{}},
	})
}
