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
// the tenant's rate limit is shared with everybody else.
const maxFlows = 50

// publication is the answer of auth0_publish_form. Faults are part of it, not an
// error: the check was carried out.
type publication struct {
	FormID     string     `json:"form_id"`
	Name       string     `json:"name"`
	Valid      bool       `json:"valid"`
	Faults     []fault    `json:"faults"`
	RenderedBy []renderer `json:"rendered_by"`
	Live       bool       `json:"live"`
	NextSteps  []string   `json:"next_steps"`
}

// publishForm only reads: the Management API has no call that publishes a form.
// Saving it is what changes it for people, as soon as an Action renders it.
func publishForm(ctx context.Context, c *sdk.Call, in idInput) (any, error) {
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
	c.Progress(1, 3, "looking up the form's flows")
	faults, allFlows, err := flowFaults(ctx, api, form)
	if err != nil {
		return nil, err
	}
	c.Progress(2, 3, "looking for Actions that render the form")
	by, allActions, err := renderers(ctx, api, form.ID)
	if err != nil {
		return nil, err
	}
	p := publication{FormID: form.ID, Name: form.Name, RenderedBy: by}
	p.Faults = append(append([]fault{}, form.faults()...), faults...)
	p.Valid = len(p.Faults) == 0
	p.Live = slices.ContainsFunc(by, func(r renderer) bool { return r.Deployed && r.Bound })
	p.NextSteps = p.steps()
	if !allFlows {
		p.NextSteps = append(p.NextSteps, fmt.Sprintf("Only the first %d flows were looked up: check that the others exist.", maxFlows))
	}
	if !allActions {
		p.NextSteps = append(p.NextSteps, fmt.Sprintf("Only the first %d Actions were looked at: others may render the form.", auth0v1.SearchCap))
	}
	return p, nil
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
	case p.Live && p.Valid:
		return []string{"Nothing: the form is live. What auth0_update_form saves is shown at once."}
	case p.Live:
		return []string{"The form is live with these faults: mend them now with auth0_update_form."}
	case !p.Valid:
		steps = append(steps, "Mend the faults with auth0_update_form, then run auth0_publish_form again.")
	}
	call := fmt.Sprintf("api.prompt.render('%s');", p.FormID)
	if len(p.RenderedBy) == 0 {
		return append(steps,
			"No Action's code renders this form. One that takes the id from a secret, or makes it up as it runs, cannot be seen here.",
			"To render it, call "+call+" in onExecutePostLogin of a post-login Action (auth0_create_action or auth0_update_action), "+
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
