package forms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

// rendering is what became of the three parts of a form's rendering Action.
type rendering struct {
	ActionID   string `json:"action_id"`
	Action     string `json:"action"`
	Draft      string `json:"draft"`
	Deployment string `json:"deployment"`
	Binding    string `json:"binding"`
}

const (
	draftCreated = "created"
	leftAsItWas  = "left as it was"
)

// renderJob makes one form's rendering Action, deploys it and binds it. Each step
// looks whether it is needed, so that a call after a failure goes on where the other
// ended, and one with nothing to do sends no write.
type renderJob struct {
	auth0v1.Patience
	call   *sdk.Call
	api    *auth0v1.API
	formID string
	found  survey
	result rendering
	// done and rest are what has been changed and what not, unsure is the step whose
	// result is not known, for the error of a call that fails between two changes.
	done, rest []string
	unsure     string
}

// renderIn makes the form be rendered at login. It changes nothing if another
// Action does that already: users would see the form twice.
func (j *renderJob) renderIn(ctx context.Context) error {
	if i := slices.IndexFunc(j.found.renderers, renderer.live); i >= 0 {
		live := j.found.renderers[i]
		if a := j.found.action(live.ID); a == nil || !isOurs(a, j.formID) {
			j.result = rendering{live.ID, live.Name, leftAsItWas, leftAsItWas,
				leftAsItWas + ": this Action, which auth0_publish_form did not make, renders the form already"}
			return nil
		}
	}
	own, err := j.own(ctx)
	if err != nil {
		return err
	}
	before, err := readBindings(ctx, j.api, postLogin)
	if err != nil {
		return err
	}
	if !before.complete {
		return sdk.FailedPrecondition("nothing was changed: %s has more bindings than one answer of Auth0 holds, and a "+
			"change replaces them all: bind an Action that renders the form in the Auth0 Dashboard "+
			"(Actions, Triggers)", postLogin)
	}
	j.rest = []string{"make the Action", "deploy it", "bind it to " + postLogin}
	deploy, draft, err := j.write(ctx, own)
	if err != nil {
		return err
	}
	if err := j.deploy(ctx, deploy, draft); err != nil {
		return err
	}
	return j.bind(ctx, before)
}

func isOurs(a *action, formID string) bool {
	is, _ := ours(a.Code, formID)
	return is
}

// own is the form's rendering Action; nil if it is yet to be made.
func (j *renderJob) own(ctx context.Context) (*action, error) {
	own, err := j.found.renderAction(j.formID)
	if err != nil || own != nil || j.found.complete {
		return own, err
	}
	// It may be among those that were not checked.
	named, err := relatedActions(ctx, j.api, j.formID, url.Values{"actionName": {renderActionName(j.formID)}})
	if err != nil {
		return nil, err
	}
	return named.renderAction(j.formID)
}

// write makes the Action, or brings the code that an older version of this tool made
// up to date. It returns whether the draft is to be deployed, and the draft as last
// seen. What a user has edited is theirs.
func (j *renderJob) write(ctx context.Context, own *action) (deploy bool, draft sdk.Object, err error) {
	if own == nil {
		draft, err = j.create(ctx)
		return true, draft, err
	}
	j.result.ActionID, j.result.Action = own.ID, own.Name
	_, edited := ours(own.Code, j.formID)
	code := renderCode(j.formID)
	switch {
	case edited && !renders(own.Code, j.formID):
		return false, nil, sdk.FailedPrecondition("nothing was changed: Action %q (%s) is this form's rendering Action, "+
			"but its code was edited and no longer renders the form. It is not overwritten: put api.prompt.render('%s') back "+
			"with auth0_update_action, or delete the Action, then call again",
			own.Name, own.ID, j.formID)
	case edited:
		j.result.Draft = leftAsItWas + ": its code was edited"
		deploy = !renders(own.Deployed.Code, j.formID)
	case own.Code == code:
		j.result.Draft = leftAsItWas
		deploy = own.Deployed.Code != code
	default:
		j.rest[0] = "update the Action's code"
		draft, err = j.send(ctx, http.MethodPatch, map[string]string{"code": code}, "actions", "actions", own.ID)
		if err != nil {
			return false, nil, err
		}
		j.result.Draft = "updated"
		j.passed(fmt.Sprintf("updated the code of Action %q (%s)", own.Name, own.ID))
		return true, draft, nil
	}
	j.rest = j.rest[1:]
	return deploy, own.raw, nil
}

func (j *renderJob) create(ctx context.Context) (sdk.Object, error) {
	login, err := currentLogin(ctx, j.api)
	if err != nil {
		return nil, j.stopped(err)
	}
	name := renderActionName(j.formID)
	j.call.Progress(3, stepsOfRendering, "making the Action that renders the form")
	draft, err := j.send(ctx, http.MethodPost, map[string]any{
		"name": name, "code": renderCode(j.formID), "runtime": login.DefaultRuntime, "dependencies": []any{},
		"secrets":            []any{},
		"supported_triggers": []any{map[string]string{"id": postLogin, "version": login.Version}},
	}, "actions", "actions")
	if err != nil {
		return nil, err
	}
	j.result.ActionID, j.result.Action, j.result.Draft = draft.Text("id"), name, draftCreated
	j.passed(fmt.Sprintf("made Action %q (%s)", name, j.result.ActionID))
	if j.result.ActionID == "" {
		return nil, j.stopped(errors.New("POST actions/actions answered no id"))
	}
	return draft, nil
}

