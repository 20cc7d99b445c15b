package actions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

type deployInput struct {
	ID string `json:"id" jsonschema:"Id or exact name." schema:"min=1"`
}

// deployer deploys with the patience of its own.
type deployer struct{ auth0v1.Patience }

// deployAction deploys also a draft of which Auth0 says that all is deployed: the
// caller asked for it, and whether a changed value of a secret counts as a change
// is not documented. A version too many is a lesser evil than an old secret.
func (d deployer) deployAction(ctx context.Context, c *sdk.Call, in deployInput) (any, error) {
	api, err := auth0v1.New(ctx, c)
	if err != nil {
		return nil, err
	}
	id := in.ID
	var action sdk.Object
	if !isID(in.ID) {
		if action, err = findAction(ctx, api, in.ID); err != nil {
			return nil, err
		}
		id = action.Text("id")
	}
	builds := api.Builds(c, d.Patience, id)
	if action, err = d.awaitDraft(ctx, builds, id, action); err != nil {
		return nil, err
	}
	// Not under the bound of the waiting: a change is never cut short.
	raw, err := api.Send(ctx, http.MethodPost, nil, "actions", "actions", id, "deploy")
	if err != nil {
		return nil, err
	}
	var version sdk.Object
	if err := json.Unmarshal(raw, &version); err != nil {
		return nil, fmt.Errorf("the deployment was accepted, but Auth0 answered something other than a version: %w", err)
	}
	version, live, outcome, err := d.awaitLive(ctx, builds, version)
	if err != nil {
		return nil, err
	}
	nextStep := ""
	if live {
		var runs string
		runs, nextStep = whereItRuns(ctx, api, action)
		outcome += runs
	}
	if all, _ := action.Get("all_changes_deployed"); string(all) == "true" {
		outcome += "; by Auth0's account the draft had no changes since the version before"
	}
	version, err = version.With("outcome", outcome)
	if err != nil || nextStep == "" {
		return version, err
	}
	return version.With("next_step", nextStep)
}

// whereItRuns continues "version 1 is live", and says how to bind the Action if it is not.
func whereItRuns(ctx context.Context, api *auth0v1.API, action sdk.Object) (outcome, nextStep string) {
	p, err := newWhereBound(api).of(ctx, triggerOf(action), action.Text("id"))
	switch {
	case err == nil && p.byEntity:
		return ", and runs where it is chosen, such as by an event stream", ""
	case err != nil || !p.known || p.trigger == "":
		// It was deployed: an error would hide that.
		return ", and runs wherever the action is bound to its trigger", ""
	case p.position == 0:
		return ", but does not run yet: it is not bound to " + p.trigger,
			fmt.Sprintf("auth0_update_trigger_bindings with trigger_id %q and add [%q] binds it as the last.", p.trigger,
				action.Text("name"))
	}
	return fmt.Sprintf(", and runs on %s as number %d of %d", p.trigger, p.position, p.of), ""
}

// awaitDraft waits for the draft's build and returns the action as last seen. seen is
// nil if it has not been read.
func (d deployer) awaitDraft(ctx context.Context, builds *auth0v1.Builds, id string, seen sdk.Object) (sdk.Object,
	error) {
	action, err := builds.Draft(ctx, seen)
	var broken *auth0v1.BuildError
	switch {
	case errors.Is(err, auth0v1.ErrTimeUp):
		return nil, sdk.FailedPrecondition("nothing was deployed: action %s is still not built after %v: call "+
			"auth0_deploy_action again", id, d.Whole)
	case errors.As(err, &broken):
		return nil, sdk.FailedPrecondition("nothing was deployed: the build of action %q failed: %s. Fix it with "+
			"auth0_update_action, then deploy again", action.Text("name"), broken.Reasons)
	}
	return action, err
}

// awaitLive waits until the deployed version is live. It returns the version as
// last seen and how far it came: once Auth0 has accepted the deployment, an error
// would hide that.
func (d deployer) awaitLive(ctx context.Context, builds *auth0v1.Builds, version sdk.Object) (last sdk.Object,
	live bool, outcome string, err error) {
	name := auth0v1.VersionName(version)
	version, err = builds.Version(ctx, version)
	var broken *auth0v1.BuildError
	switch {
	case ctx.Err() != nil:
		return nil, false, "", fmt.Errorf("%s was accepted, and may be live: %w", name, ctx.Err())
	case errors.As(err, &broken):
		return nil, false, "", sdk.FailedPrecondition("%s was made, but is not live: its build failed: %s. Fix the action "+
			"with auth0_update_action, then deploy again", name, broken.Reasons)
	case errors.Is(err, auth0v1.ErrTimeUp):
		return version, false, fmt.Sprintf("%s was accepted, but was not seen live within %v: check it with auth0_get_action",
			name, d.Whole), nil
	case err != nil:
		//nolint:nilerr // it was accepted
		return version, false, name + " was accepted, but reading its state failed (" + err.Error() +
			"): check it with auth0_get_action", nil
	}
	return version, true, name + " is live", nil
}
