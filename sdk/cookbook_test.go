// The code of docs/plugins/cookbook.md: the page quotes these functions, and a test of the host compares.

package sdk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

// Pages

type listRoles struct {
	Page    int `json:"page,omitempty" jsonschema:"The page, from 0." schema:"min=0"`
	PerPage int `json:"per_page,omitempty" jsonschema:"Items on a page." schema:"min=1,max=100,default=50"`
}

func roles(ctx context.Context, c *sdk.Call, in listRoles) (sdk.Page, error) {
	if in.PerPage == 0 {
		in.PerPage = 50
	}
	var answer struct {
		Roles []sdk.Object `json:"roles"`
		Total int          `json:"total"`
	}
	query := url.Values{"include_totals": {"true"}, "page": {strconv.Itoa(in.Page)},
		"per_page": {strconv.Itoa(in.PerPage)}}
	err := c.WithQuery(query).Get(ctx, &answer, "roles")
	page := sdk.Page{Name: "roles", Items: answer.Roles, Number: in.Page, Size: in.PerPage, Total: answer.Total}
	if (in.Page+2)*in.PerPage > 1000 {
		page.Last = true
		page.Note = "Auth0 gives the first 1000 roles only: narrow the search by name"
	}
	return page, err
}

type listMembers struct {
	ID   string `json:"id" jsonschema:"The role's id."`
	From string `json:"from,omitempty" jsonschema:"The cursor next of the answer before."`
}

type members struct {
	Users []sdk.Object `json:"users"`
	Next  string       `json:"next,omitempty"`
}

func roleMembers(ctx context.Context, c *sdk.Call, in listMembers) (page members, err error) {
	query := url.Values{"take": {"50"}}
	if in.From != "" {
		query.Set("from", in.From)
	}
	err = c.WithQuery(query).Get(ctx, &page, "roles", in.ID, "users")
	if fit := c.FitItems(page.Users); err == nil && fit < len(page.Users) {
		query.Set("take", strconv.Itoa(fit)) // so that next follows the last one that is shown
		page = members{}
		err = c.WithQuery(query).Get(ctx, &page, "roles", in.ID, "users")
	}
	return page, err
}

// Names in place of ids

func roleID(ctx context.Context, c *sdk.Call, idOrName string) (string, error) {
	err := c.Get(ctx, nil, "roles", idOrName)
	api, answered := errors.AsType[*sdk.APIError](err)
	if none := answered && api.StatusCode == http.StatusNotFound; !none && !sdk.IsInvalidArgument(err) {
		return idOrName, err
	}
	var found []sdk.Object
	query := url.Values{"name_filter": {idOrName}, "per_page": {"100"}}
	if err := c.WithQuery(query).Get(ctx, &found, "roles"); err != nil {
		return "", err
	}
	var ids []string
	for _, role := range found {
		if role.Text("name") == idOrName { // the filter finds parts of names too
			ids = append(ids, role.Text("id"))
		}
	}
	switch len(ids) {
	case 0:
		return "", sdk.NotFound("there is no role with the id or name %q", idOrName)
	case 1:
		return ids[0], nil
	}
	return "", sdk.Ambiguous("%d roles are named %q: give an id: %s", len(ids), idOrName, strings.Join(ids, ", "))
}

// Long work with progress

type exportUsers struct {
	Connection string `json:"connection_id" jsonschema:"The connection whose users to export."`
}

func export(ctx context.Context, c *sdk.Call, in exportUsers) (job sdk.Object, err error) {
	body := map[string]string{"connection_id": in.Connection, "format": "csv"}
	if err := c.Send(ctx, http.MethodPost, &job, body, "jobs", "users-exports"); err != nil {
		return nil, err
	}
	goesOn := "The export " + job.Text("id") + " was started and goes on."
	for !c.DryRun() && job.Text("status") != "completed" {
		if job.Text("status") == "failed" {
			return nil, sdk.FailedPrecondition("the export %s failed", job.Text("id"))
		}
		done, _ := job.Get("percentage_done")
		percent, _ := strconv.ParseFloat(string(done), 64)
		c.Progress(percent, 100, "exporting users")
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return nil, sdk.Partly(goesOn, ctx.Err())
		}
		if err := c.Get(ctx, &job, "jobs", job.Text("id")); err != nil {
			return nil, sdk.Partly(goesOn, err)
		}
	}
	return job, nil
}

