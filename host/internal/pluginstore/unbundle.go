package pluginstore

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
)

const (
	// A plugin has three files for a platform, and its executable some ten megabytes.
	maxBundledFiles = 3*200 + 1
	maxBundledFile  = 512 << 20
	maxBundledBytes = 4 << 30
)

// Bundle is a file that WriteBundle wrote, unpacked into the store. Close removes what was not installed.
type Bundle struct {
	// Lock is the lock file in it.
	Lock   catalog.Lock
	path   string
	staged *staging
}

// BundleError means that a file is no bundle, or not a safe one.
type BundleError struct{ Path, Problem string }

func (e *BundleError) Error() string {
	return fmt.Sprintf("%s is no bundle of plugins: %s. auth0-mcp plugin bundle writes one", e.Path, e.Problem)
}

// OpenBundle unpacks a bundle. It does not believe it: what counts are the digests of the lock file in it, which a user
// has to agree to, or of the one that is here.
func (p *Plugins) OpenBundle(name string) (b *Bundle, err error) {
	if err := p.open(); err != nil {
		return nil, err
	}
	file, err := catalog.OpenRegular(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	staged, err := p.stage()
	if err != nil {
		return nil, err
	}
	b = &Bundle{path: name, staged: staged}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close())
			b = nil
		}
	}()
	if problem := unpack(tar.NewReader(file), staged.files()); problem != "" {
		return b, &BundleError{name, problem}
	}
	data, err := os.ReadFile(filepath.Join(staged.files(), bundledLock))
	if err != nil {
		return b, &BundleError{name, "it has no lock file"}
	}
	if b.Lock, err = catalog.ParseLock(data); err != nil {
		return b, fmt.Errorf("the lock file in %s: %w", name, err)
	}
	return b, nil
}

// Close removes what is left of a bundle.
func (b *Bundle) Close() error { return b.staged.discard() }

// unpack writes the files of a bundle that are for this platform below a folder. Names are those that WriteBundle
// writes and no others, so that nothing leads out of the folder, and nothing is written twice. The lock file, which is
// the first one, says what is for this platform.
func unpack(r *tar.Reader, dir string) (problem string) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = root.Close() }()
	var total int64
	var wanted map[string]bool
	for files := 1; ; {
		header, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return ""
		case err != nil:
			return "it is not a whole tar archive"
		case files > maxBundledFiles:
			return fmt.Sprintf("it has more than %d files for this platform", maxBundledFiles)
		case header.Typeflag != tar.TypeReg:
			return fmt.Sprintf("%s is not a regular file", redact.Line(header.Name))
		case !isBundledName(header.Name):
			return fmt.Sprintf("it has a file %s", redact.Line(header.Name))
		case wanted == nil && header.Name != bundledLock:
			return "it has no lock file at its beginning"
		}
		if total += header.Size; header.Size > maxBundledFile || total > maxBundledBytes {
			return fmt.Sprintf("%s is too large", redact.Line(header.Name))
		}
		if place, _, _ := strings.Cut(header.Name, "/"); wanted != nil && !wanted[header.Name] && !wanted[place] {
			continue
		}
		files++
		err = write(root, filepath.FromSlash(header.Name), r)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return "it is not a whole tar archive"
		}
		if err != nil {
			return err.Error()
		}
		if wanted == nil {
			wanted = wantedOf(root)
		}
	}
}

// wantedOf are the names in a bundle that its lock file has for this platform. A lock file that is not usable has none,
// and is refused later.
func wantedOf(root *os.Root) map[string]bool {
	wanted := map[string]bool{bundledLock: true}
	data, err := root.ReadFile(bundledLock)
	if err != nil {
		return wanted
	}
	lock, err := catalog.ParseLock(data)
	if err != nil {
		return wanted
	}
	for _, entry := range lock.Plugins {
		wanted[entry.StoreEntry(catalog.Platform())] = true
		wanted[evidenceName(entry)] = true
	}
	delete(wanted, "")
	return wanted
}

