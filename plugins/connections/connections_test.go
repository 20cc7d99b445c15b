package connections

import (
	"testing"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

func TestManifest(t *testing.T) { sdktest.Manifest(t, Plugin()) }

const (
	staff = "con_HarbourlightSaml"
	byID  = "/connections/" + staff
)

func script(t *testing.T, steps []sdktest.Step) {
	t.Helper()
	sdktest.Script(t, Plugin(), sandbox.New(sandbox.Options{}).Authorized(), steps)
}

func TestConnections(t *testing.T) {
	const lookup = "GET /connections?fields=id%2Cname%2Cstrategy&include_fields=true&name="
	script(t, []sdktest.Step{
		{Tool: "auth0_list_connections", Arguments: `{"strategy":["samlp","waad"]}`,
			Sent:   []string{"GET /connections?strategy=samlp&strategy=waad"},
			Answer: []string{`"harbourlight-staff"`, `"northquay-entra"`, `"total":2`}},
		{Tool: "auth0_get_connection", Arguments: `{"connection":"harbourlight-staff"}`,
			Sent: []string{lookup + "harbourlight-staff", "GET " + byID}, Answer: []string{`"signInEndpoint"`}},
		{Tool: "auth0_get_connection", Arguments: `{"connection":"a/b #EXT#|c"}`,
			Sent: []string{lookup + "a%2Fb+%23EXT%23%7Cc"}, Failure: "no connection has the id or the name"},
		{Tool: "auth0_create_connection", Arguments: `{"name":"extra","strategy":"auth0","options":{"disable_signup":true}}`,
			Answer: []string{`"id":"con_`}},
		{Tool: "auth0_create_connection", Arguments: `{"name":"extra","strategy":"auth0"}`, Failure: "409"},
		{Tool: "auth0_update_connection",
			Arguments: `{"connection":"` + staff + `","options":{"signatureAlgorithm":"rsa-sha1","domain_aliases":null}}`,
			Sent: []string{"GET " + byID, "PATCH " + byID + ` {"options":{"digestAlgorithm":"sha256",` +
				`"signInEndpoint":"https://idp.harbourlight.example/sso",` +
				`"signOutEndpoint":"https://idp.harbourlight.example/slo","signatureAlgorithm":"rsa-sha1"}}`}},
		{Tool: "auth0_update_connection", Arguments: `{"connection":"` + staff + `","display_name":"Staff"}`,
			Sent: []string{"PATCH " + byID + ` {"display_name":"Staff"}`}},
		{Tool: "auth0_update_connection", Arguments: `{"connection":"` + staff + `"}`, Failure: "nothing to update"},
		{Tool: "auth0_delete_connection", Arguments: `{"connection":"extra"}`, Answer: []string{`"result":"deleted"`}},
		{Tool: "auth0_delete_connection", Arguments: `{"connection":"con_a/../b"}`, Failure: "path"},
	})
}

func TestApplications(t *testing.T) {
	script(t, []sdktest.Step{
		{Tool: "auth0_update_connection_applications",
			Arguments: `{"connection":"` + staff + `","add":["Harbourlight Shop"]}`, Answer: []string{`"added":1`}},
		{Tool: "auth0_list_connection_applications", Arguments: `{"connection":"` + staff + `"}`,
			Answer: []string{`"name":"Harbourlight Shop"`, `"has_next":false`}},
		{Tool: "auth0_update_connection_applications",
			Arguments: `{"connection":"harbourlight-staff","remove":["Harbourlight Shop"]}`,
			Answer:    []string{`"removed":1`, `"name":"harbourlight-staff"`}},
		{Tool: "auth0_update_connection_applications", Arguments: `{"connection":"` + staff + `"}`,
			Failure: "nothing to change", Sent: []string{}},
		{Tool: "auth0_update_connection_applications",
			Arguments: `{"connection":"` + staff + `","add":["Staff Dashboard"]}`, Failure: "2 applications are called"},
	})
}

func TestProvisioning(t *testing.T) {
	const arguments = `{"connection":"` + staff + `"`
	script(t, []sdktest.Step{
		{Tool: "auth0_get_connection_provisioning", Arguments: arguments + `}`,
			Answer: []string{`{"scim":null,"directory":null}`}},
		{Tool: "auth0_set_connection_scim", Arguments: arguments + `}`, Sent: []string{
			"GET " + byID + "/scim-configuration", "POST " + byID + "/scim-configuration {}"}},
		{Tool: "auth0_set_connection_scim", Arguments: arguments + `,"user_id_attribute":"userName"}`,
			Answer: []string{`"user_id_attribute":"userName"`, `"mapping":[`}},
		{Tool: "auth0_set_connection_scim", Arguments: arguments + `}`, Failure: "set up already"},
		{Tool: "auth0_create_scim_token", Arguments: arguments + `,"token_lifetime":3600}`, Answer: []string{`"token":"`}},
		{Tool: "auth0_create_scim_token", Arguments: arguments + `}`, Answer: []string{`"token":"`}},
		{Tool: "auth0_list_scim_tokens", Arguments: arguments + `}`, Answer: []string{`"token_id"`, `"count":2`}},
		{Tool: "auth0_revoke_scim_token", Arguments: arguments + `,"token":"a/b"}`, Failure: "404"},
		{Tool: "auth0_delete_connection_scim", Arguments: arguments + `}`, Answer: []string{`"result":"deleted"`}},
		{Tool: "auth0_set_connection_directory",
			Arguments: `{"connection":"google-oauth2","synchronize_automatically":true}`},
		{Tool: "auth0_synchronize_connection_directory", Arguments: `{"connection":"google-oauth2"}`},
		{Tool: "auth0_delete_connection_directory", Arguments: `{"connection":"google-oauth2"}`,
			Answer: []string{`"result":"deleted"`}},
	})
}