// Several changes

type createRole struct {
	Name        string       `json:"name" schema:"min=1"`
	Permissions []permission `json:"permissions" schema:"min=1"`
}

type permission struct {
	API  string `json:"resource_server_identifier" jsonschema:"The API's identifier."`
	Name string `json:"permission_name"`
}

func create(ctx context.Context, c *sdk.Call, in createRole) (role sdk.Object, err error) {
	if err := c.Send(ctx, http.MethodPost, &role, map[string]string{"name": in.Name}, "roles"); err != nil {
		return nil, err
	}
	body := map[string]any{"permissions": in.Permissions}
	if err := c.Send(ctx, http.MethodPost, nil, body, "roles", role.Text("id"), "permissions"); err != nil {
		done := fmt.Sprintf("The role %s was created. It has no permissions: add them with auth0_add_permissions.",
			role.Text("id"))
		return nil, sdk.Partly(done, err)
	}
	return role, nil
}

// Hidden values

type updateStream struct {
	ID   string `json:"id" jsonschema:"The log stream's id."`
	Name string `json:"name" schema:"min=1"`
}

func rename(ctx context.Context, c *sdk.Call, in updateStream) (stream sdk.Object, err error) {
	if err := c.Get(ctx, &stream, "log-streams", in.ID); err != nil {
		return nil, err
	}
	sink, _ := stream.Get("sink") // with its token: a plugin gets what Auth0 answers
	body := map[string]any{"name": in.Name, "sink": sink}
	err = c.Send(ctx, http.MethodPatch, &stream, body, "log-streams", in.ID)
	return stream, err
}

// Files

type saveKeys struct {
	Path string `json:"path" jsonschema:"The file to write, relative to the project." schema:"min=1"`
}

func save(ctx context.Context, c *sdk.Call, in saveKeys) (string, error) {
	var keys json.RawMessage
	if err := c.Get(ctx, &keys, "keys", "signing"); err != nil {
		return "", err
	}
	written, err := c.WriteFile(ctx, sdk.File{Root: "project", Path: in.Path, Content: keys})
	if err != nil {
		return "", err
	}
	return "Wrote " + written.Path + ".", nil
}

// Errors

type removeRole struct {
	Role string `json:"role" jsonschema:"The role's id or exact name."`
}

func remove(ctx context.Context, c *sdk.Call, in removeRole) (string, error) {
	id, err := roleID(ctx, c, in.Role)
	if err != nil {
		return "", err
	}
	var users []sdk.Object
	if err := c.Get(ctx, &users, "roles", id, "users"); err != nil {
		return "", err
	}
	if len(users) > 0 {
		return "", sdk.FailedPrecondition("users still have the role %s: remove it from them first", id)
	}
	return "Deleted " + id + ".", c.Send(ctx, http.MethodDelete, nil, nil, "roles", id)
}

func roleTools() []sdk.Tool {
	role := resource.Ref("role", resource.Roles())
	return resource.Tools(
		resource.Tool{
			Name: "acme_list_role_members", Title: "List role members", Description: "The users who have a role.",
			Operation: "GET /api/v2/roles/{role}/users", Scopes: []string{"read:users", "read:roles"},
			Of:   resource.Collection{Items: "users", What: "user", ID: "user_id", Checkpoint: true},
			Args: []resource.Arg{role},
		},
		resource.Tool{
			Name: "acme_delete_role", Title: "Delete role", Description: "Delete a role.",
			Operation: "DELETE /api/v2/roles/{role}", Scopes: []string{"delete:roles"}, Args: []resource.Arg{role},
		},
	)
}

