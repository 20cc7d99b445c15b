package diagnosis

import (
	"context"
	"fmt"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

// longToken is the lifetime from which an access token is long, in seconds: what Auth0 sets by default.
const longToken = 86400

func apiSource() source {
	return source{kind: "api", id: "id", name: "name", load: (*audit).ownAPIs,
		remedy: func(o sdk.Object, set map[string]any) fix {
			return withArguments("auth0_update_resource_server", map[string]any{"id": o.Text("id")}, set)
		},
		checks: []check{
			{id: "api_without_rbac", severity: low,
				problem: "The API does not enforce roles: every user gets each scope that an application asks for.",
				remedy:  "Enable RBAC, after the users have the permissions that they need.",
				set:     map[string]any{"enforce_policies": true},
				test: func(_ *audit, o sdk.Object) []evidence {
					return is(len(value[[]any](o, "scopes")) > 0 && !isTrue(o, "enforce_policies"), "enforce_policies", false)
				}},
			{id: "api_token_long", severity: medium,
				problem: "Access tokens live for more than a day: they cannot be revoked in that time.",
				remedy:  "Shorten token_lifetime, and let applications refresh.", set: map[string]any{"token_lifetime": longToken},
				test: func(_ *audit, o sdk.Object) []evidence {
					return is(number(o, "token_lifetime") > longToken, "token_lifetime", number(o, "token_lifetime"))
				}},
			{id: "api_hs256", severity: medium,
				problem: "Access tokens are signed with a shared secret (HS256): whoever can check them can make them.",
				remedy:  "Sign with RS256, after the API checks signatures with the tenant's public keys.",
				set:     map[string]any{"signing_alg": "RS256"},
				test: func(_ *audit, o sdk.Object) []evidence {
					return is(o.Text("signing_alg") == "HS256", "signing_alg", "HS256")
				}},
		}}
}

// apiList is all APIs, those of Auth0 included.
func (a *audit) apiList(ctx context.Context) ([]sdk.Object, state) {
	return a.tenant.list(ctx, "read:resource_servers", auth0v1.Collection{Path: []string{"resource-servers"},
		Items: "resource_servers", What: "API"}, nil)
}

func (a *audit) ownAPIs(ctx context.Context) ([]sdk.Object, state) {
	all, read := a.apiList(ctx)
	return slices.DeleteFunc(slices.Clone(all), func(o sdk.Object) bool { return isTrue(o, "is_system") }), read
}

// manyScopes is from how many scopes on it says something that a grant has all.
const manyScopes = 4

func grantSource() source {
	return source{kind: "client grant", id: "id", name: "audience", load: (*audit).grants,
		remedy: func(o sdk.Object, _ map[string]any) fix {
			return use("", "auth0_update_application_grant", map[string]any{"id": o.Text("id")})
		},
		checks: []check{
			{id: "grant_of_all_scopes", severity: medium,
				problem: "The application has every scope of the API.",
				remedy:  "Leave the scopes that the application uses.",
				test: func(a *audit, o sdk.Object) []evidence {
					if isTrue(o, "allow_all_scopes") {
						return []evidence{a.grantee(o), {"allow_all_scopes", true}}
					}
					granted, all := texts(o, "scope"), a.apis[o.Text("audience")]
					if len(all) < manyScopes || slices.ContainsFunc(all, func(s string) bool { return !has(granted, s) }) {
						return nil
					}
					return []evidence{a.grantee(o), {"scope", fmt.Sprintf("all %d", len(granted))}}
				}},
			{id: "grant_can_widen_itself", severity: high,
				problem: "The application may change client grants, and so give itself or others every scope of the tenant.",
				remedy:  "Remove these scopes, or keep the application's credentials as those of an administrator.",
				test: func(a *audit, o sdk.Object) []evidence {
					risky := slices.DeleteFunc(texts(o, "scope"), func(s string) bool {
						return !has([]string{"create:client_grants", "update:client_grants"}, s)
					})
					if !a.system[o.Text("audience")] || len(risky) == 0 {
						return nil
					}
					return []evidence{a.grantee(o), {"scope", risky}}
				}},
		}}
}

// grantee is the application that has a grant, by its name if that is known.
func (a *audit) grantee(grant sdk.Object) evidence {
	id := grant.Text("client_id")
	if name := a.names[id]; name != "" {
		return evidence{"client_id", name + " (" + id + ")"}
	}
	return evidence{"client_id", id}
}

func (a *audit) grants(ctx context.Context) ([]sdk.Object, state) {
	applications, _ := a.applications(ctx)
	for _, app := range applications {
		a.names[app.Text("client_id")] = app.Text("name")
	}
	apis, _ := a.apiList(ctx)
	for _, api := range apis {
		a.system[api.Text("identifier")] = isTrue(api, "is_system")
		var scopes []string
		for _, s := range value[[]struct{ Value string }](api, "scopes") {
			scopes = append(scopes, s.Value)
		}
		a.apis[api.Text("identifier")] = scopes
	}
	return a.tenant.list(ctx, "read:client_grants", auth0v1.Collection{Path: []string{"client-grants"},
		Items: "client_grants", What: "client grant"}, nil)
}

// developmentKeys are the strategies that Auth0 gives keys of its own for trying out.
func developmentKeys() []string {
	return []string{"google-oauth2", "facebook", "apple", "github", "linkedin", "windowslive", "twitter", "amazon",
		"paypal", "salesforce", "yahoo", "bitbucket", "dropbox", "box", "fitbit", "instagram", "shopify", "soundcloud",
		"spotify", "vkontakte", "wordpress", "yandex"}
}

func connectionSource() source {
	return source{kind: "connection", id: "id", name: "name",
		load: func(a *audit, ctx context.Context) ([]sdk.Object, state) {
			return a.tenant.list(ctx, "read:connections", auth0v1.Collection{Path: []string{"connections"},
				Items: "connections", What: "connection"}, nil)
		},
		remedy: func(o sdk.Object, set map[string]any) fix {
			return withArguments("auth0_update_connection", map[string]any{"connection": o.Text("id")}, set)
		},
		checks: []check{
			{id: "weak_password_policy", severity: medium,
				problem: "The database takes passwords that are easily guessed.",
				remedy:  "Set options.passwordPolicy to good.",
				set:     map[string]any{"options": map[string]any{"passwordPolicy": "good"}},
				test: func(_ *audit, o sdk.Object) []evidence {
					policy := value[string](o, "options", "passwordPolicy")
					weak := has([]string{"", "none", "low", "fair"}, policy) &&
						len(member(member(o, "options"), "password_options")) == 0
					return is(o.Text("strategy") == "auth0" && weak, "options.passwordPolicy", policy)
				}},
			{id: "connection_without_brute_force_protection", severity: high,
				problem: "The database is left out of brute-force protection.",
				remedy:  "Set options.brute_force_protection to true.",
				set:     map[string]any{"options": map[string]any{"brute_force_protection": true}},
				test: func(_ *audit, o sdk.Object) []evidence {
					return is(o.Text("strategy") == "auth0" && isFalse(o, "options", "brute_force_protection"),
						"options.brute_force_protection", false)
				}},
			{id: "development_keys", severity: high,
				problem: "The social connection uses Auth0's development keys, which all tenants share: they are for trying out.",
				remedy:  "Register an application at the provider, and set options.client_id and options.client_secret.",
				test: func(_ *audit, o sdk.Object) []evidence {
					return is(has(developmentKeys(), o.Text("strategy")) && value[string](o, "options", "client_id") == "",
						"options.client_id", "")
				}},
		}}
}

func actionSource() source {
	return source{kind: "action", id: "id", name: "name",
		load: func(a *audit, ctx context.Context) ([]sdk.Object, state) {
			return a.tenant.list(ctx, "read:actions", auth0v1.Collection{Path: []string{"actions", "actions"},
				Items: "actions", What: "Action", AlwaysTotals: true}, nil)
		},
		remedy: func(o sdk.Object, set map[string]any) fix {
			return withArguments("auth0_update_action", map[string]any{"id": o.Text("id")}, set)
		},
		checks: []check{{id: "action_runtime_outdated", severity: medium,
			problem: "The Action runs on a version of Node.js that gets no security fixes.",
			remedy:  "Test it with node22, update it, then deploy it.", set: map[string]any{"runtime": "node22"},
			test: func(_ *audit, o sdk.Object) []evidence {
				old := []string{"node12", "node16", "node18", "node18-actions"}
				if deployed := member(o, "deployed_version").Text("runtime"); has(old, deployed) {
					return []evidence{{"deployed_version.runtime", deployed}}
				}
				return is(has(old, o.Text("runtime")), "runtime", o.Text("runtime"))
			}}}}
}
