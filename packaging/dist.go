package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Distribution is a team's own release: a host that knows some of our plugins and other people's, and has the team's
// defaults. docs/teams.md shows how one is made.
type Distribution struct {
	root string
	// Plugins are the names of our plugins in it.
	plugins []string
	// Sources are folders of other plugins: a Go module to build, or the executable, beside manifest.json.
	sources []string
	// File is what the host is built with: docs/teams.md describes its members. Empty for none.
	file []byte
	// Name is the distribution's name in File.
	name string
	// locked is whether the host loads no other plugins, so that what installs them is left out.
	locked  bool
	version string
	log     io.Writer
}

func readDistribution(root, plugins, sources, file string) (*Distribution, error) {
	d := &Distribution{root: root, plugins: commas(plugins), sources: commas(sources), name: "auth0-mcp"}
	if len(d.plugins)+len(d.sources) == 0 {
		return nil, errors.New("a distribution needs plugins: PLUGINS=logs,applications, or PLUGIN_SOURCES=FOLDER,FOLDER")
	}
	for i, name := range d.plugins {
		if _, err := os.Stat(filepath.Join(root, "plugins", name, "go.mod")); err != nil || name == "bundle" ||
			name != filepath.Base(name) {
			return nil, fmt.Errorf("PLUGINS: there is no plugin %q in %s", name, filepath.Join(root, "plugins"))
		}
		if slices.Contains(d.plugins[:i], name) {
			return nil, fmt.Errorf("PLUGINS: %s is named twice", name)
		}
	}
	for i, source := range d.sources {
		if !filepath.IsAbs(source) {
			d.sources[i] = filepath.Join(root, source)
		}
	}
	if file == "" {
		return d, nil
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(root, file)
	}
	var err error
	if d.file, err = os.ReadFile(file); err != nil {
		return nil, err
	}
	// The host checks the rest: see check.
	var about struct {
		Name   string   `json:"name"`
		Locked []string `json:"locked"`
	}
	if err := json.Unmarshal(d.file, &about); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if about.Name == "" {
		return nil, fmt.Errorf("%s: name is missing", file)
	}
	d.name, d.locked = about.Name, slices.Contains(about.Locked, "plugins")
	return d, nil
}

func commas(list string) (words []string) {
	for word := range strings.SplitSeq(list, ",") {
		if word = strings.TrimSpace(word); word != "" {
			words = append(words, word)
		}
	}
	return words
}

// check has the host read the file, which it does whenever it starts: a misspelt lock must not become a release.
func (d *Distribution) check(ctx context.Context) error {
	if d.file == nil {
		return nil
	}
	_, err := d.run(ctx, filepath.Join(d.root, "host"), []string{"CGO_ENABLED=0"}, "go", "run", "-trimpath",
		"-buildvcs=false", "-tags", "grpcnotrace", "-ldflags", "-s -w -X main.distribution="+d.encoded(), "./cmd/auth0-mcp",
		"--version")
	if err != nil {
		return fmt.Errorf("DISTRIBUTION: the host refuses it: see above (%w)", err)
	}
	return nil
}

func (d *Distribution) encoded() string { return base64.StdEncoding.EncodeToString(d.file) }