func cookbook() sdk.Plugin {
	return sdk.Plugin{Name: "cookbook", Version: "0.1.0", Tools: []sdk.Tool{
		sdk.NewTool("auth0_list_roles", sdk.Read, "Roles.", roles, sdk.Paths("GET /api/v2/roles")),
		sdk.NewTool("auth0_list_role_members", sdk.Read, "Users of a role.", roleMembers,
			sdk.Paths("GET /api/v2/roles/{id}/users")),
		sdk.NewTool("auth0_export_users", sdk.Write, "Export users.", export,
			sdk.Paths("POST /api/v2/jobs/users-exports", "GET /api/v2/jobs/{id}")),
		sdk.NewTool("auth0_create_role", sdk.Write, "Create a role.", create,
			sdk.Paths("POST /api/v2/roles", "POST /api/v2/roles/{id}/permissions")),
		sdk.NewTool("auth0_rename_log_stream", sdk.Write, "Rename a log stream.", rename,
			sdk.Paths("GET /api/v2/log-streams/{id}", "PATCH /api/v2/log-streams/{id}")),
		sdk.NewTool("auth0_save_signing_keys", sdk.Write, "Save the public keys.", save,
			sdk.Paths("GET /api/v2/keys/signing"), sdk.Files("project")),
		sdk.NewTool("auth0_delete_role", sdk.Destroy, "Delete a role.", remove, sdk.Paths("GET /api/v2/roles",
			"GET /api/v2/roles/{id}", "GET /api/v2/roles/{id}/users", "DELETE /api/v2/roles/{id}")),
	}}
}

// Each recipe does what the page says of it.
func TestCookbook(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tool, arguments string
		// answers are the tenant's, by request.
		answers map[string]string
		result  string
		failure pluginFailure
		files   int
	}{
		"a page": {tool: "auth0_list_roles", arguments: `{"page":1,"per_page":2}`,
			answers: map[string]string{"GET /roles?include_totals=true&page=1&per_page=2": `{"roles":[{"id":"c"}],"total":3}`},
			result: `{"roles":[{"id":"c"}],"count":1,"total":3,` +
				`"pagination":{"page":1,"per_page":2,"total_pages":2,"has_next":false}}`},
		"the last page that Auth0 gives": {tool: "auth0_list_roles", arguments: `{"page":9,"per_page":100}`,
			answers: map[string]string{"GET /roles?include_totals=true&page=9&per_page=100": `{"roles":[],"total":1200}`},
			result: `{"roles":[],"count":0,"total":1200,"pagination":{"page":9,"per_page":100,"total_pages":12,` +
				`"has_next":false},"note":"Auth0 gives the first 1000 roles only: narrow the search by name"}`},
		"a cursor": {tool: "auth0_list_role_members", arguments: `{"id":"r","from":"c1"}`,
			answers: map[string]string{"GET /roles/r/users?from=c1&take=50": `{"users":[{"user_id":"u"}],"next":"c2"}`},
			result:  `{"users":[{"user_id":"u"}],"next":"c2"}`},
		"a job": {tool: "auth0_export_users", arguments: `{"connection_id":"con"}`,
			answers: map[string]string{"POST /jobs/users-exports": `{"id":"j","status":"pending"}`,
				"GET /jobs/j": `{"id":"j","status":"completed"}`},
			result: `{"id":"j","status":"completed"}`},
		"a job that fails": {tool: "auth0_export_users", arguments: `{"connection_id":"con"}`,
			answers: map[string]string{"POST /jobs/users-exports": `{"id":"j","status":"failed"}`},
			failure: pluginFailure{code: "CODE_FAILED_PRECONDITION"}},
		"two changes, the second refused": {tool: "auth0_create_role",
			arguments: `{"name":"n","permissions":[{"resource_server_identifier":"a","permission_name":"p"}]}`,
			answers:   map[string]string{"POST /roles": `{"id":"r"}`},
			failure: pluginFailure{code: "CODE_API", done: "The role r was created. It has no permissions: " +
				"add them with auth0_add_permissions."}},
		"what is read is written back": {tool: "auth0_rename_log_stream", arguments: `{"id":"l","name":"n"}`,
			answers: map[string]string{"GET /log-streams/l": `{"sink":{"token":"[REDACTED:k7q2m9xa]"}}`,
				`PATCH /log-streams/l {"name":"n","sink":{"token":"[REDACTED:k7q2m9xa]"}}`: `{"id":"l"}`},
			result: `{"id":"l"}`},
		"a file": {tool: "auth0_save_signing_keys", arguments: `{"path":"keys.json"}`,
			answers: map[string]string{"GET /keys/signing": `[]`}, result: `"Wrote project:keys.json."`, files: 1},
		"an id": {tool: "auth0_delete_role", arguments: `{"role":"r"}`,
			answers: map[string]string{"GET /roles/r": `{}`, "GET /roles/r/users": `[]`, "DELETE /roles/r": ``},
			result:  `"Deleted r."`},
		"a name": {tool: "auth0_delete_role", arguments: `{"role":"a b"}`,
			answers: map[string]string{"GET /roles?name_filter=a+b&per_page=100": `[{"id":"r","name":"a b"},{"id":"s",` +
				`"name":"a b c"}]`, "GET /roles/r/users": `[{}]`},
			failure: pluginFailure{code: "CODE_FAILED_PRECONDITION"}},
		"no such name": {tool: "auth0_delete_role", arguments: `{"role":".."}`,
			answers: map[string]string{"GET /roles?name_filter=..&per_page=100": `[]`},
			failure: pluginFailure{code: "CODE_NOT_FOUND"}},
		"a name of two": {tool: "auth0_delete_role", arguments: `{"role":"a"}`,
			answers: map[string]string{"GET /roles?name_filter=a&per_page=100": `[{"id":"r","name":"a"},{"id":"s","name":"a"}]`},
			failure: pluginFailure{code: "CODE_AMBIGUOUS"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := sdktest.Call(t, cookbook(), tenant(c.answers), c.tool, c.arguments)
			failure := pluginFailure{got.Failure.GetCode().String(), got.Failure.GetDone()}
			if got.Failure == nil {
				failure = pluginFailure{}
			}
			if string(got.JSON) != c.result || failure != c.failure || len(got.Files) != c.files {
				t.Errorf("got %s, %v, %d files", got.JSON, got.Failure, len(got.Files))
			}
		})
	}
}

