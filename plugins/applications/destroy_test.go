package applications

import (
	"testing"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

func TestDestroy(t *testing.T) {
	sdktest.Script(t, Plugin(), sandbox.New(sandbox.Options{}).Authorized(), []sdktest.Step{
		{Tool: "auth0_rotate_application_secret", Arguments: `{"client_id":"Stock Sync"}`,
			Answer: []string{`"client_secret":"`, `"name":"Stock Sync"`}},
		{Tool: "auth0_rotate_application_secret", Arguments: `{"client_id":"Staff Dashboard"}`,
			Failure: `2 applications are called "Staff Dashboard"`},
		{Tool: "auth0_rotate_application_secret", Arguments: `{"client_id":"a|b #EXT#/c"}`,
			Failure: `no application has the id or the name "a|b #EXT#/c"`},
		{Tool: "auth0_delete_application", Arguments: `{"client_id":"Stock Sync"}`,
			Answer: []string{`"result":"deleted"`, `"name":"Stock Sync"`}},
		{Tool: "auth0_delete_application", Arguments: `{"client_id":"Stock Sync"}`, Failure: "no application has"},
		{Tool: "auth0_delete_application", Arguments: `{"client_id":"x/../y"}`, Failure: `no application has`},
	})
}
