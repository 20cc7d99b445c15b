package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/clients"
)

// A client that writes its file while we change it: the change is worked out anew,
// what the client wrote is kept, and after a few times we give up.
func TestApplyChangeAgain(t *testing.T) {
	for _, tt := range []struct {
		writes int
		gives  bool
	}{{0, false}, {planAttempts - 1, false}, {planAttempts, true}} {
		t.Run(fmt.Sprintf("%d writes", tt.writes), func(t *testing.T) {
			home := t.TempDir()
			path := filepath.Join(home, ".cursor", "mcp.json")
			if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			places := clients.Places{OS: "linux", Home: home, Getenv: func(string) string { return "" }}
			written := 0
			_, err := applyChange(t.Context(), false, func() (*clients.Change, error) {
				change, err := clients.Plan(places, clients.Target{Client: "cursor"}, clients.Entry{Command: "/bin/auth0-mcp"},
					false)
				if written < tt.writes {
					written++
					if err := os.WriteFile(path, fmt.Appendf(nil, `{"n": %d}`, written), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				return change, err
			})
			if tt.gives != errors.Is(err, clients.ErrChanged) || !tt.gives && err != nil {
				t.Fatalf("error %v", err)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if tt.writes > 0 && !strings.Contains(string(data), fmt.Sprintf(`"n": %d`, tt.writes)) ||
				tt.gives == strings.Contains(string(data), "auth0-mcp") {
				t.Errorf("the file is %s", data)
			}
		})
	}
}

// The path of a link stays in an entry when the link is turned to a new version.
func TestOwnPathKeepsLinks(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	link, other := filepath.Join(dir, "linked.exe"), filepath.Join(dir, "other.exe")
	if err := os.Symlink(self, link); err != nil {
		t.Logf("no symbolic links here: %v", err)
		link = self
	}
	if err := os.WriteFile(other, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	typed := os.Args[0]
	t.Cleanup(func() { os.Args[0] = typed })
	t.Setenv("PATH", dir)
	for _, tt := range []struct{ typed, want string }{
		{link, link},
		{filepath.Base(link), link},
		{self, self},
		{other, self}, // not this program
		{"absent.exe", self},
		{"", self},
	} {
		os.Args[0] = tt.typed
		if got, err := ownPath(); err != nil || got != tt.want {
			t.Errorf("started as %q: %q (%v), want %q", tt.typed, got, err, tt.want)
		}
	}
}

func TestEntryProfile(t *testing.T) {
	for name, want := range map[string]string{"default": "", "prod": "prod"} {
		if got := entryProfile(name); got != want {
			t.Errorf("profile %s is written %q, want %q", name, got, want)
		}
	}
}

func TestShellWords(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, ""},
		{[]string{"run", "--profile", "a.b-c_d"}, "run --profile a.b-c_d"},
		{[]string{"--tools", "auth0_*,auth0_?"}, "--tools 'auth0_*,auth0_?'"},
		{[]string{"it's", "", "a b"}, `'it'\''s' '' 'a b'`},
	} {
		if got := clients.ShellWords(tt.args); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.args, got, tt.want)
		}
	}
}

func TestTarget(t *testing.T) {
	folder := t.TempDir()
	for _, tt := range []struct {
		word, scope string
		want        clients.Target
		failure     string
	}{
		{"cursor", "", clients.Target{Client: "cursor"}, ""},
		{"vscode:workspace", "", clients.Target{Client: "vscode", Scope: "workspace", Folder: folder}, ""},
		{"vscode", "workspace", clients.Target{Client: "vscode", Scope: "workspace", Folder: folder}, ""},
		{"vscode:workspace", "workspace", clients.Target{Client: "vscode", Scope: "workspace", Folder: folder}, ""},
		{"print", "", clients.Target{Client: "print"}, ""},
		{"vscode:global", "workspace", clients.Target{}, "give one of them"},
		{"cursor:nowhere", "", clients.Target{}, "choose one of user"},
		{"emacs", "", clients.Target{}, "choose one of claude"},
	} {
		got, _, err := targetFlags{scope: tt.scope, folder: folder}.target(tt.word)
		switch {
		case tt.failure != "" && (err == nil || !strings.Contains(err.Error(), tt.failure)):
			t.Errorf("%s: error %v, want %q", tt.word, err, tt.failure)
		case tt.failure == "" && (err != nil || got != tt.want):
			t.Errorf("%s: %+v (%v), want %+v", tt.word, got, err, tt.want)
		}
	}
}
