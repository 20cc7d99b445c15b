package clients

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSetProfileKeepsTheRest(t *testing.T) {
	home := t.TempDir()
	path := filepath.Join(home, ".cursor", "mcp.json")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	const before = `{"mcpServers": {
  "auth0-dev": {"command": "/opt/auth0-mcp", "args": ["run", "--profile", "dev", "--read-only", "--log-level", "debug"],
    "env": {"AUTH0_MCP_PASSPHRASE": "kept"}, "disabled": true},
  "other": {"command": "/opt/other"}
}}`
	if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	places := Places{OS: "linux", Home: home, Getenv: func(string) string { return "" }}
	target := Target{Client: "cursor"}
	change, err := SetProfile(places, target, "auth0-dev", "staging")
	if err == nil {
		err = change.Apply(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"auth0-dev"`, `"staging"`, `"--read-only"`, `"--log-level"`, `"debug"`, `"kept"`,
		`"disabled": true`, `"/opt/other"`} {
		if !strings.Contains(string(after), want) {
			t.Errorf("%s is gone:\n%s", want, after)
		}
	}
	if strings.Contains(string(after), `"dev"`) {
		t.Errorf("the old profile is still there:\n%s", after)
	}
	for _, name := range []string{"other", "absent"} {
		if _, err := SetProfile(places, target, name, "staging"); err == nil {
			t.Errorf("%s was taken for an entry of ours", name)
		}
	}
}
