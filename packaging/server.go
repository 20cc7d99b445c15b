package main

import "strings"

// serverSchema is the version of the format of server.json.
const serverSchema = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"

type registryPackage struct {
	Type       string             `json:"registryType"`
	BaseURL    string             `json:"registryBaseUrl,omitempty"`
	Identifier string             `json:"identifier"`
	Version    string             `json:"version,omitempty"`
	Sum        string             `json:"fileSha256,omitempty"`
	Transport  map[string]string  `json:"transport"`
	Arguments  []registryArgument `json:"packageArguments,omitempty"`
	Variables  []registryVariable `json:"environmentVariables"`
}

type registryArgument struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

type registryVariable struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Format      string `json:"format"`
	Required    bool   `json:"isRequired"`
	Secret      bool   `json:"isSecret"`
}

// writeServer makes server.json, the entry in the MCP registry.
func (r *Release) writeServer(out *output) error {
	if r.Registry == "" {
		return nil
	}
	var variables []registryVariable
	for _, s := range settings() {
		variables = append(variables, registryVariable{s.variable, s.description, s.kind, false, s.secret})
	}
	var packages []registryPackage
	add := func(p registryPackage) {
		p.Transport, p.Variables = map[string]string{"type": "stdio"}, variables
		packages = append(packages, p)
	}
	run := []registryArgument{{"positional", "run"}}
	if r.NPM != "" {
		add(registryPackage{Type: "npm", BaseURL: "https://registry.npmjs.org", Identifier: r.NPM, Version: r.version,
			Arguments: run})
	}
	if r.Image != "" {
		add(registryPackage{Type: "oci", Identifier: r.Image + ":" + strings.ReplaceAll(r.version, "+", "-"),
			Arguments: run})
	}
	for _, p := range r.platforms { // a bundle says itself how it is started
		add(registryPackage{Type: "mcpb", Identifier: r.Download + "/" + r.mcpbName(p), Sum: out.sums[r.mcpbName(p)]})
	}
	return out.addJSON("server.json", map[string]any{
		"$schema": serverSchema, "name": r.Registry, "title": r.Title, "description": r.Description, "version": r.version,
		"websiteUrl": r.Homepage, "repository": map[string]string{"url": r.Homepage, "source": "github"},
		"packages": packages,
	})
}
