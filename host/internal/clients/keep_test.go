package clients

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// settings is an entry with everything that a user may have added to it.
const settings = `{"mcpServers": {"auth0": {"command": "` + ourCommand + `", "args": ["run", "--file-root",
  "p=/` + canary + `", "--tools", "auth0_list_*", "--read-only"], "env": {"AUTH0_MCP_PASSPHRASE": "` + canary + `"}}}}`

// An update changes what it is asked to change: a server that could only read must not be
// able to write because its entry was written again.
func TestAnUpdateKeepsWhatWasChosen(t *testing.T) {
	for name, tt := range map[string]struct {
		e          Entry
		args, kept []string
	}{
		"nothing given": {Entry{KeepTools: true, KeepReadOnly: true},
			[]string{"run", "--tools", "auth0_list_*", "--read-only", "--file-root", "***"},
			[]string{"--tools auth0_list_*", "--read-only", "--file-root", "AUTH0_MCP_PASSPHRASE"}},
		"other tools": {Entry{Tools: "auth0_get_*", KeepReadOnly: true},
			[]string{"run", "--tools", "auth0_get_*", "--read-only", "--file-root", "***"},
			[]string{"--read-only", "--file-root", "AUTH0_MCP_PASSPHRASE"}},
		"no longer read-only": {Entry{KeepTools: true}, []string{"run", "--tools", "auth0_list_*", "--file-root", "***"},
			[]string{"--tools auth0_list_*", "--file-root", "AUTH0_MCP_PASSPHRASE"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, path := fileOf(t, "cursor", settings)
			tt.e.Command = ourCommand
			change := planAndApply(t, p, cursor, tt.e)
			if diff := cmp.Diff(tt.args, change.Entry.Shown()); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.kept, change.Kept); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(change.Diff(), canary) {
				t.Errorf("a secret is shown: %s", change.Diff())
			}
			if got := readBack(t, path); strings.Count(got, canary) != 2 {
				t.Errorf("got %s", got)
			}
		})
	}
}

// An entry that starts another program has nothing that is ours to keep.
func TestAnotherProgramsArgumentsAreNotKept(t *testing.T) {
	p, _ := fileOf(t, "cursor", `{"mcpServers": {"auth0": {"command": "npx", "args": ["-y", "x", "--read-only"]}}}`)
	change, err := Plan(p, cursor, Entry{Command: ourCommand, KeepReadOnly: true}, true)
	if err != nil || change.Kept != nil || strings.Join(change.Entry.Args(), " ") != "run" {
		t.Errorf("%v, kept %q, %q", err, change.Kept, change.Entry.Args())
	}
}

func TestByteOrderMarkIsNotWrittenBack(t *testing.T) {
	for _, content := range []string{other, strings.ReplaceAll(settings, canary, "x")} {
		p, path := fileOf(t, "cursor", byteOrderMark+content)
		e := ours()
		e.KeepTools, e.KeepReadOnly = true, true
		listed, err := List(p, "")
		if err != nil || len(listed) == 1 && !listed[0].Marked {
			t.Errorf("%+v, %v", listed, err)
		}
		change := planAndApply(t, p, cursor, e)
		if got := readBack(t, path); !change.Marked || strings.HasPrefix(got, byteOrderMark) {
			t.Errorf("marked %v: %q", change.Marked, got)
		}
		if got := readBack(t, change.Backup); got != byteOrderMark+content {
			t.Errorf("the backup: %q", got)
		}
		if again, err := Plan(p, cursor, e, false); err != nil || !again.NoOp() || again.Marked {
			t.Errorf("a second time: %v", err)
		}
	}
	// What is not changed keeps it: nothing was asked for.
	p, _ := fileOf(t, "cursor", byteOrderMark+other)
	if change, err := Remove(p, cursor, "auth0"); err != nil || !change.NoOp() {
		t.Errorf("removing nothing: %v", err)
	}
}

