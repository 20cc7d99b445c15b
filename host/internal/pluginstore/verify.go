package pluginstore

import (
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
}

// NotInstalledError means that the lock file does not know a plugin.
type NotInstalledError struct{ Name, LockPath string }

func (e *NotInstalledError) Error() string {
	return fmt.Sprintf("plugin %q is not installed: %s does not have it; see auth0-mcp plugin list", e.Name, e.LockPath)
}

// Verify compares the files of plugins, of all if there are no names, with the lock file: who can change them, their
// digests, and the permissions; and the keys that signed them with those of the user. Nothing is fetched.
func (p *Plugins) Verify(names []string) ([]Verified, error) {
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
		found = append(found, p.verify(name, entry))
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
		v.Err = p.checkSigner(entry)
	}
	return v
}

// checkSigner refuses a plugin whose key the user has revoked since, or removed while it is required. The signature was
// verified when the release was pinned, and the pins are compared: a key that has expired since changes nothing.
func (p *Plugins) checkSigner(entry catalog.LockEntry) error {
	if entry.Signer == (catalog.Signer{}) {
		return nil
	}
	for _, key := range p.Keys {
		by := key.Signer()
		if !sameKey(entry.Signer, catalog.Signer{Kind: by.Kind, Detail: by.Detail}) {
			continue
		}
		if key.Revoked.IsZero() {
			return nil
		}
		return fmt.Errorf("it was signed by %s, which you revoked on %s: remove it, or update it to a release that another "+
			"key has signed", signer(entry.Signer), key.Revoked.UTC().Format(time.DateOnly))
	}
	if entry.Key == "" {
		return nil
	}
	return fmt.Errorf("it has to be signed by %s, which is none of your keys: add it with auth0-mcp plugin keys add",
		signer(entry.Signer))
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
	if err := intact(plugin, entry); err != nil {
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
