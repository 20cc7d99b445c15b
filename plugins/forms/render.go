package forms

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

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
}

// renderers finds the Actions that render a form. complete is false if there are
// more Actions than auth0v1.SearchCap, so that not all were looked at.
func renderers(ctx context.Context, api *auth0v1.API, formID string) (found []renderer, complete bool, err error) {
	var actions []action
	var broken error
	_, complete, err = api.Filter(ctx, auth0v1.Collection{Path: []string{"actions", "actions"}, Items: "actions", AlwaysTotals: true}, nil,
		func(o sdk.Object) bool {
			a, err := readAction(o)
			if err != nil {
				broken = err
			} else if renders(a.Code, formID) || renders(a.Deployed.Code, formID) {
				actions = append(actions, a)
			}
			return false
		})
	if err == nil {
		err = broken
	}
	if err != nil {
		return nil, false, err
	}
	bound := map[string][]string{}
	found = []renderer{}
	for _, a := range actions {
		for _, t := range a.Triggers {
			if _, known := bound[t.ID]; !known {
				if bound[t.ID], err = boundActions(ctx, api, t.ID); err != nil {
					return nil, false, err
				}
			}
			found = append(found, renderer{a.ID, a.Name, t.ID, renders(a.Deployed.Code, formID), slices.Contains(bound[t.ID], a.ID)})
		}
	}
	return found, complete, nil
}

func readAction(o sdk.Object) (action, error) {
	var a action
	raw, err := json.Marshal(o)
	if err == nil {
		err = json.Unmarshal(raw, &a)
	}
	if err != nil {
		return a, fmt.Errorf("GET actions/actions: action %q: %w", o.Text("id"), err)
	}
	return a, nil
}

// boundActions are the ids of the Actions that run on a trigger.
func boundActions(ctx context.Context, api *auth0v1.API, trigger string) ([]string, error) {
	ids := []string{}
	bindings := auth0v1.Collection{Path: []string{"actions", "triggers", trigger, "bindings"}, Items: "bindings", AlwaysTotals: true}
	_, _, err := api.Filter(ctx, bindings, nil, func(o sdk.Object) bool {
		raw, _ := o.Get("action")
		var a sdk.Object
		if json.Unmarshal(raw, &a) == nil {
			ids = append(ids, a.Text("id"))
		}
		return false
	})
	return ids, err
}

var (
	// comment is a comment or a text of JavaScript, whichever comes first: inside
	// a text, // is no comment, and inside a comment, a quote begins no text.
	comment = regexp.MustCompile("(?s)" + `/\*.*?(?:\*/|$)|//[^\n]*|` + `'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|` + "`(?:\\\\.|[^`\\\\])*`")
	// renderCall is a call with its first argument's first character.
	renderCall = regexp.MustCompile(`\bprompt\s*(?:\?\.|\.)\s*render\s*\(\s*(.)`)
)

// renders reports whether an Action's code renders the form: a call with its id,
// or a call with something else in code that holds the id. Code in comments does
// not count; an id that is not in the code at all cannot be seen.
func renders(code, formID string) bool {
	if !strings.Contains(code, formID) {
		return false
	}
	code = comment.ReplaceAllStringFunc(code, func(s string) string {
		if strings.HasPrefix(s, "/") {
			return " "
		}
		return s
	})
	quoted := regexp.MustCompile("['\"`]" + regexp.QuoteMeta(formID) + "['\"`]")
	for _, call := range renderCall.FindAllStringSubmatchIndex(code, -1) {
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
