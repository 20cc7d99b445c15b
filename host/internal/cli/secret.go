package cli

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/host/internal/vault"
)

// secretVault is the vault of this user. It touches no file before it is used.
func secretVault() *vault.Vault {
	state, err := atomicfile.StateFolder()
	if err != nil {
		return vault.New("") // its key is the process's
	}
	return vault.New(filepath.Join(state, "secrets"))
}

func secretCommand(env Environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "secret",
		Short: "Get secrets that Auth0 shows only once",
		Long: `Get secrets that Auth0 shows only once: tickets, links and codes from the answer of a tool.
The conversation has only a marker in their place, such as [REDACTED:k7q2m9xa]. They are kept,
encrypted, for 15 minutes.`,
	}
	cmd.AddCommand(secretGetCommand(env), secretListCommand(env))
	return cmd
}

func secretGetCommand(env Environment) *cobra.Command {
	return &cobra.Command{
		Use:   "get MARKER",
		Short: "Print the secret that a marker stands for",
		Long: `Print the secret that a marker stands for. MARKER is [REDACTED:k7q2m9xa] or k7q2m9xa.

The value is printed to stdout. Do not let an assistant run this command for you.`,
		Example: `  auth0-mcp secret get k7q2m9xa | pbcopy`,
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			id := strings.TrimSpace(args[0])
			if fingerprint := redact.Fingerprint(id); fingerprint != "" {
				id = fingerprint
			}
			secret, err := secretVault().Get(id)
			if err != nil {
				return err
			}
			value := secret.Value
			if isTerminal(env.Out) {
				value = redact.Line(value) // a terminal must not obey it
			}
			_, err = fmt.Fprintln(env.Out, value)
			return err
		},
	}
}

func secretListCommand(env Environment) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the secrets that are kept, without their values",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			list, err := secretVault().List()
			if err != nil {
				return err
			}
			if len(list) == 0 {
				_, err := fmt.Fprintln(env.Out, "No secrets are kept.")
				return err
			}
			table := console.NewTable("MARKER", "MEMBER", "REQUEST", "TENANT", "EXPIRES")
			for _, s := range list {
				table.Row(s.ID, s.Member, s.Request, s.Tenant, "in "+minutes(time.Until(s.Expires)))
			}
			return table.Print(env.Out)
		},
	}
}
