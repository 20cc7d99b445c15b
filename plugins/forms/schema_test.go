package forms

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

func TestUntouched(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{Empty: true})
	sdktest.Untouched(t, Plugin(), auth0, "auth0_create_form", `{"name":"n"}`, "export", "export{}")
	named := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `[{"id":"ap_1","name":"sample"}]`)
	})
	sdktest.Untouched(t, Plugin(), named, "auth0_update_form", `{"id":"sample"}`, "id")
}

// The forms in testdata/forms have every type of node and component with every member, as
// Auth0 stores them: they are taken whole, and reach Auth0 as they are but for what Auth0
// adds by itself.
func TestStoredFormsAreTaken(t *testing.T) {
	files, err := filepath.Glob("testdata/forms/*.json")
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		stored, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := object(t, stored)
		for _, name := range addedByAuth0 {
			delete(want, name)
		}
		for tool, more := range map[string]map[string]any{"auth0_create_form": {}, "auth0_update_form": {"id": "ap_1"}} {
			args, want := object(t, []byte(text(t, want))), object(t, []byte(text(t, want)))
			for name, value := range more {
				args[name] = value
			}
			// The host drops what is read-only before a plugin sees the arguments.
			for _, name := range []string{"description", "social", "tags"} {
				if tool == "auth0_update_form" {
					delete(args, name)
					delete(want, name)
				}
			}
			var body []byte
			r := sdktest.Call(t, Plugin(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet {
					body, _ = io.ReadAll(r.Body)
				}
				_, _ = io.WriteString(w, `{"id":"ap_1","name":"n"}`)
			}), tool, text(t, args))
			if r.Failure != nil {
				t.Fatalf("%s: %s: %v", file, tool, r.Failure)
			}
			if got := text(t, object(t, body)); got != text(t, want) {
				t.Errorf("%s: %s sent %s", file, tool, got)
			}
		}
	}
}

// Every type of component, and every member that its config can have, is in one of the
// stored forms: else TestStoredFormsAreTaken says less than it seems to.
func TestStoredFormsHaveEverything(t *testing.T) {
	var all bytes.Buffer
	files, _ := filepath.Glob("testdata/forms/*.json")
	for _, file := range files {
		stored, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(stored)
	}
	var schema map[string]any
	if err := json.Unmarshal(createSchema, &schema); err != nil {
		t.Fatal(err)
	}
	delete(schema["properties"].(map[string]any), "export")
	names, values := map[string]bool{}, map[string]bool{}
	collect(schema, names, values)
	for name := range names {
		if !strings.Contains(all.String(), `"`+name+`"`) {
			t.Errorf("no stored form has a member %q", name)
		}
	}
	for value := range values {
		if !strings.Contains(all.String(), `"`+value+`"`) {
			t.Errorf("no stored form has the value %q", value)
		}
	}
	if len(names) < 100 || len(values) < 30 {
		t.Errorf("only %d members and %d values", len(names), len(values))
	}
}

// collect finds the members that a schema names, and the constants that tell types apart.
func collect(schema any, names, values map[string]bool) {
	switch schema := schema.(type) {
	case map[string]any:
		if properties, ok := schema["properties"].(map[string]any); ok {
			for name := range properties {
				names[name] = true
			}
		}
		if enum, ok := schema["enum"].([]any); ok && len(enum) == 1 {
			if value, ok := enum[0].(string); ok {
				values[value] = true
			}
		}
		for _, below := range schema {
			collect(below, names, values)
		}
	case []any:
		for _, below := range schema {
			collect(below, names, values)
		}
	}
}

// Each argument of the contract is listed by itself, and what a form holds is not: it is
// in the complete schema only.
func TestNodesAreFolded(t *testing.T) {
	for _, schema := range [][]byte{createSchema, updateSchema} {
		var s struct {
			Properties map[string]struct {
				Fold        any
				Type        string
				Description string
				AnyOf       []any
			}
		}
		if err := json.Unmarshal(schema, &s); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"nodes", "start", "ending", "style", "languages", "messages", "translations"} {
			if p := s.Properties[name]; p.Fold != true || p.Description == "" || len(p.Description) > 90 {
				t.Errorf("%s: %+v", name, p)
			}
		}
	}
	if !bytes.Contains(updateSchema, []byte(`"required": ["id"]`)) {
		t.Error("an update needs an id")
	}
}
