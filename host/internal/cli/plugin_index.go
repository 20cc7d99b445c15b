package cli

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/release"
)

type indexFlags struct {
	url, key string
	expires  int
	yank     []string
}

func pluginIndexCommand(env Environment) *cobra.Command {
	var f indexFlags
	cmd := &cobra.Command{
		Use:   "index INDEX [RELEASE …]",
		Short: "Make or update the index of a plugin's versions",
		Long: `Add releases to the index of a plugin's versions, which any web server can serve. INDEX is the file
index.json, which is made if it is not there. RELEASE is a release document of plugin pack; signatures
beside it are listed. A version that the index has with other content is refused.`,
		Example: `  auth0-mcp plugin index public/index.json public/roles_1.2.0.release.json --key release.key --expires 90
  auth0-mcp plugin index public/index.json --yank '1.1.0=it deletes too much' --key release.key`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return index(cmd.Context(), env, args[0], args[1:], f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.url, "url", "", "the URL of the folder with the releases, if it is not where the index is; all "+
		"files of a release must be there")
	flags.StringVar(&f.key, "key", "", "the secret key of minisign to sign the index with")
	flags.IntVar(&f.expires, "expires", 0, "after how many days the index must not be believed any more; 0: never")
	flags.StringArrayVar(&f.yank, "yank", nil, "VERSION=REASON: a version that must not be installed any more; repeatable")
	return cmd
}

func index(ctx context.Context, env Environment, at string, releases []string, f indexFlags) error {
	if f.expires < 0 {
		return fmt.Errorf("--expires %d: want a number of days", f.expires)
	}
	x, err := readIndex(at)
	if err != nil {
		return err
	}
	sign, err := signerFrom(ctx, env, f.key)
	if err != nil {
		return err
	}
	signature := at + release.MinisignSuffix
	if _, err := os.Stat(signature); err == nil && sign == nil {
		return fmt.Errorf("%s is signed, and its signature would be wrong: name the key with --key, or remove %s", at,
			signature)
	}
	for _, path := range releases {
		if err := f.addTo(&x, at, path); err != nil {
			return err
		}
	}
	for _, yank := range f.yank {
		version, reason, _ := strings.Cut(yank, "=")
		if err := x.Yank(version, reason); err != nil {
			return err
		}
	}
	now := time.Now().UTC().Truncate(time.Second)
	x.Updated, x.Expires = now, time.Time{}
	if f.expires > 0 {
		x.Expires = now.AddDate(0, 0, f.expires)
	}
	data, err := x.Encode()
	if err != nil {
		return err
	}
	if err := atomicfile.Replace(at, data, func(f *os.File) error { return f.Chmod(0o644) }); err != nil {
		return err
	}
	say(env.Out, "%s has %s of %s.\n", at, counted(len(x.Versions), "version"), x.Name)
	return signOrSay(env, sign, at)
}

func readIndex(at string) (release.Index, error) {
	data, err := catalog.ReadSmall(at, release.MaxIndexBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return release.Index{}, nil
	}
	if err != nil {
		return release.Index{}, err
	}
	x, err := release.ParseIndex(data)
	if err != nil {
		return x, fmt.Errorf("%s is not an index of plugins: %w", at, err)
	}
	return x, nil
}

// addTo adds the release of a document, with the signatures that are beside it.
func (f indexFlags) addTo(x *release.Index, at, document string) error {
	data, err := catalog.ReadSmall(document, release.MaxDocumentBytes)
	if err != nil {
		return err
	}
	d, err := release.ParseDocument(data)
	if err != nil {
		return fmt.Errorf("%s is not a release document: %w", document, err)
	}
	where, err := f.urlOf(x, at, document)
	if err != nil {
		return err
	}
	var signatures []release.Signature
	for _, s := range []struct{ kind, suffix string }{{release.SignatureMinisign, release.MinisignSuffix},
		{release.SignatureSigstore, release.SigstoreSuffix}} {
		if _, err := os.Stat(document + s.suffix); err == nil {
			signatures = append(signatures, release.Signature{Type: s.kind, URL: where + s.suffix})
		}
	}
	file := release.File{URL: where, Digest: sha256.Sum256(data), Size: int64(len(data))}
	return x.Add(d, file, signatures)
}

// urlOf is the URL of a document: relative to the index, or in the folder of --url, whose server the index then names.
func (f indexFlags) urlOf(x *release.Index, at, document string) (string, error) {
	name := filepath.Base(document)
	if f.url == "" {
		inside, err := filepath.Rel(filepath.Dir(at), document)
		if err != nil || !filepath.IsLocal(inside) {
			return "", fmt.Errorf("%s is not below the folder of %s: move it there, or say where it is published with --url",
				document, at)
		}
		return (&url.URL{Path: filepath.ToSlash(inside)}).String(), nil
	}
	base, err := url.Parse(f.url)
	if err != nil || base.Scheme != "https" || base.Host == "" || base.RawQuery != "" || base.Fragment != "" {
		return "", fmt.Errorf("--url %q: want the https URL of a folder", f.url)
	}
	if origin := release.Origin(base); !slices.Contains(x.Origins, origin) {
		x.Origins = append(x.Origins, origin)
	}
	base.Path = path.Join("/", base.Path, name)
	return base.String(), nil
}
