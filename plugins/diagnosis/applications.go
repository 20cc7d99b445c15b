package diagnosis

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1/logevent"
)

// connection is what of a connection decides whether users can log in with it.
type connection struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Strategy string `json:"strategy"`
	Options  struct {
		DisableSignup bool `json:"disable_signup"`
	} `json:"options"`
}

func (i *investigation) connection(ctx context.Context, id string) (c connection, is state) {
	if id == "" {
		return c, unread
	}
	is = i.tenant.into(ctx, resource{what: "connection", scope: "read:connections", path: []string{"connections", id}}, &c)
	return c, is
}

// maxClientPages bounds how many pages of a connection's applications are read.
const maxClientPages = 20

// enabled reports whether a connection is enabled for an application.
func (i *investigation) enabled(ctx context.Context, connectionID, clientID string) (is bool, known bool) {
	query := url.Values{"take": {"100"}}
	for range maxClientPages {
		var page struct {
			Clients []struct {
				ClientID string `json:"client_id"`
			} `json:"clients"`
			Next string `json:"next"`
		}
		read := i.tenant.into(ctx, resource{what: "applications of the connection", scope: "read:connections", query: query,
			path: []string{"connections", connectionID, "clients"}}, &page)
		if read != found {
			return false, false
		}
		for _, one := range page.Clients {
			if one.ClientID == clientID {
				return true, true
			}
		}
		if page.Next == "" {
			return false, true
		}
		query = url.Values{"take": {"100"}, "from": {page.Next}}
	}
	return false, false
}

func (i *investigation) connectionOff(ctx context.Context, g group) (cause, bool) {
	e := g.newest()
	clientID, connectionID, organization := e.Text("client_id"), e.Text("connection_id"), e.Text("organization_id")
	name, app := cmp.Or(e.Text("connection"), connectionID), cmp.Or(e.Text("client_name"), clientID)
	if organization != "" {
		if c, ok := i.offInOrganization(ctx, organization, connectionID, e); ok {
			return c, true
		}
	}
	c := cause{Code: "connection_not_enabled", of: connectionID + clientID, Certainty: likely,
		Sentence: "The connection " + name + " is not enabled for the application " + app + ".",
		Fix: use("Enable the connection for the application.", "auth0_update_connection_applications",
			map[string]any{"connection": connectionID, "add": []string{clientID}})}
	if connectionID == "" || clientID == "" {
		c.Fix.Arguments = map[string]any{}
		return c, true
	}
	enabled, known := i.enabled(ctx, connectionID, clientID)
	switch {
	case !known:
	case enabled:
		c.Code, c.Certainty = "connection_was_not_enabled", possible
		c.Sentence = "The connection " + name + " was not enabled for the application " + app + ", and is now."
		c.Fix = fix{Text: "Nothing is left to do: let the users try again."}
	default:
		c.Certainty = confirmed
		c.Evidence = []fact{
			{Kind: "connection", ID: connectionID, Name: name, Member: "clients", Value: "without " + clientID},
			{Kind: "application", ID: clientID, Name: app, Member: "client_id", Value: clientID},
		}
	}
	return c, true
}

// offInOrganization is the cause of a failure that the organization's own switch explains.
func (i *investigation) offInOrganization(ctx context.Context, organization, connectionID string,
	e sdk.Object) (cause, bool) {
	var of struct {
		IsEnabled *bool `json:"is_enabled"`
	}
	name := cmp.Or(e.Text("connection"), connectionID)
	is := i.tenant.into(ctx, resource{what: "connection of the organization", scope: "read:organization_connections",
		path: []string{"organizations", organization, "connections", connectionID}}, &of)
	c := cause{Code: "organization_connection_disabled", of: organization + connectionID, Certainty: confirmed,
		Sentence: "The connection " + name + " is not enabled in the organization " +
			cmp.Or(e.Text("organization_name"), organization) + "."}
	switch {
	case is == found && of.IsEnabled != nil && !*of.IsEnabled:
		c.Evidence = []fact{{Kind: "organization", ID: organization, Name: e.Text("organization_name"),
			Member: "connections[" + connectionID + "].is_enabled", Value: false}}
		c.Fix = operation("Enable the connection in the organization.", writeTool,
			"PATCH /api/v2/organizations/{id}/connections/{connection_id}",
			map[string]any{"id": organization, "connection_id": connectionID}, map[string]any{"is_enabled": true})
	case is == absent:
		c.Evidence = []fact{{Kind: "organization", ID: organization, Name: e.Text("organization_name"), Member: "connections",
			Value: "without " + connectionID}}
		c.Fix = use("Add the connection to the organization.", "auth0_set_organization_connection",
			map[string]any{"organization": organization, "connection": connectionID})
	default:
		return cause{}, false
	}
	return c, true
}

