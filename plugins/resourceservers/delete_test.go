package resourceservers

import (
	"testing"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

func TestDelete(t *testing.T) {
	const odd = "https://reports.harbourlight.example/api?v=1&team=all"
	sdktest.Script(t, Plugin(), sandbox.New(sandbox.Options{}).Authorized(), []sdktest.Step{
		{Tool: "auth0_delete_resource_server", Arguments: `{"id":"` + odd + `"}`,
			Answer: []string{`"result":"deleted"`, `"name":"Reports (unused)"`}},
		{Tool: "auth0_delete_resource_server", Arguments: `{"id":"` + odd + `"}`, Failure: "no resource server has"},
		{Tool: "auth0_delete_resource_server", Arguments: `{"id":"Legacy Warehouse"}`, Answer: []string{`"deleted"`}},
		{Tool: "auth0_delete_resource_server", Arguments: `{"id":"a|b #EXT#/c"}`,
			Failure: `no resource server has the id or the name "a|b #EXT#/c"`},
	})
}