func isBundledName(name string) bool {
	entry, inside, ok := strings.Cut(name, "/")
	if digits, isRelease := strings.CutSuffix(inside, evidenceSuffix); entry == releasesName {
		return ok && isRelease && catalog.IsStoreEntry(digits)
	}
	return name == bundledLock || ok && catalog.IsStoreEntry(entry) && path.Clean(inside) == inside &&
		filepath.IsLocal(filepath.FromSlash(inside)) && !strings.ContainsAny(inside, `\:`)
}

func write(root *os.Root, name string, from io.Reader) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	to, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o700)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

// candidate is what a bundle has of an entry of a lock file, or nil if it does not have it.
func (p *Plugins) candidate(b *Bundle, name string, entry catalog.LockEntry) (*Candidate, error) {
	dir := filepath.Join(b.staged.files(), entry.StoreEntry(catalog.Platform()))
	if entry.StoreEntry(catalog.Platform()) == "" || !exists(dir) {
		return nil, nil //nolint:nilnil // it is somewhere else
	}
	staged, err := p.stage()
	if err != nil {
		return nil, err
	}
	c := &Candidate{Entry: entry, staged: staged}
	if kept, err := evidence(b.staged.files(), entry); err == nil {
		c.evidence = kept
	}
	err = errors.Join(os.Remove(staged.files()), os.Rename(dir, staged.files()))
	if err == nil {
		c.Plugin, err = catalog.ReadPlugin(filepath.Join(staged.files(), manifestName))
	}
	if err == nil {
		err = errors.Join(closeTo(c.Plugin), checkFolder(staged.files(), name, entry))
	}
	if err == nil {
		err = p.compare(c, nil)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: plugin %s: %w", b.path, name, err), c.Discard())
	}
	return c, nil
}

// ToInstall are the plugins of a bundle that are not installed as they are locked there. Whatever the bundle says, a
// plugin is signed by the key of this user whose signature in it verifies, or by none.
func (p *Plugins) ToInstall(ctx context.Context, b *Bundle) (candidates []*Candidate, err error) {
	lock, err := p.Lock()
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(b.Lock.Plugins)) {
		entry := b.Lock.Plugins[name]
		before := lock.Plugins[name]
		if before.Equal(entry) && p.complete(name, entry) == nil {
			continue
		}
		c, err := p.fromBundle(ctx, b, name, entry)
		if err != nil {
			return nil, errors.Join(err, Discard(candidates))
		}
		if before.Equal(c.Entry) && p.complete(name, c.Entry) == nil {
			if err := c.Discard(); err != nil {
				return nil, errors.Join(err, Discard(candidates))
			}
			continue
		}
		candidates = append(candidates, c)
	}
	return candidates, nil
}

// fromBundle is what a bundle has of a plugin, with the signer that its signature proves.
func (p *Plugins) fromBundle(ctx context.Context, b *Bundle, name string, entry catalog.LockEntry) (*Candidate, error) {
	entry.Signer = catalog.Signer{}
	c, err := p.candidate(b, name, entry)
	if err == nil && c == nil {
		err = &BundleError{b.path, fmt.Sprintf("it does not have plugin %s for %s", name, catalog.Platform())}
	}
	if err != nil || len(c.evidence.Signatures) == 0 {
		return c, err
	}
	found, err := p.VerifySignature(ctx, c.evidence, source.Trust{Keys: p.Keys, AllowUnsigned: true})
	if err == nil && found != (source.Signer{}) {
		err = entryMatches(name, entry, c.evidence.Document)
		c.Entry.Signer = catalog.Signer{Name: found.Name, Kind: found.Kind, Detail: found.Detail}
		c.Signer = c.Entry.Signer
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: plugin %s: %w", b.path, name, err), c.Discard())
	}
	return c, nil
}
