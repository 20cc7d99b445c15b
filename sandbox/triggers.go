package sandbox

import (
	"fmt"
	"net/http"
	"time"
)

// trigger is a version of a place where actions run.
type trigger struct {
	id, version, status string
	runtimes            []string
	defaultRuntime      string
	policy              string
	compatible          []any
}

// triggers lists the triggers as the real API does. Those whose policy is
// "entity-bound" are bound through another resource, not through bindings.
func triggers() []trigger {
	const (
		deprecated, current = "DEPRECATED", "CURRENT"
		byTrigger, byEntity = "trigger-bound", "entity-bound"
	)
	old := func(id string) trigger {
		return trigger{id, "v1", deprecated, []string{"node22"}, "node12", byTrigger, nil}
	}
	now := func(id, version string) trigger {
		return trigger{id, version, current, []string{"node18-actions", "node22"}, "node22", byTrigger, nil}
	}
	bound := func(id string, runtimes ...string) trigger {
		return trigger{id, "v1", current, runtimes, "node22", byEntity, nil}
	}
	login := now("post-login", "v3")
	login.compatible = []any{object{"id": "post-login", "version": "v2"}}
	return []trigger{
		old("post-login"),
		{"post-login", "v2", deprecated, []string{"node18", "node22"}, "node16", byTrigger, nil},
		login,
		old("credentials-exchange"), now("credentials-exchange", "v2"),
		old("pre-user-registration"), now("pre-user-registration", "v2"),
		old("post-user-registration"), now("post-user-registration", "v2"),
		old("post-change-password"), now("post-change-password", "v2"),
		old("send-phone-message"), now("send-phone-message", "v2"),
		now("password-reset-post-challenge", "v1"),
		now("custom-email-provider", "v1"), now("custom-phone-provider", "v1"),
		bound("custom-token-exchange", "node18", "node22"),
		bound("event-stream", "node22"), bound("password-hash-migration", "node22"), bound("mcp-tool", "node22"),
	}
}

func (t *Tenant) listTriggers(*call) (result, error) {
	out := []any{}
	for _, tr := range triggers() {
		compatible := tr.compatible
		if compatible == nil {
			compatible = []any{}
		}
		out = append(out, object{
			"id": tr.id, "version": tr.version, "status": tr.status, "runtimes": stringList(tr.runtimes...),
			"default_runtime": tr.defaultRuntime, "binding_policy": tr.policy, "compatible_triggers": compatible,
		})
	}
	return ok(object{"triggers": out})
}

// completeTriggers checks an action's triggers, fills in the version where it is
// missing, and tells the default runtime.
func completeTriggers(given []any) ([]any, string, error) {
	out := []any{}
	runtime := ""
	for _, item := range given {
		item, _ := item.(object)
		version, versioned := item["version"].(string)
		var found *trigger
		for _, tr := range triggers() {
			if tr.id == item["id"] && (tr.version == version || (!versioned && tr.status == "CURRENT")) {
				found = &tr
			}
		}
		if found == nil {
			return nil, "", refused(http.StatusBadRequest,
				fmt.Sprintf("Invalid trigger: %v %s", item["id"], version), "")
		}
		runtime = found.defaultRuntime
		out = append(out, object{"id": found.id, "version": found.version})
	}
	return out, runtime, nil
}

// binding ties a deployed action to a trigger.
type binding struct {
	id, name string
	action   *action
	created  time.Time
}

func (b *binding) show(trigger string) object {
	bound := b.action.bare()
	b.action.showDeployed(bound)
	return object{
		"id": b.id, "trigger_id": trigger, "action": bound, "display_name": b.name,
		"created_at": nanos(b.created), "updated_at": nanos(b.created),
	}
}

func bindable(id string) error {
	for _, tr := range triggers() {
		if tr.id == id {
			return nil
		}
	}
	return notFound("That trigger does not exist.", "")
}

func (t *Tenant) showBindings(trigger string) []object {
	out := []object{}
	for _, b := range t.bindings[trigger] {
		out = append(out, b.show(trigger))
	}
	return out
}

func (t *Tenant) listBindings(c *call) (result, error) {
	q := queryParams{c.query}
	p := q.page(20)
	if err := bindable(c.params["triggerId"]); err != nil {
		return result{}, err
	}
	return p.actionsAnswer("bindings", t.showBindings(c.params["triggerId"]))
}

// updateBindings replaces a trigger's bindings; every one gets a new id.
func (t *Tenant) updateBindings(c *call) (result, error) {
	id := c.params["triggerId"]
	if err := bindable(id); err != nil {
		return result{}, err
	}
	given, isList := c.body["bindings"].([]any)
	if !isList {
		return ok(object{"bindings": t.showBindings(id)})
	}
	next := make([]*binding, 0, len(given))
	for _, item := range given {
		item, _ := item.(object)
		ref, _ := item["ref"].(object)
		a := t.referredAction(id, ref)
		switch {
		case a == nil:
			return result{}, refused(http.StatusBadRequest, fmt.Sprintf("Trying to create a binding for an action that does "+
				"not exist: %v", ref["value"]), "")
		case !a.supports(id):
			return result{}, refused(http.StatusBadRequest,
				fmt.Sprintf("Action '%s' does not support the trigger %s.", a.name, id), "")
		case a.current() == nil:
			return result{}, refused(http.StatusBadRequest, "Trying to create a binding for an action that has not been "+
				"deployed yet: '"+a.name+"'", "")
		}
		name, named := item["display_name"].(string)
		if !named {
			name = a.name
		}
		next = append(next, &binding{id: t.uuid(), name: name, action: a, created: t.now()})
	}
	t.bindings[id] = next
	return ok(object{"bindings": t.showBindings(id)})
}

func (t *Tenant) referredAction(trigger string, ref object) *action {
	value, _ := ref["value"].(string)
	switch ref["type"] {
	case "action_name":
		return t.findActionNamed(value)
	case "action_id":
		return t.findAction(value)
	}
	for _, b := range t.bindings[trigger] {
		if b.id == value {
			return b.action
		}
	}
	return nil
}

func (t *Tenant) bound(a *action) bool {
	for _, bindings := range t.bindings {
		for _, b := range bindings {
			if b.action == a {
				return true
			}
		}
	}
	return false
}

func (t *Tenant) unbind(a *action) {
	for id, bindings := range t.bindings {
		kept := []*binding{}
		for _, b := range bindings {
			if b.action != a {
				kept = append(kept, b)
			}
		}
		t.bindings[id] = kept
	}
}
