package forms

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

// renderer is an Action that renders the form, on one of its triggers.
type renderer struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Trigger string `json:"trigger"`
	// Deployed: the deployed code renders it, not only the draft.
	Deployed bool `json:"deployed"`
	// Bound: the Action runs on the trigger.
	Bound bool `json:"bound"`
}

// live reports whether users meet the form at login.
func (r renderer) live() bool { return r.Trigger == postLogin && r.Deployed && r.Bound }

// action is what matters of an Action. The list holds the deployed code too.
type action struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Code     string `json:"code"`
	Triggers []struct {
		ID string `json:"id"`
	} `json:"supported_triggers"`
	Deployed struct {
		Code string `json:"code"`
	} `json:"deployed_version"`
	// raw is the whole Action.
	raw sdk.Object
}

func (a action) triggers() []string {
	ids := make([]string, len(a.Triggers))
	for i, t := range a.Triggers {
		ids[i] = t.ID
	}
	return ids
}

// survey is what a tenant's Actions have to do with a form.
type survey struct {
	// related are those that render it or look like its rendering Action.
	related []action
	// renderers are those that render it, on each of their triggers.
	renderers []renderer
	// complete is false if there are more Actions than auth0v1.Window, so that
	// not all were checked.
	complete bool
}

// action is the related Action with that id; nil if there is none.
func (s survey) action(id string) *action {
	if i := slices.IndexFunc(s.related, func(a action) bool { return a.ID == id }); i >= 0 {
		return &s.related[i]
	}
	return nil
}

// renderers finds the Actions that render a form.
func renderers(ctx context.Context, api *auth0v1.API, formID string) (survey, error) {
	found, err := relatedActions(ctx, api, formID, nil)
	if err != nil {
		return found, err
	}
	bound := map[string]bindings{}
	found.renderers = []renderer{}
	for _, a := range found.related {
		deployed := renders(a.Deployed.Code, formID)
		if !deployed && !renders(a.Code, formID) {
			continue
		}
		for _, trigger := range a.triggers() {
			if _, known := bound[trigger]; !known {
				if bound[trigger], err = readBindings(ctx, api, trigger); err != nil {
					return found, err
				}
			}
			found.renderers = append(found.renderers, renderer{a.ID, a.Name, trigger, deployed, bound[trigger].have(a.ID)})
		}
	}
	return found, nil
}

// relatedActions finds, among the Actions that the query selects, those that have to
// do with a form.
func relatedActions(ctx context.Context, api *auth0v1.API, formID string, query url.Values) (found survey, err error) {
	var broken error
	_, found.complete, err = api.Filter(ctx,
		auth0v1.Collection{Path: []string{"actions", "actions"}, Items: "actions", AlwaysTotals: true}, query,
		func(o sdk.Object) bool {
			a, err := readAction(o)
			if err != nil {
				broken = err
			} else if is, _ := ours(a.Code, formID); is || a.Name == renderActionName(formID) || renders(a.Code, formID) ||
				renders(a.Deployed.Code, formID) {
				found.related = append(found.related, a)
			}
			return false
		})
	if err == nil {
		err = broken
	}
	return found, err
}

func readAction(o sdk.Object) (action, error) {
	a := action{raw: o}
	raw, err := json.Marshal(o)
	if err == nil {
		err = json.Unmarshal(raw, &a)
	}
	if err != nil {
		return a, fmt.Errorf("GET actions/actions: action %q: %w", o.Text("id"), err)
	}
	return a, nil
}

// binding makes an Action run on a trigger. Auth0 gives every binding a new id when
// any of the trigger's bindings is changed.
type binding struct {
	ID       string
	Name     string
	ActionID string
}

// ref is the binding in a request that replaces all of them.
func (b binding) ref() map[string]any {
	ref := map[string]string{"type": "action_id", "value": b.ActionID}
	if b.ActionID == "" {
		ref = map[string]string{"type": "binding_id", "value": b.ID}
	}
	if b.Name == "" {
		return map[string]any{"ref": ref}
	}
	return map[string]any{"ref": ref, "display_name": b.Name}
}

// bindings are those of one trigger, in the order in which they run.
type bindings struct {
	list []binding
	// complete is false if there are more than one answer holds.
	complete bool
}

func (b bindings) have(actionID string) bool {
	return slices.ContainsFunc(b.list, func(one binding) bool { return one.ActionID == actionID })
}

// String names them for users.
func (b bindings) String() string {
	names := make([]string, len(b.list))
	for i, one := range b.list {
		names[i] = one.Name
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// readBindings reads a trigger's bindings, in one request: pages that are read one
// after the other may belong to two different lists.
func readBindings(ctx context.Context, api *auth0v1.API, trigger string) (bindings, error) {
	all := 100 // the largest page, and more than a trigger may have
	page, err := api.Page(ctx, auth0v1.Collection{Path: []string{"actions", "triggers", trigger, "bindings"},
		Items: "bindings", AlwaysTotals: true},
		auth0v1.PageOf{PerPage: &all}, nil)
	if err != nil {
		return bindings{}, err
	}
	read := bindings{complete: page.Total <= len(page.Items) && len(page.Items) < all}
	for _, o := range page.Items {
		raw, _ := o.Get("action")
		var a sdk.Object
		if raw != nil && json.Unmarshal(raw, &a) != nil {
			return bindings{}, fmt.Errorf("GET actions/triggers/%s/bindings: binding %q: its action is no object", trigger,
				o.Text("id"))
		}
		read.list = append(read.list, binding{o.Text("id"), o.Text("display_name"), a.Text("id")})
	}
	return read, nil
}

var (
	// comment is a comment or a text of JavaScript, whichever comes first: inside
	// a text, // is no comment, and inside a comment, a quote begins no text.
	comment = lazily("(?s)" + `/\*.*?(?:\*/|$)|//[^\n]*|` + `'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|` +
		"`(?:\\\\.|[^`\\\\])*`")
	// renderCall is a call with its first argument's first character.
	renderCall = lazily(`\bprompt\s*(?:\?\.|\.)\s*render\s*\(\s*(.)`)
)

// renders reports whether an Action's code renders the form: a call with its id,
// or a call with something else in code that holds the id. Code in comments does
// not count; an id that is not in the code at all cannot be seen.
func renders(code, formID string) bool {
	if !strings.Contains(code, formID) {
		return false
	}
	code = comment().ReplaceAllStringFunc(code, func(s string) string {
		if strings.HasPrefix(s, "/") {
			return " "
		}
		return s
	})
	quoted := regexp.MustCompile("['\"`]" + regexp.QuoteMeta(formID) + "['\"`]")
	for _, call := range renderCall().FindAllStringSubmatchIndex(code, -1) {
		argument := code[call[2]:]
		literal := strings.ContainsRune("'\"`", rune(argument[0]))
		if at := quoted.FindStringIndex(argument); literal && at != nil && at[0] == 0 {
			return true
		}
		if !literal && quoted.MatchString(code) {
			return true
		}
	}
	return false
}

// lazily compiles a pattern when it is first used: a plugin's process may never need it.
func lazily(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
