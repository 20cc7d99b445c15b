package users

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

func TestManifest(t *testing.T) { sdktest.Manifest(t, Plugin()) }

// idOfAda is the user_id of ada.finch@example.com, who is in the seed.
func idOfAda(t *testing.T, tenant *sandbox.Tenant) string {
	t.Helper()
	r := sdktest.Call(t, Plugin(), tenant.Authorized(), "auth0_get_user", `{"user":"ada.finch@example.com"}`)
	var found struct {
		UserID string `json:"user_id"`
	}
	if err := json.Unmarshal(r.JSON, &found); err != nil {
		t.Fatal(err, r.Failure)
	}
	return found.UserID
}

func TestSearch(t *testing.T) {
	const search = "GET /users?q="
	sdktest.Script(t, Plugin(), sandbox.New(sandbox.Options{}).Authorized(), []sdktest.Step{
		{Tool: "auth0_list_users", Arguments: `{}`, Sent: []string{"GET /users?search_engine=v3"},
			Answer: []string{`"ada.finch@example.com"`, `"pagination"`}},
		{Tool: "auth0_list_users", Arguments: `{"email":"ada.finch@example.com"}`,
			Sent:   []string{search + "email%3A%22ada.finch%40example.com%22&search_engine=v3"},
			Answer: []string{`"count":1`}},
		{Tool: "auth0_list_users", Arguments: `{"email":"ada*","blocked":false,"sort":"last_login:-1"}`,
			Sent:   []string{search + "email%3Aada%2A+AND+NOT+blocked%3Atrue&search_engine=v3&sort=last_login%3A-1"},
			Answer: []string{`"ada.finch@example.com"`}},
		{Tool: "auth0_list_users", Arguments: `{"name":"x\" OR blocked:true"}`,
			Sent:   []string{search + "name%3A%22x%5C%22+OR+blocked%3Atrue%22&search_engine=v3"},
			Answer: []string{`"count":0`}},
		{Tool: "auth0_list_users", Arguments: `{"name":"*) OR (a:b*"}`,
			Sent: []string{search + "name%3A%2A%5C%29%5C+OR%5C+%5C%28a%5C%3Ab%2A&search_engine=v3"}},
		{Tool: "auth0_list_users", Arguments: `{"last_login_before":"2026-01-01","connection":"sms"}`,
			Sent: []string{search +
				"identities.connection%3A%22sms%22+AND+last_login%3A%5B%2A+TO+2026-01-01T00%3A00%3A00Z%5D&search_engine=v3"}},
		{Tool: "auth0_list_users", Arguments: `{"last_login_after":"yesterday"}`, Failure: "want RFC 3339", Sent: []string{}},
		{Tool: "auth0_list_users", Arguments: `{"q":"a:b","blocked":true}`, Failure: "leave out the other filters"},
		{Tool: "auth0_list_users", Arguments: `{"q":"a:("}`, Failure: "400"},
	})
}

// odd is a user whose id could be read as something else on its way.
const odd = "auth0|a b#EXT#/c%2e?x"

func TestProfile(t *testing.T) {
	const path = "/users/auth0%7Ca%20b%23EXT%23%2Fc%252e%3Fx"
	tenant := sandbox.New(sandbox.Options{})
	ada := idOfAda(t, tenant)
	sdktest.Script(t, Plugin(), tenant.Authorized(), []sdktest.Step{
		{Tool: "auth0_get_user", Arguments: `{"user":"Ada.Finch@example.com"}`, Answer: []string{ada}},
		{Tool: "auth0_get_user", Arguments: `{"user":"` + odd + `"}`, Sent: []string{"GET " + path}, Failure: "404"},
		{Tool: "auth0_get_user", Arguments: `{"user":"nobody@example.com"}`, Failure: "no user has the id or the name"},
		{Tool: "auth0_get_user", Arguments: `{"user":"auth0|.."}`, Failure: "404"},
		{Tool: "auth0_create_user", Arguments: `{"connection":"Username-Password-Authentication",` +
			`"email":"new@example.com","password":"Tr0ub4dor&3-Tr0ub4dor"}`, Answer: []string{`"user_id":"auth0|`}},
		{Tool: "auth0_create_user", Arguments: `{"connection":"Username-Password-Authentication",` +
			`"email":"new@example.com","password":"Tr0ub4dor&3-Tr0ub4dor"}`, Failure: "409"},
		{Tool: "auth0_update_user", Arguments: `{"user":"new@example.com","name":"New","user_metadata":{"a":1}}`,
			Answer: []string{`"name":"New"`}},
		{Tool: "auth0_update_user", Arguments: `{"user":"` + ada + `"}`, Failure: "nothing to update", Sent: []string{}},
		{Tool: "auth0_delete_user", Arguments: `{"user":"new@example.com"}`,
			Answer: []string{`"result":"deleted"`, `"name":"new@example.com"`}},
		{Tool: "auth0_list_user_logs", Arguments: `{"user":"` + ada + `"}`, Answer: []string{`"log_id"`}},
	})
}

