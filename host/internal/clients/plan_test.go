package clients

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPlanOfAnExistingEntry(t *testing.T) {
	const npx = `{"command":"npx","args":["-y","@auth0/auth0-mcp-server","run","--token","` + canary + `"]}`
	dev := Entry{Command: ourCommand, Profile: "dev"}
	for name, tt := range map[string]struct {
		name, entry string
		e           Entry
		repoints    bool
		want        []string
	}{
		"the same": {"auth0", `{"command":"/opt/auth0-mcp/auth0-mcp","args":["run"]}`, ours(), false, nil},
		"other flags": {"auth0", `{"command":"/opt/auth0-mcp/auth0-mcp","args":["run","--read-only","--tools=x"]}`,
			ours(), false, nil},
		"flags of their own": {"auth0", `{"command":"/opt/auth0-mcp/auth0-mcp","args":["run","--log-level","debug"]}`,
			ours(), false, nil},
		"same profile": {"auth0-dev", `{"command":"/opt/auth0-mcp/auth0-mcp","args":["run","--profile=dev"]}`, dev,
			false, nil},
		"another place": {"auth0", `{"command":"/old/auth0-mcp","args":["run"]}`, ours(), true,
			[]string{"starts /old/auth0-mcp with the default profile",
				"would start /opt/auth0-mcp/auth0-mcp with the default profile"}},
		"another profile": {"auth0-dev", `{"command":"/opt/auth0-mcp/auth0-mcp","args":["run","--profile","prod"]}`, dev,
			true, []string{"with profile prod", "with profile dev"}},
		"default for another": {"auth0-dev", `{"command":"/opt/auth0-mcp/auth0-mcp","args":["run"]}`, dev, true,
			[]string{"with the default profile", "with profile dev"}},
		"another program":     {"auth0", npx, ours(), true, []string{"starts npx;", "would start"}},
		"no program":          {"auth0", `{}`, ours(), true, []string{"starts no program"}},
		"steers the terminal": {"auth0", `{"command":"\u001b[2J"}`, ours(), true, []string{`"\x1b[2J"`}},
	} {
		t.Run(name, func(t *testing.T) {
			in := `{"mcpServers":{"` + tt.name + `":` + tt.entry + `}}`
			p, path := fileOf(t, "cursor", in)
			target := Target{Client: "cursor"}
			change, err := Plan(p, target, tt.e, false)
			if !tt.repoints {
				if err != nil || change.Repoints {
					t.Fatalf("got %v", err)
				}
				return
			}
			wantError(t, err, append(tt.want, path, tt.name, "--replace")...)
			if _, ok := errors.AsType[*ExistsError](err); !ok {
				t.Errorf("got a %T", err)
			}
			change, err = Plan(p, target, tt.e, true)
			if err != nil || !change.Repoints {
				t.Fatalf("with replace: %v", err)
			}
			if strings.Contains(change.Diff(), canary) {
				t.Errorf("a secret is in the diff:\n%s", change.Diff())
			}
		})
	}
}

func TestPlanRefusesARemoteServer(t *testing.T) {
	for client, in := range map[string]string{
		"cursor":   `{"mcpServers":{"auth0":{"url":"https://x"}}}`,
		"windsurf": `{"mcpServers":{"auth0":{"serverUrl":"https://x"}}}`,
		"gemini":   `{"mcpServers":{"auth0":{"httpUrl":"https://x"}}}`,
		"codex":    "[mcp_servers.auth0]\nurl = \"https://x\"\n",
	} {
		p, path := fileOf(t, client, in)
		_, err := Plan(p, Target{Client: client}, ours(), true)
		wantError(t, err, path, "auth0", "URL", "remove it first")
	}
}

func TestDiffHidesWhatIsNotOurs(t *testing.T) {
	const inJSON = `{
  "token": "canary-3f9c1e", // canary-3f9c1e
  "mcpServers": {
    "auth0": {
      "command": "/old/auth0-mcp",
      "args": ["run"],
      /* canary-3f9c1e
         canary-3f9c1e */
      "env": {"A": "canary-3f9c1e", "list": ["canary-3f9c1e"], "on": true}
    }
  }
}
`
	const inTOML = `token = "canary-3f9c1e" # canary-3f9c1e
list = [ # canary-3f9c1e
  "canary-3f9c1e",
]
[mcp_servers.auth0] # canary-3f9c1e
command = "/old/auth0-mcp"
args = ["run"]
# canary-3f9c1e
env = { A = "canary-3f9c1e", on = true }
`
	const wantJSON = `--- PATH
+++ PATH
@@ -2,8 +2,8 @@
   "token": ***, ***
   "mcpServers": {
     "auth0": {
-      "command": "/old/auth0-mcp",
-      "args": ["run"],
+      "command": "/opt/auth0-mcp/auth0-mcp",
+      "args": ["run", "--read-only"],
       ***

       "env": {"A": ***, "list": [***], "on": true}
`
	const wantTOML = `--- PATH
+++ PATH
@@ -3,7 +3,7 @@


 [mcp_servers.auth0] ***
-command = "/old/auth0-mcp"
-args = ["run"]
+command = "/opt/auth0-mcp/auth0-mcp"
+args = ["run", "--read-only"]
 ***
 env = { A = ***, on = true }
`
	for client, tt := range map[string]struct{ in, want string }{"cursor": {inJSON, wantJSON},
		"codex": {inTOML, wantTOML}} {
		p, path := fileOf(t, client, tt.in)
		change, err := Plan(p, Target{Client: client}, Entry{Command: ourCommand, ReadOnly: true}, true)
		if err != nil {
			t.Fatal(err)
		}
		// White space at the end of a line would be lost in this file.
		got := strings.ReplaceAll(change.Diff(), path, "PATH")
		got = strings.ReplaceAll(got, "\n \n", "\n\n")
		got = strings.ReplaceAll(got, "\n \n", "\n\n")
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s:\n%s", client, diff)
		}
	}
}

