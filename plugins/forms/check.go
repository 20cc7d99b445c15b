package forms

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

// maxFlows is how many flows of one form are looked up: each is a request, and
// the tenant's rate limit is shared.
const maxFlows = 50

// stepsOfCheck is the total of the progress of a call that only checks.
const stepsOfCheck = 3.

type checkInput struct {
	ID     string         `json:"id,omitempty" jsonschema:"Id or exact name."`
	Export map[string]any `json:"export,omitempty" jsonschema:"Or a Dashboard export." schema:"free"`
}

// publication is the answer of auth0_check_form and auth0_publish_form. Faults are part
// of it, not an error: the check was carried out.
type publication struct {
	FormID     string     `json:"form_id,omitempty"`
	Name       string     `json:"name"`
	Valid      bool       `json:"valid"`
	Faults     []fault    `json:"faults"`
	Needs      []need     `json:"needs,omitempty"`
	Rendering  *rendering `json:"rendering,omitempty"`
	RenderedBy []renderer `json:"rendered_by"`
	Live       bool       `json:"live"`
	NextSteps  []string   `json:"next_steps"`
	// allFlows is false if the form has more than maxFlows.
	allFlows bool
}

func checkForm(ctx context.Context, c *sdk.Call, in checkInput) (any, error) {
	if (in.ID == "") == (in.Export == nil) {
		return nil, sdk.InvalidArgument("give either id, for a form of the tenant, or export")
	}
	if in.Export != nil {
		return checkExport(ctx, c)
	}
	_, out, found, err := examine(ctx, c, in.ID, stepsOfCheck, func(publication) error { return nil })
	if err != nil {
		return nil, err
	}
	return out.concluded(found), nil
}

// examine checks a form and looks for Actions that render it; fit may end it in between. total
// is that of the progress.
func examine(ctx context.Context, c *sdk.Call, id string, total float64, fit func(publication) error) (*auth0v1.API,
	publication, survey, error,
) {
	api, err := auth0v1.New(ctx, c)
	if err != nil {
		return nil, publication{}, survey{}, err
	}
	raw, err := api.Find(ctx, collection(), id)
	if err != nil {
		return nil, publication{}, survey{}, err
	}
	form, err := readGraph(raw)
	if err != nil {
		return nil, publication{}, survey{}, fmt.Errorf("GET forms/%s: %w", id, err)
	}
	c.Progress(1, total, "looking up the form's flows")
	out := publication{FormID: form.ID, Name: form.Name}
	faults, allFlows, err := flowFaults(ctx, api, form, nil)
	if err != nil {
		return nil, out, survey{}, err
	}
	out.Faults, out.allFlows = append(append([]fault{}, form.faults()...), faults...), allFlows
	out.Valid = len(out.Faults) == 0
	if err := fit(out); err != nil {
		return nil, out, survey{}, err
	}
	c.Progress(2, total, "looking for Actions that render the form")
	found, err := renderers(ctx, api, form.ID)
	out.RenderedBy = found.renderers
	return api, out, found, err
}

// concluded says whether the form is live, and what is to be done.
func (p publication) concluded(found survey) publication {
	p.Live = slices.ContainsFunc(p.RenderedBy, func(r renderer) bool { return r.Deployed && r.Bound })
	p.NextSteps = p.steps()
	if !p.allFlows {
		p.NextSteps = append(p.NextSteps, fmt.Sprintf("Only the first %d flows were looked up: check that the others "+
			"exist.", maxFlows))
	}
	if !found.complete {
		p.NextSteps = append(p.NextSteps, fmt.Sprintf("Only the first %d Actions were checked: others may render "+
			"the form.", auth0v1.Window))
	}
	return p
}

// flowID is what Auth0's flow ids look like. Auth0 refuses to look up anything else.
var flowID = lazily(`^af_[0-9A-Za-z_]+$`)

func isFlowID(id string) bool { return flowID().MatchString(id) }

// flowFaults are the references to flows that do not exist, in the tenant or in the export.
// complete is false if there are more than maxFlows.
func flowFaults(ctx context.Context, api *auth0v1.API, form graph, exported map[string]exportedFlow) (faults []fault,
	complete bool, err error,
) {
	exists, asked := map[string]bool{}, 0
	for _, ref := range form.flows() {
		_, brought := exported[ref.id]
		found, known := exists[ref.id]
		switch {
		case brought:
			continue
		case ref.id == "":
			faults = append(faults, fault{ref.node, ref.path, ref.from + " is not set: there is no flow to run"})
			continue
		case !isFlowID(ref.id):
			faults = append(faults, fault{ref.node, ref.path, fmt.Sprintf("%s: %q is not the id of a flow, which is af_ with "+
				"letters and digits", ref.from, ref.id)})
			continue
		case !known && asked == maxFlows:
			return faults, false, nil
		case !known:
			asked++
			if found, err = flowExists(ctx, api, ref.id); err != nil {
				return nil, false, err
			}
			exists[ref.id] = found
		}
		if !found {
			faults = append(faults, fault{ref.node, ref.path, fmt.Sprintf("%s: there is no flow %q", ref.from, ref.id)})
		}
	}
	return faults, true, nil
}

// flowExists asks Auth0. An id that Auth0 refuses as malformed does not exist.
func flowExists(ctx context.Context, api *auth0v1.API, id string) (bool, error) {
	_, err := api.Get(ctx, nil, "flows", id)
	if auth0v1.Answered(err, http.StatusNotFound) || auth0v1.Answered(err, http.StatusBadRequest) {
		return false, nil
	}
	return err == nil, err
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
		steps = append(steps, "Fix the faults with auth0_update_form, then call auth0_check_form again.")
	}
	call := fmt.Sprintf("api.prompt.render('%s');", p.FormID)
	if len(p.RenderedBy) == 0 {
		return append(steps,
			"No Action's code renders this form. An Action that reads the id from a secret, or computes it, is not found.",
			"To render it at every login, call auth0_publish_form with render_in post-login. "+
				"Or call "+call+" in onExecutePostLogin of an Action of your own (auth0_create_action or auth0_update_action), "+
				"deploy that with auth0_deploy_action and bind it to its trigger with auth0_update_trigger_bindings.")
	}
	for _, r := range p.RenderedBy {
		var todo []string
		if !r.Deployed {
			todo = append(todo, "deploy it with auth0_deploy_action (only its draft has "+call+")")
		}
		if !r.Bound {
			todo = append(todo, "bind it to "+r.Trigger+" with auth0_update_trigger_bindings")
		}
		steps = append(steps, fmt.Sprintf("Action %q (%s): %s.", r.Name, r.ID, strings.Join(todo, ", then ")))
	}
	return steps
}