func TestLogin(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{})
	ada := idOfAda(t, tenant)
	arguments := `{"user":"` + ada + `"}`
	path := "/users/" + "auth0%7C" + ada[len("auth0|"):]
	sdktest.Script(t, Plugin(), tenant.Authorized(), []sdktest.Step{
		{Tool: "auth0_block_user", Arguments: arguments, Sent: []string{"PATCH " + path + ` {"blocked":true}`},
			Answer: []string{`"result":"blocked"`}},
		{Tool: "auth0_unblock_user", Arguments: arguments, Sent: []string{"GET " + path, "PATCH " + path +
			` {"blocked":false}`, "DELETE /user-blocks/auth0%7C" + ada[len("auth0|"):]},
			Answer: []string{`"was_blocked_by_administrator":true`}},
		{Tool: "auth0_unblock_user", Arguments: arguments, Answer: []string{`"was_blocked_by_administrator":false`}},
		{Tool: "auth0_get_user_blocks", Arguments: arguments, Answer: []string{`"blocked_for"`}},
		{Tool: "auth0_send_verification_email", Arguments: arguments,
			Sent: []string{`POST /jobs/verification-email {"user_id":"` + ada + `"}`}},
		{Tool: "auth0_create_password_ticket", Arguments: `{"user":"ada.finch@example.com","ttl_sec":600}`,
			Answer: []string{`"ticket":"https://`}},
		{Tool: "auth0_list_user_authentication_methods", Arguments: arguments,
			Answer: []string{`"authentication_methods":[`}},
		{Tool: "auth0_reset_user_mfa", Arguments: arguments, Sent: []string{"DELETE " + path + "/authentication-methods",
			"POST " + path + "/multifactor/actions/invalidate-remember-browser"}, Answer: []string{`"result":"reset"`}},
		{Tool: "auth0_reset_user_mfa", Arguments: `{"user":"` + ada + `","method":"a/b"}`, Failure: "404"},
		{Tool: "auth0_list_user_sessions", Arguments: arguments, Answer: []string{`"sessions":[`, `"has_next"`}},
		{Tool: "auth0_revoke_user_access", Arguments: arguments, Sent: []string{"POST " + path + `/revoke-access {}`},
			Answer: []string{`"result":"revoked"`}},
		{Tool: "auth0_revoke_user_access", Arguments: `{"user":"` + ada + `","keep_refresh_tokens":true}`,
			Sent:   []string{"POST " + path + `/revoke-access {"preserve_refresh_tokens":true}`},
			Answer: []string{`"result":"revoked"`}},
		{Tool: "auth0_revoke_user_access", Arguments: arguments, Sent: []string{"POST " + path + "/revoke-access {}"},
			Answer: []string{`"result":"revoked"`}},
	})
}

// A plan of links is made without knowing what Auth0 would answer.
func TestLinkDryRun(t *testing.T) {
	simulation := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"id":"planned-id-001"}`)
	})
	for tool, arguments := range map[string]string{
		"auth0_link_user_identity":   `{"user":"auth0|a","other":"auth0|b"}`,
		"auth0_unlink_user_identity": `{"user":"auth0|a","provider":"auth0","identity":"b"}`,
	} {
		if r := sdktest.DryRun(t, Plugin(), simulation, tool, arguments); r.Failure != nil {
			t.Error(tool, r.Failure)
		}
	}
}

func TestAccess(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{})
	ada := idOfAda(t, tenant)
	arguments := `{"user":"` + ada + `"}`
	const orders = "https://api.harbourlight.example/orders"
	sdktest.Script(t, Plugin(), tenant.Authorized(), []sdktest.Step{
		{Tool: "auth0_update_user_roles", Arguments: `{"user":"` + ada + `","add":["Auditor","rol_Librarian0000001"]}`,
			Answer: []string{`"added":2`}},
		{Tool: "auth0_list_user_roles", Arguments: arguments, Answer: []string{`"name":"Auditor"`}},
		{Tool: "auth0_update_user_roles", Arguments: `{"user":"` + ada + `","remove":["Auditor"]}`,
			Answer: []string{`"removed":1`}},
		{Tool: "auth0_update_user_roles", Arguments: `{"user":"` + ada + `","add":["Auditors"]}`,
			Failure: "no role has the id or the name"},
		{Tool: "auth0_update_user_permissions", Arguments: `{"user":"` + ada + `","add":[{"api":"` + orders +
			`","permission":"read:orders"}]}`, Answer: []string{`"added":1`}},
		{Tool: "auth0_list_user_permissions", Arguments: arguments, Answer: []string{`"read:orders"`}},
		{Tool: "auth0_list_user_organizations", Arguments: arguments, Answer: []string{`"organizations":[`}},
	})
}

func TestIdentities(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{})
	ada := idOfAda(t, tenant)
	create := `{"connection":"Username-Password-Authentication","email":"twin@example.com","password":"Xy-88812345-abc",` +
		`"user_id":"twin1"}`
	sdktest.Script(t, Plugin(), tenant.Authorized(), []sdktest.Step{
		{Tool: "auth0_create_user", Arguments: create},
		{Tool: "auth0_link_user_identity", Arguments: `{"user":"` + ada + `","other":"` + ada + `"}`,
			Failure: "the user itself", Sent: []string{}},
		{Tool: "auth0_link_user_identity", Arguments: `{"user":"` + ada + `","other":"auth0|twin1"}`,
			Answer: []string{`"result":"linked"`, `twin1`}},
		{Tool: "auth0_unlink_user_identity", Arguments: `{"user":"` + ada + `","provider":"auth0","identity":"twin1"}`,
			Answer: []string{`"result":"unlinked"`}},
		{Tool: "auth0_get_user", Arguments: `{"user":"auth0|twin1"}`},
	})
}
