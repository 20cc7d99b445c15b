package diagnosis

import (
	"cmp"
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1/logevent"
)

// Auth0's words for an API that does not exist, and for one that an application may not call.
const (
	serviceNotFound       = "service not found"
	resourceServerRefused = "not authorized to access resource server"
)

var (
	quotedAudience = lazily(`resource server "([^"]+)"`)
	namedAudience  = lazily(`(?i)service not found: (\S+)`)
)

// audience is the API that an event is about.
func audience(event sdk.Object) string {
	words := text(event, "details", "error", "message") + " " + event.Text("description")
	for _, form := range []func() *regexp.Regexp{namedAudience, quotedAudience} {
		if m := form().FindStringSubmatch(words); m != nil {
			return m[1]
		}
	}
	return event.Text("audience")
}

func (i *investigation) api(ctx context.Context, identifier string) state {
	var api struct{}
	return i.tenant.into(ctx, resource{what: "API " + identifier, scope: "read:resource_servers",
		path: []string{"resource-servers", identifier}}, &api)
}

func (i *investigation) unknownAPI(ctx context.Context, g group) (cause, bool) {
	identifier := audience(g.newest())
	if identifier == "" {
		return cause{}, false
	}
	c := cause{Code: "unknown_api", of: identifier, Certainty: likely,
		Sentence: "Applications ask for a token for " + identifier + ", and the tenant has no such API.",
		Fix: fix{Text: "Let the application ask for an API that exists, by its identifier; create it if it is missing.",
			Tool: "auth0_list_resource_servers", Arguments: map[string]any{}}}
	for _, id := range g.distinct("client_id") {
		c.Evidence = append(c.Evidence, fact{Kind: "application", ID: id, Member: "audience", Value: identifier})
	}
	switch i.api(ctx, identifier) {
	case found:
		return cause{}, false // it was created meanwhile
	case absent:
		c.Certainty = confirmed
		c.Evidence = append(c.Evidence, fact{Kind: "api", ID: identifier, Value: nil})
	}
	return c, true
}

func (i *investigation) clientGrantMissing(ctx context.Context, g group) (cause, bool) {
	e := g.newest()
	id, identifier := e.Text("client_id"), audience(e)
	if id == "" || identifier == "" {
		return cause{}, false
	}
	name := cmp.Or(e.Text("client_name"), id)
	grants, is := i.tenant.list(ctx, "read:client_grants", auth0v1.Collection{Path: []string{"client-grants"},
		Items: "client_grants", What: "client grant"}, url.Values{"client_id": {id}, "audience": {identifier}})
	c := cause{Code: "client_grant_missing", of: id + identifier, Certainty: likely,
		disproof: join(clause("client_id", id), clause("audience", identifier)),
		Sentence: "The application " + name + " has no client grant for the API " + identifier + ".",
		Fix: use("Grant the application the scopes that it needs: give them as scope.", "auth0_create_application_grant",
			map[string]any{"client_id": id, "audience": identifier})}
	switch {
	case is == unread:
	case len(grants) == 0:
		c.Certainty = confirmed
		c.Evidence = []fact{{Kind: "application", ID: id, Name: name, Member: "client_grants", Value: []string{}}}
	default:
		grant := grants[0]
		scopes, _ := grant.Get("scope")
		c.Code, c.Certainty = "client_grant_too_small", possible
		c.Sentence = "The application " + name + " has a client grant for the API " + identifier +
			": it asks for scopes that the grant lacks, or the grant is newer than the failures."
		c.Evidence = []fact{{Kind: "client_grant", ID: grant.Text("id"), Name: name, Member: "scope", Value: scopes}}
		c.Fix = use("Add the scopes that it lacks: give scope with all of them.", "auth0_update_application_grant",
			map[string]any{"id": grant.Text("id")})
	}
	return c, true
}

func (i *investigation) grantTypeRefused(ctx context.Context, g group) (cause, bool) {
	e := g.newest()
	id := e.Text("client_id")
	name := cmp.Or(e.Text("client_name"), id)
	var app application
	if i.application(ctx, id, &app) != found {
		return cause{}, false
	}
	return cause{Code: "grant_type_not_allowed", of: id + reason(e), Certainty: likely,
		Sentence: "The application " + name + " used a grant type that it does not have: " + clip(reason(e)) + ".",
		Evidence: []fact{{Kind: "application", ID: id, Name: name, Member: "grant_types", Value: app.GrantTypes}},
		Fix: fix{Text: "Add the grant type, if the application should use it.", Tool: "auth0_update_application",
			Arguments: map[string]any{"client_id": id, "grant_types": app.GrantTypes}}}, true
}

