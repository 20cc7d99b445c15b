package cli

import (
	"os"
	"strings"
	"testing"
)

// What users type who do not know this program yet, and what they are told.
func TestMistypedWords(t *testing.T) {
	for typed, want := range map[string]string{
		"login": "`auth0-mcp init`", "signout": "`auth0-mcp logout`", "whoami": "`auth0-mcp session`",
		"serve": "`auth0-mcp run`", "cursor": "`auth0-mcp clients add cursor`", "add": "`auth0-mcp clients add`",
		"list": "`auth0-mcp tools`", "ls": "`auth0-mcp tools`", "tool": "`auth0-mcp tools`",
		"log": "`auth0-mcp logout` or `auth0-mcp logs`", "doc": "`auth0-mcp doctor`", "aprove": "`auth0-mcp approve`",
		"approvals": "`auth0-mcp approve`", "export": "`auth0-mcp call auth0_export`",
		"auth0_list_logs": "`auth0-mcp call auth0_list_logs`", "Profile": "`auth0-mcp profiles`",
		"upgrade": "`auth0-mcp plugin update`", "completions": "`auth0-mcp completion`",
		"clients ad": "`auth0-mcp clients add`", "clients install cursor": "`auth0-mcp clients add`",
		"clients ls": "`auth0-mcp clients list`", "profiles delete x": "`auth0-mcp profiles remove`",
		"profiles switch x": "`auth0-mcp profiles use`", "audit log": "`auth0-mcp audit tail`",
		"audit check": "`auth0-mcp audit verify`", "plugin uninstall x": "`auth0-mcp plugin remove`",
		"plugin add x":   "`auth0-mcp plugin install` or `auth0-mcp plugin new`",
		"run --readonly": "--read-only", "run --read_only": "--read-only", "call --jsn": "--json",
		"init --clients x": "--client", "init --tenant x": "--auth0-domain", "init --domain x": "--auth0-domain",
		"init --client-id x": "--auth0-client-id", "logs --tail 5": "--lines", "logs --limit 5": "--lines",
		"sandbox --port 80": "--listen", "uninstall --force": "--yes",
	} {
		root := newRoot(Environment{In: os.Stdin, Out: os.Stderr, Err: new(strings.Builder)}, strings.Fields(typed))
		err := root.Execute()
		if err == nil || !strings.HasSuffix(err.Error(), "Did you mean "+want+"?") {
			t.Errorf("auth0-mcp %s: %v, want %s", typed, err, want)
		}
	}
}
