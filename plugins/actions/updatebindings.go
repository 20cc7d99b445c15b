package actions

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

type updateBindingsInput struct {
	TriggerID string   `json:"trigger_id"`
	Add       []string `json:"add"`
	Remove    []string `json:"remove"`
	Position  *int     `json:"position"`
	// Actions or Bindings are the whole list.
	Actions  []string       `json:"actions"`
	Bindings []givenBinding `json:"bindings"`
}

// givenBinding is a binding as the API takes it, or as it is listed.
type givenBinding struct {
	Ref *struct {
		Value string `json:"value"`
	} `json:"ref"`
	DisplayName string          `json:"display_name"`
	Secrets     json.RawMessage `json:"secrets"`
	Action      struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"action"`
	ID string `json:"id"`
}

// key is what the binding is found by. An Action's id stays; Auth0 gives every binding
// a new id when any of the trigger's bindings is changed.
func (g givenBinding) key() string {
	if g.Ref != nil {
		return g.Ref.Value
	}
	return cmp.Or(g.Action.ID, g.Action.Name, g.ID)
}

// entry is a binding of the list to be written.
type entry struct {
	binding
	secrets json.RawMessage
}

// body is the entry in a request, which replaces all bindings.
func (e entry) body() map[string]any {
	ref := map[string]string{"type": "action_id", "value": e.actionID}
	if e.actionID == "" {
		ref = map[string]string{"type": "binding_id", "value": e.id}
	}
	body := map[string]any{"ref": ref, "display_name": e.name}
	if e.name == "" {
		delete(body, "display_name")
	}
	if len(e.secrets) > 0 {
		body["secrets"] = e.secrets
	}
	return body
}

// label names the entry for users.
func (e entry) label() string {
	return cmp.Or(e.actionName, e.name, e.actionID, e.id)
}

// rebinding makes the new list of one trigger's bindings.
type rebinding struct {
	api     *auth0v1.API
	trigger string
	before  []entry
	next    []entry
}

func updateBindings(ctx context.Context, c *sdk.Call, in updateBindingsInput) (any, error) {
	whole := in.Actions != nil || in.Bindings != nil
	switch edits := len(in.Add)+len(in.Remove) > 0; {
	case whole && (edits || in.Position != nil), in.Actions != nil && in.Bindings != nil:
		return nil, sdk.InvalidArgument("actions is the whole list, as is bindings: give one of them, or add, remove and " +
			"position")
	case !whole && !edits:
		return nil, sdk.InvalidArgument("nothing to update: give add, remove or actions")
	case in.Position != nil && len(in.Add) == 0:
		return nil, sdk.InvalidArgument("position is the place for add: to move a bound Action, add it at its new position")
	}
	api, err := auth0v1.New(ctx, c)
	if err != nil {
		return nil, err
	}
	read, err := readBindings(ctx, api, in.TriggerID)
	switch {
	case err != nil:
		return nil, orUnknown(ctx, api, in.TriggerID, err)
	case !read.complete:
		return nil, sdk.FailedPrecondition("%s, and a change replaces them all: change them in the Auth0 Dashboard "+
			"(Actions, Triggers)", tooMany(in.TriggerID))
	}
	r := &rebinding{api: api, trigger: in.TriggerID}
	for _, b := range read.list {
		r.before = append(r.before, entry{binding: b})
	}
	if whole {
		err = r.replace(ctx, in)
	} else {
		err = r.edit(ctx, in)
	}
	if err != nil {
		return nil, err
	}
	return r.write(ctx, c)
}

// replace makes the list of the one given.
func (r *rebinding) replace(ctx context.Context, in updateBindingsInput) error {
	given := in.Bindings
	for _, key := range in.Actions {
		given = append(given, givenBinding{ID: key})
	}
	for _, g := range given {
		key := g.key()
		if key == "" {
			return sdk.InvalidArgument("bindings: an item without ref, action or id names no Action")
		}
		e, err := r.entry(ctx, key)
		if err != nil {
			return err
		}
		e.name, e.secrets = cmp.Or(g.DisplayName, e.name), g.Secrets
		if err := r.append(e); err != nil {
			return err
		}
	}
	return nil
}

// edit makes the list of the one there is.
func (r *rebinding) edit(ctx context.Context, in updateBindingsInput) error {
	r.next = slices.Clone(r.before)
	for _, key := range in.Remove {
		i := slices.IndexFunc(r.next, func(e entry) bool { return e.is(key) || e.name == key })
		if i < 0 {
			return sdk.InvalidArgument("%q is not bound to %s, which runs %s", key, r.trigger, order(r.before))
		}
		r.next = slices.Delete(r.next, i, i+1)
	}
	var added []entry
	for _, key := range in.Add {
		e, err := r.entry(ctx, key)
		if err != nil {
			return err
		}
		if at := slices.IndexFunc(r.next, e.same); at >= 0 {
			if in.Position == nil {
				continue // it is bound, wherever that is
			}
			r.next = slices.Delete(r.next, at, at+1)
		}
		added = append(added, e)
	}
	at := len(r.next)
	if in.Position != nil {
		if at = *in.Position - 1; at > len(r.next) {
			return sdk.InvalidArgument("position %d is beyond the end: %s has %d other bindings", *in.Position, r.trigger,
				len(r.next))
		}
	}
	rest := slices.Clone(r.next[at:])
	r.next = r.next[:at]
	for _, e := range slices.Concat(added, rest) {
		if err := r.append(e); err != nil {
			return err
		}
	}
	return nil
}

func (e entry) same(other entry) bool {
	return e.actionID == other.actionID && (e.actionID != "" || e.id == other.id)
}

func (r *rebinding) append(e entry) error {
	if slices.ContainsFunc(r.next, e.same) {
		return sdk.InvalidArgument("Action %q is given twice: it can be bound to %s once", e.label(), r.trigger)
	}
	r.next = append(r.next, e)
	return nil
}

// entry is the binding of the Action that key means: that which the trigger has, or a
// new one.
func (r *rebinding) entry(ctx context.Context, key string) (entry, error) {
	if i := slices.IndexFunc(r.before, func(e entry) bool { return e.is(key) }); i >= 0 {
		return r.before[i], nil
	}
	action, err := findAction(ctx, r.api, key)
	if err != nil {
		return entry{}, err
	}
	e := entry{binding: binding{name: action.Text("name"), actionID: action.Text("id"), actionName: action.Text("name")}}
	// Found by another key than the one it is listed by.
	if i := slices.IndexFunc(r.before, e.same); i >= 0 {
		return r.before[i], nil
	}
	if own := triggerOf(action); own != r.trigger {
		return entry{}, sdk.InvalidArgument("Action %q is for the trigger %s, not for %s", e.label(), own, r.trigger)
	}
	if !isDeployed(action) {
		return entry{}, sdk.FailedPrecondition("Action %q has not been deployed, and Auth0 binds only what is: call "+
			"auth0_deploy_action with id %q, then this again", e.label(), e.actionID)
	}
	return e, nil
}

// write replaces the trigger's bindings, if that changes anything.
func (r *rebinding) write(ctx context.Context, c *sdk.Call) (any, error) {
	unchanged := slices.EqualFunc(r.before, r.next, func(a, b entry) bool {
		return a.same(b) && a.name == b.name && len(b.secrets) == 0
	})
	if unchanged {
		return r.answer(r.before, fmt.Sprintf("nothing to change: %s runs %s", r.trigger, order(r.before)))
	}
	items := []any{}
	for _, e := range r.next {
		items = append(items, e.body())
	}
	body, err := json.Marshal(map[string]any{"bindings": items})
	if err != nil {
		return nil, err
	}
	raw, err := r.api.Send(ctx, http.MethodPatch, body, "actions", "triggers", r.trigger, "bindings")
	if err != nil {
		return nil, r.explain(ctx, err)
	}
	if c.DryRun() {
		return nil, nil // it is not shown, and the simulation knows no Actions
	}
	var answer struct {
		Bindings []sdk.Object `json:"bindings"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, fmt.Errorf("the bindings were written, but Auth0 answered something other than bindings: %w", err)
	}
	written, err := bindingsOf(answer.Bindings)
	if err != nil {
		return nil, fmt.Errorf("the bindings were written, but Auth0 answered: %w", err)
	}
	var after []entry
	for _, b := range written {
		after = append(after, entry{binding: b})
	}
	return r.answer(after, fmt.Sprintf("%s now runs %s", r.trigger, order(after)))
}

func (r *rebinding) answer(list []entry, outcome string) (any, error) {
	var all []binding
	for _, e := range list {
		all = append(all, e.binding)
	}
	rows, err := shown(all)
	return struct {
		TriggerID string       `json:"trigger_id"`
		Bindings  []sdk.Object `json:"bindings"`
		Outcome   string       `json:"outcome"`
	}{r.trigger, rows, outcome}, err
}

// explain says of a refusal that the trigger's Actions are not chosen by bindings.
func (r *rebinding) explain(ctx context.Context, err error) error {
	if !refused(err) {
		return err
	}
	if triggers, unread := readTriggers(ctx, r.api); unread == nil && byEntity(triggers, r.trigger) {
		return sdk.FailedPrecondition("Auth0 refused the bindings: %s", boundElsewhere(r.trigger))
	}
	return err
}

// order names the Actions of a list in their order, such as "1 Ask, 2 Add roles".
func order(list []entry) string {
	names := make([]string, len(list))
	for i, e := range list {
		names[i] = fmt.Sprintf("%d %s", i+1, e.label())
	}
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}
