package resource

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// Prefix is an IsID for ids that begin with one of these, such as "rol_".
func Prefix(prefixes ...string) func(string) bool {
	return func(key string) bool {
		for _, prefix := range prefixes {
			if strings.HasPrefix(key, prefix) && len(key) > len(prefix) {
				return true
			}
		}
		return false
	}
}

// Roles are the tenant's roles.
func Roles() Collection {
	return Collection{Path: []string{"roles"}, Items: "roles", What: "role", Scope: "read:roles", IsID: Prefix("rol_"),
		NameQuery: "name_filter", Key: "Role id or exact name.", Untrusted: []string{"name", "description"}}
}

// APIs are the tenant's resource servers, which permissions name by their identifier.
func APIs() Collection {
	return Collection{Path: []string{"resource-servers"}, Items: "resource_servers", What: "API",
		Scope: "read:resource_servers", ID: "identifier",
		Keys: []string{"id"}, IsID: func(key string) bool { return strings.Contains(key, ":") },
		Brief: url.Values{"fields": {"id,name,identifier"}, "include_fields": {"true"}},
		Key:   "Identifier or exact name of an API.", Narrow: "give their identifiers"}
}

// Applications are the tenant's applications, which the API calls clients.
func Applications() Collection {
	return Collection{Path: []string{"clients"}, Items: "clients", As: "applications", What: "application",
		Scope: "read:clients", ID: "client_id", Checkpoint: true, BriefByID: true, Key: "Client id or exact name.",
		Brief:     url.Values{"fields": {"client_id,name"}, "include_fields": {"true"}},
		Untrusted: []string{"name"}}
}

// Connections are the tenant's connections.
func Connections() Collection {
	return Collection{Path: []string{"connections"}, Items: "connections", What: "connection",
		Scope: "read:connections", IsID: Prefix("con_"),
		NameQuery: "name", Checkpoint: true, Key: "Connection id or exact name.",
		Brief: url.Values{"fields": {"id,name,strategy"}, "include_fields": {"true"}}}
}

// Organizations are the tenant's organizations. A name goes before a display name, which several can have.
func Organizations() Collection {
	c := Collection{Path: []string{"organizations"}, Items: "organizations", What: "organization",
		Scope: "read:organizations",
		IsID:  Prefix("org_"), Checkpoint: true, Key: "Organization id, name or display name.",
		Untrusted: []string{"name", "display_name", "branding", "metadata"}}
	list := c
	c.CandidatePaths = []string{http.MethodGet + " " + pluginv1.BasePath + "organizations/name/{name}",
		http.MethodGet + " " + pluginv1.BasePath + "organizations"}
	c.Candidates = func(ctx context.Context, call *sdk.Call, key string) ([]sdk.Object, error) {
		var named sdk.Object
		err := call.Get(ctx, &named, "organizations", "name", key)
		if err == nil || !notAnID(err) {
			return []sdk.Object{named}, err
		}
		found, _, err := list.Filter(ctx, call, nil, func(o sdk.Object) bool { return o.Text("display_name") == key })
		return found, err
	}
	return c
}

// Users are the tenant's users. Every id of a user holds a "|"; other keys are e-mail addresses or usernames.
func Users() Collection {
	return Collection{Path: []string{"users"}, Items: "users", What: "user",
		Scope: "read:users", ID: "user_id", Name: "email",
		IsID: func(key string) bool { return strings.Contains(key, "|") }, Candidates: usersCalled,
		CandidatePaths: []string{http.MethodGet + " " + pluginv1.BasePath + "users-by-email",
			http.MethodGet + " " + pluginv1.BasePath + "users"},
		Key: "User id (auth0|…), e-mail address or username.",
		Untrusted: []string{"user_id", "email", "username", "name", "nickname", "given_name", "family_name", "picture",
			"phone_number", "user_metadata", "app_metadata", "identities", "multifactor", "last_ip"}}
}

// usersCalled are the users with that e-mail address or username. Most connections store addresses in lower case.
func usersCalled(ctx context.Context, call *sdk.Call, key string) (found []sdk.Object, err error) {
	const members = "user_id,email,username"
	if !strings.Contains(key, "@") {
		err = call.WithQuery(url.Values{"q": {"username:" + Quote(key)}, "search_engine": {"v3"},
			"fields": {members}, "per_page": {"20"}}).Get(ctx, &found, "users")
		return found, err
	}
	for _, address := range []string{key, strings.ToLower(key)} {
		err = call.WithQuery(url.Values{"email": {address}, "fields": {members}}).Get(ctx, &found, "users-by-email")
		if err != nil || len(found) > 0 {
			break
		}
	}
	return found, err
}

// Quote is a value in a Lucene query, where no character of it is an operator.
func Quote(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}
