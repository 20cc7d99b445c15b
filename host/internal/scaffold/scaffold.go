// Package scaffold writes the repository that a new plugin begins as.
package scaffold

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// The templates are files of the repositories that they become, with [[ ]] for what differs. Go's tools pass over a
// folder whose name begins with an underscore, and embed takes no folder with a go.mod.
//
//go:embed all:templates
var templates embed.FS

// folders are where the templates of each language are.
func folders() map[string]string {
	return map[string]string{"go": "templates/_go", "node": "templates/node"}
}

// Plugin is what the repository of a new plugin depends on.
type Plugin struct {
	// Name is the plugin's, as its manifest has it.
	Name string
	// Language is go or node.
	Language string
	// Module is the path of the Go module; empty for one below example.com.
	Module string
	// HostVersion is the version of auth0-mcp that the plugin is made for, such as 1.2.3: the SDK's too.
	HostVersion string
	// SDK is the absolute path of a checkout of auth0-mcp to use in place of a released version; may be empty.
	SDK string
}

var nameForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z][a-z0-9-]{0,30}$`)
})

// reservedName is refused by the host.
const reservedName = "auth0-mcp"

// NameError says that a name is none that a plugin can have.
type NameError struct{ Name string }

func (e *NameError) Error() string {
	if e.Name == reservedName {
		return fmt.Sprintf("plugin name %q: it stands for auth0-mcp itself: choose another name", e.Name)
	}
	return fmt.Sprintf("plugin name %q: want a lower-case letter, then lower-case letters, digits and dashes, "+
		"at most 31, such as client-grants", e.Name)
}

// check fills in what was left out.
func (p *Plugin) check() error {
	if p.Name == reservedName || !nameForm().MatchString(p.Name) {
		return &NameError{p.Name}
	}
	if _, known := folders()[p.Language]; !known {
		return fmt.Errorf("language %q: want go or node", p.Language)
	}
	if p.Language != "go" {
		return nil
	}
	if p.Module == "" {
		p.Module = "example.com/" + p.Folder()
	}
	if err := module.CheckPath(p.Module); err != nil {
		return fmt.Errorf("%w: want the path of a Go module, such as github.com/me/auth0-mcp-plugin-%s", err, p.Name)
	}
	if p.SDK == "" {
		return p.checkRelease()
	}
	for _, dir := range []string{"sdk", "proto"} {
		if _, err := os.Stat(filepath.Join(p.SDK, dir, "go.mod")); err != nil {
			return fmt.Errorf("%s is not a checkout of auth0-mcp: %w", p.SDK, err)
		}
	}
	p.SDK = filepath.ToSlash(p.SDK)
	return nil
}

// ErrNoRelease means that no released SDK belongs to this build of the host.
var ErrNoRelease = errors.New("this build of auth0-mcp is no release, so no released SDK belongs to it")

func (p *Plugin) checkRelease() error {
	if v := "v" + p.HostVersion; !semver.IsValid(v) || semver.Prerelease(v)+semver.Build(v) != "" {
		return fmt.Errorf("%w (its version is %q)", ErrNoRelease, p.HostVersion)
	}
	return nil
}

// Folder is the name that the plugin's folder has by default, and its executable.
func (p Plugin) Folder() string { return "auth0-mcp-plugin-" + p.Name }

// NextSteps are the commands that get what the plugin requires and test it.
func (p Plugin) NextSteps() []string {
	if p.Language == "node" {
		return []string{"npm ci", "npm test"}
	}
	return []string{"go mod tidy", "go test ./..."}
}

// Write writes the repository into dir, which must not exist, and returns its files. Either all of it is there
// afterwards or nothing is.
func (p Plugin) Write(dir string) (files []string, err error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	rendered, err := p.render()
	if err != nil {
		return nil, err
	}
	dir = filepath.Clean(dir)
	if _, err := os.Lstat(dir); err == nil {
		return nil, fmt.Errorf("%s exists already: choose another folder with --dir, or remove it", dir)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	staged, err := os.MkdirTemp(filepath.Dir(dir), ".auth0-mcp-new-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(staged)
	for _, file := range rendered {
		target := filepath.Join(staged, filepath.FromSlash(file.path))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil { //nolint:gosec // a repository is no secret
			return nil, err
		}
		if err := os.WriteFile(target, file.content, 0o644); err != nil { //nolint:gosec // likewise
			return nil, err
		}
		files = append(files, file.path)
	}
	if err := os.Chmod(staged, 0o755); err != nil { //nolint:gosec // likewise
		return nil, err
	}
	return files, os.Rename(staged, dir)
}

type file struct {
	path    string
	content []byte
}

// checkout is what go.mod says of a checkout.
func (p Plugin) checkout() string {
	if p.SDK == "" {
		return ""
	}
	return `

// A checkout on this machine. Remove these lines and require a released version before you publish.
replace (
	github.com/auth0-mcp/auth0-mcp/proto => ` + modfile.AutoQuote(p.SDK+"/proto") + `
	github.com/auth0-mcp/auth0-mcp/sdk => ` + modfile.AutoQuote(p.SDK+"/sdk") + `
)`
}

// render fills in the templates, in the order of their paths.
func (p Plugin) render() (files []file, err error) {
	root := folders()[p.Language]
	filled := strings.NewReplacer("[[.Name]]", p.Name, "[[.Module]]", p.Module, "[[.HostVersion]]", p.HostVersion,
		"[[.Checkout]]", p.checkout())
	err = fs.WalkDir(templates, root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(templates, name)
		if err != nil {
			return err
		}
		content := filled.Replace(string(text))
		if strings.Contains(content, "[[") {
			return fmt.Errorf("template %s: it has a field that a plugin does not have", name)
		}
		files = append(files, file{strings.TrimSuffix(strings.TrimPrefix(name, root+"/"), ".tmpl"), []byte(content)})
		return nil
	})
	return files, err
}