func TestOtherEncodingsAreNamed(t *testing.T) {
	wide := func(mark, text string, swapped bool) string {
		b := []byte(mark)
		for _, c := range []byte(text) {
			if swapped {
				b = append(b, 0, c)
			} else {
				b = append(b, c, 0)
			}
		}
		return string(b)
	}
	for name, tt := range map[string]struct{ content, want string }{
		"little endian":            {wide("\xff\xfe", other, false), "UTF-16"},
		"big endian":               {wide("\xfe\xff", other, true), "UTF-16"},
		"little endian, no mark":   {wide("", other, false), "UTF-16"},
		"big endian, without mark": {wide("", other, true), "UTF-16"},
		"UTF-32":                   {"\xff\xfe\x00\x00{\x00\x00\x00", "UTF-32"},
	} {
		for _, client := range []string{"cursor", "codex"} {
			p, path := fileOf(t, client, tt.content)
			_, err := Plan(p, Target{Client: client}, ours(), false)
			wantError(t, err, path, "written in "+tt.want, "save it as UTF-8", "left as it is")
			_, err = List(p, "")
			wantError(t, err, "written in "+tt.want)
			if readBack(t, path) != tt.content {
				t.Errorf("%s: the file was changed", name)
			}
		}
	}
}

// The file of a project is committed, and a backup beside it would be too.
func TestBackupsStayOutOfWorkTrees(t *testing.T) {
	p := placesOn(t, "linux")
	p.State = filepath.Join(t.TempDir(), "state")
	backups := map[string]bool{}
	for _, project := range []string{"a/shop", "b/shop", "c/shop"} {
		folder := filepath.Join(p.Home, project)
		path := filepath.Join(folder, ".vscode", "mcp.json")
		writeFile(t, path, `{"servers":{}}`, 0o600)
		switch project {
		case "a/shop":
			mkdir(t, filepath.Join(folder, ".git"))
		case "b/shop":
			writeFile(t, filepath.Join(folder, ".git"), "gitdir: elsewhere", 0o600)
		}
		change := planAndApply(t, p, Target{Client: "vscode", Scope: "workspace", Folder: folder}, ours())
		if got := readBack(t, change.Backup); got != `{"servers":{}}` {
			t.Errorf("%s: %s holds %s", project, change.Backup, got)
		}
		if project == "c/shop" {
			wantFiles(t, filepath.Dir(path), "mcp.json", "mcp.json.auth0-mcp.bak")
			continue
		}
		wantFiles(t, filepath.Dir(path), "mcp.json")
		wantMode(t, change.Backup, 0o600)
		if filepath.Dir(change.Backup) != filepath.Join(p.State, "backups") ||
			!strings.HasPrefix(filepath.Base(change.Backup), "shop-mcp.json-") {
			t.Errorf("the backup is %s", change.Backup)
		}
		backups[change.Backup] = true
	}
	if len(backups) != 2 {
		t.Errorf("two projects share a backup: %v", backups)
	}
}

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
}

