package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"aead.dev/minisign"
	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
)

func pluginKeysCommand(env Environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Manage the keys whose plugins you trust",
		Long: `Manage the keys whose plugins you trust. A plugin from an archive, an index or a registry is installed
only if one of them has signed it. They are in plugin-keys.json in the configuration folder.`,
	}
	cmd.AddCommand(keysAddCommand(env), keysListCommand(env), keysRemoveCommand(env), keysRevokeCommand(env),
		keysGenerateCommand(env))
	return cmd
}

type keysAddFlags struct{ expires, subject, issuer, root string }

func keysAddCommand(env Environment) *cobra.Command {
	var f keysAddFlags
	cmd := &cobra.Command{
		Use:   "add NAME [KEY]",
		Short: "Trust a key",
		Long: `Trust what a key has signed. NAME is your name for it. KEY is a public key of minisign, which begins with
RW, or a file that has one. Get it from the author of the plugins, but not from where the plugins come from.

Instead of a key you can trust an identity that signs with Sigstore, such as a workflow. The trusted
root of the public instance is trusted_root.json of the Sigstore project.`,
		Example: `  auth0-mcp plugin keys add acme RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3
  auth0-mcp plugin keys add acme-ci --trusted-root trusted_root.json \
    --sigstore-issuer https://token.actions.githubusercontent.com \
    --sigstore-identity 'https://github.com/acme/roles/.github/workflows/release.yml@refs/tags/*'`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := f.key(args)
			if err != nil {
				return err
			}
			return changeKeys(cmd, func(k source.Keys) (source.Keys, error) { return k.Add(key) },
				func() { say(env.Out, "Trusted %s: %s %s.\n", key.Name, key.Signer().Kind, key.Signer().Detail) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.expires, "expires", "", "from when on new releases are refused: a day (UTC) such as 2027-12-31, "+
		"or a time in RFC 3339")
	flags.StringVar(&f.subject, "sigstore-identity", "", "the identity that signs with Sigstore; * stands for any "+
		"characters but / and @")
	flags.StringVar(&f.issuer, "sigstore-issuer", "", "the issuer of that identity, such as "+
		"https://token.actions.githubusercontent.com")
	flags.StringVar(&f.root, "trusted-root", "", "the file with the trusted root of the Sigstore instance")
	return cmd
}

func (f keysAddFlags) key(args []string) (source.Key, error) {
	key := source.Key{Name: args[0]}
	if f.expires != "" {
		var err error
		if key.Expires, err = expiry(f.expires); err != nil {
			return key, err
		}
	}
	sigstore := f.subject != "" || f.issuer != "" || f.root != ""
	switch {
	case sigstore == (len(args) == 2):
		return key, errors.New("name either a KEY of minisign, or --sigstore-identity, --sigstore-issuer and --trusted-root")
	case sigstore:
		root, err := os.ReadFile(f.root)
		if err != nil {
			return key, fmt.Errorf("--trusted-root: %w", err)
		}
		key.Sigstore = &source.Identity{Subject: f.subject, Issuer: f.issuer, Root: root}
	default:
		public, err := readPublicKey(args[1])
		if err != nil {
			return key, err
		}
		key.Minisign = public.String()
	}
	return key, nil
}

// expiry is a day, at its beginning in UTC, or a time.
func expiry(text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	at, err := time.Parse(time.RFC3339, strings.ToUpper(text))
	if err != nil {
		at, err = time.Parse(time.DateOnly, text)
	}
	if err != nil {
		return at, fmt.Errorf("--expires %q: want a day such as 2027-12-31, or a time such as 2027-12-31T12:00:00Z. An age "+
			"such as 90d is for times in the past", text)
	}
	return at.UTC(), nil
}

// readPublicKey reads a public key of minisign, or the file that has it.
func readPublicKey(text string) (public minisign.PublicKey, err error) {
	if strings.HasPrefix(text, "RW") && public.UnmarshalText([]byte(text)) == nil {
		return public, nil
	}
	public, err = minisign.PublicKeyFromFile(text)
	if err != nil {
		err = fmt.Errorf("%s is neither a public key of minisign, which begins with RW, nor a file that has one: %w", text,
			err)
	}
	return public, err
}

// changeKeys changes the user's file of trusted keys, and then says so.
func changeKeys(cmd *cobra.Command, change func(source.Keys) (source.Keys, error), done func()) error {
	path, err := source.KeysPath()
	if err != nil {
		return err
	}
	if err := source.ChangeKeys(cmd.Context(), path, change); err != nil {
		return err
	}
	done()
	return nil
}

// trustedKey is a key in the output of `auth0-mcp plugin keys list --json`. Its field names are a promise to programs.
type trustedKey struct {
	Name string `json:"name"`
	// Kind is minisign or sigstore, and Signer which key or identity it is.
	Kind   string `json:"kind"`
	Signer string `json:"signer"`
	// State is trusted, expired or revoked, with the day.
	State   string    `json:"state"`
	Expires time.Time `json:"expires,omitzero"`
	Revoked time.Time `json:"revoked,omitzero"`
}

func keysListCommand(env Environment) *cobra.Command {
	var asJSON jsonFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the keys whose plugins you trust",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			path, err := source.KeysPath()
			if err != nil {
				return err
			}
			read, err := source.ReadKeys(path)
			if err != nil {
				return err
			}
			keys := []trustedKey{}
			for _, key := range read {
				signer := key.Signer()
				keys = append(keys, trustedKey{key.Name, signer.Kind, signer.Detail, stateOf(key, time.Now()), key.Expires,
					key.Revoked})
			}
			if asJSON.on {
				return asJSON.write(env.Out, keys)
			}
			if len(keys) == 0 {
				sayLine(env.Out, "No keys. Trust one with `auth0-mcp plugin keys add NAME KEY`.")
				return nil
			}
			table := console.NewTable("NAME", "KIND", "SIGNER", "STATE")
			for _, key := range keys {
				table.Row(key.Name, key.Kind, key.Signer, key.State)
			}
			return table.Print(env.Out)
		},
	}
	asJSON.add(cmd, "for programs")
	return cmd
}

