package actions

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
)

// rows are the tools for versions, and the one that deletes.
func rows() []resource.Tool {
	action := resource.Ref("id", collection())
	return []resource.Tool{
		{
			Name: "auth0_list_action_versions", Title: "List action versions",
			Description: "What was deployed of an action, newest first; fields: [code] shows it.",
			Operation:   "GET /api/v2/actions/actions/{id}/versions", Scopes: []string{"read:actions"}, Of: versions(),
			Args: []resource.Arg{action},
		},
		{
			Name: "auth0_rollback_action", Title: "Roll back action",
			Description: "Make an earlier version of an action live again, as a new version. The draft stays.",
			Operation:   "POST /api/v2/actions/actions/{id}/versions/{version}/deploy", Also: []string{versionsPath},
			Scopes: []string{"read:actions", "create:actions"},
			Of:     resource.Collection{Untrusted: versions().Untrusted},
			Args: []resource.Arg{action, resource.Whole("version", "Its number.", 1, maxVersion),
				resource.Flag("update_draft", "Also make it the draft.")},
			Run: rollBack,
		},
		{
			Name: "auth0_delete_action", Title: "Delete action",
			Description: "Delete an action with its versions. One that is bound to a trigger stays, without force.",
			Operation:   "DELETE /api/v2/actions/actions/{id}", Scopes: []string{"delete:actions"},
			Args: []resource.Arg{action, resource.Flag("force", "Unbind it first.")},
		},
	}
}

const (
	versionsPath = "GET /api/v2/actions/actions/{id}/versions"
	maxVersion   = 1_000_000
)

func versions() resource.Collection {
	return resource.Collection{Items: "versions", What: "version", Name: "number", AlwaysTotals: true,
		Show:      []string{"id", "number", "deployed", "status", "runtime", "created_at", "built_at", "errors"},
		Untrusted: []string{"code", "dependencies", "secrets", "modules", "errors", "action"}}
}

// rollBack deploys the version with the number that the caller gave: the API knows versions by their ids alone.
func rollBack(ctx context.Context, r *resource.Request) (any, error) {
	var number int
	r.Read("version", &number)
	path := []string{"actions", "actions", r.Text("id"), "versions"}
	all := versions()
	all.Path = path
	found, _, err := all.Filter(ctx, r.Call, nil, func(version sdk.Object) bool {
		value, _ := version.Get("number")
		var candidate int
		return json.Unmarshal(value, &candidate) == nil && candidate == number
	})
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, sdk.NotFound("the action has no version %d: auth0_list_action_versions has those that it has", number)
	}
	body := map[string]bool{"update_draft": r.Flag("update_draft")}
	var answer json.RawMessage
	err = r.Call.Send(ctx, http.MethodPost, &answer, body, append(path, found[0].Text("id"), "deploy")...)
	return answer, err
}
