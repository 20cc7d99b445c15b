package forms

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

// postLogin is the trigger that renders a form after login.
const postLogin = "post-login"

// renderActionName is what a form's rendering Action is called. It has the form's
// id, which stays when the form is renamed and which every name may hold.
func renderActionName(formID string) string { return "Render form " + formID }

// marker is the first line of a rendering Action's code: the form that it renders,
// and a digest of the lines below, which tells whether they have been edited.
var marker = lazily(`^// auth0-mcp:render-form ([0-9A-Za-z_]+) sha256:([0-9a-f]{16})\r?\n`)

// renderCode is the code of a form's rendering Action. formID must match the
// pattern formID, so that it can be nothing but an id where it stands.
func renderCode(formID string) string {
	// What it does comes first: an approver sees its beginning.
	body := `exports.onExecutePostLogin = async (event, api) => {
  api.prompt.render('` + formID + `');
};

// Runs when the user has completed the form.
exports.onContinuePostLogin = async (event, api) => {};

// auth0_publish_form of auth0-mcp made this. You may edit it, for example to show the
// form to some users only: what is edited is never overwritten.
`
	return fmt.Sprintf("// auth0-mcp:render-form %s sha256:%s\n", formID, digest(body)) + body
}

func digest(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:8])
}

// ours reports whether code is that of the form's rendering Action, and whether
// it has been edited since.
func ours(code, formID string) (is, edited bool) {
	m := marker().FindStringSubmatch(code)
	if m == nil || m[1] != formID {
		return false, false
	}
	return true, digest(code[len(m[0]):]) != m[2]
}

// renderAction is the form's rendering Action among those that have to do with the
// form; nil if there is none. An Action that has its name but not the marker is
// the user's own, and an error.
func (s survey) renderAction(formID string) (*action, error) {
	var made []action
	name := renderActionName(formID)
	for _, a := range s.related {
		if is, _ := ours(a.Code, formID); is {
			made = append(made, a)
		}
	}
	if i := slices.IndexFunc(made, func(a action) bool { return a.Name == name }); i >= 0 {
		made = made[i : i+1]
	}
	switch len(made) {
	case 1:
		if !slices.Contains(made[0].triggers(), postLogin) {
			return nil, sdk.FailedPrecondition("nothing was changed: Action %q (%s) renders this form for "+
				"auth0_publish_form, but its trigger is %s: delete it, or give it %s back",
				made[0].Name, made[0].ID, strings.Join(made[0].triggers(), ", "), postLogin)
		}
		return &made[0], nil
	case 0:
		if i := slices.IndexFunc(s.related, func(a action) bool { return a.Name == name }); i >= 0 {
			return nil, sdk.FailedPrecondition("nothing was changed: Action %q (%s) has the name of this form's rendering "+
				"Action, but not the first line by which auth0_publish_form knows its own, and is never overwritten: rename it "+
				"or delete it, then call again",
				name, s.related[i].ID)
		}
		return nil, nil
	}
	names := make([]string, len(made))
	for i, a := range made {
		names[i] = fmt.Sprintf("%q (%s)", a.Name, a.ID)
	}
	return nil, sdk.Ambiguous("nothing was changed: several Actions say in their first line that they render this form "+
		"for auth0_publish_form: %s. Delete that line in all but one",
		strings.Join(names, ", "))
}

// loginTrigger is the version of post-login that new Actions use, with its runtime.
type loginTrigger struct {
	ID             string   `json:"id"`
	Version        string   `json:"version"`
	Status         string   `json:"status"`
	Runtimes       []string `json:"runtimes"`
	DefaultRuntime string   `json:"default_runtime"`
}

// currentLogin asks the tenant: a version or a runtime of ours would go out of date.
func currentLogin(ctx context.Context, api *auth0v1.API) (loginTrigger, error) {
	raw, err := api.Get(ctx, nil, "actions", "triggers")
	if err != nil {
		return loginTrigger{}, err
	}
	var answer struct {
		Triggers []loginTrigger `json:"triggers"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return loginTrigger{}, fmt.Errorf("GET actions/triggers: %w", err)
	}
	for _, t := range answer.Triggers {
		if t.ID != postLogin || t.Status != "CURRENT" {
			continue
		}
		// The default may be retired: then it is not among those that there are.
		if len(t.Runtimes) > 0 && !slices.Contains(t.Runtimes, t.DefaultRuntime) {
			t.DefaultRuntime = t.Runtimes[len(t.Runtimes)-1]
		}
		return t, nil
	}
	return loginTrigger{}, sdk.FailedPrecondition("the tenant lists no current version of the trigger %s", postLogin)
}