// clientRefused is that an application could not authenticate: after its secret was rotated, if the log shows that.
func (i *investigation) clientRefused(ctx context.Context, g group) (cause, bool) {
	e := g.newest()
	id := e.Text("client_id")
	name := cmp.Or(e.Text("client_name"), id)
	c := cause{Code: "client_authentication_failed", of: id, Certainty: likely, disproof: clause("client_id", id),
		Sentence: "The application " + name + " does not authenticate with the secret or key that Auth0 has.",
		Fix: fix{Text: "Compare what the application uses with its settings. The secret itself is in the Auth0 Dashboard.",
			Tool: "auth0_get_application", Arguments: map[string]any{"client_id": id}}}
	rotation, err := i.rotation(ctx, id, g)
	if err != nil {
		i.tenant.err = err
	}
	if rotation == nil {
		return c, true
	}
	c.Code = "client_secret_rotated"
	c.Sentence = "The secret of the application " + name + " was rotated at " + rotation.Text("date") +
		", and the application still uses another."
	c.Evidence = []fact{{Kind: "log_event", ID: rotation.Text("log_id"), Name: rotation.Text("description"),
		Member: "details.request.path", Value: text(*rotation, "details", "request", "path")}}
	c.Fix.Text = "Give the application the new secret: the Auth0 Dashboard shows it to you."
	return c, true
}

// rotation is the newest rotation of an application's secret before the newest of its failures; nil if the log has
// none.
func (i *investigation) rotation(ctx context.Context, id string, g group) (*sdk.Object, error) {
	query := `type:"sapi" AND description:"Rotate a Client Secret" AND date:[* TO ` + g.newest().Text("date") + "]"
	events, err := logevent.Search{Query: query}.Page(ctx, i.call, 0, 100)
	if err != nil {
		return nil, err
	}
	for _, event := range events {
		if strings.Contains(text(event, "details", "request", "path"), "/clients/"+url.PathEscape(id)+"/") {
			return &event, nil
		}
	}
	return nil, nil
}

func (i *investigation) refreshTokenRefused(_ context.Context, g group) (cause, bool) {
	e := g.newest()
	name := cmp.Or(e.Text("client_name"), e.Text("client_id"))
	c := cause{Code: "refresh_token_refused", of: e.Text("client_id"), Certainty: likely,
		disproof: join(clause("client_id", e.Text("client_id")), ofUser(e)),
		Sentence: "Refresh tokens of the application " + name + " are not accepted: " + clip(reason(e)) + ".",
		Fix: fix{Text: "Users log in anew. If it happens often, compare the token lifetimes with how long users are away.",
			Tool: "auth0_get_application", Arguments: map[string]any{"client_id": e.Text("client_id")}}}
	if e.Text("type") == "ferrt" {
		c.Sentence = "The application " + name + " used a rotated refresh token twice: it loses the new one, sends " +
			"requests at once, or the token was stolen."
		c.Certainty = possible
	}
	return c, true
}

func (i *investigation) identityProvider(ctx context.Context, g group) (cause, bool) {
	e := g.newest()
	con, is := i.connection(ctx, e.Text("connection_id"))
	if is != found || slices.Contains([]string{"auth0", "email", "sms"}, con.Strategy) {
		return cause{}, false
	}
	return cause{Code: "identity_provider_refused", of: con.ID + reason(e), Certainty: possible,
		Sentence: "Logins through the connection " + con.Name + " (" + con.Strategy + ") fail: " + clip(reason(e)) + ".",
		Evidence: []fact{{Kind: "connection", ID: con.ID, Name: con.Name, Member: "strategy", Value: con.Strategy}},
		Fix: use("Compare the connection's settings with those at the identity provider.", "auth0_get_connection",
			map[string]any{"connection": con.ID})}, true
}

// unexplained is what no rule knows: it is told with Auth0's words.
func (i *investigation) unexplained(_ context.Context, g group) (cause, bool) {
	e := g.newest()
	return cause{Code: "unexplained", of: byReason(e), Certainty: possible,
		Sentence: logevent.Meaning(e.Text("type")) + ": " + cmp.Or(clip(reason(e)), "Auth0 gives no reason") + ".",
		disproof: ofUser(e),
		Fix: fix{Text: "Read an event with all its details.", Tool: "auth0_get_log",
			Arguments: map[string]any{"id": e.Text("log_id")}}}, true
}

// lazily compiles a pattern when it is first used: a plugin's process may never need it.
func lazily(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
