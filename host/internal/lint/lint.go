// Package lint examines a plugin as its author has it: first what install and load would refuse, by their own
// functions, then what is allowed and serves users badly.
package lint

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Severity says what follows from a finding.
type Severity string

const (
	// Refused plugins are neither installed nor loaded.
	Refused Severity = "refused"
	// Warning is of a plugin that works, and could serve its users better.
	Warning Severity = "warning"
)

// Finding is one thing to fix.
type Finding struct {
	Severity Severity `json:"severity"`
	// Where is a tool ("tool auth0_list_roles"), "manifest", "executable" or "describe".
	Where string `json:"where"`
	What  string `json:"what"`
	Fix   string `json:"fix"`
}

// Target is a plugin that can be executed, and may not be trusted yet.
type Target struct {
	// Path is the executable, absolute, and Args its arguments.
	Path string
	Args []string
	// Manifest is what the manifest file declares; without a file, what the executable says itself.
	Manifest pluginv1.Manifest
	// File is the manifest's path, empty without one.
	File string
}

// Describe runs an executable to describe itself: supervisor.Describe with a timeout.
type Describe func(ctx context.Context, path string, args []string) (pluginv1.Manifest, error)

// Report is what there is to say about a plugin.
type Report struct {
	Plugin  string `json:"plugin"`
	Version string `json:"version"`
	Tools   int    `json:"tools"`
	// ListedBytes is what the plugin's tools take in tools/list, which every session pays for.
	ListedBytes int       `json:"listed_bytes"`
	Findings    []Finding `json:"findings"`
}

// Refused reports whether the host would not take the plugin.
func (r Report) Refused() bool {
	for _, f := range r.Findings {
		if f.Severity == Refused {
			return true
		}
	}
	return false
}

// Find reads a plugin at a path: its folder, its manifest file, or its executable. A folder without manifest.json is
// one for --dev-plugin, with one executable called auth0-mcp-plugin-NAME. An error is one of catalog.ReadPlugin or
// of describe, or says that there is nothing of that kind.
func Find(ctx context.Context, path string, describe Describe) (Target, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Target{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return Target{}, err
	}
	if info.IsDir() {
		folder := path
		path = filepath.Join(folder, "manifest.json")
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			if path, err = Executable(folder); err != nil {
				return Target{}, fmt.Errorf("%w; or write its manifest: PLUGIN describe > manifest.json", err)
			}
		}
	}
	if strings.HasSuffix(path, ".json") {
		p, err := catalog.ReadPlugin(path)
		if err != nil {
			return Target{}, err
		}
		return Target{Path: p.Path, Args: p.Args, Manifest: p.Manifest, File: path}, nil
	}
	m, err := describe(ctx, path, nil)
	return Target{Path: path, Manifest: m}, err
}

// Executable is the one executable of a plugin under development in a folder.
func Executable(folder string) (string, error) {
	entries, err := os.ReadDir(folder) // filepath.Glob would hide why the folder cannot be read
	if err != nil {
		return "", err
	}
	var found []string
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), "auth0-mcp-plugin-") {
			found = append(found, filepath.Join(folder, entry.Name()))
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("%s: want one executable called auth0-mcp-plugin-NAME there, found %d: build it with "+
			"go build -o %s", folder, len(found), filepath.Join(folder, "auth0-mcp-plugin-NAME"))
	}
	return found[0], nil
}

// Check examines the plugin at a path. own are the plugins that come with auth0-mcp, whose names are taken. The error
// is of ctx, or that nothing is at the path.
func Check(ctx context.Context, path string, describe Describe, own []*catalog.Plugin) (Report, error) {
	if _, err := os.Stat(path); err != nil {
		return Report{}, err
	}
	target, err := Find(ctx, path, describe)
	if ctx.Err() != nil {
		return Report{}, context.Cause(ctx)
	}
	if err != nil && target.Path != "" {
		return Report{Findings: []Finding{undescribed(err)}}, nil
	}
	if err != nil {
		return Report{Findings: refusals(err)}, nil
	}
	m := target.Manifest
	r := Report{Plugin: m.Name, Version: m.Version, Tools: len(m.Tools)}
	if target.File == "" {
		// The manifest of a plugin under development is checked as --dev-plugin checks it.
		if err := catalog.ValidateManifest(m); err != nil {
			r.Findings = refusals(err)
			return r, nil
		}
	} else {
		described, err := describe(ctx, target.Path, target.Args)
		switch {
		case ctx.Err() != nil:
			return Report{}, context.Cause(ctx)
		case err != nil:
			r.Findings = append(r.Findings, undescribed(err))
		case !described.SameDeclaration(m):
			r.Findings = append(r.Findings, Finding{Refused, "describe",
				"the executable does not describe itself as its manifest does",
				"build it again, and write the manifest anew: PLUGIN describe > manifest.json"})
		}
	}
	style, listed := checkStyle(m)
	r.Findings, r.ListedBytes = append(r.Findings, style...), listed
	r.Findings = append(r.Findings, taken(m, own)...)
	return r, nil
}

// taken are the names that other plugins have, which are not loaded beside this one.
func taken(m pluginv1.Manifest, own []*catalog.Plugin) (findings []Finding) {
	for _, other := range own {
		if other.SameDeclaration(m) {
			continue
		}
		fix := "choose another name: users would have to install it with --replace " + other.Name + ", and lose that plugin"
		if other.Name == m.Name {
			findings = append(findings, Finding{Warning, "manifest", "auth0-mcp has a plugin of this name", fix})
			continue
		}
		for _, t := range m.Tools {
			if slices.ContainsFunc(other.Tools, func(o pluginv1.ToolManifest) bool { return o.Name == t.Name }) {
				findings = append(findings, Finding{Warning, "tool " + t.Name,
					"auth0-mcp has a tool of this name, in its plugin " + other.Name, fix})
			}
		}
	}
	return findings
}

func undescribed(err error) Finding {
	remedy := "make `PLUGIN describe` print the manifest, and nothing else, and exit with 0"
	if _, ok := errors.AsType[*pluginv1.ManifestVersionError](err); ok {
		remedy = fix(err)
	}
	return Finding{Refused, "describe", err.Error(), remedy}
}

// refusals are the problems that an error of the host's own checks names.
func refusals(err error) (findings []Finding) {
	problems := []error{err}
	if manifest, ok := errors.AsType[*catalog.ManifestError](err); ok {
		problems = manifest.Problems
	}
	for _, problem := range problems {
		f := Finding{Refused, "manifest", problem.Error(), fix(problem)}
		if tool, ok := errors.AsType[*catalog.ToolError](problem); ok {
			f.Where, f.What = tool.Tool, tool.Err.Error()
		}
		findings = append(findings, f)
	}
	return findings
}

func fix(err error) string {
	version, isVersion := errors.AsType[*pluginv1.ManifestVersionError](err)
	protocol, isProtocol := errors.AsType[*catalog.ProtocolError](err)
	switch {
	case isVersion && version.Newer(), isProtocol && protocol.PluginIsNewer():
		return "update auth0-mcp"
	case isVersion, isProtocol:
		return "rebuild the plugin with the current SDK"
	}
	return "correct it where the tools are defined, and write the manifest anew: PLUGIN describe > manifest.json. " +
		"docs/plugins/manifest.md describes each member"
}
