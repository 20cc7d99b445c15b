package clients

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPaths(t *testing.T) {
	const project = "work/shop"
	// client, scope → linux, darwin, windows, below the home folder.
	for _, tt := range []struct{ client, scope, linux, darwin, windows string }{
		{"claude", "user", ".config/Claude/claude_desktop_config.json",
			"Library/Application Support/Claude/claude_desktop_config.json",
			"AppData/Roaming/Claude/claude_desktop_config.json"},
		{"claude-code", "user", ".claude.json", ".claude.json", ".claude.json"},
		{"claude-code", "project", project + "/.mcp.json", project + "/.mcp.json", project + "/.mcp.json"},
		{"cursor", "user", ".cursor/mcp.json", ".cursor/mcp.json", ".cursor/mcp.json"},
		{"windsurf", "user", ".codeium/windsurf/mcp_config.json", ".codeium/windsurf/mcp_config.json",
			".codeium/windsurf/mcp_config.json"},
		{"vscode", "global", ".config/Code/User/mcp.json", "Library/Application Support/Code/User/mcp.json",
			"AppData/Roaming/Code/User/mcp.json"},
		{"vscode", "workspace", project + "/.vscode/mcp.json", project + "/.vscode/mcp.json", project + "/.vscode/mcp.json"},
		{"gemini", "user", ".gemini/settings.json", ".gemini/settings.json", ".gemini/settings.json"},
		{"codex", "user", ".codex/config.toml", ".codex/config.toml", ".codex/config.toml"},
		{"zed", "user", ".config/zed/settings.json", ".config/zed/settings.json", "AppData/Roaming/Zed/settings.json"},
	} {
		for system, want := range map[string]string{"linux": tt.linux, "darwin": tt.darwin, "windows": tt.windows,
			"freebsd": tt.linux} {
			p := placesOn(t, system)
			c, err := Find(tt.client)
			if err != nil {
				t.Fatal(err)
			}
			s, err := c.Scope(tt.scope)
			if err != nil {
				t.Fatal(err)
			}
			folder := ""
			if s.Project {
				folder = filepath.Join(p.Home, filepath.FromSlash(project))
			}
			path, err := s.Path(p, folder)
			if err != nil {
				t.Fatal(err)
			}
			below, err := filepath.Rel(p.Home, path)
			if err != nil || filepath.ToSlash(below) != want {
				t.Errorf("%s %s on %s: got %s, %v, want %s", tt.client, tt.scope, system, below, err, want)
			}
		}
	}
}

