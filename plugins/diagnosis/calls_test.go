package diagnosis

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// shippedTools are the schemas of the arguments of all shipped tools, by their names.
func shippedTools(t *testing.T) map[string]map[string]any {
	t.Helper()
	files, err := filepath.Glob("../*/manifest.json")
	if err != nil || len(files) < 10 {
		t.Fatal(len(files), err)
	}
	schemas := map[string]map[string]any{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var m struct {
			Tools []struct {
				Name        string `json:"name"`
				InputSchema struct {
					Properties map[string]any `json:"properties"`
				} `json:"inputSchema"`
			} `json:"tools"`
		}
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatal(file, err)
		}
		for _, tool := range m.Tools {
			schemas[tool.Name] = tool.InputSchema.Properties
		}
	}
	return schemas
}

// checkCall checks that a proposed call exists and takes its arguments. It reports whether there is one.
func checkCall(t *testing.T, what string, f fix) bool {
	t.Helper()
	if f.Tool == "" {
		return false
	}
	properties, ok := shippedTools(t)[f.Tool]
	if !ok {
		t.Errorf("%s: there is no tool %s", what, f.Tool)
		return true
	}
	for name := range f.Arguments {
		if properties[name] == nil {
			t.Errorf("%s: %s has no argument %s", what, f.Tool, name)
		}
	}
	if strings.HasPrefix(f.Tool, "auth0_api_") {
		checkOperation(t, what, f)
	}
	return true
}

// checkOperation checks a call of any operation against the Management API's facts.
func checkOperation(t *testing.T, what string, f fix) {
	t.Helper()
	name, _ := f.Arguments["operation"].(string)
	method, path, _ := strings.Cut(name, " ")
	o, _, ok := managementapi.Lookup(method, strings.NewReplacer("{", "", "}", "").Replace(path))
	if !ok || "auth0_api_"+string(o.Effect) != f.Tool {
		t.Errorf("%s: %s by %s", what, name, f.Tool)
		return
	}
	given, _ := f.Arguments["path"].(map[string]any)
	for parameter := range given {
		if !slices.ContainsFunc(o.PathParameters, func(p managementapi.Parameter) bool { return p.Name == parameter }) {
			t.Errorf("%s: %s has no parameter %s", what, name, parameter)
		}
	}
	body, err := json.Marshal(f.Arguments["body"])
	var sent any
	if err != nil || json.Unmarshal(body, &sent) != nil || sent != nil && len(o.Body.Check(sent)) > 0 {
		t.Errorf("%s: %s: %v", what, body, o.Body.Check(sent))
	}
}

// Also tools that no test proposes are named as they are called.
func TestNamedToolsExist(t *testing.T) {
	tools := shippedTools(t)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`auth0_[a-z_]*[a-z]\b`).FindAllString(string(text), -1) {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			named++
			if tools[name] == nil {
				t.Errorf("%s: there is no tool %s", file, name)
			}
		}
	}
	if named < 20 {
		t.Errorf("%d names were checked", named)
	}
}
