package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"aead.dev/minisign"
	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/release"
)

// signingPassphrase is the variable with the passphrase of a secret key for signing.
const signingPassphrase = "AUTH0_MCP_SIGNING_PASSPHRASE" //nolint:gosec // the name of it

type packFlags struct {
	manifest, out, key, published string
	add                           []string
}

func pluginPackCommand(env Environment) *cobra.Command {
	var f packFlags
	cmd := &cobra.Command{
		Use:   "pack PLATFORM=EXECUTABLE …",
		Short: "Make the archives of a plugin's release, and sign it",
		Long: `Make an archive for each platform and the release document, which has the digests of all of them. With
--key the document is signed. The same files give the same bytes. PLATFORM is GOOS/GOARCH.

The passphrase of the key comes from ` + signingPassphrase + ` or the terminal.`,
		Example: `  auth0-mcp plugin pack --key release.key --add LICENSE \
    linux/amd64=bin/linux_amd64/auth0-mcp-plugin-roles windows/amd64=bin/windows_amd64/auth0-mcp-plugin-roles.exe`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return pack(cmd.Context(), env, args, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.manifest, "manifest", "manifest.json", "the plugin's manifest")
	flags.StringVar(&f.out, "out", "dist", "the folder for the files")
	flags.StringVar(&f.key, "key", "", "the secret key of minisign to sign with")
	flags.StringArrayVar(&f.add, "add", nil, "a further file for each archive, such as a license; repeatable")
	flags.StringVar(&f.published, "published", "", "when the release is made, such as 2026-11-29T12:00:00Z (default "+
		"SOURCE_DATE_EPOCH, or now)")
	return cmd
}

func pack(ctx context.Context, env Environment, args []string, f packFlags) error {
	executables := map[string]string{}
	for _, arg := range args {
		platform, path, ok := strings.Cut(arg, "=")
		if _, twice := executables[platform]; twice || !ok || !release.IsPlatform(platform) || path == "" {
			return fmt.Errorf("%q: want GOOS/GOARCH=EXECUTABLE, such as linux/amd64=bin/auth0-mcp-plugin-roles, once for "+
				"each platform", arg)
		}
		executables[platform] = path
	}
	published, err := publishedAt(f.published, os.Getenv("SOURCE_DATE_EPOCH"), time.Now())
	if err != nil {
		return err
	}
	sign, err := signerFrom(ctx, env, f.key) // before anything is written
	if err != nil {
		return err
	}
	d, path, err := release.Pack{Manifest: f.manifest, Executables: executables, Extra: f.add, Folder: f.out,
		Published: published}.Do()
	if err != nil {
		return err
	}
	for _, platform := range slices.Sorted(maps.Keys(d.Platforms)) {
		p := d.Platforms[platform]
		say(env.Out, "%s  %s  %d bytes\n", p.Digest, p.Archive, p.Size)
	}
	say(env.Out, "Release document: %s\n", path)
	return signOrSay(env, sign, path)
}

// publishedAt is the time of a release: the flag's, the build's, or now.
func publishedAt(flag, epoch string, now time.Time) (time.Time, error) {
	switch {
	case flag != "":
		t, err := time.Parse(time.RFC3339, flag)
		if err != nil {
			return t, fmt.Errorf("--published %q: want a time such as 2026-11-29T12:00:00Z", flag)
		}
		return t, nil
	case epoch != "":
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return now, fmt.Errorf("SOURCE_DATE_EPOCH=%q: want seconds since 1970", epoch)
		}
		return time.Unix(seconds, 0), nil
	}
	return now, nil
}

// signerFrom reads a secret key and returns what signs with it: nil without a key.
func signerFrom(ctx context.Context, env Environment, path string) (func(data []byte) []byte, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--key: %w", err)
	}
	var key minisign.PrivateKey
	if !minisign.IsEncrypted(data) {
		err = key.UnmarshalText(data)
	} else {
		passphrase, asked := signingPassphraseFrom(ctx, env, false)
		if asked != nil {
			return nil, asked
		}
		key, err = minisign.DecryptKey(passphrase, data)
	}
	if err != nil {
		return nil, fmt.Errorf("--key %s: not a secret key of minisign, or the passphrase is another one: %w", path, err)
	}
	return func(data []byte) []byte { return minisign.Sign(key, data) }, nil
}

// signingPassphraseFrom reads the passphrase of a secret key from the environment or the terminal; twice for a new key.
func signingPassphraseFrom(ctx context.Context, env Environment, fresh bool) (string, error) {
	if passphrase, err := account.TakeVariable(signingPassphrase); passphrase != "" || err != nil {
		return passphrase, err
	}
	if !isTerminal(env.In) && fresh {
		return "", errors.New("the new key needs a passphrase: set " + signingPassphrase + ", run this on a terminal, or " +
			"pass --unencrypted")
	}
	if !isTerminal(env.In) {
		return "", errors.New("the key needs its passphrase: set " + signingPassphrase + ", or run this on a terminal")
	}
	ask := func(prompt string) (string, error) {
		typed, err := readHidden(ctx, env.In, func() { say(env.Err, "%s", prompt) })
		fmt.Fprintln(env.Err)
		return typed, err
	}
	if !fresh {
		return ask("Passphrase of the signing key: ")
	}
	first, err := ask("Choose a passphrase for the signing key: ")
	if err != nil {
		return "", err
	}
	second, err := ask("Repeat the passphrase: ")
	if err == nil && first != second {
		err = errors.New("the two passphrases differ: nothing was written")
	}
	return first, err
}

// signOrSay signs a file, or says that it is not signed.
func signOrSay(env Environment, sign func(data []byte) []byte, path string) error {
	if sign == nil {
		say(env.Out, "Not signed: your users would have to accept that. Sign it with --key, or with Sigstore into %s.\n",
			path+release.SigstoreSuffix)
		return nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	at := path + release.MinisignSuffix
	if err := atomicfile.Replace(at, sign(data), func(f *os.File) error { return f.Chmod(0o644) }); err != nil {
		return err
	}
	say(env.Out, "Signature: %s\n", at)
	return nil
}
