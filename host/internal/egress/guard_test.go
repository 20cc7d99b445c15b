package egress

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/auth0-mcp/auth0-mcp/host/internal/vault"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// tokenOf is an access token as Auth0 makes them for an application: for a user, or if there is none for itself.
func tokenOf(client, user string) string {
	if user == "" {
		user = client + "@clients"
	}
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"RS256","kid":"key-1"}`)) + "." + part(fmt.Appendf(nil, `{"azp":%q,"sub":%q,`+
		`"aud":["https://t.auth0.example/api/v2/","https://t.auth0.example/userinfo"],"jti":"token-1"}`, client, user)) +
		".c2ln"
}

const management = "https://t.auth0.example/api/v2/"

// guardedTenant has what the guards protect, and a neighbour of each.
func guardedTenant() *double {
	role := func(identifier string) string {
		return `[{"permission_name":"p","resource_server_identifier":"` + identifier + `"}]`
	}
	return &double{docs: map[string]string{
		"/api/v2/clients/own": `{"client_id":"own","name":"CLI","app_type":"native","token_endpoint_auth_method":"none",` +
			`"grant_types":["client_credentials","refresh_token","password"]}`,
		"/api/v2/clients/other":                                     `{"client_id":"other","grant_types":["client_credentials"]}`,
		"/api/v2/client-grants/cgr_own":                             `{"id":"cgr_own","client_id":"own","audience":"` + management + `","scope":["read:a","read:b"]}`,
		"/api/v2/client-grants/cgr_api":                             `{"id":"cgr_api","client_id":"own","audience":"https://api.example","scope":["a"]}`,
		"/api/v2/client-grants/cgr_other":                           `{"id":"cgr_other","client_id":"other","audience":"` + management + `","scope":["a"]}`,
		"/api/v2/client-grants/hidden":                              "forbidden",
		"/api/v2/resource-servers/mgmt":                             `{"id":"mgmt","identifier":"` + management + `","is_system":true,"scopes":[{"value":"read:a"}]}`,
		"/api/v2/resource-servers/api":                              `{"id":"api","identifier":"https://api.example","scopes":[{"value":"read:a"}]}`,
		"/api/v2/tenants/settings":                                  `{"friendly_name":"T"}`,
		"/api/v2/connections/con_own":                               `{"id":"con_own","name":"Users","strategy":"auth0","enabled_clients":["own","other"]}`,
		"/api/v2/connections/con_own/clients":                       `{"clients":[{"client_id":"own"},{"client_id":"other"}]}`,
		"/api/v2/connections/con_other":                             `{"id":"con_other","name":"Google","strategy":"google-oauth2","enabled_clients":["own"]}`,
		"/api/v2/users/auth0%7Cme":                                  `{"user_id":"auth0|me","email":"me@example.com"}`,
		"/api/v2/users/auth0%7Cyou":                                 `{"user_id":"auth0|you"}`,
		"/api/v2/users/auth0%7Clast":                                `{"user_id":"auth0|last"}`,
		"/api/v2/users/auth0%7Cme/roles":                            `[]`,
		"/api/v2/users/auth0%7Cyou/roles":                           `[{"id":"rol_many"},{"id":"rol_app"}]`,
		"/api/v2/users/auth0%7Clast/roles":                          `[{"id":"rol_app"},{"id":"rol_one"}]`,
		"/api/v2/users/auth0%7Chidden":                              `{"user_id":"auth0|hidden"}`,
		"/api/v2/users/auth0%7Chidden/roles":                        "forbidden",
		"/api/v2/roles/rol_app":                                     `{"id":"rol_app"}`,
		"/api/v2/roles/rol_app/permissions":                         role("https://api.example"),
		"/api/v2/roles/rol_one":                                     `{"id":"rol_one"}`,
		"/api/v2/roles/rol_one/permissions":                         role(management),
		"/api/v2/roles/rol_one/users":                               `[{"user_id":"auth0|last"}]`,
		"/api/v2/roles/rol_many":                                    `{"id":"rol_many"}`,
		"/api/v2/roles/rol_many/permissions":                        role(management),
		"/api/v2/roles/rol_many/users":                              `[{"user_id":"auth0|you"},{"user_id":"auth0|me"}]`,
		"/api/v2/roles/rol_empty":                                   `{"id":"rol_empty"}`,
		"/api/v2/roles/rol_empty/permissions":                       role(management),
		"/api/v2/roles/rol_empty/users":                             `[]`,
		"/api/v2/refresh-tokens/rt_own":                             `{"id":"rt_own","user_id":"auth0|me","client_id":"own"}`,
		"/api/v2/refresh-tokens/rt_other":                           `{"id":"rt_other","user_id":"auth0|me","client_id":"other"}`,
		"/api/v2/sessions/s_own":                                    `{"id":"s_own","user_id":"auth0|me"}`,
		"/api/v2/sessions/s_other":                                  `{"id":"s_other","user_id":"auth0|you"}`,
		"/api/v2/resource-servers/https:%2F%2Fapi.example":          `{"id":"api","identifier":"https://api.example"}`,
		"/api/v2/resource-servers/https:%2F%2Ft.auth0.example%2Fa2": `{"id":"a2","identifier":"https://t.auth0.example/a2"}`,
	}}
}

// The sessions of the attempts, and what else than a guard's name can become of one.
const (
	machine, person, opaque = "machine", "person", "opaque"
	sends, asks             = "", "asks"
)

type guardedAttempt struct {
	session string
	sent    sent
	want    string // the guard that refuses it, sends or asks
}

func guardedAttempts() map[string]guardedAttempt {
	const clients, grants, users = "/api/v2/clients/", "/api/v2/client-grants/", "/api/v2/users/"
	const apis, connections, roles = "/api/v2/resource-servers/", "/api/v2/connections/", "/api/v2/roles/"
	all := map[string]guardedAttempt{
		"delete the application":                {machine, sent{"DELETE", clients + "own", ""}, ownApplication},
		"delete it, encoded":                    {machine, sent{"DELETE", clients + "%6Fwn", ""}, ownApplication},
		"delete it, encoded twice":              {machine, sent{"DELETE", clients + "o%2577n", ""}, ownApplication},
		"delete it, a slash behind":             {machine, sent{"DELETE", clients + "own%2F", ""}, ownApplication},
		"delete it, a query behind":             {machine, sent{"DELETE", clients + "own%253Fx", ""}, ownApplication},
		"delete it, a parameter behind":         {machine, sent{"DELETE", clients + "own%3Bx%3D1", ""}, ownApplication},
		"delete one that begins so":             {machine, sent{"DELETE", clients + "own-2", ""}, sends},
		"delete it, in an encoded collection":   {machine, sent{"DELETE", "/api/v2/cl%69ents/own", ""}, ownApplication},
		"delete it, in another case":            {machine, sent{"DELETE", "/api/v2/Clients/own", ""}, ownApplication},
		"delete it, by a user's session":        {person, sent{"DELETE", clients + "own", ""}, ownApplication},
		"an operation that is not documented":   {machine, sent{"DELETE", clients + "own/everything", ""}, ownApplication},
		"delete another":                        {machine, sent{"DELETE", clients + "other", ""}, sends},
		"delete all users":                      {machine, sent{"DELETE", "/api/v2/users", ""}, asks},
		"delete one, unknown session":           {opaque, sent{"DELETE", clients + "other", ""}, asks},
		"rotate the secret":                     {machine, sent{"POST", clients + "own/rotate-secret", "{}"}, ownApplication},
		"rotate the secret, encoded":            {machine, sent{"POST", clients + "own/%72otate-secret", "{}"}, ownApplication},
		"rotate another's":                      {machine, sent{"POST", clients + "other/rotate-secret", "{}"}, sends},
		"rotate one, unknown session":           {opaque, sent{"POST", clients + "other/rotate-secret", "{}"}, asks},
		"delete a credential":                   {machine, sent{"DELETE", clients + "own/credentials/c", ""}, ownApplication},
		"let a credential expire":               {machine, sent{"PATCH", clients + "own/credentials/c", `{"expires_at":null}`}, ownApplication},
		"add a credential":                      {machine, sent{"POST", clients + "own/credentials", `{"name":"n"}`}, sends},
		"no grant types":                        {machine, sent{"PATCH", clients + "own", `{"grant_types":[]}`}, ownApplication},
		"null grant types":                      {machine, sent{"PATCH", clients + "own", `{"grant_types":null}`}, ownApplication},
		"one grant type less":                   {machine, sent{"PATCH", clients + "own", `{"grant_types":["refresh_token"]}`}, ownApplication},
		"without passwords":                     {machine, sent{"PATCH", clients + "own", `{"grant_types":["client_credentials","refresh_token"]}`}, sends},
		"another secret":                        {machine, sent{"PATCH", clients + "own", `{"client_secret":"guess"}`}, ownApplication},
		"another type":                          {machine, sent{"PATCH", clients + "own", `{"app_type":"spa"}`}, ownApplication},
		"another authentication":                {machine, sent{"PATCH", clients + "own", `{"token_endpoint_auth_method":"client_secret_post"}`}, ownApplication},
		"the same authentication":               {machine, sent{"PATCH", clients + "own", `{"token_endpoint_auth_method":"none","name":"N"}`}, sends},
		"an organization for its tokens":        {machine, sent{"PATCH", clients + "own", `{"default_organization":{"organization_id":"org_x","flows":["client_credentials"]}}`}, ownApplication},
		"another name":                          {machine, sent{"PATCH", clients + "own", `{"name":"N","callbacks":["https://a.example"]}`}, sends},
		"the grant types of another":            {machine, sent{"PATCH", clients + "other", `{"grant_types":[]}`}, sends},
		"delete the client grant":               {machine, sent{"DELETE", grants + "cgr_own", ""}, ownGrant},
		"strip it of a scope":                   {machine, sent{"PATCH", grants + "cgr_own", `{"scope":["read:a"]}`}, ownGrant},
		"strip it of all":                       {machine, sent{"PATCH", grants + "cgr_own", `{"scope":null}`}, ownGrant},
		"give it one more":                      {machine, sent{"PATCH", grants + "cgr_own", `{"scope":["read:b","read:a","read:c"]}`}, sends},
		"delete a grant for another API":        {machine, sent{"DELETE", grants + "cgr_api", ""}, sends},
		"delete another's grant":                {machine, sent{"DELETE", grants + "cgr_other", ""}, sends},
		"delete a grant that cannot be read":    {machine, sent{"DELETE", grants + "hidden", ""}, asks},
		"delete a grant that is gone":           {machine, sent{"DELETE", grants + "gone", ""}, sends},
		"delete a grant, unknown session":       {opaque, sent{"DELETE", grants + "cgr_other", ""}, asks},
		"delete the Management API":             {machine, sent{"DELETE", apis + "mgmt", ""}, managementAPI},
		"delete it by its identifier":           {machine, sent{"DELETE", apis + "https%3A%2F%2Ft.auth0.example%2Fapi%2Fv2%2F", ""}, managementAPI},
		"delete it, unknown session":            {opaque, sent{"DELETE", apis + "mgmt", ""}, managementAPI},
		"strip it of scopes":                    {machine, sent{"PATCH", apis + "mgmt", `{"scopes":[]}`}, managementAPI},
		"deny it to applications":               {machine, sent{"PATCH", apis + "mgmt", `{"subject_type_authorization":{"client":{"policy":"deny_all"}}}`}, managementAPI},
		"change the life of its tokens":         {machine, sent{"PATCH", apis + "mgmt", `{"token_lifetime":3600}`}, sends},
		"give its tokens no life":               {machine, sent{"PATCH", apis + "mgmt", `{"token_lifetime":1}`}, managementAPI},
		"give another's tokens no life":         {machine, sent{"PATCH", apis + "api", `{"token_lifetime":1}`}, sends},
		"ask its users for consent":             {machine, sent{"PATCH", apis + "mgmt", `{"consent_policy":"transactional-authorization-with-mfa"}`}, managementAPI},
		"limit the tokens of applications":      {machine, sent{"PATCH", "/api/v2/tenants/settings", `{"default_token_quota":{"clients":{"client_credentials":{"per_day":1}}}}`}, asks},
		"limit them in a user's session":        {person, sent{"PATCH", "/api/v2/tenants/settings", `{"default_token_quota":{"clients":{"client_credentials":{"per_day":1}}}}`}, sends},
		"another setting of the tenant":         {machine, sent{"PATCH", "/api/v2/tenants/settings", `{"friendly_name":"N"}`}, sends},
		"strip another API of scopes":           {machine, sent{"PATCH", apis + "api", `{"scopes":[]}`}, sends},
		"delete another API":                    {machine, sent{"DELETE", apis + "https%3A%2F%2Fapi.example", ""}, sends},
		"delete an API of a similar name":       {machine, sent{"DELETE", apis + "https%3A%2F%2Ft.auth0.example%2Fa2", ""}, sends},
		"delete the user":                       {person, sent{"DELETE", users + "auth0%7Cme", ""}, ownUser},
		"delete the user, encoded twice":        {person, sent{"DELETE", users + "auth0%257Cme", ""}, ownUser},
		"block the user":                        {person, sent{"PATCH", users + "auth0%7Cme", `{"blocked":true}`}, ownUser},
		"block the user, in words":              {person, sent{"PATCH", users + "auth0%7Cme", `{"blocked":"true"}`}, ownUser},
		"unblock the user":                      {person, sent{"PATCH", users + "auth0%7Cme", `{"blocked":false,"name":"N"}`}, sends},
		"give the user another password":        {person, sent{"PATCH", users + "auth0%7Cme", `{"password":"p"}`}, ownUser},
		"give the user another address":         {person, sent{"PATCH", users + "auth0%7Cme", `{"email":"x@example.com"}`}, ownUser},
		"take the user's roles":                 {person, sent{"DELETE", users + "auth0%7Cme/roles", `{"roles":["r"]}`}, ownUser},
		"take the user's factors":               {person, sent{"DELETE", users + "auth0%7Cme/authenticators", ""}, ownUser},
		"revoke the user's access":              {person, sent{"POST", users + "auth0%7Cme/revoke-access", `{}`}, ownUser},
		"unlink the user":                       {person, sent{"DELETE", users + "auth0%7Cme/identities/auth0/me", ""}, ownUser},
		"link the user to another":              {person, sent{"POST", users + "auth0%7Cyou/identities", `{"provider":"auth0","user_id":"me"}`}, ownUser},
		"link the user by a token":              {person, sent{"POST", users + "auth0%7Cyou/identities", fmt.Sprintf(`{"link_with":%q}`, tokenOf("x", "auth0|me"))}, ownUser},
		"link another to the user":              {person, sent{"POST", users + "auth0%7Cme/identities", `{"provider":"auth0","user_id":"you"}`}, sends},
		"delete another user":                   {person, sent{"DELETE", users + "auth0%7Cyou", ""}, sends},
		"block another user":                    {person, sent{"PATCH", users + "auth0%7Cyou", `{"blocked":true}`}, sends},
		"delete a user, unknown session":        {opaque, sent{"DELETE", users + "auth0%7Cyou", ""}, asks},
		"revoke the session":                    {person, sent{"DELETE", "/api/v2/sessions/s_own", ""}, ownUser},
		"revoke it by POST":                     {person, sent{"POST", "/api/v2/sessions/s_own/revoke", "{}"}, ownUser},
		"revoke another":                        {person, sent{"POST", "/api/v2/sessions/s_other/revoke", "{}"}, sends},
		"revoke the refresh token":              {person, sent{"DELETE", "/api/v2/refresh-tokens/rt_own", ""}, ownUser},
		"revoke another refresh token":          {person, sent{"DELETE", "/api/v2/refresh-tokens/rt_other", ""}, sends},
		"revoke the user's tokens":              {person, sent{"POST", "/api/v2/refresh-tokens/revoke", `{"user_id":"auth0|me"}`}, ownUser},
		"revoke the application's":              {person, sent{"POST", "/api/v2/refresh-tokens/revoke", `{"client_id":"own"}`}, ownUser},
		"revoke another's tokens":               {person, sent{"POST", "/api/v2/refresh-tokens/revoke", `{"user_id":"auth0|you"}`}, sends},
		"revoke tokens by their ids":            {person, sent{"POST", "/api/v2/refresh-tokens/revoke", `{"ids":["a"]}`}, asks},
		"delete the user's consents":            {person, sent{"DELETE", "/api/v2/grants?user_id=auth0%7Cme", ""}, ownUser},
		"delete another's consents":             {person, sent{"DELETE", "/api/v2/grants?user_id=auth0%7Cyou", ""}, sends},
		"delete the connection":                 {person, sent{"DELETE", connections + "con_own", ""}, ownConnection},
		"take it from the application":          {person, sent{"PATCH", connections + "con_own", `{"enabled_clients":["other"]}`}, ownConnection},
		"disable the connection":                {person, sent{"PATCH", connections + "con_own", `{"authentication":{"active":false}}`}, ownConnection},
		"disable its passwords":                 {person, sent{"PATCH", connections + "con_own", `{"options":{"authentication_methods":{"password":{"enabled":false}}}}`}, ownConnection},
		"leave it as it is":                     {person, sent{"PATCH", connections + "con_own", `{"authentication":{"active":true},"show_as_button":false}`}, sends},
		"disable another connection":            {person, sent{"PATCH", connections + "con_other", `{"authentication":{"active":false}}`}, sends},
		"disable it for the application":        {person, sent{"PATCH", connections + "con_own/clients", `[{"client_id":"own","status":false}]`}, ownConnection},
		"disable it for another":                {person, sent{"PATCH", connections + "con_own/clients", `[{"client_id":"other","status":false}]`}, sends},
		"delete another connection":             {person, sent{"DELETE", connections + "con_other", ""}, sends},
		"delete a connection as an application": {machine, sent{"DELETE", connections + "con_own", ""}, sends},
		"revoke the token":                      {machine, sent{"POST", "/api/v2/blacklists/tokens", `{"jti":"token-1"}`}, ownToken},
		"revoke another token":                  {machine, sent{"POST", "/api/v2/blacklists/tokens", `{"jti":"token-2"}`}, sends},
		"revoke the token's key":                {machine, sent{"PUT", "/api/v2/keys/signing/key-1/revoke", ""}, ownToken},
		"revoke another key":                    {machine, sent{"PUT", "/api/v2/keys/signing/key-0/revoke", ""}, sends},
		"delete the last administrator":         {machine, sent{"DELETE", users + "auth0%7Clast", ""}, lastAdministrator},
		"block the last administrator":          {machine, sent{"PATCH", users + "auth0%7Clast", `{"blocked":true}`}, lastAdministrator},
		"rename the last administrator":         {machine, sent{"PATCH", users + "auth0%7Clast", `{"name":"N"}`}, sends},
		"take the role from them":               {machine, sent{"DELETE", users + "auth0%7Clast/roles", `{"roles":["rol_one"]}`}, lastAdministrator},
		"take another role from them":           {machine, sent{"DELETE", users + "auth0%7Clast/roles", `{"roles":["rol_app"]}`}, sends},
		"take the role from one of two":         {machine, sent{"DELETE", users + "auth0%7Cyou/roles", `{"roles":["rol_many"]}`}, sends},
		"delete a user whose roles are hidden":  {machine, sent{"DELETE", users + "auth0%7Chidden", ""}, asks},
		"delete the administrators' role":       {machine, sent{"DELETE", roles + "rol_many", ""}, lastAdministrator},
		"delete one without users":              {machine, sent{"DELETE", roles + "rol_empty", ""}, sends},
		"delete a role of an application":       {machine, sent{"DELETE", roles + "rol_app", ""}, sends},
		"strip the role of its permissions": {machine, sent{"DELETE", roles + "rol_one/permissions",
			`{"permissions":[{"resource_server_identifier":"` + management + `","permission_name":"p"}]}`}, lastAdministrator},
		"strip it of an application's": {machine, sent{"DELETE", roles + "rol_one/permissions",
			`{"permissions":[{"resource_server_identifier":"https://api.example","permission_name":"p"}]}`}, sends},
		"grant types given twice": {machine, sent{"PATCH", clients + "own",
			`{"grant_types":["client_credentials","refresh_token"],"grant_types":[]}`}, ownApplication},
	}
	return all
}

// What would take from the session what it works with is not sent, by no tool and with no approval.
func TestGuards(t *testing.T) {
	tokens := map[string]string{machine: tokenOf("own", ""), person: tokenOf("own", "auth0|me"), opaque: "opaque"}
	for name, a := range guardedAttempts() {
		t.Run(name, func(t *testing.T) {
			for mode, grant := range map[string]Grant{"": {}, "dry run": {DryRun: true}} {
				d := guardedTenant()
				f := fixture{Gate: New(Config{Domain: "t.auth0.example", Transport: d, Vault: vault.New(t.TempDir()),
					Tokens: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: tokens[a.session]})})}
				grant.Plugin = "p"
				grant.Tool = pluginv1.ToolManifest{Name: "auth0_api_destroy", Effect: pluginv1.EffectDestroy}
				c, err := f.Open(t.Context(), grant)
				if err != nil {
					t.Fatal(err)
				}
				path, query, _ := strings.Cut(a.sent.path, "?")
				answer := f.RoundTrip(t.Context(), "p", &pluginv1.RoundTripRequest{CallId: c.ID(), Method: a.sent.method,
					Path: path, Query: query, Body: []byte(a.sent.body)})
				out := c.Close()
				var guarded *GuardError
				errors.As(out.Err, &guarded)
				var needed *NeedsApprovalError
				switch {
				case a.want == sends || a.want == asks && grant.DryRun:
					if answer.GetFailure() != nil || out.Err != nil {
						t.Errorf("%s: %v, %v", mode, answer.GetFailure(), out.Err)
					}
					if asked := grant.DryRun && len(out.Plan.Changes) == 1 && len(out.Plan.Changes[0].Concerns) > 0; asked != (grant.DryRun && a.want == asks) {
						t.Errorf("%s: plan %v", mode, out.Plan)
					}
				case a.want == asks:
					if !errors.As(out.Err, &needed) || len(needed.Doubts) == 0 {
						t.Errorf("%s: %v", mode, out.Err)
					}
				case guarded == nil && grant.DryRun && strings.Contains(answer.GetFailure().GetMessage(), "cannot be approved"):
					// A body with two meanings is not planned.
				case guarded == nil || guarded.Guard != a.want || guarded.Dashboard == "" ||
					!strings.Contains(guarded.Error(), "dashboard"):
					t.Errorf("%s: %v, want the guard %q", mode, out.Err, a.want)
				}
				if arrived := len(d.arrived()) > 0; arrived != (a.want == sends && !grant.DryRun) {
					t.Errorf("%s: arrived %q", mode, d.arrived())
				}
			}
		})
	}
}

// A tool that may write and not destroy gets no further, and one that reads neither.
func TestGuardsOfOtherTools(t *testing.T) {
	tokens := map[string]string{machine: tokenOf("own", ""), person: tokenOf("own", "auth0|me"), opaque: "opaque"}
	for name, a := range guardedAttempts() {
		if a.want == sends || a.want == asks {
			continue
		}
		d := guardedTenant()
		g := New(Config{Domain: "t.auth0.example", Transport: d, Vault: vault.New(t.TempDir()),
			Tokens: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: tokens[a.session]})})
		for _, tool := range []pluginv1.ToolManifest{{Name: "auth0_api_write", Effect: pluginv1.EffectWrite},
			{Name: "auth0_api_read", Effect: pluginv1.EffectRead}} {
			c, err := g.Open(t.Context(), Grant{Plugin: "p", Tool: tool})
			if err != nil {
				t.Fatal(err)
			}
			path, query, _ := strings.Cut(a.sent.path, "?")
			answer := g.RoundTrip(t.Context(), "p", &pluginv1.RoundTripRequest{CallId: c.ID(), Method: a.sent.method,
				Path: path, Query: query, Body: []byte(a.sent.body)})
			c.Close()
			if answer.GetFailure().GetCode() != pluginv1.Failure_CODE_REFUSED || len(d.arrived()) > 0 {
				t.Errorf("%s by %s: %v, arrived %q", name, tool.Name, answer, d.arrived())
			}
		}
	}
}

// A write goes out in the session that it was checked for.
func TestAnotherSessionMeanwhile(t *testing.T) {
	d := guardedTenant()
	for name, list := range map[string][]string{
		"signed in as another":       {tokenOf("other", ""), tokenOf("other", ""), tokenOf("own", "")},
		"renewed by another session": {tokenOf("other", ""), tokenOf("other", ""), "opaque"},
	} {
		g := New(Config{Domain: "t.auth0.example", Transport: d, Tokens: &tokens{list}})
		c, err := g.Open(t.Context(), Grant{Plugin: "p", Tool: pluginv1.ToolManifest{Name: "t", Effect: pluginv1.EffectDestroy}})
		if err != nil {
			t.Fatal(err)
		}
		answer := g.RoundTrip(t.Context(), "p", &pluginv1.RoundTripRequest{CallId: c.ID(), Method: http.MethodDelete,
			Path: "/api/v2/clients/own"})
		if text := answer.GetFailure().GetMessage(); !strings.Contains(text, "signed in anew") || len(d.arrived()) > 0 {
			t.Errorf("%s: %q, %q", name, text, d.arrived())
		}
		c.Close()
	}
}
