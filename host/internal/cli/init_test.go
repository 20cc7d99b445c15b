package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
)

// TestSetUpClientThatWrites has a client that writes its file while a user signs in.
func TestSetUpClientThatWrites(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	path := filepath.Join(home, ".cursor", "mcp.json")
	writeText(t, path, `{"mcpServers":{}}`)
	store, err := auth.OpenStore(auth.StoreEnv, auth.StoreOptions{Token: "t", Domain: "t.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	said, err := os.Create(filepath.Join(t.TempDir(), "said"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	out := &signIn{SignIn: account.SignIn{Accounts: &account.Accounts{},
		Account: &account.Account{Name: "prod", Store: store}}}
	f := initFlags{clients: []string{"cursor", "cursor:user", "cursor"}}
	f.tools.readOnly.on = true
	f.replace.on = true
	cmd := &cobra.Command{}
	f.tools.addSelection(cmd)
	if err := cmd.Flags().Parse([]string{"--read-only", "--tools", "auth0_list_*"}); err != nil {
		t.Fatal(err)
	}
	f.tools.tools, f.tools.readOnly.on = "auth0_list_*", true
	entry, err := f.entry(Environment{}, entryProfile(out.Account.Name))
	if err != nil {
		t.Fatal(err)
	}
	setup, err := f.planClients(entry)
	if err != nil {
		t.Fatal(err)
	}
	writeText(t, path, `{"mcpServers":{"other":{"command":"x"}}}`)
	say := &reporter{env: Environment{Err: said, Out: said}}
	if err := setup.apply(t.Context(), say, ""); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"other"`, `"auth0-prod"`, `"--read-only"`, `"auth0_list_*"`} {
		if !strings.Contains(string(data), want) {
			t.Errorf("the file lacks %s: %s", want, data)
		}
	}
	// What cannot be made is tried again by a command that asks for the same.
	writeText(t, path, `{"mcpServers":`)
	err = setup.apply(t.Context(), say, "")
	if want := "auth0-mcp clients add cursor --profile prod --tools 'auth0_list_*' --read-only --replace"; err == nil ||
		!strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want the command %s", err, want)
	}
}

func TestSecretOnStdin(t *testing.T) {
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := readSecretIn(ctx, Environment{In: in}); !errors.Is(err, account.ErrCancelled) {
		t.Errorf("a pipe that gives nothing: %v, want account.ErrCancelled", err)
	}
	out.Close()

	in, out, err = os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if _, err := out.WriteString(" s3cret\n"); err != nil {
		t.Fatal(err)
	}
	out.Close()
	if got, err := readSecretIn(t.Context(), Environment{In: in}); err != nil || got != "s3cret" {
		t.Errorf("got %q, %v", got, err)
	}
}

func writeText(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
