package actions

import (
	"context"
	"encoding/json"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

// whereBound tells, within one call, where Actions are bound. Each trigger is read once.
type whereBound struct {
	api       *auth0v1.API
	byTrigger map[string]readResult
	triggers  []knownTrigger
}

type readResult struct {
	bindings
	err error
}

func newWhereBound(api *auth0v1.API) *whereBound {
	return &whereBound{api: api, byTrigger: map[string]readResult{}}
}

// annotate adds to each Action whether it is bound and its position among its trigger's
// bindings. It leaves both out where they are not known: what Auth0 does not tell must
// not read as "not bound". The note then says why.
func (w *whereBound) annotate(ctx context.Context, actions []sdk.Object) (annotated []sdk.Object, note string,
	err error) {
	annotated = make([]sdk.Object, len(actions))
	for i, action := range actions {
		bound, err := w.find(ctx, action)
		switch {
		case ctx.Err() != nil:
			return nil, "", ctx.Err()
		case err != nil:
			note = "bound and position are missing where the bindings could not be read: " + err.Error()
		}
		if annotated[i], err = bound.mark(action); err != nil {
			return nil, "", err
		}
	}
	return annotated, note, nil
}

// place is where an Action is bound.
type place struct {
	trigger string
	// position is 0 if it is not bound, of is how many bindings the trigger has.
	position, of int
	// known is false if Auth0 does not tell.
	known bool
	// byEntity: another resource names the trigger's Actions.
	byEntity bool
}

func (p place) mark(action sdk.Object) (sdk.Object, error) {
	if !p.known {
		return action, nil
	}
	action, err := action.With("bound", p.position > 0)
	if err != nil || p.position == 0 {
		return action, err
	}
	return action.With("position", p.position)
}

// find looks an Action up among the bindings of its trigger.
func (w *whereBound) find(ctx context.Context, action sdk.Object) (place, error) {
	trigger := triggerOf(action)
	switch {
	case trigger == "":
		return place{}, nil
	case !isDeployed(action):
		return place{trigger: trigger, known: true}, nil // Auth0 binds only what is deployed
	}
	return w.of(ctx, trigger, action.Text("id"))
}

// of looks a deployed Action up.
func (w *whereBound) of(ctx context.Context, trigger, actionID string) (place, error) {
	p := place{trigger: trigger}
	list, read := w.byTrigger[trigger]
	if !read {
		list.bindings, list.err = readBindings(ctx, w.api, trigger)
		w.byTrigger[trigger] = list
	}
	if list.err != nil {
		return p, list.err
	}
	p.position, p.of = list.position(actionID), len(list.list)
	if p.of > 0 {
		p.known = p.position > 0 || list.complete
		return p, nil
	}
	if w.triggers == nil {
		var err error
		if w.triggers, err = readTriggers(ctx, w.api); err != nil {
			return p, err
		}
	}
	p.byEntity = byEntity(w.triggers, trigger)
	p.known = !p.byEntity
	return p, nil
}

// triggerOf is the trigger of an Action, which has one.
func triggerOf(action sdk.Object) string {
	raw, _ := action.Get("supported_triggers")
	var triggers []trigger
	if json.Unmarshal(raw, &triggers) != nil || len(triggers) == 0 {
		return ""
	}
	return triggers[0].ID
}

func isDeployed(action sdk.Object) bool {
	version, _ := action.Get("deployed_version")
	return version != nil && string(version) != "null"
}