// deploy makes the draft live, once it is built.
func (j *renderJob) deploy(ctx context.Context, needed bool, draft sdk.Object) error {
	if !needed {
		j.result.Deployment = leftAsItWas
		j.rest = j.rest[1:]
		return nil
	}
	builds := j.api.Builds(j.call, j.Patience, j.result.ActionID)
	if _, err := builds.Draft(ctx, draft); err != nil {
		return j.stopped(j.buildError(err))
	}
	j.call.Progress(4, stepsOfRendering, "deploying it")
	version, err := j.send(ctx, http.MethodPost, nil, "actions", "actions", j.result.ActionID, "deploy")
	if err != nil {
		return err
	}
	name := auth0v1.VersionName(version)
	// Auth0 binds what is deployed only, and the answer comes before that.
	if _, err := builds.Version(ctx, version); err != nil {
		j.passed("deployed it as " + name + ", which was not seen live")
		return j.stopped(j.buildError(err))
	}
	j.result.Deployment = "deployed as " + name
	j.passed("deployed it as " + name)
	return nil
}

func (j *renderJob) buildError(err error) error {
	var broken *auth0v1.BuildError
	switch {
	case errors.Is(err, auth0v1.ErrTimeUp):
		return sdk.FailedPrecondition("Auth0 had not built Action %q (%s) after %v", j.result.Action, j.result.ActionID,
			j.Whole)
	case errors.As(err, &broken):
		return sdk.FailedPrecondition("Auth0 could not build Action %q (%s): %s. Fix it with auth0_update_action",
			j.result.Action, j.result.ActionID, broken.Reasons)
	}
	return err
}

// bind puts the Action at the end of the trigger's bindings. Auth0 replaces the whole
// list and takes no condition, so it is read again right before: what another user
// has changed meanwhile is not undone.
func (j *renderJob) bind(ctx context.Context, before bindings) error {
	if before.have(j.result.ActionID) {
		j.result.Binding = leftAsItWas
		j.rest = nil
		return nil
	}
	now, err := readBindings(ctx, j.api, postLogin)
	if err != nil {
		return j.stopped(err)
	}
	if !now.complete || !slices.Equal(before.list, now.list) {
		return j.stopped(sdk.FailedPrecondition("the bindings of %s were changed while this call ran (from %s to %s)",
			postLogin, before, now))
	}
	refs := []any{}
	for _, b := range append(slices.Clone(now.list), binding{ActionID: j.result.ActionID, Name: j.result.Action}) {
		refs = append(refs, b.ref())
	}
	j.call.Progress(5, stepsOfRendering, "binding it to "+postLogin)
	if _, err := j.send(ctx, http.MethodPatch, map[string]any{"bindings": refs}, "actions", "triggers", postLogin,
		"bindings"); err != nil {
		return err
	}
	j.result.Binding = fmt.Sprintf("bound to %s as number %d of %d", postLogin, len(refs), len(refs))
	return nil
}

// stepsOfRendering is the total of the progress of a call that renders.
const stepsOfRendering = 6.

// send sends the write of the next step and reads its answer.
func (j *renderJob) send(ctx context.Context, method string, body any, segments ...string) (sdk.Object, error) {
	var raw json.RawMessage
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	answer, err := j.api.Send(ctx, method, raw, segments...)
	if err == nil {
		var o sdk.Object
		if err = json.Unmarshal(answer, &o); err == nil {
			return o, nil
		}
		err = fmt.Errorf("%s %s answered something other than an object: %w", method, strings.Join(segments, "/"), err)
	}
	// Anything but a refusal may still have been carried out.
	var status *sdk.APIError
	if !errors.As(err, &status) || status.StatusCode >= http.StatusInternalServerError {
		j.unsure, j.rest = j.rest[0], j.rest[1:]
	}
	return nil, j.stopped(err)
}

// passed notes that the next step is done.
func (j *renderJob) passed(what string) {
	j.done, j.rest = append(j.done, what), j.rest[1:]
}

// stopped is err with what has been changed and what not.
func (j *renderJob) stopped(err error) error {
	var told []string
	switch {
	case len(j.done) > 0:
		told = append(told, "Done: "+strings.Join(j.done, "; "))
	case j.unsure == "":
		told = append(told, "Nothing was changed")
	}
	if j.unsure != "" {
		told = append(told, "Perhaps done, though Auth0 did not confirm it: "+j.unsure)
	}
	if len(j.rest) > 0 {
		told = append(told, "Not done: "+strings.Join(j.rest, ", "))
	}
	return sdk.Partly(strings.Join(told, ". ")+". The same call again goes on from there.", err)
}
