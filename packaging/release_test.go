package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// binaries is a folder as GoReleaser is given it, with a small program for all binaries.
func binaries(t *testing.T, plugins ...string) string {
	t.Helper()
	source := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module " + ours + "host\n\ngo 1.26\n", "main.go": "package main\n\nfunc main() {}\n",
	} {
		if err := os.WriteFile(filepath.Join(source, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o",
		"small", ".")
	build.Dir, build.Env = source, append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	small, err := os.ReadFile(filepath.Join(source, "small"))
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	for _, p := range platforms() {
		files := map[string][]byte{}
		for _, name := range []string{"auth0-mcp", "auth0-mcp-fetch", "plugins/auth0-mcp-plugins"} {
			files[name+p.exe()] = small
		}
		for _, name := range plugins {
			files["plugins/"+name+".manifest.json"] = []byte(`{"tools":[{"name":"auth0_list_` + name + `"}]}`)
		}
		for name, data := range files {
			path := filepath.Join(bin, p.String(), name)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return bin
}

// made are the digests of the files of a release.
func made(t *testing.T, folder string) map[string]string {
	t.Helper()
	sums := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(folder, path)
		sums[filepath.ToSlash(name)] = digest(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sums
}

// What is made here of the same binaries is the same to the byte. Of one platform: the others are packed the same way.
func TestReleaseIsReproducible(t *testing.T) {
	t.Chdir("..")
	bin, config := binaries(t, "logs"), filepath.Join(t.TempDir(), "one.yaml")
	d := &Distribution{root: ".", name: "Acme", version: "1.2.3-rc.1"}
	described, err := d.describe(defaultConfig, "linux_amd64", "dist")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, described, 0o600); err != nil {
		t.Fatal(err)
	}
	var runs [2]map[string]string
	for i := range runs {
		args := []string{"extra", "-config", config, "-version", d.version, "-date", "2026-11-29T10:00:00Z", "-bin", bin}
		if err := run(args, io.Discard); err != nil {
			t.Fatal(err)
		}
		runs[i] = made(t, filepath.Join(bin, "extra"))
		host := filepath.Join(t.TempDir(), "auth0-mcp")
		t.Setenv("GOOS", "linux")
		t.Setenv("GOARCH", "amd64")
		args = []string{"prebuilt", "-bin=" + bin, "-date=2026-11-29T10:00:00Z", "-ldflags=-s", "-o", host, "."}
		if err := run(args, io.Discard); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(host)
		if err != nil || !info.ModTime().Equal(time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC)) {
			t.Errorf("the host has the time %v (%v)", info.ModTime(), err)
		}
	}
	want := []string{"acme_1.2.3-rc.1_linux_amd64.mcpb", "acme_1.2.3-rc.1_oci.tar"}
	if got := slices.Sorted(maps.Keys(runs[0])); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if !maps.Equal(runs[0], runs[1]) {
		t.Errorf("they differ: %v, %v", runs[0], runs[1])
	}
}

// A team's release has its own name and platforms, and is not published; one that is locked has nothing that fetches.
func TestDescription(t *testing.T) {
	for _, locked := range []bool{false, true} {
		d := &Distribution{root: "..", name: "Acme Identity", version: "1.2.3", locked: locked}
		described, err := d.describe(defaultConfig, "linux_arm64,darwin_arm64", "/out")
		if err != nil {
			t.Fatal(err)
		}
		for _, ours := range []string{"homebrew_casks", "scoops", "io.github", "ghcr.io"} {
			if strings.Contains(string(described), ours) {
				t.Errorf("it has %s", ours)
			}
		}
		if got := strings.Contains(string(described), fetcher); got == locked {
			t.Errorf("locked: %v, with %s: %v", locked, fetcher, got)
		}
		path := filepath.Join(t.TempDir(), "goreleaser.yaml")
		if err := os.WriteFile(path, described, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := readRelease(path, "1.2.3")
		if err != nil {
			t.Fatal(err)
		}
		if r.Name != "acme-identity" || r.Title != "Acme Identity" || r.NPM != "" || r.Registry != "" ||
			r.Image != "localhost/acme-identity" || r.partial != locked ||
			!slices.Equal(r.platforms, []platform{{"linux", "arm64"}, {"darwin", "arm64"}}) {
			t.Errorf("got %+v", r)
		}
	}
	// With a description of its own a team publishes what it says.
	own := filepath.Join(t.TempDir(), "acme.yaml")
	data, err := os.ReadFile("../" + defaultConfig)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(own, data, 0o600); err != nil {
		t.Fatal(err)
	}
	described, err := (&Distribution{root: "..", name: "Acme"}).describe(own, "", "/out")
	if err != nil || !strings.Contains(string(described), "homebrew_casks") {
		t.Errorf("its casks are left out (%v)", err)
	}
}

// Every version is that of the Makefile: what GoReleaser is told names none.
func TestVersionIsInOnePlace(t *testing.T) {
	data, err := os.ReadFile("../" + defaultConfig)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	if !strings.Contains(text, `version_template: "{{ .Env.VERSION }}"`) {
		t.Error("a snapshot has a version of its own")
	}
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(makefile), "\nVERSION = ")
	version, _, _ := strings.Cut(rest, "\n")
	if version == "" || strings.Contains(text, version) || strings.Count(string(makefile), version) != 1 {
		t.Errorf("the version %q is written more than once", version)
	}
}

func TestPin(t *testing.T) {
	root := t.TempDir()
	text := `module ` + ours + `sdk

go 1.26.0

require (
	github.com/auth0-mcp/auth0-mcp/proto v0.0.0
	example.com/other v1.0.0 // indirect
)

replace github.com/auth0-mcp/auth0-mcp/proto => ../proto
`
	path := filepath.Join(root, "sdk", "go.mod")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"1.2.3", "1.3.0"} {
		if err := run([]string{"pin", "-version", version, "-root", root}, io.Discard); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if want := strings.Replace(text, "proto v0.0.0", "proto v"+version, 1); !bytes.Equal(got, []byte(want)) {
			t.Errorf("got %s", got)
		}
	}
}

func TestReleaseRefuses(t *testing.T) {
	t.Chdir("..")
	bin, config := t.TempDir(), filepath.Join(t.TempDir(), "changed.yaml")
	const date = "2026-11-29T10:00:00Z"
	extra := []string{"extra", "-version", "1.2.3"}
	whole, err := os.ReadFile(defaultConfig)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		old, to string // in the configuration
		args    []string
		want    string
	}{
		"no command":      {"", "", nil, "want a command"},
		"unknown command": {"", "", []string{"publish", "-version", "1.2.3"}, "unknown command"},
		"no version":      {"", "", []string{"extra"}, "want a semantic version"},
		"version with v":  {"", "", []string{"extra", "-version", "v1.2.3"}, "want a semantic version"},
		"short version":   {"", "", []string{"extra", "-version", "1.2"}, "want a semantic version"},
		"no date":         {"", "", extra, "-date"},
		"no commit":       {"", "", append(slices.Clone(extra), "-date", "0001-01-01T00:00:00Z"), "in a clone"},
		"no binaries":     {"", "", append(slices.Clone(extra), "-date", date, "-bin", bin), "make build-all"},
		"no host": {"", "", []string{"prebuilt", "-bin", bin, "-date", date, "-o", filepath.Join(bin, "x")},
			"make build-all"},
		"argument":     {"", "", append(slices.Clone(extra), "x"), "unexpected argument"},
		"no name":      {"project_name: auth0-mcp", "", extra, "project_name is missing"},
		"odd name":     {"project_name: auth0-mcp", "project_name: ../x", extra, "project_name"},
		"odd platform": {"[linux_amd64,", "[plan9_arm,", extra, "plan9_arm"},
		"odd package":  {"registry_type: npm", "registry_type: pypi", extra, "pypi"},
	} {
		text := strings.Replace(string(whole), tt.old, tt.to, 1)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if tt.old != "" && text == string(whole) {
			t.Errorf("%s: the configuration has no %q", name, tt.old)
		}
		args := slices.Clone(tt.args)
		if len(args) > 1 && args[0] == "extra" {
			args = slices.Insert(args, 1, "-config", config)
		}
		if err := run(args, io.Discard); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
	if _, err := os.Stat(filepath.Join(bin, "x")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a host was written: %v", err)
	}
}

func TestTheHostChecksADistribution(t *testing.T) {
	for file, want := range map[string]string{
		`{"name":"Acme","read_only":true,"locked":["read_only"]}`: "",
		`{"name":"Acme","locked":["tools"]}`:                      "locked: tools is not set to anything",
		`{"name":"Acme","lokced":["tools"]}`:                      `unknown field "lokced"`,
	} {
		var log bytes.Buffer
		err := (&Distribution{root: "..", file: []byte(file), log: &log}).check(t.Context())
		if (err == nil) != (want == "") || !strings.Contains(log.String(), want) {
			t.Errorf("%s: %v\n%s", file, err, log.String())
		}
	}
}
