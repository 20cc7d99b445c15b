package actions

import (
	"testing"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

func TestVersions(t *testing.T) {
	const crm = `{"id":"Enrich profile from CRM"`
	sdktest.Script(t, Plugin(), sandbox.New(sandbox.Options{}).Authorized(), []sdktest.Step{
		{Tool: "auth0_list_action_versions", Arguments: crm + `}`, Answer: []string{`"number":1`, `"total":1`, `is `}},
		{Tool: "auth0_list_action_versions", Arguments: crm + `,"fields":["code"]}`, Answer: []string{"'tier'"}},
		{Tool: "auth0_rollback_action", Arguments: crm + `,"version":7}`, Failure: "no version 7"},
		{Tool: "auth0_rollback_action", Arguments: crm + `,"version":1}`, Answer: []string{`"number":2`, "'tier'"}},
		{Tool: "auth0_get_action", Arguments: crm + `}`, Answer: []string{"'crm_tier'"}},
		{Tool: "auth0_rollback_action", Arguments: crm + `,"version":1,"update_draft":true}`, Answer: []string{`"number":3`}},
		{Tool: "auth0_list_action_versions", Arguments: crm + `}`, Answer: []string{`"number":3`, `"total":3`}},
		{Tool: "auth0_list_action_versions", Arguments: `{"id":"a|b #EXT#/c"}`,
			Failure: `no action has the id or the name "a|b #EXT#/c"`},
	})
}

func TestDelete(t *testing.T) {
	sdktest.Script(t, Plugin(), sandbox.New(sandbox.Options{}).Authorized(), []sdktest.Step{
		{Tool: "auth0_delete_action", Arguments: `{"id":"Ask for the profile"}`, Failure: "bound to a trigger"},
		{Tool: "auth0_delete_action", Arguments: `{"id":"Ask for the profile","force":true}`,
			Answer: []string{`"result":"deleted"`, `"name":"Ask for the profile"`}},
		{Tool: "auth0_delete_action", Arguments: `{"id":"Greet new readers"}`, Answer: []string{`"result":"deleted"`}},
		{Tool: "auth0_delete_action", Arguments: `{"id":"Greet new readers"}`, Failure: "no action has the id or the name"},
	})
}
