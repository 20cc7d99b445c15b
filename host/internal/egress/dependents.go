package egress

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

const (
	// lookBudget bounds the search for what depends on one thing.
	lookBudget = 3 * time.Second
	// maxLooked is of how many deletions of a plan dependents are searched.
	maxLooked = 10
	// dependentsPage is how many dependents are asked for where no total is answered, maxDependents how many are named,
	// each in at most maxDependent bytes.
	dependentsPage = 50
	maxDependents  = 3
	maxDependent   = 60
)

// dependents are what a plan says about one kind of thing that needs what is deleted.
type dependents struct {
	one, many string
	segments  []string // of the list's path
	query     url.Values
	items     string // the member with the items
	// of, if set, are the members by whose values an item counts.
	of string
	is string
	// names are the members that name an item, the best first.
	names []string
}

// dependentsOf are what can need the target of a deletion.
func dependentsOf(operation, id string, before json.RawMessage) (kinds []dependents) {
	page := url.Values{"per_page": {strconv.Itoa(maxDependents)}, "include_totals": {"true"}}
	with := func(name, value string) url.Values {
		return url.Values{name: {value}, "per_page": page["per_page"], "include_totals": page["include_totals"]}
	}
	take := url.Values{"take": {strconv.Itoa(dependentsPage)}}
	people := []string{"email", "name", "user_id"}
	switch operation {
	case "DELETE /api/v2/connections/{id}":
		users := with("q", fmt.Sprintf("identities.connection:%q", textOf(before, "name")))
		users.Set("search_engine", "v3")
		return []dependents{
			{one: "user", many: "users", segments: []string{"users"}, query: users, items: "users", names: people},
			{one: "application", many: "applications", segments: []string{"connections", id, "clients"}, query: take,
				items: "clients", names: []string{"name", "client_id"}}}
	case "DELETE /api/v2/roles/{id}":
		return []dependents{{one: "user", many: "users", segments: []string{"roles", id, "users"}, query: page,
			items: "users", names: people}}
	case "DELETE /api/v2/organizations/{id}":
		return []dependents{{one: "member", many: "members", segments: []string{"organizations", id, "members"}, query: page,
			items: "members", names: people}}
	case "DELETE /api/v2/resource-servers/{id}":
		return []dependents{{one: "client grant", many: "client grants", segments: []string{"client-grants"},
			query: with("audience", textOf(before, "identifier")), items: "client_grants", names: []string{"client_id", "id"}}}
	case "DELETE /api/v2/clients/{id}":
		return []dependents{
			{one: "client grant", many: "client grants", segments: []string{"client-grants"}, query: with("client_id", id),
				items: "client_grants", names: []string{"audience"}},
			{one: "connection", many: "connections", segments: []string{"clients", id, "connections"}, query: take,
				items: "connections", names: []string{"name", "id"}}}
	case "DELETE /api/v2/actions/actions/{id}":
		triggers, _ := jsondoc.ValuesOf(jsondoc.ValueOf(before, "supported_triggers"))
		for _, trigger := range triggers {
			name := textOf(trigger, "id")
			kinds = append(kinds, dependents{one: "binding to " + name, many: "bindings to " + name, items: "bindings",
				segments: []string{"actions", "triggers", name, "bindings"},
				query:    url.Values{"per_page": {strconv.Itoa(dependentsPage)}}, of: "action", is: id,
				names: []string{"display_name", "id"}})
		}
	}
	return kinds
}

// dependents says what depends on the target of a deletion, as far as the session's scopes let the host read it.
func (c *Call) dependents(ctx context.Context, w *write) (list []string) {
	o, _, ok := managementapi.Lookup(w.GetMethod(), w.GetPath())
	path, err := pluginv1.ParsePath(w.GetPath())
	if !ok || err != nil || w.change.Before == nil {
		return nil
	}
	segments := path.Segments()
	kinds := dependentsOf(o.Name(), segments[len(segments)-1], w.change.Before)
	if len(kinds) > 0 && len(c.simulation.Changes()) >= maxLooked {
		return []string{fmt.Sprintf("not searched, as the plan has more than %d requests", maxLooked)}
	}
	ctx, cancel := context.WithTimeout(ctx, lookBudget)
	defer cancel()
	for _, kind := range kinds {
		list = append(list, c.dependentsIn(ctx, w.as, kind))
	}
	return list
}

// dependentsIn is what is said of one kind.
func (c *Call) dependentsIn(ctx context.Context, as holder, kind dependents) string {
	path, err := pluginv1.NewPath(kind.segments...)
	if err != nil {
		return kind.many + " unknown"
	}
	needs := kind.many + " unknown"
	if o, _, ok := managementapi.Lookup(http.MethodGet, path.String()); ok {
		needs += ", as it needs " + strings.Join(o.Scopes, " or ")
		if len(as.scopes) > 0 && !slices.ContainsFunc(o.Scopes, as.has) {
			return needs
		}
	}
	doc, status := c.look(ctx, kind.query.Encode(), kind.segments...)
	switch {
	case status == http.StatusForbidden:
		return needs
	case doc == nil:
		return kind.many + " unknown, as they could not be read in time"
	}
	items, ok := jsondoc.ValuesOf(doc)
	if !ok {
		items, _ = jsondoc.ValuesOf(jsondoc.ValueOf(doc, kind.items))
	}
	return kind.said(items, doc)
}

// said counts and names the dependents in an answer.
func (d dependents) said(items []json.RawMessage, doc json.RawMessage) string {
	if d.of != "" {
		items = slices.DeleteFunc(items, func(item json.RawMessage) bool {
			return textOf(jsondoc.ValueOf(item, d.of), "id") != d.is
		})
	}
	count, more := len(items), ""
	if total, err := strconv.Atoi(string(jsondoc.ValueOf(doc, "total"))); err == nil && d.of == "" {
		count = total
	} else if textOf(doc, "next") != "" || d.of == "" && count == dependentsPage {
		more = " or more"
	}
	var names []string
	for _, item := range items[:min(len(items), maxDependents)] {
		for _, member := range d.names {
			if name := textOf(item, member); name != "" {
				names = append(names, strings.ToValidUTF8(name[:min(len(name), maxDependent)], ""))
				break
			}
		}
	}
	switch {
	case count == 0:
		return "no " + d.many
	case count == 1 && more == "":
		return fmt.Sprintf("1 %s: %s", d.one, strings.Join(names, ", "))
	case count > len(names):
		return fmt.Sprintf("%d%s %s: %s …", count, more, d.many, strings.Join(names, ", "))
	}
	return fmt.Sprintf("%d%s %s: %s", count, more, d.many, strings.Join(names, ", "))
}
