package host_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// docs/dependencies.md has one row for each direct dependency of the repository, under
// a heading that names the modules that require it.
func TestDependenciesAreDocumented(t *testing.T) {
	const page = "docs/dependencies.md"
	required := goDependencies(t)
	maps.Copy(required, npmDependencies(t))
	text, err := os.ReadFile(filepath.Join("..", page))
	if err != nil {
		t.Fatal(err)
	}
	var under []string
	rows := map[string]int{}
	for line := range strings.Lines(string(text)) {
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			under = strings.Split(strings.TrimSpace(heading), ", ")
		}
		cells := strings.Split(line, "|")
		if len(cells) < 3 || strings.HasPrefix(cells[1], "-") || strings.TrimSpace(cells[1]) == "dependency" {
			continue
		}
		name := strings.TrimSpace(cells[1])
		rows[name]++
		if len(cells) != 6 || slices.ContainsFunc(cells[1:5], func(c string) bool { return strings.TrimSpace(c) == "" }) {
			t.Errorf("%s: the row of %s does not say who uses it, why, and what was rejected", page, name)
		}
		if required[name] == nil {
			t.Errorf("%s: nothing requires %s directly", page, name)
		}
		for _, module := range required[name] {
			if !slices.Contains(under, module) {
				t.Errorf("%s: %s requires %s, whose row is under %q", page, module, name, under)
			}
		}
	}
	for name, modules := range required {
		if rows[name] != 1 {
			t.Errorf("%s has %d rows for %s, which %s requires", page, rows[name], name, strings.Join(modules, ", "))
		}
	}
}

// goDependencies returns the direct requirements and tools of every go.mod, with the
// folders of the modules that require them. Modules of this repository are left out.
func goDependencies(t *testing.T) map[string][]string {
	t.Helper()
	required := map[string][]string{}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || strings.HasPrefix(entry.Name(), ".") && path != "..") {
			return filepath.SkipDir
		}
		if entry.Name() != "go.mod" {
			return nil
		}
		out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json", path).Output()
		if err != nil {
			return err
		}
		var mod struct {
			Require []struct {
				Path     string
				Indirect bool
			}
			Tool []struct{ Path string }
		}
		if err := json.Unmarshal(out, &mod); err != nil {
			return err
		}
		module, err := filepath.Rel("..", filepath.Dir(path))
		if err != nil {
			return err
		}
		add := func(name string) {
			if !strings.HasPrefix(name, "github.com/auth0-mcp/auth0-mcp/") {
				required[name] = append(required[name], filepath.ToSlash(module))
			}
		}
		for _, r := range mod.Require {
			if !r.Indirect {
				add(r.Path)
			}
		}
		for _, tool := range mod.Tool {
			add(tool.Path)
		}
		return nil
	})
	if err != nil || len(required) == 0 {
		t.Fatalf("%d requirements in all go.mod files, %v", len(required), err)
	}
	return required
}

// npmDependencies returns those of e2e, and of the plugin that examples/node is: a bundle takes the latter along.
func npmDependencies(t *testing.T) map[string][]string {
	t.Helper()
	required := map[string][]string{}
	for _, folder := range []string{"e2e", "examples/node"} {
		data, err := os.ReadFile(filepath.Join("..", folder, "package.json"))
		if err != nil {
			t.Fatal(err)
		}
		var pkg struct{ Dependencies, OptionalDependencies, DevDependencies map[string]string }
		if err := json.Unmarshal(data, &pkg); err != nil {
			t.Fatal(err)
		}
		for _, list := range []map[string]string{pkg.Dependencies, pkg.OptionalDependencies, pkg.DevDependencies} {
			for name := range list {
				required[name] = append(required[name], folder)
			}
		}
	}
	return required
}
