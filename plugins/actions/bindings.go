package actions

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

// binding makes an Action run on a trigger.
type binding struct {
	id string
	// name is the binding's own, by default that of the Action.
	name     string
	actionID string
	// actionName is the Action's; empty if Auth0 does not say it.
	actionName string
	// raw is the binding as Auth0 answers it.
	raw sdk.Object
}

// is reports whether the binding is meant by its id, or its Action's id or name.
func (b binding) is(idOrName string) bool {
	return idOrName != "" && slices.Contains([]string{b.id, b.actionID, b.actionName}, idOrName)
}

// bindings are those of one trigger, in the order in which they run.
type bindings struct {
	list []binding
	// complete is false if there are more than one answer holds.
	complete bool
}

// position is the place of an Action, from 1 on; 0: it is not bound.
func (b bindings) position(actionID string) int {
	return slices.IndexFunc(b.list, func(one binding) bool { return one.actionID == actionID }) + 1
}

// bindingsMax is the largest page, and more bindings than a trigger may have.
const bindingsMax = 100

// readBindings reads a trigger's bindings in one request: pages that are read one
// after the other may belong to two different lists.
func readBindings(ctx context.Context, api *auth0v1.API, trigger string) (bindings, error) {
	all := bindingsMax
	page, err := api.Page(ctx, auth0v1.Collection{Path: []string{"actions", "triggers", trigger, "bindings"},
		Items: "bindings", AlwaysTotals: true}, auth0v1.PageOf{PerPage: &all}, nil)
	if err != nil {
		return bindings{}, err
	}
	list, err := bindingsOf(page.Items)
	return bindings{list, page.Total <= len(page.Items) && len(page.Items) < all}, err
}

func bindingsOf(items []sdk.Object) ([]binding, error) {
	list := make([]binding, len(items))
	for i, o := range items {
		raw, _ := o.Get("action")
		var action sdk.Object
		if raw != nil && json.Unmarshal(raw, &action) != nil {
			return nil, fmt.Errorf("binding %q: its action is not an object", o.Text("id"))
		}
		list[i] = binding{o.Text("id"), o.Text("display_name"), action.Text("id"), action.Text("name"), o}
	}
	return list, nil
}

// shown are bindings for an answer: what tells them apart, in their order.
func shown(list []binding) ([]sdk.Object, error) {
	rows := make([]sdk.Object, len(list))
	for i, b := range list {
		row, err := sdk.Object{}.With("position", i+1)
		if err != nil {
			return nil, err
		}
		for _, m := range b.raw.Pick("id", "trigger_id", "display_name", "action", "created_at") {
			if m.Name == "action" {
				if m.Value, err = shortAction(m.Value); err != nil {
					return nil, err
				}
			}
			row = append(row, m)
		}
		rows[i] = row
	}
	return rows, nil
}

// shortAction leaves out what auth0_get_action shows: code, twice, and its settings.
func shortAction(raw json.RawMessage) (json.RawMessage, error) {
	var action sdk.Object
	if err := json.Unmarshal(raw, &action); err != nil {
		return nil, err
	}
	short := action.Pick("id", "name", "deployed_version")
	if err := shortenVersion(short); err != nil {
		return nil, err
	}
	return short.MarshalJSON()
}
