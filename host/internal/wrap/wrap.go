// Package wrap makes a plugin of any MCP server that speaks over stdio: it finds out what the server offers, and writes
// a manifest that this host accepts. The plugin's program, auth0-mcp-wrap, is a module of its own (plugins/wrap); it
// pins files and starts the server, here too.
package wrap

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Launch is how a server is started, as auth0-mcp-wrap defines it.
type Launch struct {
	// Command is an absolute path.
	Command string            `json:"command"`
	Args    []string          `json:"args"`
	Env     map[string]string `json:"env,omitempty"`
	Pins    []Pin             `json:"pins"`
}

// Pin is a file or folder that must not change.
type Pin struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	// Files is how many files a folder has; 0 for a file.
	Files int `json:"files,omitempty"`
}

// Listing is what a server says of itself.
type Listing struct {
	Version string   `json:"version"`
	Tools   []Listed `json:"tools"`
}

// Listed is a tool as the server describes it.
type Listed struct {
	Name        string          `json:"name"`
	Title       string          `json:"title"`
	Description string          `json:"description"`
	InputSchema json.RawMessage `json:"inputSchema"`
	Destructive bool            `json:"destructive"`
	Idempotent  bool            `json:"idempotent"`
	Declared    string          `json:"declared"`
}

// definition is what auth0-mcp-wrap reads.
type definition struct {
	Plugin      string `json:"plugin"`
	Version     string `json:"version"`
	Description string `json:"description"`
	Launch
	Tools []tool `json:"tools"`
}

type tool struct {
	Server      string          `json:"server"`
	Declared    string          `json:"declared"`
	Name        string          `json:"name"`
	Title       string          `json:"title,omitempty"`
	Description string          `json:"description"`
	Effect      pluginv1.Effect `json:"effect"`
	Idempotent  bool            `json:"idempotent,omitempty"`
	InputSchema json.RawMessage `json:"inputSchema"`
	Argument    string          `json:"argument,omitempty"`
}

const (
	// argumentsName is the one argument of a tool whose own schema the host does not accept.
	argumentsName = "arguments"
	// unknownVersion is the version of a plugin whose server has none.
	unknownVersion = "0.0.0"

	maxDescriptionBytes = 2048
	maxTitleBytes       = 128
	maxNameBytes        = 64
)

// Plugin is a wrapped server that can be installed.
type Plugin struct {
	// Definition is what auth0-mcp-wrap reads, and Manifest the plugin's, without what says how it is run.
	Definition []byte
	Manifest   pluginv1.Manifest
	// Simplified are the tools whose own schema the host does not accept.
	Simplified []string
}

// Make makes a plugin of what a server offers. globs choose among its tools, by the server's name or the plugin's; none
// choose all.
func Make(name string, launch Launch, listing Listing, globs []string) (Plugin, error) {
	d := definition{Plugin: name, Version: listing.Version, Launch: launch,
		Description: "Tools of the wrapped MCP server " + name + ", outside of Auth0."}
	if !accepted(d.probe(exampleTool())) {
		d.Version = unknownVersion
	}
	if err := catalog.ValidateManifest(d.probe(exampleTool())); err != nil {
		return Plugin{}, err
	}
	chosen, err := choose(name, listing.Tools, globs)
	if err != nil {
		return Plugin{}, err
	}
	var p Plugin
	owner := map[string]string{}
	for _, listed := range chosen {
		made := d.tool(listed)
		if first, taken := owner[made.Name]; taken {
			return Plugin{}, fmt.Errorf("the server's tools %s and %s would both be %s: choose one of them with --tools",
				jsondoc.Quote(first), jsondoc.Quote(listed.Name), made.Name)
		}
		owner[made.Name] = listed.Name
		if made.Argument != "" {
			p.Simplified = append(p.Simplified, made.Name)
		}
		d.Tools = append(d.Tools, made)
	}
	p.Manifest = d.manifest()
	if err := catalog.ValidateManifest(p.Manifest); err != nil {
		return Plugin{}, err
	}
	p.Definition, err = json.MarshalIndent(d, "", " ")
	return p, err
}

// choose returns the tools that the globs name.
func choose(plugin string, all []Listed, globs []string) ([]Listed, error) {
	if len(all) == 0 {
		return nil, fmt.Errorf("the server offers no tools")
	}
	if len(globs) == 0 {
		return all, nil
	}
	used := make([]bool, len(globs))
	var chosen []Listed
	for _, t := range all {
		fits := false
		for i, glob := range globs {
			if catalog.MatchGlob(glob, t.Name) || catalog.MatchGlob(glob, toolName(plugin, t.Name)) {
				fits, used[i] = true, true
			}
		}
		if fits {
			chosen = append(chosen, t)
		}
	}
	if i := slices.Index(used, false); i >= 0 {
		names := make([]string, len(all))
		for i, t := range all {
			names[i] = redact.Line(t.Name)
		}
		return nil, fmt.Errorf("--tools %s: the server has no such tool. It has %s", redact.Line(globs[i]),
			strings.Join(names, ", "))
	}
	return chosen, nil
}

// tool is the plugin's declaration of a tool. What the server says of it is cleaned, never believed: no tool is
// read-only.
func (d definition) tool(listed Listed) tool {
	made := tool{Server: listed.Name, Declared: listed.Declared, Name: toolName(d.Plugin, listed.Name),
		Title: clean(listed.Title, maxTitleBytes, false), Effect: pluginv1.EffectDestroy, Idempotent: listed.Idempotent}
	if !listed.Destructive {
		made.Effect = pluginv1.EffectWrite
	}
	// A model must not take it for a tool of the tenant.
	made.Description = clean("Outside of Auth0, of the wrapped MCP server "+d.Plugin+": "+
		strings.TrimSpace(listed.Description), maxDescriptionBytes, true)
	made.InputSchema = fitted(listed.InputSchema)
	if made.InputSchema == nil || !accepted(d.probe(made)) {
		made.InputSchema, made.Argument = freeSchema(listed.InputSchema), argumentsName
	}
	return made
}

// exampleTool is one that the host accepts.
func exampleTool() tool {
	return tool{Name: "a", Description: "a", Effect: pluginv1.EffectWrite, InputSchema: freeSchema(nil)}
}

// probe is a manifest with one tool.
func (d definition) probe(t tool) pluginv1.Manifest {
	d.Tools = []tool{t}
	return d.manifest()
}

func accepted(m pluginv1.Manifest) bool { return catalog.ValidateManifest(m) == nil }

func (d definition) manifest() pluginv1.Manifest {
	m := pluginv1.Manifest{ManifestVersion: pluginv1.ManifestVersion, Name: d.Plugin, Version: d.Version,
		Protocols: []int{pluginv1.ProtocolVersion}, Display: pluginv1.Display{Description: d.Description}}
	for _, t := range d.Tools {
		m.Tools = append(m.Tools, pluginv1.ToolManifest{Name: t.Name, Effect: t.Effect, Idempotent: t.Idempotent,
			External: true, InputSchema: t.InputSchema,
			Display: pluginv1.Display{Title: t.Title, Description: t.Description}})
	}
	return m
}
