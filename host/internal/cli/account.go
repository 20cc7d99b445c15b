package cli

import (
	"context"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
)

// accountFlags name a profile and the store of its session.
type accountFlags struct{ profile, store string }

func (f *accountFlags) add(cmd *cobra.Command) {
	f.addProfile(cmd)
	cmd.Flags().StringVar(&f.store, "store", "", "where the session is kept: keychain, file, command or env "+
		"(AUTH0_MCP_STORE)")
}

func (f *accountFlags) addProfile(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.profile, "profile", "", "the profile to use (AUTH0_MCP_PROFILE) (default: the "+
		"default profile)")
}

// openAccounts asks on the terminal where a passphrase is needed.
func openAccounts(env Environment, f accountFlags) (*account.Accounts, error) {
	ask := func(ctx context.Context, profile string, fresh bool) (string, error) {
		return askPassphrase(ctx, env, profile, fresh)
	}
	return openAccountsAsking(env, f, ask)
}

// openAccountsAsking is openAccounts with another way to ask for a passphrase.
func openAccountsAsking(env Environment, f accountFlags, ask auth.Passphrase) (*account.Accounts, error) {
	return account.Open(account.Options{Profile: f.profile, Store: f.store, UserAgent: userAgent(env), Ask: ask,
		WorkFactor: env.WorkFactor})
}

// refusePassphrase is for a program, which can't answer even if it has a terminal.
func refusePassphrase(_ context.Context, profile string, _ bool) (string, error) {
	return "", &auth.NoPassphraseError{Profile: profile}
}

func userAgent(env Environment) string {
	return fmt.Sprintf("auth0-mcp/%s (%s; %s)", env.Version, runtime.GOOS, runtime.GOARCH)
}