// build writes the distribution's binaries for the platforms, in the layout of make build-all.
func (d *Distribution) build(ctx context.Context, bin string, platforms []platform) error {
	overlay, err := os.CreateTemp("", "distribution-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(overlay.Name() + ".go")
	defer os.RemoveAll(overlay.Name())
	if err := os.WriteFile(overlay.Name()+".go", d.pluginList(), 0o600); err != nil {
		return err
	}
	list := filepath.Join(d.root, "plugins", "bundle", "plugins.go")
	if err := json.NewEncoder(overlay).Encode(map[string]any{
		"Replace": map[string]string{list: overlay.Name() + ".go"}}); err != nil {
		return err
	}
	if err := overlay.Close(); err != nil {
		return err
	}
	for _, p := range platforms {
		fmt.Fprintf(d.log, "building for %s\n", p)
		if err := d.buildFor(ctx, p, filepath.Join(bin, p.String()), "-overlay="+overlay.Name()); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	return nil
}

// pluginList is the Go file that lists the bundle's plugins, in place of the one that lists all.
func (d *Distribution) pluginList() []byte {
	var imports, calls strings.Builder
	for _, name := range d.plugins {
		fmt.Fprintf(&imports, "\t\"github.com/auth0-mcp/auth0-mcp/plugins/%s\"\n", name)
		fmt.Fprintf(&calls, "{%q, %s.Plugin}, ", name, name)
	}
	return fmt.Appendf(nil, "package bundle\n\nimport (\n%s)\n\nfunc members() []member {\n\treturn []member{%s}\n}\n",
		imports.String(), strings.TrimSuffix(calls.String(), ", "))
}

func (d *Distribution) buildFor(ctx context.Context, p platform, folder, overlay string) error {
	var digests []string
	if len(d.plugins) > 0 {
		in := filepath.Join(d.root, "plugins", "bundle")
		shared := filepath.Join(folder, "plugins", "auth0-mcp-plugins"+p.exe())
		if err := d.goBuild(ctx, p, in, shared, "./cmd/auth0-mcp-plugins", "", overlay); err != nil {
			return err
		}
		sealed, err := d.run(ctx, in, nil, "go", "run", "-trimpath", "-buildvcs=false", "-tags", "grpcnotrace",
			overlay, "./cmd/manifests", shared)
		if err != nil {
			return err
		}
		digests = append(digests, strings.TrimSpace(sealed))
	}
	for _, source := range d.sources {
		digest, err := d.buildSource(ctx, p, source, filepath.Join(folder, "plugins"))
		if err != nil {
			return fmt.Errorf("%s: %w", source, err)
		}
		digests = append(digests, digest)
	}
	host := filepath.Join(d.root, "host")
	variables := fmt.Sprintf("-X main.version=%s -X main.distribution=%s -X 'main.bundledPlugins=%s'", d.version,
		d.encoded(), strings.Join(digests, ";"))
	if err := d.goBuild(ctx, p, host, filepath.Join(folder, program+p.exe()), "./cmd/auth0-mcp", variables); err != nil {
		return err
	}
	if d.locked {
		return nil
	}
	wrap := filepath.Join(d.root, "plugins", "wrap")
	err := d.goBuild(ctx, p, wrap, filepath.Join(folder, "plugins", "auth0-mcp-wrap"+p.exe()), "./cmd/auth0-mcp-wrap", "")
	if err != nil {
		return err
	}
	return d.goBuild(ctx, p, host, filepath.Join(folder, fetcher+p.exe()), "./cmd/auth0-mcp-fetch", "")
}

// buildSource puts another author's plugin into a folder, and returns what the host knows it by. Its code is built or
// copied, and not run.
func (d *Distribution) buildSource(ctx context.Context, p platform, source, folder string) (string, error) {
	text, err := os.ReadFile(filepath.Join(source, "manifest.json"))
	if err != nil {
		return "", err
	}
	var m struct {
		Name       string `json:"name"`
		Version    string `json:"version"`
		Executable string `json:"executable"`
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return "", fmt.Errorf("manifest.json: %w", err)
	}
	plain := func(name string) bool { return fs.ValidPath(name) && name != "." && !strings.ContainsAny(name, `/\:`) }
	if !plain(m.Name) || !plain(m.Executable) || strings.ContainsAny(m.Version, "=,;@ '") || m.Version == "" {
		return "", errors.New("manifest.json: want name and executable without folders, and a version")
	}
	target := filepath.Join(folder, m.Executable+p.exe())
	if _, err := os.Stat(target); err == nil {
		return "", fmt.Errorf("another plugin has an executable called %s, too", m.Executable)
	}
	if _, err := os.Stat(filepath.Join(source, "go.mod")); err == nil {
		err = d.goBuild(ctx, p, source, target, ".", "")
		if err != nil {
			return "", err
		}
	} else if err := copyExecutable(filepath.Join(source, m.Executable+p.exe()), target, p); err != nil {
		return "", err
	}
	//nolint:gosec // a manifest is public
	if err := os.WriteFile(filepath.Join(folder, m.Name+".manifest.json"), text, 0o644); err != nil {
		return "", err
	}
	code, err := os.ReadFile(target)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s@%s=sha256:%x,sha256:%x", m.Name, m.Version, sha256.Sum256(code), sha256.Sum256(text)), nil
}

// copyExecutable takes a plugin that was built elsewhere. A script serves every platform, a binary the one that it is
// for.
func copyExecutable(from, to string, p platform) error {
	code, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(code, []byte("#!")) && (p.os != runtime.GOOS || p.arch != runtime.GOARCH) {
		return fmt.Errorf("%s is a binary for one platform, and there is no go.mod to build it for %s: name the platforms "+
			"that it is for with PLATFORMS", from, p)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil { //nolint:gosec // a release is public
		return err
	}
	return os.WriteFile(to, code, 0o755) //nolint:gosec // an executable
}

func (d *Distribution) goBuild(ctx context.Context, p platform, in, out, pkg, variables string, more ...string) error {
	args := append([]string{"go", "build", "-trimpath", "-buildvcs=false", "-tags", "grpcnotrace", "-ldflags",
		strings.TrimSpace("-s -w -buildid= " + variables), "-o", out}, more...)
	_, err := d.run(ctx, in, []string{"GOOS=" + p.os, "GOARCH=" + p.arch, "CGO_ENABLED=0"}, append(args, pkg)...)
	return err
}

// run runs a command of the Go toolchain and returns what it printed.
func (d *Distribution) run(ctx context.Context, in string, environ []string, command ...string) (string, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...) //nolint:gosec // go, with arguments from above
	cmd.Dir, cmd.Env = in, slices.Concat(os.Environ(), []string{"GOWORK=off"}, environ)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, d.log
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s in %s: %w", strings.Join(command[:2], " "), in, err)
	}
	return out.String(), nil
}