func stateOf(key source.Key, now time.Time) string {
	switch {
	case !key.Revoked.IsZero():
		return "revoked on " + key.Revoked.UTC().Format(time.DateOnly)
	case key.Expires.IsZero():
		return "trusted"
	case !key.Expires.After(now):
		return "expired on " + key.Expires.UTC().Format(time.DateOnly)
	}
	return "trusted until " + key.Expires.UTC().Format(time.DateOnly)
}

func keysRemoveCommand(env Environment) *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME",
		Short: "Stop trusting a key",
		Long: `Stop trusting a key. New releases that it has signed count as unsigned. Installed plugins stay. Revoke a key
instead if others may have it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return changeKeys(cmd, func(k source.Keys) (source.Keys, error) { return k.Remove(args[0]) },
				func() { say(env.Out, "Removed %s.\n", args[0]) })
		},
	}
}

func keysRevokeCommand(env Environment) *cobra.Command {
	return &cobra.Command{
		Use:   "revoke NAME",
		Short: "Refuse everything that a key has signed",
		Long: `Refuse everything that a key has signed, also releases that were accepted before. To undo it, remove the key
and add it again.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return changeKeys(cmd, func(k source.Keys) (source.Keys, error) { return k.Revoke(args[0], time.Now()) },
				func() {
					say(env.Out, "Revoked %s. Plugins that it has signed stay installed: `auth0-mcp plugin list` shows them.\n",
						args[0])
				})
		},
	}
}

func keysGenerateCommand(env Environment) *cobra.Command {
	var unencrypted bool
	cmd := &cobra.Command{
		Use:   "generate FILE",
		Short: "Make a key for signing your own plugins",
		Long: `Make a key for signing your own plugins: the secret key in FILE, encrypted with a passphrase, and the public
key in FILE.pub. They are keys of minisign. Publish the public key where your users can find it.

The passphrase comes from ` + signingPassphrase + ` or the terminal.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return generateKey(cmd.Context(), env, args[0], unencrypted)
		},
	}
	cmd.Flags().BoolVar(&unencrypted, "unencrypted", false, "do not encrypt the secret key, if a secret store keeps it")
	return cmd
}

func generateKey(ctx context.Context, env Environment, path string, unencrypted bool) error {
	public, secret, err := minisign.GenerateKey(nil)
	if err != nil {
		return err
	}
	text, err := public.MarshalText()
	if err != nil {
		return err
	}
	data, err := secret.MarshalText()
	if !unencrypted {
		passphrase, asked := signingPassphraseFrom(ctx, env, true)
		if asked != nil {
			return asked
		}
		if passphrase == "" {
			return errors.New("the passphrase is empty: choose one, or pass --unencrypted")
		}
		data, err = minisign.EncryptKey(passphrase, secret)
	}
	if err != nil {
		return err
	}
	if err := writeNew(path, data); err != nil {
		return err
	}
	if err := atomicfile.Replace(path+".pub", text, func(f *os.File) error { return f.Chmod(0o644) }); err != nil {
		return err
	}
	say(env.Out, "Secret key: %s. Keep it, and a copy of it, where only you can read it.\nPublic key: %s\n  %s\n",
		filepath.Clean(path), filepath.Clean(path+".pub"), public.String())
	return nil
}

// writeNew writes a file that must not be there: a secret key that is replaced is lost.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s already exists: move it away, or choose another name", path)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}
