package clients

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	ourCommand = "/opt/auth0-mcp/auth0-mcp"
	// canary stands in values that are not ours; it must never be shown.
	canary = "canary-3f9c1e"
)

func ours() Entry { return Entry{Command: ourCommand} }

// placesOn is a system with an empty home folder and nothing in its environment.
func placesOn(t testing.TB, system string) Places {
	t.Helper()
	return Places{OS: system, Home: t.TempDir(), Getenv: func(string) string { return "" }}
}

func writeFile(t testing.TB, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

func readBack(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// fileOf puts content into the file of a client's usual scope.
func fileOf(t testing.TB, client, content string) (Places, string) {
	t.Helper()
	p := placesOn(t, "linux")
	c, err := Find(client)
	if err != nil {
		t.Fatal(err)
	}
	path, err := c.Scopes[0].Path(p, "")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, content, 0o600)
	return p, path
}

func planAndApply(t testing.TB, p Places, target Target, e Entry) *Change {
	t.Helper()
	change, err := Plan(p, target, e, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := change.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	return change
}

func wantError(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not hold %q", err, part)
		}
	}
	if strings.Contains(err.Error(), canary) {
		t.Errorf("a secret is in the error: %v", err)
	}
}

// wantPosition checks that err is a *FileError for that place.
func wantPosition(t testing.TB, err error, path string, line, column int) {
	t.Helper()
	file, ok := errors.AsType[*FileError](err)
	if !ok {
		t.Fatalf("got %v, want a *FileError", err)
	}
	if file.Path != path || file.Line != line || file.Column != column {
		t.Errorf("got %s:%d:%d, want %s:%d:%d", file.Path, file.Line, file.Column, path, line, column)
	}
}
