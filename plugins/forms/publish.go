package forms

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

// maxFlows is how many flows of one form are looked up: each is a request, and
// the tenant's rate limit is shared.
const maxFlows = 50

type publishInput struct {
	ID       string `json:"id" jsonschema:"Id or name."`
	RenderIn string `json:"render_in,omitempty" schema:"enum=post-login"`
}

// publication is the answer of auth0_publish_form. Faults are part of it, not an
// error: the check was carried out.
type publication struct {
	FormID     string     `json:"form_id"`
	Name       string     `json:"name"`
	Valid      bool       `json:"valid"`
	Faults     []fault    `json:"faults"`
	Rendering  *rendering `json:"rendering,omitempty"`
	RenderedBy []renderer `json:"rendered_by"`
	Live       bool       `json:"live"`
	NextSteps  []string   `json:"next_steps"`
}

// publisher publishes with the patience of its own.
type publisher struct{ auth0v1.Patience }

// publishForm only reads, unless it is to make an Action render the form: the
// Management API has no call that publishes a form. Saving it is what changes it for
// users, as soon as an Action renders it.
func (p publisher) publishForm(ctx context.Context, c *sdk.Call, in publishInput) (any, error) {
	api, err := auth0v1.New(ctx, c)
	if err != nil {
		return nil, err
	}
	raw, err := find(ctx, api, in.ID)
	if err != nil {
		return nil, err
	}
	var form graph
	if err := json.Unmarshal(raw, &form); err != nil {
		return nil, fmt.Errorf("GET forms/%s: %w", in.ID, err)
	}
	total := 3.
	if in.RenderIn != "" {
		total = stepsOfRendering
	}
	c.Progress(1, total, "looking up the form's flows")
	faults, allFlows, err := flowFaults(ctx, api, form)
	if err != nil {
		return nil, err
	}
	out := publication{FormID: form.ID, Name: form.Name, Faults: append(append([]fault{}, form.faults()...), faults...)}
	out.Valid = len(out.Faults) == 0
	if err := out.fitToRender(in); err != nil {
		return nil, err
	}
	c.Progress(2, total, "looking for Actions that render the form")
	found, err := renderers(ctx, api, form.ID)
	if err != nil {
		return nil, err
	}
	out.RenderedBy = found.renderers
	if in.RenderIn != "" {
		job := renderJob{Patience: p.Patience, call: c, api: api, formID: form.ID, found: found}
		if err := job.renderIn(ctx); err != nil {
			return nil, err
		}
		out.rendered(job.result)
	}
	out.Live = slices.ContainsFunc(out.RenderedBy, func(r renderer) bool { return r.Deployed && r.Bound })
	out.NextSteps = out.steps()
	if !allFlows {
		out.NextSteps = append(out.NextSteps, fmt.Sprintf("Only the first %d flows were looked up: check that the others "+
			"exist.", maxFlows))
	}
	if !found.complete {
		out.NextSteps = append(out.NextSteps, fmt.Sprintf("Only the first %d Actions were looked at: others may render "+
			"the form.", auth0v1.Window))
	}
	return out, nil
}

// fitToRender refuses a form that users could not complete when they
// log in, and one whose id could be more than an id in an Action's code.
func (p publication) fitToRender(in publishInput) error {
	if in.RenderIn == "" {
		return nil
	}
	if !formID.MatchString(p.FormID) {
		return sdk.FailedPrecondition("nothing was changed: %q is not the id of a form, which is ap_ with letters and digits",
			p.FormID)
	}
	if p.Valid {
		return nil
	}
	const shown = 10
	var texts []string
	for _, f := range p.Faults[:min(shown, len(p.Faults))] {
		texts = append(texts, f.Node+": "+f.Problem)
	}
	if more := len(p.Faults) - shown; more > 0 {
		texts = append(texts, fmt.Sprintf("%d more", more))
	}
	return sdk.FailedPrecondition("nothing was changed: every user who logs in would see the form's faults. Fix them "+
		"with auth0_update_form, then call again: %s", strings.Join(texts, "; "))
}

// rendered notes that an Action renders the form now, as the steps that were taken
// say: reading it all again would tell no more.
func (p *publication) rendered(r rendering) {
	p.Rendering = &r
	now := renderer{r.ActionID, r.Action, postLogin, true, true}
	if i := slices.IndexFunc(p.RenderedBy,
		func(old renderer) bool { return old.ID == now.ID && old.Trigger == postLogin }); i >= 0 {
		p.RenderedBy[i] = now
		return
	}
	p.RenderedBy = append(p.RenderedBy, now)
}

// flowFaults are the flows that the form runs and that do not exist. complete is
// false if there were more than maxFlows.
func flowFaults(ctx context.Context, api *auth0v1.API, form graph) (faults []fault, complete bool, err error) {
	exists := map[string]bool{}
	for _, ref := range form.flows() {
		if ref.id == "" {
			faults = append(faults, fault{ref.node, ref.from + " is not set: there is no flow to run"})
			continue
		}
		found, known := exists[ref.id]
		if !known {
			if len(exists) == maxFlows {
				return faults, false, nil
			}
			_, err := api.Get(ctx, nil, "flows", ref.id)
			if err != nil && !missing(err) {
				return nil, false, err
			}
			found = err == nil
			exists[ref.id] = found
		}
		if !found {
			faults = append(faults, fault{ref.node, fmt.Sprintf("%s: there is no flow %q", ref.from, ref.id)})
		}
	}
	return faults, true, nil
}

// steps says what to do next, the most pressing first.
func (p publication) steps() []string {
	var steps []string
	switch {
	case p.Live && p.Valid && p.Rendering != nil && p.Rendering.Draft == draftCreated:
		return []string{"The form is live: every user sees it at every login. To show it to some users only, edit the " +
			"Action with auth0_update_action and deploy it.",
			"What auth0_update_form saves is shown at once."}
	case p.Live && p.Valid:
		return []string{"Nothing: the form is live. What auth0_update_form saves is shown at once."}
	case p.Live:
		return []string{"The form is live with these faults: fix them now with auth0_update_form."}
	case !p.Valid:
		steps = append(steps, "Fix the faults with auth0_update_form, then run auth0_publish_form again.")
	}
	call := fmt.Sprintf("api.prompt.render('%s');", p.FormID)
	if len(p.RenderedBy) == 0 {
		return append(steps,
			"No Action's code renders this form. One that takes the id from a secret, or makes it up as it runs, cannot be "+
				"seen here.",
			"To render it at every login, call auth0_publish_form with render_in post-login. "+
				"Or call "+call+" in onExecutePostLogin of an Action of your own (auth0_create_action or auth0_update_action), "+
				"deploy that with auth0_deploy_action and bind it to its trigger (Auth0 Dashboard: Actions, Triggers).")
	}
	for _, r := range p.RenderedBy {
		var todo []string
		if !r.Deployed {
			todo = append(todo, "deploy it with auth0_deploy_action (only its draft has "+call+")")
		}
		if !r.Bound {
			todo = append(todo, "bind it to "+r.Trigger+" (Auth0 Dashboard: Actions, Triggers)")
		}
		steps = append(steps, fmt.Sprintf("Action %q (%s): %s.", r.Name, r.ID, strings.Join(todo, ", then ")))
	}
	return steps
}