var addressInText = lazily(`[a-zA-Z][a-zA-Z0-9+.-]*://[^\s"',]+`)

// redirect is the address that an authorization request asked to return to.
func redirect(event sdk.Object) string {
	return cmp.Or(text(event, "details", "qs", "redirect_uri"), addressInText().FindString(event.Text("description")))
}

func (i *investigation) callbackMismatch(ctx context.Context, g group) (cause, bool) {
	address, id := redirect(g.newest()), g.newest().Text("client_id")
	name := cmp.Or(g.newest().Text("client_name"), id)
	c := cause{Code: "callback_url_mismatch", of: id + address, Certainty: likely,
		Sentence: "The callback URL " + cmp.Or(address, "of a request") + " is not among those of the application " +
			name + ".",
		Fix: fix{Text: "Add the URL, if it is yours, or use one of the application's in the request.",
			Tool: "auth0_update_application", Arguments: map[string]any{"client_id": id}}}
	var app application
	if i.application(ctx, id, &app) != found || address == "" {
		return c, true
	}
	if slices.Contains(app.Callbacks, address) {
		c.Code, c.Certainty = "callback_url_was_missing", possible
		c.Sentence = "The callback URL " + address + " was missing in the application " + name + ", and is there now."
		c.Fix = fix{Text: "Nothing is left to do: let the users try again."}
		return c, true
	}
	c.Certainty = confirmed
	c.Evidence = []fact{{Kind: "application", ID: id, Name: name, Member: "callbacks", Value: app.Callbacks}}
	c.Fix.Arguments["callbacks"] = append(slices.Clone(app.Callbacks), address)
	return c, true
}

func (i *investigation) originRefused(ctx context.Context, g group) (cause, bool) {
	id := g.newest().Text("client_id")
	name := cmp.Or(g.newest().Text("client_name"), id)
	c := cause{Code: "origin_not_allowed", of: id, Certainty: likely,
		Sentence: "A page's origin is not allowed by the application " + name + ": " + clip(reason(g.newest())) + ".",
		Fix: fix{Text: "Add the page's origin to web_origins and allowed_origins, if it is yours.",
			Tool: "auth0_update_application", Arguments: map[string]any{"client_id": id}}}
	var app application
	if i.application(ctx, id, &app) == found {
		c.Evidence = []fact{{Kind: "application", ID: id, Name: name, Member: "web_origins", Value: app.WebOrigins}}
	}
	return c, true
}

func (i *investigation) signupDisabled(ctx context.Context, g group) (cause, bool) {
	e := g.newest()
	id, name := e.Text("connection_id"), e.Text("connection")
	c := cause{Code: "signup_disabled", of: id, Certainty: likely,
		Sentence: "The connection " + name + " takes no signups.",
		Fix: use("Create the user, or enable signups: auth0_update_connection with options.disable_signup false.",
			"auth0_create_user", map[string]any{"connection": e.Text("connection")})}
	if con, is := i.connection(ctx, id); is == found {
		if !con.Options.DisableSignup {
			return cause{}, false
		}
		c.Certainty = confirmed
		c.Evidence = []fact{{Kind: "connection", ID: id, Name: con.Name, Member: "options.disable_signup", Value: true}}
	}
	return c, true
}

// execution is what the Actions of one event did.
type execution struct {
	ID        string `json:"id"`
	TriggerID string `json:"trigger_id"`
	Results   []struct {
		ActionName string `json:"action_name"`
		Error      *struct {
			ID  string `json:"id"`
			Msg string `json:"msg"`
		} `json:"error"`
	} `json:"results"`
}

