package cli

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
	"github.com/auth0-mcp/auth0-mcp/host/internal/envfile"
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
		Short: "Get secrets that the assistant sees only as markers",
		Long: `Get secrets that the assistant sees only as markers, such as [REDACTED:k7q2m9xa].

Tickets, links and codes that Auth0 shows only once are kept, encrypted, for 15 minutes. The settings
of an application, such as its client secret, are read from Auth0 with your session. No secret is ever an
argument of a command, or in a log.`,
	}
	cmd.AddCommand(secretGetCommand(env), secretCopyCommand(env), secretWriteEnvCommand(env), secretListCommand(env))
	return cmd
}

func secretGetCommand(env Environment) *cobra.Command {
	var f secretFlags
	var reveal boolFlag
	cmd := &cobra.Command{
		Use:   "get MARKER | application NAME [MEMBER]",
		Short: "Print a secret",
		Long: `Print the secret that a marker stands for, or a setting of an application: MEMBER, or its client_secret.
MARKER is [REDACTED:k7q2m9xa] or k7q2m9xa; NAME is an application's name or client_id.

The value is printed to stdout, to a terminal only with --reveal. Do not let an assistant run this
command for you.`,
		Example: `  auth0-mcp secret get k7q2m9xa --reveal
  auth0-mcp secret get application 'My API client' | some-program --password-stdin`,
		Args: cobra.RangeArgs(1, maxSecretWords),
		RunE: func(cmd *cobra.Command, args []string) error {
			if isTerminal(env.Out) && !reveal.on {
				return errors.New("a secret is printed to a terminal only with --reveal. `auth0-mcp secret copy` puts it " +
					"into the clipboard instead")
			}
			value, err := f.value(cmd, env, args)
			if err != nil {
				return unlessCancelled(err, "nothing was printed")
			}
			if isTerminal(env.Out) {
				value = redact.Line(value) // a terminal must not obey it
			}
			_, err = fmt.Fprintln(env.Out, value)
			return err
		},
	}
	f.add(cmd)
	reveal.add(cmd, "reveal", "print it even to a terminal")
	return cmd
}

func secretCopyCommand(env Environment) *cobra.Command {
	var f secretFlags
	cmd := &cobra.Command{
		Use:   "copy MARKER | application NAME [MEMBER]",
		Short: "Put a secret into the clipboard",
		Long: `Put a secret into the clipboard, without showing it. The arguments are those of ` + "`secret get`" + `.

Other programs can read the clipboard, and some keep its history.`,
		Example: `  auth0-mcp secret copy application 'My API client'`,
		Args:    cobra.RangeArgs(1, maxSecretWords),
		RunE: func(cmd *cobra.Command, args []string) error {
			value, err := f.value(cmd, env, args)
			if err != nil {
				return unlessCancelled(err, "nothing was copied")
			}
			if err := copyToClipboard(cmd.Context(), value); err != nil {
				return err
			}
			sayLine(env.Out, "Copied to the clipboard.")
			return nil
		},
	}
	f.add(cmd)
	return cmd
}

func secretWriteEnvCommand(env Environment) *cobra.Command {
	var f secretFlags
	var root, file, application string
	var dry boolFlag
	cmd := &cobra.Command{
		Use:   "write-env KEY=SOURCE …",
		Short: "Write secrets into an env file",
		Long: `Write secrets into an env file below a folder, without showing them. SOURCE is the marker of a secret
that is kept, or with --application a setting: client_secret, client_id, domain.

Lines that set a variable already are replaced, everything else stays. The file is readable by you
alone. A file in a git work tree is written only if a .gitignore names it.`,
		Example: `  auth0-mcp secret write-env --application Web AUTH0_CLIENT_ID=client_id AUTH0_CLIENT_SECRET=client_secret
  auth0-mcp secret write-env --project-root ~/app --file .env RESET_LINK=k7q2m9xa`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			pairs, err := f.pairs(cmd, env, application, args)
			if err != nil {
				return unlessCancelled(err, notWritten)
			}
			folder, err := filepath.Abs(root)
			if err != nil {
				return err
			}
			written, err := envfile.Write(folder, file, pairs, dry.on)
			if err != nil {
				return fmt.Errorf("nothing was written: %w", err)
			}
			sayWritten(env.Out, written, pairs, dry.on)
			return nil
		},
	}
	cmd.Flags().StringVar(&root, "project-root", ".", "the folder of the project")
	cmd.Flags().StringVar(&file, "file", ".env", "the file, below the folder, with slashes")
	cmd.Flags().StringVar(&application, "application", "", "the application whose settings are written: its name or "+
		"client_id")
	dry.add(cmd, "dry-run", "say what would be written, and write nothing")
	f.add(cmd)
	return cmd
}

func sayWritten(out io.Writer, w envfile.Written, pairs []envfile.Pair, dry bool) {
	var keys []string
	for _, p := range pairs {
		keys = append(keys, p.Key)
	}
	verb := "Wrote"
	switch {
	case w.Same:
		verb = "Nothing to change:"
	case dry:
		verb = "Would write"
	}
	say(out, "%s %s to %s\n", verb, strings.Join(keys, ", "), w.Path)
}

// listedSecret is a secret in the output of `auth0-mcp secret list --json`, without its value. Its field names are a
// promise to programs.
type listedSecret struct {
	Marker  string    `json:"marker"`
	Member  string    `json:"member"`
	Request string    `json:"request"`
	Tenant  string    `json:"tenant"`
	Expires time.Time `json:"expires"`
}

func secretListCommand(env Environment) *cobra.Command {
	var asJSON jsonFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the secrets that are kept, without their values",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			kept, err := secretVault().List()
			if err != nil {
				return err
			}
			list := []listedSecret{}
			for _, s := range kept {
				list = append(list, listedSecret{s.ID, s.Member, s.Request, s.Tenant, s.Expires})
			}
			if asJSON.on {
				return asJSON.write(env.Out, list)
			}
			if len(list) == 0 {
				_, err := fmt.Fprintln(env.Out, "No secrets are kept.")
				return err
			}
			table := console.NewTable("MARKER", "MEMBER", "REQUEST", "TENANT", "EXPIRES")
			for _, s := range list {
				table.Row(s.Marker, s.Member, s.Request, s.Tenant, "in "+minutes(time.Until(s.Expires)))
			}
			return table.Print(env.Out)
		},
	}
	asJSON.add(cmd, "for programs")
	return cmd
}
