package pluginstore

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

const (
	// BundleSuffix ends the name of a bundle.
	BundleSuffix = ".tar"

	bundledLock = "plugins.lock.json"
	// A plugin has two files, and its executable some ten megabytes.
	maxBundledFiles = 2*200 + 1
	maxBundledFile  = 512 << 20
	maxBundledBytes = 4 << 30
)

// WriteBundle writes all installed plugins into a new file, for a machine of this platform that cannot reach their
// sources: the lock file, and of each plugin the files that it pins. It fails if a plugin is not as it is locked. The
// same plugins give the same bytes.
func (p *Plugins) WriteBundle(name string) (plugins int, err error) {
	lock, err := p.Lock()
	if err != nil {
		return 0, err
	}
	if len(lock.Plugins) == 0 {
		return 0, fmt.Errorf("there is nothing to bundle: %s names no plugin", p.LockPath)
	}
	for _, v := range slices.Sorted(maps.Keys(lock.Plugins)) {
		if err := p.check(v, lock.Plugins[v]); err != nil {
			return 0, fmt.Errorf("plugin %s can't be bundled: %w. Run auth0-mcp plugin sync first", v, err)
		}
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return 0, fmt.Errorf("%w: name a file that does not exist yet", err)
	}
	if err != nil {
		return 0, err
	}
	defer func() {
		if err = errors.Join(err, file.Close()); err != nil {
			err = errors.Join(err, os.Remove(name))
		}
	}()
	w := tar.NewWriter(file)
	data, err := lock.Encode()
	if err != nil {
		return 0, err
	}
	if err := add(w, bundledLock, 0o600, int64(len(data)), strings.NewReader(string(data))); err != nil {
		return 0, err
	}
	entries := map[string]bool{} // two plugins can't share one, whose manifest names the plugin
	for _, entry := range lock.Plugins {
		entries[entry.StoreEntry(catalog.Platform())] = true
	}
	for _, entry := range slices.Sorted(maps.Keys(entries)) {
		if err := p.addEntry(w, entry); err != nil {
			return 0, err
		}
	}
	return len(lock.Plugins), errors.Join(w.Close(), file.Sync())
}

func (p *Plugins) addEntry(w *tar.Writer, entry string) error {
	dir := filepath.Join(p.Store, entry)
	plugin, err := catalog.ReadPlugin(filepath.Join(dir, manifestName))
	if err != nil {
		return err
	}
	for _, file := range []struct {
		path string
		mode int64
	}{{plugin.ManifestPath, 0o600}, {plugin.Path, 0o700}} {
		inside, err := filepath.Rel(dir, file.path)
		if err != nil {
			return err
		}
		f, err := os.Open(file.path)
		if err != nil {
			return err
		}
		info, err := f.Stat()
		if err == nil {
			err = add(w, path.Join(entry, filepath.ToSlash(inside)), file.mode, info.Size(), f)
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}

func add(w *tar.Writer, name string, mode, size int64, from io.Reader) error {
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: size,
		Format: tar.FormatPAX}); err != nil {
		return err
	}
	_, err := io.Copy(w, from)
	return err
}

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

// unpack writes the files of a bundle below a folder. Names are those that WriteBundle writes and no others, so that
// nothing leads out of the folder, and nothing is written twice.
func unpack(r *tar.Reader, dir string) (problem string) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = root.Close() }()
	var total int64
	for files := 1; ; files++ {
		header, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return ""
		case err != nil:
			return "it is not a whole tar archive"
		case files > maxBundledFiles:
			return fmt.Sprintf("it has more than %d files", maxBundledFiles)
		case header.Typeflag != tar.TypeReg:
			return fmt.Sprintf("%s is not a regular file", redact.Line(header.Name))
		case !isBundledName(header.Name):
			return fmt.Sprintf("it has a file %s", redact.Line(header.Name))
		}
		if total += header.Size; header.Size > maxBundledFile || total > maxBundledBytes {
			return fmt.Sprintf("%s is too large", redact.Line(header.Name))
		}
		err = write(root, filepath.FromSlash(header.Name), r)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return "it is not a whole tar archive"
		}
		if err != nil {
			return err.Error()
		}
	}
}

func isBundledName(name string) bool {
	entry, inside, ok := strings.Cut(name, "/")
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

// ToInstall are the plugins of a bundle that are not installed as they are locked there. Who signed them is not known
// here, whatever the bundle says: it has no signatures.
func (p *Plugins) ToInstall(_ context.Context, b *Bundle) (candidates []*Candidate, err error) {
	lock, err := p.Lock()
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(b.Lock.Plugins)) {
		entry := b.Lock.Plugins[name]
		before := lock.Plugins[name]
		if !before.Equal(entry) {
			entry.Signer = catalog.Signer{}
		}
		if before.Equal(entry) && p.check(name, entry) == nil {
			continue
		}
		c, err := p.candidate(b, name, entry)
		if err == nil && c == nil {
			err = &BundleError{b.path, fmt.Sprintf("it does not have plugin %s for %s", name, catalog.Platform())}
		}
		if err != nil {
			return nil, errors.Join(err, Discard(candidates))
		}
		candidates = append(candidates, c)
	}
	return candidates, nil
}
