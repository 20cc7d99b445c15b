package forms

import (
	"testing"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

func TestDelete(t *testing.T) {
	const draft = "Newsletter survey (draft)"
	sdktest.Script(t, Plugin(), sandbox.New(sandbox.Options{}).Authorized(), []sdktest.Step{
		{Tool: "auth0_delete_form", Arguments: `{"id":"` + draft + `"}`,
			Answer: []string{`"result":"deleted"`, `"name":"` + draft + `"`}},
		{Tool: "auth0_delete_form", Arguments: `{"id":"` + draft + `"}`, Failure: "no form has the id or the name"},
		{Tool: "auth0_delete_form", Arguments: `{"id":"a|b #EXT#/c"}`, Failure: `no form has the id or the name "a|b #EXT#/c"`},
		{Tool: "auth0_delete_form", Arguments: `{"id":"ap_none"}`, Sent: []string{"DELETE /forms/ap_none"},
			Failure: "404"},
	})
}
