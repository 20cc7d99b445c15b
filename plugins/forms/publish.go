package forms

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

type publishInput struct {
	ID       string `json:"id" jsonschema:"Id or exact name."`
	RenderIn string `json:"render_in,omitempty" schema:"enum=post-login"`
}

// publisher publishes with the patience of its own.
type publisher struct{ auth0v1.Patience }

// publishForm only reads, unless it is to make an Action render the form: the
// Management API has no call that publishes a form. Saving it is what changes it for
// users, as soon as an Action renders it.
func (p publisher) publishForm(ctx context.Context, c *sdk.Call, in publishInput) (any, error) {
	total := stepsOfCheck
	if in.RenderIn != "" {
		total = stepsOfRendering
	}
	api, out, found, err := examine(ctx, c, in.ID, total, func(p publication) error { return p.fitToRender(in) })
	if err != nil {
		return nil, err
	}
	if in.RenderIn != "" {
		job := renderJob{Patience: p.Patience, call: c, api: api, formID: out.FormID, found: found}
		if err := job.renderIn(ctx); err != nil {
			return nil, err
		}
		out.rendered(job.result)
	}
	return out.concluded(found), nil
}

// fitToRender refuses a form that users could not complete when they
// log in, and one whose id could be more than an id in an Action's code.
func (p publication) fitToRender(in publishInput) error {
	if in.RenderIn == "" {
		return nil
	}
	if !isFormID(p.FormID) {
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
