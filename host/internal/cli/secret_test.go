package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/vault"
)

// A user gets the value by its marker, as it is; the list does not have it.
func TestSecretCommands(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	kept := vault.Secret{ID: "k7q2m9xa", Value: "https://tenant.auth0.example/lo/reset?ticket=canary-4711",
		Tenant: "tenant.auth0.example", Request: "POST /api/v2/tickets/password-change", Member: "ticket"}
	if err := secretVault().Keep(kept); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) string {
		t.Helper()
		out, err := os.Create(filepath.Join(t.TempDir(), "stdout"))
		if err != nil {
			t.Fatal(err)
		}
		defer out.Close()
		cmd := secretCommand(Environment{Out: out})
		cmd.SetArgs(args)
		if err := cmd.ExecuteContext(t.Context()); err != nil {
			t.Errorf("%q: %v", args, err)
		}
		printed, err := os.ReadFile(out.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(printed)
	}
	for _, marker := range []string{"k7q2m9xa", " [REDACTED:k7q2m9xa] "} {
		if got := run("get", marker); got != kept.Value+"\n" {
			t.Errorf("%q: %q", marker, got)
		}
	}
	list := run("list")
	if !strings.Contains(list, kept.Member) || !strings.Contains(list, kept.Request) || strings.Contains(list, "canary") {
		t.Errorf("list: %s", list)
	}
}
