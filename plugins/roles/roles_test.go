package roles

import (
	"testing"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

func TestManifest(t *testing.T) { sdktest.Manifest(t, Plugin()) }

const auditor = "rol_Auditor000000001"

func TestRoles(t *testing.T) {
	auth0 := sandbox.New(sandbox.Options{}).Authorized()
	sdktest.Script(t, Plugin(), auth0, []sdktest.Step{
		{Tool: "auth0_list_roles", Arguments: `{"name":"Shop"}`, Sent: []string{"GET /roles?name_filter=Shop"},
			Answer: []string{`"name":"Shop manager"`, `"total":1`}},
		{Tool: "auth0_get_role", Arguments: `{"role":"` + auditor + `"}`, Sent: []string{"GET /roles/" + auditor},
			Answer: []string{`"name":"Auditor"`}},
		{Tool: "auth0_get_role", Arguments: `{"role":"Auditor"}`,
			Sent: []string{"GET /roles?name_filter=Auditor", "GET /roles/" + auditor}},
		{Tool: "auth0_create_role", Arguments: `{"name":"a/b #EXT# |c","description":"Odd"}`,
			Sent:   []string{`POST /roles {"name":"a/b #EXT# |c","description":"Odd"}`},
			Answer: []string{`"id":"rol_`}},
		{Tool: "auth0_update_role", Arguments: `{"role":"a/b #EXT# |c","description":"Even"}`,
			Answer: []string{`"description":"Even"`}},
		{Tool: "auth0_update_role", Arguments: `{"role":"Auditor"}`, Failure: "nothing to update",
			Sent: []string{"GET /roles?name_filter=Auditor"}},
		{Tool: "auth0_delete_role", Arguments: `{"role":"a/b #EXT# |c"}`,
			Answer: []string{`"result":"deleted"`, `"name":"a/b #EXT# |c"`}},
		{Tool: "auth0_delete_role", Arguments: `{"role":"a/b #EXT# |c"}`, Failure: "no role has the id or the name"},
		{Tool: "auth0_get_role", Arguments: `{"role":"rol_nobody/../x"}`, Failure: "path"},
		{Tool: "auth0_get_role", Arguments: `{"role":"auditor"}`, Failure: `Similar names: "Auditor" (` + auditor + `)`},
	})
}

func TestPermissions(t *testing.T) {
	auth0 := sandbox.New(sandbox.Options{}).Authorized()
	const orders = "https://api.harbourlight.example/orders"
	const permission = `{"permissions":[{"resource_server_identifier":"` + orders + `","permission_name":"read:orders"}]}`
	sdktest.Script(t, Plugin(), auth0, []sdktest.Step{
		{Tool: "auth0_update_role_permissions",
			Arguments: `{"role":"` + auditor + `","add":[{"api":"` + orders + `","permission":"read:orders"}]}`,
			Sent:      []string{"POST /roles/" + auditor + "/permissions " + permission},
			Answer:    []string{`"added":1`, `"role":{"id":"` + auditor + `"}`}},
		{Tool: "auth0_list_role_permissions", Arguments: `{"role":"Auditor"}`,
			Answer: []string{`"permission_name":"read:orders"`, `role \"Auditor\" is ` + auditor}},
		{Tool: "auth0_update_role_permissions",
			Arguments: `{"role":"Auditor","remove":[{"permission":"read:orders","api":"` + orders + `"}]}`,
			Answer:    []string{`"removed":1`, `"name":"Auditor"`}},
		{Tool: "auth0_update_role_permissions", Arguments: `{"role":"` + auditor + `"}`, Failure: "nothing to change",
			Sent: []string{}},
		{Tool: "auth0_update_role_permissions",
			Arguments: `{"role":"Auditor","add":[{"api":"Nothing","permission":"read:orders"}]}`,
			Failure:   `no API has the id or the name "Nothing"`},
	})
}

func TestMembers(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{})
	auth0 := tenant.Authorized()
	sdktest.Script(t, Plugin(), auth0, []sdktest.Step{
		{Tool: "auth0_update_role_members", Arguments: `{"role":"Auditor","add":["ada.finch@example.com"]}`,
			Answer: []string{`"added":1`}},
		{Tool: "auth0_list_role_members", Arguments: `{"role":"Auditor"}`, Answer: []string{`"ada.finch@example.com"`}},
		{Tool: "auth0_update_role_members", Arguments: `{"role":"Auditor","remove":["Ada.Finch@example.com"]}`,
			Answer: []string{`"removed":1`}},
		{Tool: "auth0_update_role_members", Arguments: `{"role":"Auditor","add":["nobody@example.com"]}`,
			Failure: `no user has the id or the name "nobody@example.com"`},
		{Tool: "auth0_update_role_members",
			Arguments: `{"role":"` + auditor + `","remove":["waad|a b#EXT#/c"]}`,
			Sent:      []string{`DELETE /users/waad%7Ca%20b%23EXT%23%2Fc/roles {"roles":["` + auditor + `"]}`},
			Failure:   "404"},
	})
}
