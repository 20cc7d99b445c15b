package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// program is the file name of the host in every release, without .exe: clients' entries are recognised by it.
const program = "auth0-mcp"

// fetcher is the file name of the program that the host runs to fetch plugins.
const fetcher = "auth0-mcp-fetch"

// Release is what .goreleaser.yaml says of a release, as far as it is needed here.
type Release struct {
	// Name is that of the packages, and how file names begin.
	Name  string
	Title string
	// Description, Homepage, Author and License are those of the Linux packages.
	Description, Homepage, Author, License string
	// Download is the URL of the folder that will hold the release's files.
	Download string
	// Image is the name of the image, without a tag. Empty for none.
	Image string
	// NPM is the name of the npm package; those with the binaries are in the scope of that name. Empty for none.
	NPM string
	// Registry is the name in the MCP registry. Empty if there is no entry.
	Registry string

	version string
	// time is that of every file in the release.
	time time.Time
	// partial is whether it lacks what installs plugins.
	partial bool
	// bin is the folder of the binaries.
	bin       string
	platforms []platform
	licence   []byte
}

// platform is what Go calls it.
type platform struct{ os, arch string }

func (p platform) String() string { return p.os + "_" + p.arch }

func (p platform) exe() string {
	if p.os == "windows" {
		return ".exe"
	}
	return ""
}

// platforms are those of make build-all.
func platforms() []platform {
	return []platform{
		{"linux", "amd64"},
		{"linux", "arm64"},
		{"darwin", "amd64"},
		{"darwin", "arm64"},
		{"windows", "amd64"},
		{"windows", "arm64"},
	}
}

// file is one file of a package.
type file struct {
	// path is relative, with slashes.
	path string
	mode fs.FileMode
	data []byte
}

// goreleaser has the members of .goreleaser.yaml that are read here. https://goreleaser.com/customization/
type goreleaser struct {
	Name   string `yaml:"project_name"`
	Builds []struct {
		Targets []string `yaml:"targets"`
	} `yaml:"builds"`
	Archives []struct {
		Files []struct {
			Source string `yaml:"src"`
		} `yaml:"files"`
	} `yaml:"archives"`
	Packages []struct {
		Vendor      string `yaml:"vendor"`
		Homepage    string `yaml:"homepage"`
		Description string `yaml:"description"`
		License     string `yaml:"license"`
	} `yaml:"nfpms"`
	MCP struct {
		Name     string `yaml:"name"`
		Title    string `yaml:"title"`
		Packages []struct {
			Type       string `yaml:"registry_type"`
			Identifier string `yaml:"identifier"`
		} `yaml:"packages"`
	} `yaml:"mcp"`
	Release struct {
		GitHub struct {
			Owner string `yaml:"owner"`
			Name  string `yaml:"name"`
		} `yaml:"github"`
	} `yaml:"release"`
}

// readRelease reads a configuration of GoReleaser. The licence is beside it, as it is for GoReleaser.
func readRelease(path, version string) (*Release, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var c goreleaser
	if err := yaml.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(c.Builds) != 1 || len(c.Archives) != 1 || len(c.Packages) != 1 {
		return nil, fmt.Errorf("%s: want one entry in each of builds, archives and nfpms", path)
	}
	about := c.Packages[0]
	r := &Release{
		Name: c.Name, Title: c.MCP.Title, Description: about.Description, Homepage: about.Homepage, Author: about.Vendor,
		License: about.License, Registry: c.MCP.Name, version: version,
		Download: fmt.Sprintf("https://github.com/%s/%s/releases/download/v%s", c.Release.GitHub.Owner,
			c.Release.GitHub.Name, version),
	}
	if err := r.setChannels(c); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for name, value := range map[string]string{
		"project_name": r.Name, "mcp: title": r.Title, "nfpms: description": r.Description,
		"nfpms: homepage": r.Homepage, "nfpms: vendor": r.Author, "nfpms: license": r.License,
	} {
		if strings.TrimSpace(value) == "" {
			return nil, fmt.Errorf("%s: %s is missing", path, name)
		}
	}
	if strings.Trim(r.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return nil, fmt.Errorf("%s: project_name %q: want lower-case letters, digits and hyphens", path, r.Name)
	}
	return r, nil
}

// setChannels reads which platforms the release is for, what it holds for them, and where it is published.
func (r *Release) setChannels(c goreleaser) error {
	for _, p := range c.MCP.Packages {
		switch p.Type {
		case "npm":
			r.NPM = p.Identifier
		case "oci":
			r.Image = p.Identifier
		default:
			return fmt.Errorf("mcp: packages of type %q are not made: want npm or oci", p.Type)
		}
	}
	for _, target := range c.Builds[0].Targets {
		at := slices.IndexFunc(platforms(), func(p platform) bool { return p.String() == target })
		if at < 0 {
			return fmt.Errorf("builds: target %q is none of %v", target, platforms())
		}
		r.platforms = append(r.platforms, platforms()[at])
	}
	r.partial = true
	for _, f := range c.Archives[0].Files {
		if strings.Contains(f.Source, "/"+fetcher) {
			r.partial = false
		}
	}
	return nil
}

// program is what is installed on a platform: the host, the program beside it that fetches plugins, its own plugins and
// the licence. It sets the modes of the files on the disk too, which GoReleaser takes from there.
func (r *Release) program(p platform) ([]file, error) {
	folder := filepath.Join(r.bin, p.String())
	names := []string{program + p.exe()}
	if !r.partial {
		names = append(names, fetcher+p.exe())
	}
	plugins, err := fs.Glob(os.DirFS(folder), "plugins/*")
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(plugins, isManifest) {
		return nil, fmt.Errorf("%s has no plugins: run make build-all", folder)
	}
	all := make([]file, 0, len(names)+len(plugins)+1)
	for _, name := range slices.Concat(names, plugins) {
		path := filepath.Join(folder, filepath.FromSlash(name))
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("%w: run make build-all", err)
		}
		mode := fs.FileMode(0o755)
		if isManifest(name) {
			mode = 0o644
		}
		if err := os.Chmod(path, mode); err != nil {
			return nil, err
		}
		all = append(all, file{name, mode, data})
	}
	return append(all, file{"LICENSE", 0o644, r.licence}), nil
}

// fileName is NAME_VERSION_ followed by rest.
func (r *Release) fileName(rest string) string { return r.Name + "_" + r.version + "_" + rest }

// writeExtra makes the files of a release that GoReleaser does not make, in place of what is in the folder.
func (r *Release) writeExtra(folder string) error {
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // a release is public
		return err
	}
	made := output{folder: folder, sums: map[string]string{}}
	for _, p := range r.platforms {
		files, err := r.program(p)
		if err != nil {
			return err
		}
		if err := errors.Join(r.writeMCPB(&made, p, files), r.writeNPMBinaries(&made, p, files)); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	return errors.Join(r.writeImage(&made), r.writeNPM(&made), r.writeServer(&made))
}

// copyPrebuilt does what GoReleaser runs in place of go build: it copies the host for the platform in GOOS and GOARCH.
func copyPrebuilt(bin, out string, p platform, at time.Time) error {
	data, err := os.ReadFile(filepath.Join(bin, p.String(), program+p.exe()))
	if err != nil {
		return fmt.Errorf("%w: run make build-all", err)
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil { //nolint:gosec // a release is public
		return err
	}
	if err := os.WriteFile(out, data, 0o755); err != nil { //nolint:gosec // an executable
		return err
	}
	return os.Chtimes(out, at, at)
}
