package bundle

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

// promise is what users of Auth0's own server already call: the tools' names and
// parameters, which stay as they are.
type promise struct {
	ReadOnly   bool
	Scopes     []string
	Parameters map[string]struct {
		Type     string
		Enum     []string
		Required bool
	}
}

// better are the promises that are kept otherwise, with the reason.
func better() map[string]string {
	return map[string]string{
		"auth0_get_application.client_id":          "a name will do instead",
		"auth0_create_action.code":                 "an action without code cannot be made: the schema says so, not the answer",
		"auth0_create_resource_server.name":        "Auth0 takes an API without one",
		"auth0_create_resource_server.client":      "Auth0 refuses it, whatever it holds",
		"auth0_update_resource_server.client":      "Auth0 refuses it, whatever it holds",
		"auth0_publish_form":                       "it never shipped there",
		"auth0_create_application_grant.client_id": "a default grant of third parties has none",
		"auth0_create_application_grant.scope":     "a grant of all scopes has none",
		"auth0_deploy_action.scopes":               "Auth0 documents create:actions for a deployment",
	}
}

// ours are the plugins whose tools the contract does not have, and added are such tools of others.
func ours() []string {
	return []string{
		"connections",
		"diagnosis",
		"export",
		"flows",
		"logstreams",
		"keys",
		"management",
		"onboarding",
		"organizations",
		"protection",
		"roles",
		"tenant",
		"users",
	}
}

func added() []string {
	return []string{
		"auth0_check_form",
		"auth0_delete_action",
		"auth0_delete_application",
		"auth0_delete_application_grant",
		"auth0_delete_form",
		"auth0_delete_resource_server",
		"auth0_get_application_grant",
		"auth0_list_action_versions",
		"auth0_list_application_grants",
		"auth0_list_trigger_bindings",
		"auth0_rollback_action",
		"auth0_rotate_application_secret",
		"auth0_update_application_grant",
		"auth0_update_trigger_bindings",
	}
}

type schema struct {
	Type       string
	Enum       []string
	Properties map[string]*schema
	Required   []string
	AnyOf      []*schema
}

func TestEveryParameterOfTheContractIsKept(t *testing.T) {
	data, err := os.ReadFile("testdata/contract.json")
	if err != nil {
		t.Fatal(err)
	}
	var contract map[string]promise
	if err := json.Unmarshal(data, &contract); err != nil {
		t.Fatal(err)
	}
	offered := map[string]bool{}
	excused := better()
	for _, p := range Plugins() {
		m, err := p.Manifest()
		if err != nil {
			t.Fatal(err)
		}
		for _, tool := range m.Tools {
			offered[tool.Name] = true
			promised, ok := contract[tool.Name]
			if !ok {
				if !slices.Contains(added(), tool.Name) && !slices.Contains(ours(), p.Name) {
					t.Errorf("%s is neither in the contract nor among those that were added", tool.Name)
				}
				continue
			}
			if _, ok := excused[tool.Name]; !ok {
				if (tool.Effect == "read") != promised.ReadOnly {
					t.Errorf("%s: effect %s, promised read-only %v", tool.Name, tool.Effect, promised.ReadOnly)
				}
				for _, scope := range promised.Scopes {
					if _, ok := excused[tool.Name+".scopes"]; !ok && !slices.Contains(tool.Scopes, scope) {
						t.Errorf("%s: scopes %v, promised %s", tool.Name, tool.Scopes, scope)
					}
				}
			}
			var s schema
			if err := json.Unmarshal(tool.InputSchema, &s); err != nil {
				t.Fatal(err)
			}
			compare(t, tool.Name, s, promised, excused)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(contract)) {
		if !offered[name] {
			t.Errorf("%s is not offered", name)
		}
	}
}

func compare(t *testing.T, tool string, s schema, promised promise, excused map[string]string) {
	t.Helper()
	for name, want := range promised.Parameters {
		got := s.Properties[name]
		if got == nil && excused[tool+"."+name] != "" {
			continue
		}
		if got == nil {
			t.Errorf("%s: %s is missing", tool, name)
			continue
		}
		if len(got.AnyOf) > 0 {
			got = got.AnyOf[0] // the other is the null that clears a setting
		}
		// A page, a lifetime in seconds: promised as a number, never a fraction.
		if got.Type != want.Type && (want.Type != "number" || got.Type != "integer") {
			t.Errorf("%s.%s is %s, promised %s", tool, name, got.Type, want.Type)
		}
		for _, value := range want.Enum {
			if !slices.Contains(got.Enum, value) {
				t.Errorf("%s.%s refuses %s", tool, name, value)
			}
		}
		if slices.Contains(s.Required, name) != want.Required && excused[tool+"."+name] == "" {
			t.Errorf("%s.%s: required %v, promised %v", tool, name, !want.Required, want.Required)
		}
	}
}

// A tool that says nothing has every text of its answers marked, which tells a
// reader nothing.
func TestEveryToolSaysWhatIsUntrusted(t *testing.T) {
	tools := 0
	for _, p := range Plugins() {
		m, err := p.Manifest()
		if err != nil {
			t.Fatal(err)
		}
		for _, tool := range m.Tools {
			if !slices.Contains(ours(), p.Name) {
				tools++
			}
			// What the whole API answers, others can have written.
			if slices.Contains([]string{"auth0_api_destroy", "auth0_api_read", "auth0_api_write"}, tool.Name) {
				continue
			}
			if len(tool.Untrusted) == 0 || slices.Contains(tool.Untrusted, "*") {
				t.Errorf("%s marks %q", tool.Name, tool.Untrusted)
			}
		}
	}
	if tools != 21+len(added()) {
		t.Errorf("%d tools", tools)
	}
}

// The server's instructions describe one shape for all lists.
func TestListsHaveOneShape(t *testing.T) {
	auth0 := sandbox.New(sandbox.Options{}).Authorized()
	lists := 0
	for _, p := range Plugins() {
		m, err := p.Manifest()
		if err != nil {
			t.Fatal(err)
		}
		for _, tool := range m.Tools {
			name, isList := strings.CutPrefix(tool.Name, "auth0_list_")
			if !isList || bytes.Contains(tool.InputSchema, []byte(`"required"`)) {
				continue
			}
			lists++
			// The items have the name that Auth0 gives them.
			name = strings.TrimPrefix(name, "trigger_")
			checkShape(t, name, sdktest.Call(t, p, auth0, tool.Name, `{}`))
		}
	}
	if lists != 21 {
		t.Errorf("%d lists", lists)
	}
}

func checkShape(t *testing.T, name string, r sdktest.Result) {
	t.Helper()
	var answer struct {
		Count      int
		Pagination struct {
			Page    *int  `json:"page"`
			HasNext *bool `json:"has_next"`
		}
	}
	var members map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(r.JSON, &answer), json.Unmarshal(r.JSON, &members)); err != nil {
		t.Fatalf("list of %s: %v (%v)", name, err, r.Failure)
	}
	var items []map[string]any
	if err := json.Unmarshal(members[name], &items); err != nil || len(items) == 0 || len(items) != answer.Count ||
		answer.Pagination.Page == nil || answer.Pagination.HasNext == nil || members["total"] == nil {
		t.Errorf("the list of %s is %.300s", name, r.JSON)
	}
}
