package actions

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

// The members of an Action are those of the API's own description.
func TestMembers(t *testing.T) {
	o, ok := managementapi.ByName("GET /api/v2/actions/actions/{id}")
	if !ok {
		t.Fatal("no such operation")
	}
	for _, m := range o.Answer.Resolve().Members {
		if !slices.Contains(members(), m.Name) {
			t.Errorf("%s is not known", m.Name)
		}
	}
}

// What auth0_get_action answers fits auth0_update_action, and auth0_create_action under
// another name: the host drops what only Auth0 writes.
func TestReadActionsCanBeWrittenBack(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{BuildTime: -1})
	answer(t, auth0, "auth0_create_action", creation("broken", "throw-at-build"))
	answer(t, auth0, "auth0_update_action", `{"id":"Greet new readers","secrets":[{"name":"KEY","value":"swordfish"}]}`)
	written := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"id":"a"}`)) })
	for _, a := range list(t, auth0, `{"per_page":100}`).Actions {
		read := answer(t, auth0, "auth0_get_action", `{"id":"`+a["name"].(string)+`"}`)
		for _, more := range []map[string]any{{}, {
			"modules": []any{map[string]any{"module_id": "m", "module_version_id": "v", "module_name": "n",
				"module_version_number": 1.0}},
			"runtime": "node12", "integration": map[string]any{"id": "i"}, "next_step": nextStep, "note": "n",
			"supported_triggers": []any{map[string]any{"id": "mcp-tool", "version": "v1", "status": "CURRENT",
				"runtimes": []any{"node22"}, "default_runtime": "node22", "binding_policy": "entity-bound",
				"compatible_triggers": []any{}}},
		}} {
			given := maps.Clone(read)
			maps.Copy(given, more)
			arguments, err := json.Marshal(given)
			if err != nil {
				t.Fatal(err)
			}
			for _, tool := range []string{"auth0_update_action", "auth0_create_action"} {
				// The kit fails the test if the arguments do not fit.
				if f := sdktest.Call(t, Plugin(), written, tool, string(arguments)).Failure; f != nil {
					t.Errorf("%s of %v: %v", tool, a["name"], f)
				}
			}
		}
	}
}
