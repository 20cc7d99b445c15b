package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// defaultConfig describes our own release, relative to the repository.
const defaultConfig = ".goreleaser.yaml"

// make builds a distribution, and lets GoReleaser pack it into a folder, in place of what is in it. After an error the
// folder is as it was.
func (d *Distribution) make(config, only, target string) error {
	if target == "" {
		return errors.New("-out: want a folder")
	}
	for _, path := range []*string{&d.root, &target} {
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		*path = absolute
	}
	//nolint:gosec // it is public
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(target), ".distribution-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	// GoReleaser finds files below the repository only.
	//nolint:gosec // it is public
	if err := os.MkdirAll(filepath.Join(d.root, "bin"), 0o755); err != nil {
		return err
	}
	bin, err := os.MkdirTemp(filepath.Join(d.root, "bin"), "distribution-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(bin)
	made := filepath.Join(work, "made")
	own, err := d.describe(config, only, made)
	if err != nil {
		return err
	}
	described := filepath.Join(work, "goreleaser.yaml")
	if err := os.WriteFile(described, own, 0o600); err != nil {
		return err
	}
	r, err := readRelease(described, d.version)
	if err != nil {
		return err
	}
	if err := d.pack(context.Background(), r, bin, described); err != nil {
		return err
	}
	if err := collect(made, filepath.Join(bin, "extra"), r.Name+"_"); err != nil {
		return err
	}
	if err := os.RemoveAll(target); err != nil {
		return err
	}
	return os.Rename(made, target)
}

// pack builds the binaries into a folder below the repository's bin, and runs GoReleaser.
func (d *Distribution) pack(ctx context.Context, r *Release, bin, described string) error {
	if err := d.check(ctx); err != nil {
		return err
	}
	if err := d.build(ctx, bin, r.platforms); err != nil {
		return err
	}
	command := []string{"goreleaser", "release", "--snapshot", "--clean", "--config", described}
	if os.Getenv("MINISIGN_KEY") == "" {
		command = append(command, "--skip=sign")
	}
	if !slices.ContainsFunc(r.platforms, func(p platform) bool { return p.os == "linux" }) {
		command = append(command, "--skip=nfpm")
	}
	environ := []string{"BIN=bin/" + filepath.Base(bin), "CONFIG=" + described, "VERSION=" + d.version}
	_, err := d.run(ctx, d.root, environ, command...)
	return err
}

// describe is the configuration of GoReleaser for a distribution: that of our own release, under the team's name and
// without what is published; or the team's own.
func (d *Distribution) describe(config, only, made string) ([]byte, error) {
	if !filepath.IsAbs(config) {
		config = filepath.Join(d.root, config)
	}
	data, err := os.ReadFile(config)
	if err != nil {
		return nil, err
	}
	var c map[string]any
	if err := yaml.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("%s: %w", config, err)
	}
	c["dist"] = made
	if config == filepath.Join(d.root, defaultConfig) {
		slug := d.slug()
		c["project_name"] = slug
		delete(c, "homebrew_casks")
		delete(c, "scoops")
		c["mcp"] = map[string]any{"title": d.name, "disable": true, "packages": []any{
			map[string]any{"registry_type": "oci", "identifier": "localhost/" + slug}}}
		if slug != program { // /usr/bin/auth0-mcp is in both
			for _, p := range entries(c, "nfpms") {
				p["provides"], p["conflicts"] = []string{program}, []string{program}
			}
		}
	}
	if only != "" {
		for _, b := range entries(c, "builds") {
			b["targets"] = commas(only)
		}
	}
	if d.locked { // there is no fetcher
		for member, list := range map[string]string{"archives": "files", "nfpms": "contents"} {
			for _, entry := range entries(c, member) {
				files, _ := entry[list].([]any)
				entry[list] = slices.DeleteFunc(files, func(f any) bool {
					described, _ := f.(map[string]any)
					source, _ := described["src"].(string)
					return strings.Contains(source, "/"+fetcher)
				})
			}
		}
	}
	return yaml.Marshal(c)
}

// entries are those of a member that is a list of objects.
func entries(c map[string]any, member string) (all []map[string]any) {
	list, _ := c[member].([]any)
	for _, entry := range list {
		if entry, ok := entry.(map[string]any); ok {
			all = append(all, entry)
		}
	}
	return all
}

// slug is the distribution's name as that of packages and files.
func (d *Distribution) slug() string {
	slug := strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			return c
		case c >= 'A' && c <= 'Z':
			return c - 'A' + 'a'
		}
		return '-'
	}, d.name)
	return cmp.Or(strings.Trim(slug, "-"), "distribution")
}

// collect removes from a folder what GoReleaser has written for itself, and adds the files of another folder.
func collect(folder, extra, prefix string) error {
	there, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range there {
		// A folder with that prefix holds the program of one platform.
		if published := !e.IsDir() && strings.HasPrefix(e.Name(), prefix); !published &&
			e.Name() != "homebrew" && e.Name() != "scoop" {
			if err := os.RemoveAll(filepath.Join(folder, e.Name())); err != nil {
				return err
			}
		}
	}
	return os.CopyFS(folder, os.DirFS(extra))
}
