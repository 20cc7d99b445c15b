package organizations

import (
	"testing"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

func TestManifest(t *testing.T) { sdktest.Manifest(t, Plugin()) }

const library = "org_NorthquayLibrary"

func script(t *testing.T, steps []sdktest.Step) {
	t.Helper()
	sdktest.Script(t, Plugin(), sandbox.New(sandbox.Options{}).Authorized(), steps)
}

func TestOrganizations(t *testing.T) {
	script(t, []sdktest.Step{
		{Tool: "auth0_list_organizations", Arguments: `{"sort":"name:1","per_page":1}`, Sent: []string{
			"GET /organizations?sort=name%3A1"}, Answer: []string{`"count":1,"total":3`}},
		{Tool: "auth0_get_organization", Arguments: `{"organization":"` + library + `"}`,
			Sent: []string{"GET /organizations/" + library}, Answer: []string{`"plan":"institution"`}},
		{Tool: "auth0_get_organization", Arguments: `{"organization":"lanternfish"}`,
			Sent: []string{"GET /organizations/name/lanternfish", "GET /organizations/org_LanternfishRview"}},
		{Tool: "auth0_get_organization", Arguments: `{"organization":"Northquay Libraries"}`,
			Sent: []string{"GET /organizations/name/Northquay%20Libraries", "GET /organizations",
				"GET /organizations/" + library}},
		{Tool: "auth0_create_organization", Arguments: `{"name":"odd","display_name":"a/b |c #EXT#"}`,
			Answer: []string{`"id":"org_`}},
		{Tool: "auth0_create_organization", Arguments: `{"name":"odd"}`, Failure: "409"},
		{Tool: "auth0_create_organization", Arguments: `{"name":"odd2","display_name":"a/b |c #EXT#"}`},
		{Tool: "auth0_get_organization", Arguments: `{"organization":"a/b |c #EXT#"}`, Failure: "2 organizations are called"},
		{Tool: "auth0_update_organization", Arguments: `{"organization":"odd2","metadata":{"a":"1"}}`,
			Answer: []string{`"metadata":{"a":"1"}`}},
		{Tool: "auth0_update_organization", Arguments: `{"organization":"odd2"}`, Failure: "nothing to update"},
		{Tool: "auth0_delete_organization", Arguments: `{"organization":"odd2"}`, Answer: []string{`"result":"deleted"`}},
		{Tool: "auth0_delete_organization", Arguments: `{"organization":"odd2"}`, Failure: "no organization has the id"},
	})
}

func TestMembers(t *testing.T) {
	const arguments = `{"organization":"` + library + `"`
	script(t, []sdktest.Step{
		{Tool: "auth0_update_organization_members", Arguments: arguments + `,"add":["ada.finch@example.com"]}`,
			Answer: []string{`"added":1`}},
		{Tool: "auth0_update_organization_member_roles",
			Arguments: arguments + `,"user":"ada.finch@example.com","add":["Auditor"]}`, Answer: []string{`"added":1`}},
		{Tool: "auth0_list_organization_members", Arguments: arguments + `}`,
			Answer: []string{`"ada.finch@example.com"`}},
		{Tool: "auth0_list_organization_member_roles", Arguments: arguments + `,"user":"ada.finch@example.com"}`,
			Answer: []string{`"Auditor"`}},
		{Tool: "auth0_update_organization_member_roles",
			Arguments: arguments + `,"user":"auth0|a b#EXT#/c","remove":["rol_Auditor000000001"]}`,
			Sent: []string{"DELETE /organizations/" + library +
				`/members/auth0%7Ca%20b%23EXT%23%2Fc/roles {"roles":["rol_Auditor000000001"]}`}},
		{Tool: "auth0_update_organization_members", Arguments: arguments + `,"remove":["ada.finch@example.com"]}`,
			Answer: []string{`"removed":1`}},
	})
}

func TestInvitations(t *testing.T) {
	const arguments = `{"organization":"northquay-libraries"`
	script(t, []sdktest.Step{
		{Tool: "auth0_list_organization_invitations", Arguments: arguments + `}`,
			Answer: []string{`"uinv_NorthquayInvite1"`, `"new.librarian@northquay.example"`}},
		{Tool: "auth0_create_organization_invitation", Arguments: arguments + `,"email":"x@northquay.example",` +
			`"inviter":"Priya","application":"Harbourlight Shop","roles":["Librarian"],"send_invitation_email":false}`,
			Answer: []string{`"invitation_url":"https://`, `"rol_Librarian0000001"`}},
		{Tool: "auth0_create_organization_invitation", Arguments: arguments + `,"email":"x@northquay.example",` +
			`"inviter":"Priya","application":"Nothing"}`, Failure: "no application has the id or the name"},
		{Tool: "auth0_revoke_organization_invitation", Arguments: arguments + `,"invitation":"uinv_NorthquayInvite1"}`,
			Answer: []string{`"result":"revoked"`}},
		{Tool: "auth0_revoke_organization_invitation", Arguments: arguments + `,"invitation":"a/b"}`, Failure: "404"},
	})
}

func TestConnections(t *testing.T) {
	const arguments, path = `{"organization":"` + library + `"`, "/organizations/" + library + "/enabled_connections"
	script(t, []sdktest.Step{
		{Tool: "auth0_list_organization_connections", Arguments: arguments + `}`, Answer: []string{`"northquay-entra"`}},
		{Tool: "auth0_set_organization_connection", Arguments: arguments + `,"connection":"google-oauth2"}`,
			Sent: []string{"GET /connections?fields=id%2Cname%2Cstrategy&include_fields=true&name=google-oauth2",
				"GET " + path + "/con_HarbourlightGoog",
				"POST " + path + ` {"connection_id":"con_HarbourlightGoog"}`}},
		{Tool: "auth0_set_organization_connection",
			Arguments: arguments + `,"connection":"con_HarbourlightGoog","assign_membership_on_login":true}`,
			Answer:    []string{`"assign_membership_on_login":true`}},
		{Tool: "auth0_set_organization_connection", Arguments: arguments + `,"connection":"google-oauth2"}`,
			Failure: "nothing to change"},
		{Tool: "auth0_remove_organization_connection", Arguments: arguments + `,"connection":"google-oauth2"}`,
			Answer: []string{`"result":"removed"`}},
	})
}

func TestDomains(t *testing.T) {
	const arguments = `{"organization":"` + library + `"`
	script(t, []sdktest.Step{
		{Tool: "auth0_list_organization_domains", Arguments: arguments + `}`,
			Answer: []string{`"northquay.example"`, `"count":1,"total":1`}},
		{Tool: "auth0_create_organization_domain", Arguments: arguments + `,"domain":"books.example"}`,
			Answer: []string{`"verification_txt"`}},
		{Tool: "auth0_update_organization_domain", Arguments: arguments + `,"domain":"books.example","status":"verified"}`,
			Answer: []string{`"status":"verified"`}},
		{Tool: "auth0_delete_organization_domain", Arguments: arguments + `,"domain":"books.example"}`,
			Answer: []string{`"result":"deleted"`, `"name":"books.example"`}},
		{Tool: "auth0_delete_organization_domain", Arguments: arguments + `,"domain":"books.example"}`,
			Failure: `no domain has the id or the name "books.example"`},
	})
}
