package pluginstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
)

// Verified is what a check of an installed plugin has found.
type Verified struct {
	Name string
	// Folder holds its files.
	Folder string
	// Err is why it must not be used, or nil.
	Err error
	// Warning is what a user should know all the same.
	Warning string
}

// NotInstalledError means that the lock file does not know a plugin.
type NotInstalledError struct{ Name, LockPath string }

func (e *NotInstalledError) Error() string {
	return fmt.Sprintf("plugin %q is not installed: %s does not have it; see auth0-mcp plugin list", e.Name, e.LockPath)
}

// Check compares the files of plugins, of all if there are no names, with the lock file: who can change them, their
// digests, and the permissions; and whether the user has revoked the keys that signed them.
func (p *Plugins) Check(names []string) ([]Verified, error) {
	return p.each(names, func(string, catalog.LockEntry) (string, error) { return "", nil })
}

// Verify is Check, and verifies the signatures again with the keys that the user has now. Nothing is fetched.
func (p *Plugins) Verify(ctx context.Context, names []string) ([]Verified, error) {
	return p.each(names, func(name string, entry catalog.LockEntry) (string, error) {
		return p.checkSignature(ctx, name, entry)
	})
}

func (p *Plugins) each(names []string, more func(string, catalog.LockEntry) (string, error)) ([]Verified, error) {
	lock, err := p.Lock()
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		names = slices.Sorted(maps.Keys(lock.Plugins))
	}
	var found []Verified
	for _, name := range names {
		entry, ok := lock.Plugins[name]
		if !ok {
			return nil, &NotInstalledError{name, p.LockPath}
		}
		v := p.verify(name, entry)
		if v.Err == nil {
			var warning string
			warning, v.Err = more(name, entry)
			v.Warning = cmp.Or(warning, v.Warning)
		}
		found = append(found, v)
	}
	return found, nil
}

func (p *Plugins) verify(name string, entry catalog.LockEntry) Verified {
	v := Verified{Name: name, Folder: p.Folder(name, entry), Err: p.check(name, entry)}
	if errors.Is(v.Err, fs.ErrNotExist) && filepath.Dir(v.Folder) == filepath.Clean(p.Older) {
		v.Err = checkFolder(v.Folder, name, entry)
	}
	if errors.Is(v.Err, fs.ErrNotExist) {
		v.Err = errors.New("it is not on this machine: run auth0-mcp plugin sync")
	}
	if v.Err == nil {
		v.Warning, v.Err = p.checkSigner(entry, time.Now())
	}
	return v
}

// checkSigner refuses a plugin whose key the user has revoked since, or removed while it is required. A key that has
// expired since is a warning: the release was accepted while it was valid.
func (p *Plugins) checkSigner(entry catalog.LockEntry, now time.Time) (warning string, err error) {
	if entry.Signer == (catalog.Signer{}) {
		return "", nil
	}
	key, known := p.key(entry.Signer)
	switch {
	case !known && entry.Key != "":
		return "", fmt.Errorf("it has to be signed by %s, which is none of your keys: add it with auth0-mcp plugin keys add",
			signer(entry.Signer))
	case known && !key.Revoked.IsZero():
		return "", fmt.Errorf("it was signed by %s, which you revoked on %s: remove it, or update it to a release that "+
			"another key has signed", signer(entry.Signer), key.Revoked.UTC().Format(time.DateOnly))
	case known && !key.Expires.IsZero() && !key.Expires.After(now):
		return fmt.Sprintf("the key %s expired on %s: new releases that it signs are refused", key.Name,
			key.Expires.UTC().Format(time.DateOnly)), nil
	}
	return "", nil
}

// Folder is where the files of a plugin are, or would be.
func (p *Plugins) Folder(name string, entry catalog.LockEntry) string {
	stored := filepath.Join(p.Store, entry.StoreEntry(catalog.Platform()))
	if _, err := os.Lstat(stored); err == nil {
		return stored
	}
	if older := filepath.Join(p.Older, entry.OlderFolder(name)); exists(older) {
		return older
	}
	return stored
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// checkFolder compares a folder with an entry of the lock file.
func checkFolder(dir, name string, entry catalog.LockEntry) error {
	manifest := filepath.Join(dir, manifestName)
	if _, err := os.Lstat(manifest); err != nil {
		return err
	}
	plugin, err := catalog.ReadPlugin(manifest)
	if err != nil {
		return err
	}
	for _, path := range []string{plugin.ManifestPath, plugin.Path} {
		if writers, ok := errors.AsType[*atomicfile.WritersError](atomicfile.CheckWriters(path)); ok {
			return writers
		}
	}
	if err := intact(plugin, entry, catalog.Platform()); err != nil {
		return err
	}
	if plugin.Name != name {
		return fmt.Errorf("%s is the manifest of another plugin, %s", plugin.ManifestPath, plugin.Name)
	}
	if tool := entry.Differs(plugin.Manifest); tool != "" {
		return fmt.Errorf("the lock file has other permissions for its tool %s than its manifest", tool)
	}
	return nil
}
