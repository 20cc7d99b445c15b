package actions

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

// patience is how long a deployment waits for Auth0, and how often it looks.
type patience struct {
	// first is the pause after the first look; it doubles up to longest.
	first, longest time.Duration
	// whole bounds the waiting of one call, for the draft and the version together.
	whole time.Duration
}

// deployWait ends well before the 60 s after which MCP clients give up. Most
// builds take a second, some 30 to 45.
const deployWait = 45 * time.Second

type deployInput struct {
	ID string `json:"id" schema:"min=1"`
}

// deployment is one call of the tool.
type deployment struct {
	patience
	call  *sdk.Call
	api   *auth0v1.API
	id    string
	begun time.Time
}

// deployAction deploys also a draft of which Auth0 says that all is deployed: the
// caller asked for it, and whether a changed value of a secret counts as a change
// is not documented. A version too many is a lesser evil than an old secret.
func (p patience) deployAction(ctx context.Context, c *sdk.Call, in deployInput) (any, error) {
	api, err := auth0v1.New(ctx, c)
	if err != nil {
		return nil, err
	}
	d := deployment{patience: p, call: c, api: api, id: in.ID, begun: time.Now()}
	action, err := d.awaitBuild(ctx)
	if err != nil {
		return nil, err
	}
	// Not under the bound of the waiting: a change is never cut short.
	raw, err := api.Send(ctx, http.MethodPost, nil, "actions", "actions", in.ID, "deploy")
	if err != nil {
		return nil, err
	}
	version, err := object(raw)
	if err != nil {
		return nil, fmt.Errorf("the deployment was accepted, but Auth0 answered something other than a version: %w", err)
	}
	if c.DryRun() {
		return version, nil
	}
	version, outcome, err := d.awaitLive(ctx, version)
	if err != nil {
		return nil, err
	}
	if all, _ := action.Get("all_changes_deployed"); string(all) == "true" {
		outcome += "; by Auth0's account the draft had no changes since the version before"
	}
	return version.With("outcome", outcome)
}

func object(raw json.RawMessage) (o sdk.Object, err error) {
	err = json.Unmarshal(raw, &o)
	return o, err
}

// inProgress reports whether a build goes on. A status that is not known here is
// left to Auth0 to judge.
func inProgress(o sdk.Object) bool {
	return slices.Contains([]string{"pending", "building", "packaged", "retrying"}, o.Text("status"))
}

func failed(o sdk.Object) bool { return o.Text("status") == "failed" }

// awaitBuild waits for the draft's build and returns the action. Auth0 refuses to
// deploy a draft that is not built.
func (d *deployment) awaitBuild(ctx context.Context) (sdk.Object, error) {
	var action sdk.Object
	ended, err := d.await(ctx, "waiting for the build of the draft", func(ctx context.Context) (bool, error) {
		raw, err := d.api.Get(ctx, nil, "actions", "actions", d.id)
		if err != nil {
			return false, err
		}
		if action, err = object(raw); err != nil {
			return false, fmt.Errorf("GET actions/actions/%s answered something other than an action: %w", d.id, err)
		}
		return !inProgress(action), nil
	})
	switch {
	case err != nil:
		return nil, err
	case !ended:
		return nil, sdk.FailedPrecondition("nothing was deployed: action %s is still not built after %v: call auth0_deploy_action again", d.id, d.whole)
	case failed(action):
		return nil, sdk.FailedPrecondition("nothing was deployed: the build of action %q failed: %s. Mend it with auth0_update_action, then deploy again",
			action.Text("name"), d.reasons(ctx, action))
	}
	return action, nil
}