// maxExecutions is how many executions of a group of failures are read.
const maxExecutions = 3

func (i *investigation) actionFailed(ctx context.Context, g group) (cause, bool) {
	read := 0
	for _, event := range g.events {
		for _, id := range executionsOf(event) {
			if read++; read > maxExecutions {
				return cause{}, false
			}
			var x execution
			if i.tenant.into(ctx, resource{what: "Actions that ran", scope: "read:actions",
				path: []string{"actions", "executions", id}}, &x) != found {
				continue
			}
			for n, result := range x.Results {
				if result.Error != nil {
					c := i.threw(ctx, x.TriggerID, result.ActionName, result.Error.Msg, event)
					c.Evidence = append(c.Evidence, fact{Kind: "execution", ID: id, Name: result.ActionName,
						Member: "results[" + strconv.Itoa(n) + "].error.msg", Value: clip(result.Error.Msg)})
					return c, true
				}
			}
		}
	}
	if e := g.newest(); e.Text("type") == "actions_execution_failed" {
		return i.threw(ctx, text(e, "details", "trigger_id"), text(e, "details", "action_name"), reason(e), e), true
	}
	return cause{}, false
}

func ranActions(event sdk.Object) bool {
	return event.Text("type") == "actions_execution_failed" || len(executionsOf(event)) > 0
}

// executionsOf are the ids of the executions that an event names.
func executionsOf(event sdk.Object) []string {
	if id := text(event, "details", "execution_id"); id != "" {
		return []string{id}
	}
	var ids []string
	raw, _ := member(member(event, "details"), "actions").Get("executions")
	if raw == nil || json.Unmarshal(raw, &ids) != nil {
		return nil
	}
	return ids
}

// threw is the cause that an Action failed, with the Action as it is now and where it is bound.
func (i *investigation) threw(ctx context.Context, trigger, name, message string, event sdk.Object) cause {
	app := event.Text("client_id")
	c := cause{Code: "action_failed", of: name + message, Certainty: likely,
		disproof: join(clause("client_id", app), ofUser(event)),
		Sentence: "The Action " + name + " failed: " + clip(message) + ".",
		Fix: fix{Text: "Correct the Action, then deploy it with auth0_deploy_action.", Tool: "auth0_update_action",
			Arguments: map[string]any{"id": name}}}
	actions, is := i.tenant.list(ctx, "read:actions", auth0v1.Collection{Path: []string{"actions", "actions"},
		Items: "actions", What: "Action", AlwaysTotals: true}, url.Values{"actionName": {name}})
	at := slices.IndexFunc(actions, func(a sdk.Object) bool { return a.Text("name") == name })
	if is != found || at < 0 {
		return c
	}
	id := actions[at].Text("id")
	c.Fix.Arguments["id"] = id
	c.Evidence = append(c.Evidence, fact{Kind: "action", ID: id, Name: name, Member: "status",
		Value: actions[at].Text("status")})
	if trigger == "" {
		return c
	}
	var bound struct {
		Bindings []struct {
			ID     string `json:"id"`
			Action struct {
				ID string `json:"id"`
			} `json:"action"`
		} `json:"bindings"`
	}
	i.tenant.into(ctx, resource{what: "bindings of " + trigger, scope: "read:actions",
		query: url.Values{"per_page": {"100"}}, path: []string{"actions", "triggers", trigger, "bindings"}}, &bound)
	for _, b := range bound.Bindings {
		if b.Action.ID == id {
			c.Certainty = confirmed
			c.Evidence = append(c.Evidence, fact{Kind: "binding", ID: b.ID, Name: name, Member: "trigger_id", Value: trigger})
		}
	}
	return c
}

// clause is a condition on a member of events; "" if there is no value.
func clause(name, value string) string {
	if value == "" {
		return ""
	}
	return name + ":" + logevent.Quote(value)
}

// maxWords is how many characters of others' words a sentence quotes.
const maxWords = 200

func clip(words string) string {
	words = strings.TrimRight(words, ". ")
	if runes := []rune(words); len(runes) > maxWords {
		return string(runes[:maxWords]) + "…"
	}
	return words
}
