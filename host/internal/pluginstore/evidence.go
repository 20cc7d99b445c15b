package pluginstore

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/release"
	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
)

const (
	// releasesName is the folder of the store that keeps release documents and their signatures.
	releasesName   = "releases"
	evidenceSuffix = ".json"
)

// evidenceName is where the evidence of a release is in the store and in bundles, with slashes; empty if the plugin
// came without a release document.
func evidenceName(entry catalog.LockEntry) string {
	if entry.Release.IsZero() {
		return ""
	}
	return releasesName + "/" + strings.Replace(entry.Release.String(), ":", "-", 1) + evidenceSuffix
}

// evidence reads what is kept of a release below a folder, the store or an unpacked bundle.
func evidence(dir string, entry catalog.LockEntry) (e source.Evidence, err error) {
	name := evidenceName(entry)
	if name == "" {
		return e, fs.ErrNotExist
	}
	data, err := catalog.ReadSmall(filepath.Join(dir, filepath.FromSlash(name)), source.MaxEvidence)
	if err != nil {
		return e, err
	}
	if err := jsonv2.Unmarshal(data, &e, jsonv2.RejectUnknownMembers(true)); err != nil {
		return e, fmt.Errorf("%s: %w", name, err)
	}
	if found := catalog.Digest(sha256.Sum256(e.Document)); found != entry.Release {
		return e, fmt.Errorf("%s holds another release document than is locked (%s now, %s then)", name, found, entry.Release)
	}
	return e, nil
}

// keep puts the evidence of a candidate into the store, before the lock file names it.
func (p *Plugins) keep(c *Candidate) error {
	name := evidenceName(c.Entry)
	if name == "" || len(c.evidence.Document) == 0 {
		return nil
	}
	if _, err := evidence(p.Store, c.Entry); err == nil {
		return nil
	}
	if err := p.step("keep the signatures"); err != nil {
		return err
	}
	data, err := json.Marshal(c.evidence)
	if err != nil {
		return err
	}
	path := filepath.Join(p.Store, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return atomicfile.Replace(path, data, nil)
}

// complete compares what is in the store with the lock file, and says whether the signature can be verified again.
func (p *Plugins) complete(name string, entry catalog.LockEntry) error {
	if err := p.check(name, entry); err != nil || entry.Signer == (catalog.Signer{}) {
		return err
	}
	_, err := evidence(p.Store, entry)
	return err
}

// checkSignature verifies the signature of an installed plugin again, with the keys that the user has now, and compares
// the lock file with the release document that was signed. Nothing is fetched.
func (p *Plugins) checkSignature(ctx context.Context, name string, entry catalog.LockEntry) (warning string,
	err error) {
	if entry.Signer == (catalog.Signer{}) {
		return "", nil
	}
	kept, err := evidence(p.Store, entry)
	if errors.Is(err, fs.ErrNotExist) {
		return "", errors.New("its signature is not in the store: run auth0-mcp plugin sync, which gets it again")
	}
	if err != nil {
		return "", fmt.Errorf("its signature cannot be verified: %w", err)
	}
	key, ok := p.key(entry.Signer)
	if !ok {
		return fmt.Sprintf("it was signed by %s, which is none of your keys any more: its signature was not verified",
			signer(entry.Signer)), nil
	}
	trust := source.Trust{Keys: p.Keys, Require: key.Name}
	if _, err := p.VerifySignature(ctx, kept, trust); err != nil {
		return "", fmt.Errorf("its signature does not verify: %w", err)
	}
	return "", entryMatches(name, entry, kept.Document)
}

// key is the key that the user has added for a signer.
func (p *Plugins) key(s catalog.Signer) (source.Key, bool) {
	for _, key := range p.Keys {
		by := key.Signer()
		if sameKey(s, catalog.Signer{Kind: by.Kind, Detail: by.Detail}) {
			return key, true
		}
	}
	return source.Key{}, false
}

// entryMatches compares an entry of the lock file with the release document that was signed.
func entryMatches(name string, entry catalog.LockEntry, document []byte) error {
	d, err := release.ParseDocument(document)
	if err != nil {
		return fmt.Errorf("its release document is not usable: %w", err)
	}
	what := ""
	switch {
	case d.Name != name:
		what = "name, " + d.Name
	case d.Version != entry.Version:
		what = "version, " + d.Version
	case d.Manifest != entry.Manifest:
		what = "manifest"
	case len(d.Platforms) != len(entry.Platforms):
		what = "list of platforms"
	}
	for platform, files := range d.Platforms {
		if what == "" && entry.Platforms[platform] != (catalog.Pin{Archive: files.Digest, Binary: files.Binary}) {
			what = "binary for " + platform
		}
	}
	if what != "" {
		return fmt.Errorf("the signed release has another %s than the lock file, which was changed: compare it with your "+
			"repository or backup", what)
	}
	return nil
}
