package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/tools/internal/reference"
)

// operations compares method, path, scopes and lifecycle with a list of operations.
func operations(path string) (out []reference.Finding, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	seen := map[string]bool{}
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		var listed struct {
			Method, Path string
			Scopes       []string
			Lifecycle    string
		}
		if err := json.Unmarshal(scanner.Bytes(), &listed); err != nil {
			return nil, err
		}
		name := listed.Method + " " + listed.Path
		seen[name] = true
		o, ok := managementapi.ByName(name)
		if !ok {
			out = append(out, reference.Finding{At: "operation " + name, What: "we do not have it"})
			continue
		}
		ours, theirs := slices.Sorted(slices.Values(o.Scopes)), slices.Sorted(slices.Values(listed.Scopes))
		if !slices.Equal(ours, theirs) {
			out = append(out, reference.Finding{At: "operation " + name + " scopes",
				What: fmt.Sprintf("%v, the list %v", ours, theirs)})
		}
		if string(o.Lifecycle) != listed.Lifecycle {
			what := fmt.Sprintf("%s, the list %s", o.Lifecycle, listed.Lifecycle)
			out = append(out, reference.Finding{At: "operation " + name + " lifecycle", What: what})
		}
	}
	for name := range managementapi.Names() {
		if !seen[name] {
			out = append(out, reference.Finding{At: "operation " + name, What: "the list does not have it"})
		}
	}
	return out, nil
}
