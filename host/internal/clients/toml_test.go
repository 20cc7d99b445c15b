package clients

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var codex = Target{Client: "codex"}

func TestTOMLAdd(t *testing.T) {
	const table = "[mcp_servers.auth0]\ncommand = \"/opt/auth0-mcp/auth0-mcp\"\nargs = [\"run\"]\n"
	for name, tt := range map[string]struct{ in, want string }{
		"empty file":         {"", table},
		"only a comment":     {"# nothing yet", "# nothing yet\n\n" + strings.TrimSuffix(table, "\n")},
		"settings":           {"model = \"o3\" # mine\n", "model = \"o3\" # mine\n\n" + table},
		"no final newline":   {"model = \"o3\"", "model = \"o3\"\n\n" + strings.TrimSuffix(table, "\n")},
		"empty lines at end": {"a = 1\n\n\n", "a = 1\n\n\n\n" + table},
		"byte order mark":    {"\ufeffa = 1\n", "a = 1\n\n" + table},
		"line ends of Windows": {"a = 1\r\n[b]\r\nc = 2\r\n",
			"a = 1\r\n[b]\r\nc = 2\r\n\r\n" + strings.ReplaceAll(table, "\n", "\r\n")},
		"Windows, no final": {"a = 1\r\nb = 2",
			"a = 1\r\nb = 2\r\n\r\n" + strings.ReplaceAll(strings.TrimSuffix(table, "\n"), "\n", "\r\n")},
		"other servers": {"[mcp_servers.x]\ncommand = \"x\"\n[mcp_servers.x.env]\nA = \"1\"\n",
			"[mcp_servers.x]\ncommand = \"x\"\n[mcp_servers.x.env]\nA = \"1\"\n\n" + table},
		"servers' own table": {"[mcp_servers]\nx = { command = \"x\" }\n",
			"[mcp_servers]\nx = { command = \"x\" }\n\n" + table},
		"dotted servers":  {"mcp_servers.x.command = \"x\"\n", "mcp_servers.x.command = \"x\"\n\n" + table},
		"array of tables": {"[[projects]]\nname = 'a'\n", "[[projects]]\nname = 'a'\n\n" + table},
		"no number": {"a = nan\nb = 1979-05-27T07:32:00Z\nc = 07:32:00\n",
			"a = nan\nb = 1979-05-27T07:32:00Z\nc = 07:32:00\n\n" + table},
		"name in a string": {"a = \"\"\"\n[mcp_servers.auth0]\n\"\"\"\n",
			"a = \"\"\"\n[mcp_servers.auth0]\n\"\"\"\n\n" + table},
	} {
		t.Run(name, func(t *testing.T) {
			p, path := fileOf(t, "codex", tt.in)
			planAndApply(t, p, codex, ours())
			if diff := cmp.Diff(tt.want, readBack(t, path)); diff != "" {
				t.Errorf("added:\n%s", diff)
			}
			if again, err := Plan(p, codex, ours(), false); err != nil || !again.NoOp() {
				t.Errorf("a second time it is not a no-op: %v", err)
			}
			change, err := Remove(p, codex, "auth0")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimPrefix(tt.in, byteOrderMark), string(change.After)); diff != "" {
				t.Errorf("removed again:\n%s", diff)
			}
		})
	}
}

