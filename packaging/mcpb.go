package main

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

func isManifest(name string) bool { return strings.HasSuffix(name, ".manifest.json") }

// setting is one of the settings that a client asks its user for.
type setting struct {
	key, variable, title, description string
	// kind is string or boolean.
	kind   string
	secret bool
}

// settings are those that a user without a profile needs. All are optional: without them the server uses the profile
// that auth0-mcp init has made.
func settings() []setting {
	return []setting{
		{"domain", "AUTH0_DOMAIN", "Tenant domain", "The tenant's domain, such as mytenant.eu.auth0.com. Leave it empty to " +
			"use the profile that `auth0-mcp init` made.", "string", false},
		{"token", "AUTH0_TOKEN", "Management API token", "A Management API token of that tenant. Leave it empty to use the " +
			"profile that `auth0-mcp init` made.", "string", true},
		{"tools", "AUTH0_MCP_TOOLS", "Tools", "Patterns of the tools to offer, separated by commas, such as auth0_list_*. " +
			"Empty leaves it to the presets.", "string", false},
		{"preset", "AUTH0_MCP_PRESET", "Presets", "Tools by task, separated by commas: default, support, helpdesk, " +
			"security, developer or all. Empty means default.", "string", false},
		{"read_only", "AUTH0_MCP_READ_ONLY", "Read only", "Offer only tools that read, and let no write leave.", "boolean",
			false},
	}
}

type bundleManifest struct {
	ManifestVersion string                   `json:"manifest_version"`
	Name            string                   `json:"name"`
	DisplayName     string                   `json:"display_name"`
	Version         string                   `json:"version"`
	Description     string                   `json:"description"`
	Author          map[string]string        `json:"author"`
	Homepage        string                   `json:"homepage"`
	Documentation   string                   `json:"documentation"`
	License         string                   `json:"license"`
	Server          bundleServer             `json:"server"`
	Tools           []bundleTool             `json:"tools"`
	ToolsGenerated  bool                     `json:"tools_generated"`
	Compatibility   map[string][]string      `json:"compatibility"`
	UserConfig      map[string]bundleSetting `json:"user_config"`
}

type bundleServer struct {
	Type       string       `json:"type"`
	EntryPoint string       `json:"entry_point"`
	Config     bundleConfig `json:"mcp_config"`
}

type bundleConfig struct {
	Command string            `json:"command"`
	Args    []string          `json:"args"`
	Env     map[string]string `json:"env"`
}

type bundleTool struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

type bundleSetting struct {
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Required    bool   `json:"required"`
	Default     any    `json:"default"`
	Sensitive   bool   `json:"sensitive"`
}

// writeMCPB makes a bundle for MCP clients: a zip file with the program and a manifest that says how it is started. The
// format has no processor architecture, so that each has a file of its own.
// https://github.com/modelcontextprotocol/mcpb/blob/main/MANIFEST.md
func (r *Release) writeMCPB(out *output, p platform, program []file) error {
	manifest := bundleManifest{
		ManifestVersion: "0.3", Name: r.Name, DisplayName: r.Title, Version: r.version, Description: r.Description,
		Author: map[string]string{"name": r.Author}, Homepage: r.Homepage, Documentation: r.Homepage, License: r.License,
		// The host adds tools of its own.
		ToolsGenerated: true,
		Compatibility:  map[string][]string{"platforms": {nodeOS(p)}},
		UserConfig:     map[string]bundleSetting{},
		Server: bundleServer{
			Type: "binary", EntryPoint: "server/auth0-mcp" + p.exe(),
			Config: bundleConfig{Command: "${__dirname}/server/auth0-mcp" + p.exe(), Args: []string{"run"},
				Env: map[string]string{}},
		},
	}
	for _, s := range settings() {
		// With a default, a client never leaves the reference in place when the user gives nothing.
		var byDefault any = ""
		if s.kind == "boolean" {
			byDefault = false
		}
		manifest.UserConfig[s.key] = bundleSetting{s.kind, s.title, s.description, false, byDefault, s.secret}
		manifest.Server.Config.Env[s.variable] = "${user_config." + s.key + "}"
	}
	files := []file{{}}
	for _, f := range program {
		if isManifest(f.path) {
			tools, err := toolsOf(f)
			if err != nil {
				return err
			}
			manifest.Tools = append(manifest.Tools, tools...)
		}
		f.path = path.Join("server", f.path)
		files = append(files, f)
	}
	text, err := encodeJSON(manifest)
	if err != nil {
		return err
	}
	files[0] = file{"manifest.json", 0o644, text}
	data, err := zipped("", files, r.time)
	if err != nil {
		return err
	}
	return out.add(r.mcpbName(p), data)
}

func (r *Release) mcpbName(p platform) string { return r.fileName(p.String() + ".mcpb") }

// toolsOf reads the tools of a plugin's manifest.
func toolsOf(f file) ([]bundleTool, error) {
	var plugin struct {
		Tools []bundleTool `json:"tools"`
	}
	if err := json.Unmarshal(f.data, &plugin); err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	return plugin.Tools, nil
}
