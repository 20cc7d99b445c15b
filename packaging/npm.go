package main

import (
	_ "embed"
	"path"
	"strings"
)

//go:embed npm/auth0-mcp.mjs
var launcher string

//go:embed npm/README.md
var npmReadme string

// nodeOS and nodeArch are what Node.js calls a platform.
func nodeOS(p platform) string {
	if p.os == "windows" {
		return "win32"
	}
	return p.os
}

func nodeArch(p platform) string {
	if p.arch == "amd64" {
		return "x64"
	}
	return p.arch
}

// npmBinaries is the name of the npm package with the binaries of a platform.
func (r *Release) npmBinaries(p platform) string {
	return "@" + strings.Trim(strings.ReplaceAll(r.NPM, "/", "-"), "@") + "/" + nodeOS(p) + "-" + nodeArch(p)
}

// npmFile is the file that npm pack would make of a package.
func (r *Release) npmFile(name string) string {
	return strings.ReplaceAll(strings.TrimPrefix(name, "@"), "/", "-") + "-" + r.version + ".tgz"
}

type npmPackage struct {
	Name        string            `json:"name"`
	Version     string            `json:"version"`
	Description string            `json:"description"`
	License     string            `json:"license"`
	Author      string            `json:"author"`
	Homepage    string            `json:"homepage"`
	Repository  map[string]string `json:"repository"`
	// MCPName proves to the MCP registry that the package and the entry there have one owner.
	MCPName  string            `json:"mcpName,omitempty"`
	Type     string            `json:"type,omitempty"`
	Bin      map[string]string `json:"bin,omitempty"`
	Engines  map[string]string `json:"engines,omitempty"`
	Optional map[string]string `json:"optionalDependencies,omitempty"`
	OS       []string          `json:"os,omitempty"`
	CPU      []string          `json:"cpu,omitempty"`
	// PreferUnplugged keeps package managers from leaving the binaries in an archive.
	PreferUnplugged bool `json:"preferUnplugged,omitempty"`
}

func (r *Release) npmPackage(name string) npmPackage {
	return npmPackage{Name: name, Version: r.version, Description: r.Description, License: r.License, Author: r.Author,
		Homepage: r.Homepage, Repository: map[string]string{"type": "git", "url": "git+" + r.Homepage + ".git"}}
}

// writeNPMBinaries makes the npm package with the binaries of a platform.
func (r *Release) writeNPMBinaries(out *output, p platform, program []file) error {
	if r.NPM == "" {
		return nil
	}
	pkg := r.npmPackage(r.npmBinaries(p))
	pkg.OS, pkg.CPU, pkg.PreferUnplugged = []string{nodeOS(p)}, []string{nodeArch(p)}, true
	var files []file
	for _, f := range program {
		if f.mode&0o111 != 0 || isManifest(f.path) {
			f.path = path.Join("bin", f.path)
		}
		files = append(files, f)
	}
	readme := "# " + pkg.Name + "\n\nThe binaries of [" + r.NPM + "](https://www.npmjs.com/package/" + r.NPM + ") for " +
		p.String() + ". Install that instead.\n"
	return r.addNPM(out, pkg, append(files, file{"README.md", 0o644, []byte(readme)}))
}

// writeNPM makes the npm package that users install. It has no install script: npm chooses the binaries by os and cpu.
func (r *Release) writeNPM(out *output) error {
	if r.NPM == "" {
		return nil
	}
	pkg := r.npmPackage(r.NPM)
	pkg.MCPName, pkg.Type = r.Registry, "module"
	pkg.Bin = map[string]string{program: "auth0-mcp.mjs"}
	pkg.Engines = map[string]string{"node": ">=18"}
	pkg.Optional = map[string]string{}
	for _, p := range r.platforms {
		pkg.Optional[r.npmBinaries(p)] = r.version
	}
	scope, _, _ := strings.Cut(r.npmBinaries(r.platforms[0]), "/")
	files := []file{
		{"auth0-mcp.mjs", 0o755, []byte(strings.ReplaceAll(launcher, "@auth0-mcp/", scope+"/"))},
		{"README.md", 0o644, []byte(strings.NewReplacer("{name}", r.NPM, "{homepage}", r.Homepage).Replace(npmReadme))},
	}
	return r.addNPM(out, pkg, append(files, file{"LICENSE", 0o644, r.licence}))
}

func (r *Release) addNPM(out *output, pkg npmPackage, files []file) error {
	text, err := encodeJSON(pkg)
	if err != nil {
		return err
	}
	data, err := tarGzip("package", append([]file{{"package.json", 0o644, text}}, files...), r.time)
	if err != nil {
		return err
	}
	return out.add(r.npmFile(pkg.Name), data)
}
