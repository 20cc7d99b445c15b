package clients

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestList(t *testing.T) {
	p := placesOn(t, "linux")
	binary, project := filepath.Join(p.Home, "auth0-mcp"), filepath.Join(p.Home, "shop")
	writeFile(t, binary, "", 0o700)
	if err := os.Mkdir(project, 0o700); err != nil {
		t.Fatal(err)
	}
	planAndApply(t, p, Target{Client: "cursor"}, Entry{Command: binary})
	planAndApply(t, p, Target{Client: "cursor"},
		Entry{Command: binary, Profile: "dev", Tools: "auth0_list_*", ReadOnly: true})
	planAndApply(t, p, Target{Client: "codex"}, Entry{Command: binary, Profile: "dev"})
	planAndApply(t, p, Target{Client: "vscode", Scope: "workspace", Folder: project},
		Entry{Command: filepath.Join(p.Home, "old", "auth0-mcp")})
	writeFile(t, filepath.Join(p.Home, ".gemini", "settings.json"), "\ufeff"+`{ // mine
		"mcpServers": {
			"b": {"command": "auth0-mcp", "args": ["run", "--log-level", "`+canary+`"]},
			"auth0": {"command": "npx", "args": ["-y", "@auth0/auth0-mcp-server", "run"]},
			"a": {"command": "`+p.Home+`/auth0-mcp", "args": ["run"],},
			"n": null, "s": "auth0-mcp"
		}
	}`, 0o600)
	all, err := List(p, project)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"cursor user auth0 {BIN   false} extra=false missing=false",
		"cursor user auth0-dev {BIN dev auth0_list_* true} extra=false missing=false",
		"vscode workspace auth0 {OLD   false} extra=false missing=true",
		"gemini user a {BIN   false} extra=false missing=false",
		"gemini user b {auth0-mcp   false} extra=true missing=false",
		"codex user auth0-dev {BIN dev  false} extra=false missing=false",
	}
	var got []string
	for _, i := range all {
		switch i.Entry.Command {
		case binary:
			i.Entry.Command = "BIN"
		case filepath.Join(p.Home, "old", "auth0-mcp"):
			i.Entry.Command = "OLD"
		}
		e := i.Entry
		got = append(got, fmt.Sprintf("%s %s %s {%s %s %s %v} extra=%v missing=%v", i.Client.Name, i.Scope.Name, i.Name,
			e.Command, e.Profile, e.Tools, e.ReadOnly, i.Extra, i.Missing))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if without, err := List(p, ""); err != nil || len(without) != len(all)-1 {
		t.Errorf("without the project: %d, %v", len(without), err)
	}
}

func TestListGoesOnBehindAFileThatIsBroken(t *testing.T) {
	p, broken := fileOf(t, "claude", `{"mcpServers": [`)
	planAndApply(t, p, Target{Client: "zed"}, ours())
	writeFile(t, filepath.Join(p.Home, ".codex", "config.toml"), "mcp_servers = 1", 0o600)
	all, err := List(p, "")
	wantError(t, err, broken+":1:16", "config.toml:1:1", "mcp_servers is not a table")
	if len(all) != 1 || all[0].Client.Name != "zed" || !all[0].Missing {
		t.Errorf("got %+v", all)
	}
}

// What an entry sets is known by name only: the values are secrets.
func TestListNamesVariables(t *testing.T) {
	p := placesOn(t, "linux")
	writeFile(t, filepath.Join(p.Home, ".cursor", "mcp.json"), `{"mcpServers": {
		"a": {"command": "auth0-mcp", "args": ["run"], "env": {"B": "`+canary+`", "A": "`+canary+`"}},
		"b": {"command": "auth0-mcp", "args": ["run"]},
		"c": {"command": "auth0-mcp", "args": ["run"], "env": {"A": "1"}, "envFile": ".env"}
	}}`, 0o600)
	writeFile(t, filepath.Join(p.Home, ".codex", "config.toml"),
		"[mcp_servers.d]\ncommand = 'auth0-mcp'\nargs = ['run']\nenv_vars = ['C']\n[mcp_servers.d.env]\nA = '1'\n", 0o600)
	all, err := List(p, "")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for _, i := range all {
		got[i.Name] = i.Env
	}
	if diff := cmp.Diff(map[string][]string{"a": {"A", "B"}, "b": {}, "c": nil, "d": {"A", "C"}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestListOfNothing(t *testing.T) {
	p := placesOn(t, "darwin")
	if all, err := List(p, ""); err != nil || len(all) != 0 {
		t.Errorf("got %v, %v", all, err)
	}
	p.Home = ""
	_, err := List(p, "")
	wantError(t, err, "home folder")
}
