package scaffold

import (
	"bytes"
	"errors"
	"flag"
	"go/format"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write examples/node anew")

const (
	repository  = "../../.."
	hostVersion = "1.2.3"
)

func rendered(t *testing.T, p Plugin) map[string]string {
	t.Helper()
	if err := p.check(); err != nil {
		t.Fatal(err)
	}
	files, err := p.render()
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, f := range files {
		texts[f.path] = string(f.content)
	}
	return texts
}

func TestTemplates(t *testing.T) {
	for language := range folders() {
		files := rendered(t, Plugin{Name: "my-plugin", Language: language, HostVersion: hostVersion})
		for _, path := range []string{".github/workflows/ci.yml", ".github/workflows/release.yml", ".gitignore", "Makefile",
			"README.md", "manifest.json"} {
			if files[path] == "" {
				t.Errorf("%s: there is no %s", language, path)
			}
		}
		for path, text := range files {
			if strings.Contains(text, "[[") || strings.HasSuffix(path, ".tmpl") {
				t.Errorf("%s: %s is not filled in", language, path)
			}
			if filepath.Ext(path) == ".go" {
				if formatted, err := format.Source([]byte(text)); err != nil || string(formatted) != text {
					t.Errorf("%s is not formatted: %v", path, err)
				}
			}
		}
		if !strings.Contains(files["manifest.json"], `"executable": "auth0-mcp-plugin-my-plugin"`) {
			t.Errorf("%s: the manifest is another plugin's: %s", language, files["manifest.json"])
		}
	}
}

func TestGoModule(t *testing.T) {
	released := Plugin{Name: "p", Language: "go", HostVersion: hostVersion}
	want := "module example.com/auth0-mcp-plugin-p\n\ngo 1.26.0\n\n" +
		"require github.com/auth0-mcp/auth0-mcp/sdk v1.2.3\n"
	if diff := cmp.Diff(want, rendered(t, released)["go.mod"]); diff != "" {
		t.Error(diff)
	}
	checkout := filepath.Join(t.TempDir(), "a checkout")
	for _, module := range []string{"sdk", "proto"} {
		if err := os.MkdirAll(filepath.Join(checkout, module), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(checkout, module, "go.mod"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	local := Plugin{Name: "p", Language: "go", HostVersion: "1.2.3-dev", SDK: checkout}
	if got := rendered(t, local)["go.mod"]; !strings.Contains(got, "sdk => \""+filepath.ToSlash(checkout)+"/sdk\"\n") {
		t.Errorf("the checkout is not used: %s", got)
	}
}

// examples/node is what a user gets, but for the workflows, whose place is the root of a repository.
func TestExample(t *testing.T) {
	want := rendered(t, Plugin{Name: "grants", Language: "node", HostVersion: hostVersion})
	maps.DeleteFunc(want, func(path, _ string) bool { return strings.HasPrefix(path, ".github/") })
	example := filepath.Join(repository, "examples", "node")
	if *update {
		for path, text := range want {
			target := filepath.Join(example, path)
			if err := errors.Join(os.MkdirAll(filepath.Dir(target), 0o755), os.WriteFile(target, []byte(text),
				0o644)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for path, text := range want {
		if got, err := os.ReadFile(filepath.Join(example, path)); err != nil || string(got) != text {
			t.Errorf("examples/node/%s is not what `plugin new` writes (%v): go test ./internal/scaffold -update", path, err)
		}
	}
}

// The contract that a plugin in JavaScript carries is the contract.
func TestContract(t *testing.T) {
	contract, err := os.ReadFile(filepath.Join(repository, "proto/auth0mcp/plugin/v1/plugin.proto"))
	if err != nil {
		t.Fatal(err)
	}
	carried, err := templates.ReadFile("templates/node/sdk/plugin.proto")
	if err != nil || !bytes.Equal(carried, contract) {
		t.Errorf("templates/node/sdk/plugin.proto is not the contract: copy it (%v)", err)
	}
}

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	for language := range folders() {
		p := Plugin{Name: "p", Language: language, HostVersion: hostVersion}
		target := filepath.Join(dir+language, "") + string(filepath.Separator)
		files, err := p.Write(target)
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		err = filepath.WalkDir(target, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				relative, _ := filepath.Rel(target, path)
				found = append(found, filepath.ToSlash(relative))
			}
			return err
		})
		if slices.Sort(files); err != nil || !slices.Equal(slices.Sorted(slices.Values(found)), files) {
			t.Errorf("wrote %v and tells of %v, %v", found, files, err)
		}
	}
}

// What cannot be written leaves everything as it was.
func TestRefusals(t *testing.T) {
	folder := t.TempDir()
	taken := filepath.Join(folder, "taken")
	if err := os.WriteFile(taken, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(folder, "empty"), 0o700); err != nil {
		t.Fatal(err)
	}
	dangling := filepath.Join(folder, "dangling")
	if err := os.Symlink(filepath.Join(folder, "nowhere"), dangling); err != nil {
		t.Skip(err) // Windows lets few users make one
	}
	whole := Plugin{Name: "p", Language: "go", HostVersion: hostVersion}
	for name, c := range map[string]struct {
		change func(*Plugin)
		dir    string
	}{
		"no name":           {change: func(p *Plugin) { p.Name = "" }},
		"upper case":        {change: func(p *Plugin) { p.Name = "Roles" }},
		"a path":            {change: func(p *Plugin) { p.Name = "../roles" }},
		"a digit first":     {change: func(p *Plugin) { p.Name = "1roles" }},
		"too long":          {change: func(p *Plugin) { p.Name = strings.Repeat("a", 32) }},
		"a line end":        {change: func(p *Plugin) { p.Name = "roles\n" }},
		"another language":  {change: func(p *Plugin) { p.Language = "rust" }},
		"no module path":    {change: func(p *Plugin) { p.Module = "my plugin" }},
		"no release":        {change: func(p *Plugin) { p.HostVersion = "1.2.3-dev" }},
		"no checkout":       {change: func(p *Plugin) { p.SDK = folder }},
		"a file":            {dir: "taken"},
		"an empty folder":   {dir: "empty"},
		"a dangling link":   {dir: "dangling"},
		"below no folder":   {dir: "missing/new"},
		"below a file":      {dir: "taken/new"},
		"the folder itself": {dir: "."},
	} {
		p := whole
		if c.change != nil {
			c.change(&p)
		}
		if c.dir == "" {
			c.dir = "new"
		}
		if _, err := p.Write(filepath.Join(folder, c.dir)); err == nil {
			t.Errorf("%s is not refused", name)
		}
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) != 3 {
		t.Errorf("left: %v, %v", left, err)
	}
	if text, err := os.ReadFile(taken); err != nil || string(text) != "mine" {
		t.Errorf("the file has %q, %v", text, err)
	}
}