func TestEveryClientHasATestedPath(t *testing.T) {
	var names []string
	for _, c := range All() {
		for _, s := range c.Scopes {
			names = append(names, c.Name+" "+s.Name)
			if s.Next == "" || !strings.HasSuffix(s.Next, ".") {
				t.Errorf("%s %s: what comes next is %q", c.Name, s.Name, s.Next)
			}
		}
	}
	want := []string{
		"claude user", "claude-code user", "claude-code project", "cursor user", "windsurf user",
		"vscode global", "vscode workspace", "gemini user", "codex user", "zed user",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	if last := All()[len(All())-1]; last.Name != Print || len(last.Scopes) != 0 {
		t.Errorf("the last client is %s", last.Name)
	}
}

func TestPathsFromTheEnvironment(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct{ system, variable, client, want string }{
		{"linux", "XDG_CONFIG_HOME", "claude", "Claude/claude_desktop_config.json"},
		{"linux", "XDG_CONFIG_HOME", "vscode", "Code/User/mcp.json"},
		{"linux", "XDG_CONFIG_HOME", "zed", "zed/settings.json"},
		{"windows", "APPDATA", "claude", "Claude/claude_desktop_config.json"},
		{"windows", "APPDATA", "vscode", "Code/User/mcp.json"},
		{"windows", "APPDATA", "zed", "Zed/settings.json"},
		{"darwin", "CODEX_HOME", "codex", "config.toml"},
		{"linux", "CLAUDE_CONFIG_DIR", "claude-code", ".claude.json"},
		{"linux", "GEMINI_CLI_HOME", "gemini", ".gemini/settings.json"},
	} {
		c, err := Find(tt.client)
		if err != nil {
			t.Fatal(err)
		}
		p := placesOn(t, tt.system)
		usual, err := c.Scopes[0].Path(p, "")
		if err != nil {
			t.Fatal(err)
		}
		for value, want := range map[string]string{dir: filepath.Join(dir, filepath.FromSlash(tt.want)), "relative": usual,
			"": usual} {
			p.Getenv = func(name string) string {
				if name == tt.variable {
					return value
				}
				return ""
			}
			if got, err := c.Scopes[0].Path(p, ""); err != nil || got != want {
				t.Errorf("%s with %s=%q: got %s, %v, want %s", tt.client, tt.variable, value, got, err, want)
			}
		}
	}
	// A variable of another system is not read.
	p := Places{OS: "darwin", Home: dir, Getenv: func(string) string { return "/elsewhere" }}
	claude, err := Find("claude")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := claude.Scopes[0].Path(p, ""); err != nil || !strings.HasPrefix(got, dir) {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestClaudeDesktopAsAPackageOfWindows(t *testing.T) {
	p := placesOn(t, "windows")
	planAndApply(t, p, Target{Client: "claude"}, ours())
	packages := filepath.Join(p.Home, "AppData", "Local", "Packages")
	for _, name := range []string{"Claude_abc", "Claude_empty", "Other_def"} {
		if err := os.MkdirAll(filepath.Join(packages, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"Claude_abc", "Other_def"} {
		if err := os.MkdirAll(filepath.Join(packages, name, "LocalCache", "Roaming"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	want := filepath.Join(packages, "Claude_abc", "LocalCache", "Roaming", "Claude", "claude_desktop_config.json")
	if change := planAndApply(t, p, Target{Client: "claude"}, ours()); change.Path != want || change.Exists {
		t.Errorf("got %s", change.Path)
	}
	if err := os.MkdirAll(filepath.Join(packages, "Claude_xyz", "LocalCache", "Roaming"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Plan(p, Target{Client: "claude"}, ours(), false)
	wantError(t, err, "several packages", "Claude_abc", "Claude_xyz", "yourself")
	planAndApply(t, p, Target{Client: "cursor"}, ours())
	all, err := List(p, "")
	wantError(t, err, "several packages")
	if len(all) != 1 || all[0].Client.Name != "cursor" {
		t.Errorf("got %+v", all)
	}
	// A folder of that name means nothing elsewhere.
	p.OS = "linux"
	if change, err := Plan(p, Target{Client: "claude"}, ours(), false); err != nil ||
		!strings.Contains(change.Path, ".config") {
		t.Errorf("got %v", err)
	}
}

func TestUnknownNames(t *testing.T) {
	_, err := Find("cluade")
	wantError(t, err, `"cluade"`, "claude, claude-code, cursor, windsurf, vscode, gemini, codex, zed, print")
	code, err := Find("claude-code")
	if err != nil {
		t.Fatal(err)
	}
	_, err = code.Scope("global")
	wantError(t, err, "Claude Code", `"global"`, "user, project")
	_, err = Plan(placesOn(t, "linux"), Target{Client: Print}, ours(), false)
	wantError(t, err, "another client", "paste")
}

func TestFoldersThatAreWrong(t *testing.T) {
	p := placesOn(t, "linux")
	for name, tt := range map[string]struct {
		p      Places
		target Target
		want   []string
	}{
		"no project folder": {p, Target{Client: "claude-code", Scope: "project"},
			[]string{"scope project", "name the project's folder"}},
		"a folder too many": {p, Target{Client: "cursor", Folder: p.Home},
			[]string{"scope user", "takes no project folder"}},
		"project is missing": {p, Target{Client: "vscode", Scope: "workspace", Folder: filepath.Join(p.Home, "none")},
			[]string{"none does not exist", "create it"}},
		"config dir is gone": {Places{OS: "linux", Home: p.Home,
			Getenv: func(string) string {
				return filepath.Join(p.Home,
					"gone")
			}}, Target{Client: "claude-code"}, []string{"gone does not exist"}},
		"no home": {Places{OS: "linux", Getenv: p.Getenv}, Target{Client: "cursor"},
			[]string{"home folder", "HOME"}},
		"no home on Windows": {Places{OS: "windows", Home: "x", Getenv: p.Getenv}, Target{Client: "cursor"},
			[]string{"USERPROFILE"}},
		"project is a file": {p, Target{Client: "claude-code", Scope: "project", Folder: aFile(t)}, []string{"not a"}},
		"unknown client":    {p, Target{Client: "emacs"}, []string{`"emacs"`}},
		"unknown scope":     {p, Target{Client: "cursor", Scope: "project"}, []string{"Cursor", `"project"`, "user"}},
		"parent is no folder": {Places{OS: "linux", Home: aFile(t), Getenv: p.Getenv}, Target{Client: "cursor"},
			[]string{"not a directory"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Plan(tt.p, tt.target, ours(), false)
			wantError(t, err, tt.want...)
		})
	}
}

func aFile(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "file")
	writeFile(t, path, "", 0o600)
	return path
}
