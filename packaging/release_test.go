package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"aead.dev/minisign"
)

// binaries is a folder as make build-all writes it, with a small program for all binaries.
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
		// The machine's own are at the top, and it is one of these.
		for _, folder := range []string{bin, filepath.Join(bin, p.String())} {
			files := map[string][]byte{}
			for _, name := range []string{"auth0-mcp", "auth0-mcp-fetch", "plugins/auth0-mcp-plugins"} {
				files[name+p.exe()] = small
			}
			for _, name := range plugins {
				files["plugins/"+name+".manifest.json"] = []byte(`{"tools":[{"name":"auth0_list_` + name + `"}]}`)
			}
			for name, data := range files {
				path := filepath.Join(folder, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, data, 0o600); err != nil {
					t.Fatal(err)
				}
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

// Of one platform: the others are packed in the same way.
func TestReleaseIsReproducible(t *testing.T) {
	bin, p := binaries(t, "logs"), platform{"linux", "amd64"}
	var runs [2]map[string]string
	for i := range runs {
		r, err := readRelease("release.json", "1.2.3-rc.1", bin)
		if err != nil {
			t.Fatal(err)
		}
		files, err := r.program(p)
		if err != nil {
			t.Fatal(err)
		}
		made := output{folder: t.TempDir(), sums: map[string]string{}}
		for _, channel := range []func(*output, platform, []file) error{
			r.writeArchive, r.writeLinuxPackages, r.writeMCPB, r.writeNPMBinaries, r.writeSBOM,
		} {
			if err := channel(&made, p, files); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.writeImage(&made); err != nil {
			t.Fatal(err)
		}
		runs[i] = made.sums
	}
	if len(runs[0]) != 8 {
		t.Errorf("%d files", len(runs[0]))
	}
	for name, sum := range runs[0] {
		if runs[1][name] != sum {
			t.Errorf("%s differs", name)
		}
	}
}

// A team's release has its own name, plugins and files, and only the channels that it names.
func TestReleaseOfATeam(t *testing.T) {
	folder := t.TempDir()
	config := filepath.Join(folder, "team.json")
	text := `{"name": "acme-auth0-mcp", "title": "Acme", "description": "d", "homepage": "https://acme.example",
		"author": "Acme", "maintainer": "Acme <it@acme.example>", "license": "MIT",
		"download": "https://acme.example/{version}", "homebrew": true, "files": {"auth0-mcp.toml": "team.toml"}}`
	for path, data := range map[string]string{config: text, filepath.Join(folder, "team.toml"): "read_only = true\n"} {
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(folder, "dist")
	bin := binaries(t, "logs")
	err := run([]string{"release", "-version", "1.2.3", "-config", config, "-bin", bin, "-out", out}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for name := range made(t, out) {
		formula := name == "homebrew/acme-auth0-mcp.rb"
		if !strings.HasPrefix(name, "acme-auth0-mcp_1.2.3_") && !formula || strings.HasSuffix(name, "oci.tar") {
			t.Errorf("unexpected file %s", name)
		}
	}
	formula, err := os.ReadFile(filepath.Join(out, "homebrew", "acme-auth0-mcp.rb"))
	if err != nil || !strings.Contains(string(formula), `libexec.install Dir["*"]`) {
		t.Errorf("the formula does not install all files of the archive: %s (%v)", formula, err)
	}
	want := []string{"auth0-mcp", "auth0-mcp-fetch", "plugins/auth0-mcp-plugins", "plugins/logs.manifest.json",
		"auth0-mcp.toml"}
	if got := packed(t, filepath.Join(out, "acme-auth0-mcp_1.2.3_linux_arm64.tar.gz")); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// packed are the names in an archive, below its folder.
func packed(t *testing.T, path string) []string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for archive := tar.NewReader(unpacked); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		_, name, _ := strings.Cut(header.Name, "/")
		names = append(names, name)
	}
}

// A further file must not take the place of a program, or stand outside of the package.
func TestFilesOfAReleaseStayBesideTheProgram(t *testing.T) {
	for _, name := range []string{"../x", "/x", "auth0-mcp", "auth0-mcp.exe", "auth0-mcp-fetch", "plugins/x", ""} {
		text, err := json.Marshal(map[string]any{"name": "x", "title": "x", "description": "x", "homepage": "x",
			"author": "x", "maintainer": "x", "license": "x", "download": "x", "files": map[string]string{name: "release.json"}})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "release.json")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readRelease(path, "1.2.3", ""); err == nil || !strings.Contains(err.Error(), "files: ") {
			t.Errorf("%q: got %v", name, err)
		}
	}
}

func TestSigningKey(t *testing.T) {
	public, private, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	encrypted, err := minisign.EncryptKey("a password", private)
	if err != nil {
		t.Fatal(err)
	}
	environment := func(key, password string) func(string) string {
		return func(name string) string {
			return map[string]string{keyVariable: key, passwordVariable: password}[name]
		}
	}
	key, err := signingKey(false, environment(string(encrypted), "a password"))
	if err != nil {
		t.Fatal(err)
	}
	message := []byte("message")
	if !minisign.Verify(public, message, minisign.Sign(key.private, message)) {
		t.Error("another key")
	}
	if key, err := signingKey(false, environment("", "")); key != nil || err != nil {
		t.Errorf("without a key: got %v, %v", key, err)
	}
	_, err = signingKey(false, environment("canary-key", "canary"))
	if err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v", err)
	}
	if _, err := signingKey(true, environment("x", "")); err == nil {
		t.Error("a throwaway key was made beside a given one")
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
	bin, out := binaries(t, "logs"), filepath.Join(t.TempDir(), "dist")
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"no command":      {nil, "want a command"},
		"unknown command": {[]string{"publish", "-version", "1.2.3"}, "unknown command"},
		"no version":      {[]string{"release", "-out", out}, "want a semantic version"},
		"version with v":  {[]string{"release", "-version", "v1.2.3", "-out", out}, "want a semantic version"},
		"short version":   {[]string{"release", "-version", "1.2", "-out", out}, "want a semantic version"},
		"no output":       {[]string{"release", "-version", "1.2.3", "-bin", bin}, "-out"},
		"no binaries":     {[]string{"release", "-version", "1.2.3", "-bin", t.TempDir(), "-out", out}, "make build-all"},
		"no config":       {[]string{"release", "-version", "1.2.3", "-config", "absent.json", "-out", out}, "absent.json"},
		"argument":        {[]string{"release", "-version", "1.2.3", "x"}, "unexpected argument"},
	} {
		if err := run(tt.args, io.Discard); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
	if _, err := os.Stat(out); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something was written: %v", err)
	}
}