// A dry run waits for nothing.
func TestCookbookDryRun(t *testing.T) {
	t.Parallel()
	auth0 := tenant(map[string]string{"POST /jobs/users-exports": `{"id":"j","status":"pending"}`})
	got := sdktest.DryRun(t, cookbook(), auth0, "auth0_export_users", `{"connection_id":"con"}`)
	if got.Failure != nil || len(got.Progress) > 0 {
		t.Errorf("it waited: %v, %v", got.Progress, got.Failure)
	}
}

type pluginFailure struct{ code, done string }

// tenant answers each request, named by its method, its path and query below /api/v2 and, if the name has it, its body.
// Every other request is answered 404.
func tenant(answers map[string]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		request := r.Method + " " + strings.TrimPrefix(r.URL.RequestURI(), "/api/v2")
		answer, found := answers[request]
		if !found {
			answer, found = answers[request+" "+string(body)]
		}
		if !found {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = io.WriteString(w, answer)
	})
}

// A row's lookup is one of its requests.
func TestCookbookTable(t *testing.T) {
	auth0 := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = w.Write([]byte(`[{"id":"rol_1","name":"a/b|c"},{"id":"rol_2","name":"other"}]`))
		}
	})
	p := sdk.Plugin{Name: "table", Version: "0.1.0", Tools: roleTools()}
	sdktest.Script(t, p, auth0, []sdktest.Step{
		{Tool: "acme_delete_role", Arguments: `{"role":"a/b|c"}`,
			Sent:   []string{"GET /roles?name_filter=a%2Fb%7Cc", "DELETE /roles/rol_1"},
			Answer: []string{`{"result":"deleted","role":{"id":"rol_1","name":"a/b|c"}}`}},
		{Tool: "acme_delete_role", Arguments: `{"role":"a"}`, Failure: `Similar names: "a/b|c" (rol_1)`},
	})
}