// A server that its client starts with an almost empty environment is given the folders
// where it finds the config, whatever stands in its env already.
func TestVariablesOfAnEntry(t *testing.T) {
	e := ours()
	e.Env = []Variable{{Name: "XDG_CONFIG_HOME", Value: "/c"}, {Name: "XDG_DATA_HOME", Value: "/d"},
		{Name: "XDG_STATE_HOME", Value: "/s", IfThere: true}}
	const head = `"command":"` + ourCommand + `","args":["run"]`
	const table = "command = \"" + ourCommand + "\"\nargs = [\"run\"]\n"
	for name, tt := range map[string]struct {
		client, content string
		want            string // of the entry's env
	}{
		"new":      {"cursor", "", "XDG_CONFIG_HOME=/c XDG_DATA_HOME=/d"},
		"no env":   {"cursor", `{"mcpServers":{"auth0":{` + head + `}}}`, "XDG_CONFIG_HOME=/c XDG_DATA_HOME=/d"},
		"an empty": {"cursor", `{"mcpServers":{"auth0":{` + head + `,"env":{}}}}`, "XDG_CONFIG_HOME=/c XDG_DATA_HOME=/d"},
		"another": {"cursor", `{"mcpServers":{"auth0":{"env":{"A":"` + canary + `", "XDG_STATE_HOME": "/old"},` + head +
			`}}}`,
			"A=" + canary + " XDG_CONFIG_HOME=/c XDG_DATA_HOME=/d XDG_STATE_HOME=/s"},
		"as it should be": {"cursor", `{"mcpServers":{"auth0":{"env":{"XDG_DATA_HOME":"/d","XDG_CONFIG_HOME":"/c"},` + head +
			`}}}`, "XDG_CONFIG_HOME=/c XDG_DATA_HOME=/d"},
		"TOML, new":    {"codex", "a = 1\n", "XDG_CONFIG_HOME=/c XDG_DATA_HOME=/d"},
		"TOML, no env": {"codex", "[mcp_servers.auth0]\n" + table, "XDG_CONFIG_HOME=/c XDG_DATA_HOME=/d"},
		"TOML, inline": {"codex", "[mcp_servers.auth0]\n" + table + "env = { A = \"" + canary +
			"\", XDG_DATA_HOME = \"/x\" }\n",
			"A=" + canary + " XDG_CONFIG_HOME=/c XDG_DATA_HOME=/d"},
		"TOML, a table": {"codex", "[mcp_servers.auth0]\n" + table + "[mcp_servers.auth0.env]\nA = \"" + canary +
			"\"\n[b]\nc = 1\n",
			"A=" + canary + " XDG_CONFIG_HOME=/c XDG_DATA_HOME=/d"},
		"TOML, dotted": {"codex", "[mcp_servers.auth0]\n" + table + "env.A = \"" + canary + "\"\n",
			"A=" + canary + " XDG_CONFIG_HOME=/c XDG_DATA_HOME=/d"},
		"TOML, all inline": {"codex", "[mcp_servers]\nauth0 = { command = \"" + ourCommand +
			"\", args = [\"run\"], env = { A = \"" + canary + "\" } }\n",
			"A=" + canary + " XDG_CONFIG_HOME=/c XDG_DATA_HOME=/d"},
	} {
		t.Run(name, func(t *testing.T) {
			p, path := fileOf(t, tt.client, tt.content)
			change := planAndApply(t, p, Target{Client: tt.client}, e)
			listed, err := List(p, "")
			if err != nil || len(listed) != 1 {
				t.Fatalf("%d entries, %v: %s", len(listed), err, readBack(t, path))
			}
			if got := strings.Join(listed[0].Environ(func(string) string { return "" }), " "); got != tt.want {
				t.Errorf("got %s: %s", got, readBack(t, path))
			}
			if strings.Contains(change.Diff(), canary) {
				t.Errorf("a secret is shown: %s", change.Diff())
			}
			if again, err := Plan(p, Target{Client: tt.client}, e, false); err != nil || !again.NoOp() {
				t.Errorf("a second time: %v", err)
			}
		})
	}
	p, _ := fileOf(t, "cursor", `{"mcpServers":{"auth0":{"env":["a"],`+head+`}}}`)
	_, err := Plan(p, cursor, e, false)
	wantError(t, err, "env is an array, want an object")
}

// The folder of the project stays, unless another is given.
func TestAnUpdateKeepsTheProject(t *testing.T) {
	const has = `{"mcpServers": {"auth0": {"command": "` + ourCommand + `", "args": ["run", "--project-root", "/shop"]}}}`
	for given, want := range map[string]string{"": "run --project-root /shop", "/other": "run --project-root /other"} {
		p, _ := fileOf(t, "cursor", has)
		change := planAndApply(t, p, cursor, Entry{Command: ourCommand, ProjectRoot: given})
		if got := strings.Join(change.Entry.Args(), " "); got != want || (given == "") != (len(change.Kept) == 1) {
			t.Errorf("%q: %s, kept %q", given, got, change.Kept)
		}
	}
}
