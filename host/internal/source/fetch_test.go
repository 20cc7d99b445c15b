package source

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// The test binary is a bad auth0-mcp-fetch where it is called so.
func TestMain(m *testing.M) {
	name, out := filepath.Base(os.Args[0]), os.Stdout //nolint:forbidigo // replies go there
	if !strings.HasPrefix(name, "fetch-") {
		os.Exit(m.Run())
	}
	switch name {
	case "fetch-hangs":
		_, _ = io.Copy(io.Discard, os.Stdin)
	case "fetch-fails":
		_, _ = os.Stderr.WriteString("it is broken\x1b[2J\n")
		os.Exit(1)
	case "fetch-refuses":
		_, _ = out.WriteString(`{"error":{"kind":"changed","text":"not\u001b[2J the one"}}`)
	case "fetch-environment":
		beside := filepath.Join(filepath.Dir(os.Args[0]), "environment")
		_ = os.WriteFile(beside, []byte(strings.Join(os.Environ(), "\n")), 0o600)
		_, _ = out.WriteString(`{"versions":[{"version":"1.0.0"}]}`)
	case "fetch-floods":
		block := make([]byte, 1<<20)
		for {
			if _, err := out.Write(block); err != nil {
				os.Exit(1)
			}
		}
	}
	os.Exit(0)
}

// as is a fetcher whose program has a role.
func as(t *testing.T, role string) Fetcher {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a program's name ends in .exe there")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), role)
	if err := os.Symlink(self, path); err != nil {
		t.Fatal(err)
	}
	return Fetcher{Program: path}
}

func TestProgramFails(t *testing.T) {
	t.Parallel()
	s, err := Parse("https://plugins.example.com/index.json")
	if err != nil {
		t.Fatal(err)
	}
	for role, want := range map[string]string{
		"fetch-fails":   `it is broken\u{1B}[2J\n`,
		"fetch-refuses": `not\u{1B}[2J the one`,
		"fetch-floods":  "auth0-mcp-fetch failed",
	} {
		t.Run(role, func(t *testing.T) {
			_, err := as(t, role).Fetch(t.Context(), Request{Source: s, Into: t.TempDir()})
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
			if known, ok := errors.AsType[*Error](err); ok != (role == "fetch-refuses") || ok && known.Kind != Changed {
				t.Errorf("got %#v", err)
			}
		})
	}
	gone := Fetcher{Program: filepath.Join(t.TempDir(), "gone")}
	if _, err := gone.Versions(t.Context(), s, Trust{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// A folder that is not empty is the user's: nothing in it is removed.
func TestFolderIsInUse(t *testing.T) {
	into := t.TempDir()
	mine := filepath.Join(into, "mine")
	if err := os.WriteFile(mine, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (Fetcher{}).Fetch(t.Context(), Request{Into: into}); err == nil ||
		!strings.Contains(err.Error(), "is not an empty folder") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(mine); err != nil {
		t.Error(err)
	}
}

// A user who gives up does not wait for the source.
func TestGivingUp(t *testing.T) {
	t.Parallel()
	f := as(t, "fetch-hangs")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	s := Source{kind: Index, at: "https://a/index.json"}
	if _, err := f.Versions(ctx, s, Trust{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// The program gets no secret.
func TestEnvironment(t *testing.T) {
	t.Setenv("AUTH0_TOKEN", "secret")
	t.Setenv("GITHUB_TOKEN", "secret")
	t.Setenv("HTTPS_PROXY", "http://proxy.example.com")
	f := as(t, "fetch-environment")
	versions, err := f.Versions(t.Context(), Source{kind: Index, at: "https://a/index.json"}, Trust{})
	if err != nil || len(versions) != 1 {
		t.Fatalf("got %v, %v", versions, err)
	}
	got, err := os.ReadFile(filepath.Join(filepath.Dir(f.Program), "environment"))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "SYSTEMROOT"}
	for line := range strings.SplitSeq(string(got), "\n") {
		name, _, _ := strings.Cut(line, "=")
		if line != "" && !slices.Contains(names, strings.ToUpper(name)) {
			t.Errorf("it has %s", name)
		}
	}
	if !strings.Contains(string(got), "HTTPS_PROXY=http://proxy.example.com") {
		t.Errorf("got %s", got)
	}
}

func TestNewFetcher(t *testing.T) {
	if _, err := NewFetcher(""); err == nil || !strings.Contains(err.Error(), "is not beside auth0-mcp") {
		t.Errorf("got %v", err)
	}
}

func TestRegistryConfig(t *testing.T) {
	home := func() (string, error) { return "/home/a", nil }
	for folder, want := range map[string]string{"": "/home/a/.docker/config.json", "/docker": "/docker/config.json"} {
		found := registryConfig(func(string) string { return folder }, home)
		if filepath.ToSlash(found) != want {
			t.Errorf("got %s, want %s", found, want)
		}
	}
	homeless := func() (string, error) { return "", os.ErrNotExist }
	if found := registryConfig(func(string) string { return "" }, homeless); found != "" {
		t.Errorf("got %s", found)
	}
}
