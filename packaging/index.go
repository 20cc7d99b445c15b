package main

import (
	"bytes"
	"strings"
	"text/template"
)

// formula is for a tap. It is no cask, because macOS refuses programs from casks that are not notarized.
// https://docs.brew.sh/Formula-Cookbook
const formula = `class {{.Class}} < Formula
  desc "{{.Desc}}"
  homepage "{{.Homepage}}"
  version "{{.Version}}"
  license "{{.License}}"
{{range .Systems}}
  on_{{.Name}} do{{range .Archs}}
    on_{{.Name}} do
      url "{{.URL}}"
      sha256 "{{.Sum}}"
    end{{end}}
  end
{{end}}
  def install
    libexec.install Dir["*"]
    bin.install_symlink libexec/"auth0-mcp"
    generate_completions_from_executable(bin/"auth0-mcp", "completion")
  end

  def caveats
    <<~EOS
      To remove clients' entries, sessions and settings before you uninstall:
        auth0-mcp uninstall
    EOS
  end

  test do
    assert_equal version.to_s, shell_output("#{bin}/auth0-mcp --version").strip
  end
end
`

type brewSystem struct {
	Name  string
	Archs []brewArch
}

type brewArch struct{ Name, URL, Sum string }

// writeHomebrew makes a formula that installs the archives for macOS and Linux.
func (r *Release) writeHomebrew(out *output) error {
	if !r.Homebrew {
		return nil
	}
	var systems []brewSystem
	for _, p := range r.platforms {
		name := map[string]string{"darwin": "macos", "linux": "linux"}[p.os]
		if name == "" {
			continue
		}
		if len(systems) == 0 || systems[len(systems)-1].Name != name {
			systems = append(systems, brewSystem{Name: name})
		}
		arch := map[string]string{"amd64": "intel", "arm64": "arm"}[p.arch]
		archive := r.archiveName(p)
		last := &systems[len(systems)-1]
		last.Archs = append(last.Archs, brewArch{arch, r.url(archive), out.sums[archive]})
	}
	var class strings.Builder
	for word := range strings.SplitSeq(r.Name, "-") {
		if word != "" {
			class.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	parsed, err := template.New("formula").Parse(formula)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	err = parsed.Execute(&text, map[string]any{
		"Class": class.String(), "Desc": ruby(r.Description), "Homepage": ruby(r.Homepage), "Version": r.version,
		"License": ruby(r.License), "Systems": systems,
	})
	if err != nil {
		return err
	}
	return out.add("homebrew/"+r.Name+".rb", text.Bytes())
}

// ruby escapes a text for a literal in double quotes.
func ruby(text string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "#", `\#`).Replace(text)
}

// writeScoop makes a manifest for a bucket. https://github.com/ScoopInstaller/Scoop/wiki/App-Manifests
func (r *Release) writeScoop(out *output) error {
	if !r.Scoop {
		return nil
	}
	architecture := map[string]any{}
	for _, p := range r.platforms {
		name := map[string]string{"amd64": "64bit", "arm64": "arm64"}[p.arch]
		if p.os != "windows" {
			continue
		}
		archive := r.archiveName(p)
		architecture[name] = map[string]string{"url": r.url(archive), "hash": out.sums[archive],
			"extract_dir": strings.TrimSuffix(archive, ".zip")}
	}
	return out.addJSON("scoop/"+r.Name+".json", map[string]any{
		"version": r.version, "description": r.Description, "homepage": r.Homepage, "license": r.License,
		"architecture": architecture, "bin": program + ".exe",
		"notes": "To remove clients' entries, sessions and settings before you uninstall: auth0-mcp uninstall",
	})
}

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
		add(registryPackage{Type: "mcpb", Identifier: r.url(r.mcpbName(p)), Sum: out.sums[r.mcpbName(p)]})
	}
	return out.addJSON("server.json", map[string]any{
		"$schema": serverSchema, "name": r.Registry, "title": r.Title, "description": r.Description, "version": r.version,
		"websiteUrl": r.Homepage, "repository": map[string]string{"url": r.Homepage, "source": "github"},
		"packages": packages,
	})
}
