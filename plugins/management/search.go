package management

import (
	"context"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// defaultHits is how many operations a search shows that asks for no number.
const defaultHits = 8

type searchInput struct {
	Query  string `json:"query" schema:"min=1"`
	Effect string `json:"effect,omitempty" schema:"enum=read|write|destroy"`
	Group  string `json:"group,omitempty" jsonschema:"First segment of the path: users, clients."`
	Limit  int    `json:"limit,omitempty" jsonschema:"Operations." schema:"min=1,max=50,default=8"`
}

// found is what a search says of an operation.
type found struct {
	Operation string   `json:"operation"`
	Summary   string   `json:"summary"`
	Tool      string   `json:"tool"`
	Effect    string   `json:"effect"`
	Scopes    []string `json:"scopes"`
	Lifecycle string   `json:"lifecycle,omitempty"`
}

type searchAnswer struct {
	Operations []found `json:"operations"`
	Count      int     `json:"count"`
	Matches    int     `json:"matches"`
	Note       string  `json:"note,omitempty"`
}

func search(_ context.Context, _ *sdk.Call, in searchInput) (searchAnswer, error) {
	if groups := groups(); in.Group != "" && !slices.Contains(groups, in.Group) {
		return searchAnswer{}, sdk.InvalidArgument("group: there is no group %q. The groups are %s", in.Group,
			strings.Join(groups, ", "))
	}
	hits := managementapi.Search(in.Query, func(o *managementapi.Operation) bool {
		return (in.Effect == "" || string(o.Effect) == in.Effect) && (in.Group == "" || o.Group == in.Group)
	})
	answer := searchAnswer{Operations: []found{}, Matches: len(hits)}
	limit := in.Limit
	if limit == 0 {
		limit = defaultHits
	}
	for _, o := range hits[:min(limit, len(hits))] {
		answer.Operations = append(answer.Operations, summaryOf(o))
	}
	if answer.Count = len(answer.Operations); answer.Count == 0 {
		answer.Note = "Nothing fits these words. Try others, such as the name of what you want to see or change"
	}
	return answer, nil
}

func summaryOf(o *managementapi.Operation) found {
	f := found{Operation: o.Name(), Summary: o.Summary, Tool: toolFor(o), Effect: string(o.Effect), Scopes: o.Scopes}
	if o.Lifecycle != managementapi.GA {
		f.Lifecycle = string(o.Lifecycle)
	}
	return f
}

// toolFor is the tool that calls an operation.
func toolFor(o *managementapi.Operation) string {
	switch o.Effect {
	case managementapi.Read:
		return readTool
	case managementapi.Write:
		return writeTool
	default:
		return destroyTool
	}
}

func groups() (names []string) {
	for o := range managementapi.All() {
		if !slices.Contains(names, o.Group) {
			names = append(names, o.Group)
		}
	}
	return names
}