func TestDiffHidesArgumentsOfOthers(t *testing.T) {
	for client, in := range map[string]string{
		"cursor": `{"mcpServers":{"auth0":{"command":{"token":"` + canary + `"},"args":["--token","` + canary + `"]}}}`,
		"codex":  "[mcp_servers.auth0]\ncommand = [\"" + canary + "\"]\nargs = [\"" + canary + "\"]\n",
	} {
		p, _ := fileOf(t, client, in)
		change, err := Plan(p, Target{Client: client}, ours(), true)
		if err != nil {
			t.Fatal(err)
		}
		if diff := change.Diff(); strings.Contains(diff, canary) || !strings.Contains(diff, ourCommand) {
			t.Errorf("%s: %s", client, diff)
		}
		gone, err := Remove(p, Target{Client: client}, "auth0")
		if err != nil {
			t.Fatal(err)
		}
		if diff := gone.Diff(); strings.Contains(diff, canary) || !strings.Contains(diff, "-") {
			t.Errorf("%s: %s", client, diff)
		}
	}
}

func TestDiffOfAFileInOneLine(t *testing.T) {
	p, _ := fileOf(t, "claude-code", `{"history":[`+strings.Repeat(`true,`, 1000)+`true],"mcpServers":{}}`)
	change, err := Plan(p, Target{Client: "claude-code"}, ours(), false)
	if err != nil {
		t.Fatal(err)
	}
	diff := change.Diff()
	if !strings.Contains(diff, `+…`) || !strings.Contains(diff, ourCommand) || len(diff) > 1000 {
		t.Errorf("got %s", diff)
	}
}

func TestDiffDoesNotSteerTheTerminal(t *testing.T) {
	p, _ := fileOf(t, "cursor", "{\"a\u009b2J\u007f\": 1, \"mcpServers\": {}}")
	change, err := Plan(p, cursor, ours(), false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := change.Diff(); strings.ContainsAny(diff, "\u009b\u007f") || !strings.Contains(diff, "a\ufffd2J") {
		t.Errorf("got %q", diff)
	}
}

func TestPlanOfANewFile(t *testing.T) {
	p := placesOn(t, "linux")
	change, err := Plan(p, Target{Client: "cursor"}, ours(), false)
	if err != nil {
		t.Fatal(err)
	}
	if change.Exists || change.NoOp() || len(change.Before) != 0 || change.Name != "auth0" ||
		change.Scope.Name != "user" || change.Client.Name != "cursor" {
		t.Errorf("got %+v", change)
	}
	if change.Path != filepath.Join(p.Home, ".cursor", "mcp.json") {
		t.Errorf("got %s", change.Path)
	}
	if !strings.Contains(change.Diff(), `+    "auth0": {`) {
		t.Errorf("got %s", change.Diff())
	}
}

func TestRemoveOfWhatIsNotOurs(t *testing.T) {
	const in = `{"mcpServers":{"github":{"command":"gh","args":["` + canary +
		`"]},"mine":{"command":"/x/auth0-mcp","args":["run"]},"auth0-old":{"url":"x"}}}`
	p, path := fileOf(t, "cursor", in)
	target := Target{Client: "cursor"}
	_, err := Remove(p, target, "github")
	wantError(t, err, path, "github", "does not start auth0-mcp")
	for name, entry := range map[string]string{"mine": `,"mine":{"command":"/x/auth0-mcp","args":["run"]}`,
		"auth0-old": `,"auth0-old":{"url":"x"}`} {
		change, err := Remove(p, target, name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Replace(in, entry, "", 1), string(change.After)); diff != "" {
			t.Error(diff)
		}
	}
	for _, name := range []string{"", "other"} {
		if change, err := Remove(p, target, name); err != nil || !change.NoOp() {
			t.Errorf("%q: %v", name, err)
		}
	}
	change, err := Remove(placesOn(t, "linux"), target, "auth0")
	if err != nil || !change.NoOp() || change.Exists {
		t.Errorf("without a file: %v", err)
	}
}