// awaitLive waits until the deployed version is live. It returns the version as
// last seen and how far it came: once Auth0 has accepted the deployment, an error
// would hide that.
func (d *deployment) awaitLive(ctx context.Context, version sdk.Object) (sdk.Object, string, error) {
	name := "the new version"
	if number, ok := version.Get("number"); ok {
		name = fmt.Sprintf("version %s", number)
	}
	ended, err := d.await(ctx, "waiting for "+name+" to be live", func(ctx context.Context) (bool, error) {
		raw, err := d.api.Get(ctx, nil, "actions", "actions", d.id, "versions", version.Text("id"))
		if err != nil {
			return false, err
		}
		seen, err := object(raw)
		if err != nil {
			return false, fmt.Errorf("not a version: %w", err)
		}
		version = seen
		return failed(version) || isLive(version), nil
	})
	switch {
	case ctx.Err() != nil:
		return nil, "", fmt.Errorf("%s was accepted, and may be live: %w", name, ctx.Err())
	case err != nil:
		return version, name + " was accepted, but reading its state failed (" + err.Error() + "): look with auth0_get_action", nil //nolint:nilerr // accepted all the same
	case !ended:
		return version, fmt.Sprintf("%s was accepted, but was not seen live within %v: look with auth0_get_action", name, d.whole), nil
	case failed(version):
		return nil, "", sdk.FailedPrecondition("%s was made, but is not live: its build failed: %s. Mend the action with auth0_update_action, then deploy again",
			name, d.reasons(ctx, version))
	}
	return version, name + " is live, and runs wherever the action is bound to its trigger", nil
}

func isLive(version sdk.Object) bool {
	deployed, _ := version.Get("deployed")
	return string(deployed) == "true" && !inProgress(version)
}

// await looks, at growing intervals, until there is an end, and tells the caller
// that it does. It is false when the time was up before.
func (d *deployment) await(ctx context.Context, note string, look func(context.Context) (bool, error)) (bool, error) {
	// A deadline would travel to the host, which may notice it first and word it as
	// an end of the call; a cancellation is noticed here first.
	bounded, cancel := context.WithCancel(ctx)
	defer cancel()
	defer time.AfterFunc(time.Until(d.begun.Add(d.whole)), cancel).Stop()
	for pause := d.first; ; pause = min(2*pause, d.longest) {
		ended, err := look(bounded)
		switch {
		case ctx.Err() != nil:
			return false, ctx.Err()
		case err != nil && bounded.Err() != nil:
			return false, nil
		case err != nil || ended:
			return ended, err
		}
		d.call.Progress(time.Since(d.begun).Seconds(), d.whole.Seconds(), note)
		select {
		case <-time.After(pause):
		case <-bounded.Done():
			return false, ctx.Err()
		}
	}
}

// reasons are the errors of a failed build in Auth0's words, with all that it
// says of each. They stand on the action or on its latest version: the API's
// types have them on versions only.
func (d *deployment) reasons(ctx context.Context, built sdk.Object) string {
	problems := problemsOf(built)
	if len(problems) == 0 {
		if raw, err := d.api.Get(ctx, url.Values{"page": {"0"}, "per_page": {"1"}}, "actions", "actions", d.id, "versions"); err == nil {
			var latest struct {
				Versions []sdk.Object `json:"versions"`
			}
			if json.Unmarshal(raw, &latest) == nil && len(latest.Versions) > 0 && failed(latest.Versions[0]) {
				problems = problemsOf(latest.Versions[0])
			}
		}
	}
	if len(problems) == 0 {
		return "Auth0 gives no reason (the action's editor in the Auth0 Dashboard may)"
	}
	return strings.Join(problems, "; ")
}

func problemsOf(built sdk.Object) []string {
	raw, _ := built.Get("errors")
	var all []sdk.Object
	if json.Unmarshal(raw, &all) != nil {
		return nil
	}
	problems := make([]string, len(all))
	for i, problem := range all {
		problems[i] = problem.Text("msg")
		for _, m := range problem.Without("msg") {
			problems[i] += fmt.Sprintf(", %s %s", m.Name, m.Value)
		}
	}
	return problems
}