func TestTOMLUpdate(t *testing.T) {
	const command = "command = \"/opt/auth0-mcp/auth0-mcp\""
	for name, tt := range map[string]struct{ in, want string }{
		"values": {
			"[mcp_servers.auth0] # mine\nenabled = true\ncommand = '/old' # where\nargs = [\n  \"run\", # c\n  " +
				"\"--read-only\",\n]\ntimeout = 5\n\n[b]\n",
			"[mcp_servers.auth0] # mine\nenabled = true\n" + command + " # where\nargs = [\"run\"]\ntimeout = 5\n\n[b]\n",
		},
		"arguments are missing": {
			"[mcp_servers.auth0]\n" + command + " # where\n# more\n[mcp_servers.auth0.env]\nA = \"1\"\n",
			"[mcp_servers.auth0]\n" + command + " # where\nargs = [\"run\"]\n# more\n[mcp_servers.auth0.env]\nA = \"1\"\n",
		},
		"empty table": {"[ mcp_servers . \"auth0\" ] # here",
			"[ mcp_servers . \"auth0\" ] # here\n" + command + "\nargs = [\"run\"]"},
		"only a table below": {"a = 1\n\n[mcp_servers.auth0.env]\nA = \"1\"\n",
			"a = 1\n\n[mcp_servers.auth0]\n" + command + "\nargs = [\"run\"]\n\n[mcp_servers.auth0.env]\nA = \"1\"\n"},
		"inline": {"[mcp_servers]\nauth0 = { command = \"/old\", args = [], env = { A = \"1\" } } # c\n",
			"[mcp_servers]\nauth0 = { " + command + ", args = [\"run\"], env = { A = \"1\" } } # c\n"},
		"inline without args": {"[mcp_servers]\nauth0 = { env = { A = \"1\" }, command = \"/old\" }\n",
			"[mcp_servers]\nauth0 = { env = { A = \"1\" }, " + command + ", args = [\"run\"] }\n"},
		"inline and empty": {"[mcp_servers]\nauth0 = {}\n",
			"[mcp_servers]\nauth0 = { " + command + ", args = [\"run\"] }\n"},
		"inline, dotted": {"mcp_servers.auth0 = {command = \"/old\"}",
			"mcp_servers.auth0 = {" + command + ", args = [\"run\"]}"},
		"dotted": {"mcp_servers.auth0.command = \"/old\" # c\nz = 1\n",
			"mcp_servers.auth0." + command + " # c\nmcp_servers.auth0.args = [\"run\"]\nz = 1\n"},
		"dotted in the table": {"[mcp_servers]\n  auth0.env.A = \"1\"\n  auth0.command = \"/old\"\n",
			"[mcp_servers]\n  auth0.env.A = \"1\"\n  auth0." + command + "\n  auth0.args = [\"run\"]\n"},
		"indented": {"[mcp_servers]\n  [mcp_servers.auth0]\n  command = \"/old\"\n",
			"[mcp_servers]\n  [mcp_servers.auth0]\n  " + command + "\n  args = [\"run\"]\n"},
		"strings over lines": {"[mcp_servers.auth0]\ncommand = '''\n/old\n'''\nargs = [ '''\n]''' ]\n",
			"[mcp_servers.auth0]\n" + command + "\nargs = [\"run\"]\n"},
		"command of other type": {"[mcp_servers.auth0]\ncommand = 1\n",
			"[mcp_servers.auth0]\n" + command + "\nargs = [\"run\"]\n"},
		"Windows' line ends": {"[mcp_servers.auth0]\r\ncommand = \"/old\"\r\n",
			"[mcp_servers.auth0]\r\n" + command + "\r\nargs = [\"run\"]\r\n"},
		"dotted below the entry": {"[mcp_servers.auth0]\nenv.A = \"1\"\n",
			"[mcp_servers.auth0]\nenv.A = \"1\"\n" + command + "\nargs = [\"run\"]\n"},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := fileOf(t, "codex", tt.in)
			change, err := Plan(p, codex, ours(), true)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(change.After)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTOMLRemove(t *testing.T) {
	for name, tt := range map[string]struct{ in, want string }{
		"first": {"[mcp_servers.auth0]\ncommand = \"a\"\n\n# x\n[mcp_servers.x]\n", "\n# x\n[mcp_servers.x]\n"},
		"middle": {
			"a = 1\n\n[mcp_servers.auth0]\ncommand = \"a\" # c\nargs = [\n\"]\",\n]\n\n[mcp_servers.auth0.env]\nA = " +
				"\"1\"\n\n[b]\n",
			"a = 1\n\n[b]\n",
		},
		"no empty line between": {"a = 1\n[mcp_servers.auth0]\ncommand = \"a\"\n[b]\n", "a = 1\n[b]\n"},
		"comments between": {
			"[mcp_servers.auth0]\ncommand = \"a\"\n# [mcp_servers.old]\n[mcp_servers.auth0.env]\nA = \"1\"\n# end\n",
			"# [mcp_servers.old]\n# end\n",
		},
		"inline": {"[mcp_servers]\na = 1\nauth0 = { command = \"a\" } # c\nb = 2\n",
			"[mcp_servers]\na = 1\nb = 2\n"},
		"dotted": {"mcp_servers.auth0.command = \"a\"\nz = 1\nmcp_servers.auth0.args = [\n]\n",
			"z = 1\n"},
		"dotted and a table":        {"mcp_servers.auth0.command = \"a\"\n[mcp_servers.auth0.env]\nA = \"1\"", ""},
		"tables without final line": {"a = 1\n[mcp_servers.auth0]\nb = 1\n[mcp_servers.auth0.env]\nA = \"1\"", "a = 1\n"},
		"a table of tables below it": {"[mcp_servers.auth0]\n[[mcp_servers.auth0.x]]\na = 1\n[[mcp_servers.auth0.x]]\na = " +
			"2\n[b]\n", "[b]\n"},
		"not there":     {"[mcp_servers.x]\n", "[mcp_servers.x]\n"},
		"a longer name": {"[mcp_servers.auth0-dev]\n", "[mcp_servers.auth0-dev]\n"},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := fileOf(t, "codex", tt.in)
			change, err := Remove(p, codex, "auth0")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(change.After)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTOMLThatIsLeftAlone(t *testing.T) {
	for name, tt := range map[string]struct {
		in           string
		line, column int
		want         string
	}{
		"half-written":               {"a = 1\nb = \"" + canary, 2, 18, "not valid TOML"},
		"bare word":                  {"token = " + canary + "\n", 1, 9, "not valid TOML"},
		"table twice":                {"[a]\n[a]\n", 2, 2, "not valid TOML"},
		"key twice":                  {"a = 1\na = 2\n", 2, 1, "not valid TOML"},
		"servers are a string":       {"\n  mcp_servers = \"" + canary + "\"\n", 2, 3, "mcp_servers is not a table"},
		"servers are an array":       {"[[mcp_servers]]\n", 1, 1, "mcp_servers is not a table"},
		"entry is a string":          {"[mcp_servers]\nauth0 = \"x\"\n", 2, 1, "mcp_servers.auth0 is not a table"},
		"entries are an array":       {"[[mcp_servers.auth0]]\n", 1, 1, "mcp_servers.auth0 is not a table"},
		"command is a table":         {"[mcp_servers.auth0.command]\n", 1, 1, "mcp_servers.auth0.command is a table"},
		"servers in one line":        {"a = 1\nmcp_servers = { x = { command = \"x\" } }\n", 2, 1, "one inline table"},
		"us, within one line":        {"mcp_servers = { auth0 = { command = \"x\" } }\n", 1, 1, "one inline table"},
		"deep":                       {"a = " + strings.Repeat("[", 1<<20), 1, 10005, "not valid TOML"},
		"keys hide a character":      {"a\x00 = 1", 1, 2, "not valid TOML: expected '=' after key"},
		"a value without its quotes": {"token = " + canary, 1, 9, "not valid TOML: unexpected character U+0063 'c'"},
		"a string without its end":   {"token = \"" + canary, 1, 22, "not valid TOML: unterminated basic string"},
		"a key twice": {"token = 1\ntoken = \"" + canary + "\"", 2, 1,
			"not valid TOML: key token is already defined"},
	} {
		t.Run(name, func(t *testing.T) {
			p, path := fileOf(t, "codex", tt.in)
			_, err := Plan(p, codex, ours(), true)
			wantError(t, err, path, tt.want, "left as it is")
			wantPosition(t, err, path, tt.line, tt.column)
			if got := readBack(t, path); got != tt.in {
				t.Error("the file was changed")
			}
		})
	}
	p, _ := fileOf(t, "codex", "mcp_servers = { auth0 = { command = \"x\" } }\n")
	_, err := Remove(p, codex, "auth0")
	wantError(t, err, "one inline table")
}
