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
	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
)

const (
	// BundleSuffix ends the name of a bundle.
	BundleSuffix = ".tar"
	// AllPlatforms stands for every platform that the lock file has of a plugin.
	AllPlatforms = "all"

	bundledLock = "plugins.lock.json"
)

// WriteBundle writes all installed plugins into a new file, for machines that cannot reach their sources: the lock
// file, and of each plugin the files that it pins for the platforms, with the signatures. Without platforms it is for
// this one. Files for other platforms are fetched, and must be those that are pinned. It fails if a plugin is not as it
// is locked. The same plugins give the same bytes.
func (p *Plugins) WriteBundle(ctx context.Context, name string, platforms []string) (plugins int, err error) {
	lock, err := p.Lock()
	if err != nil {
		return 0, err
	}
	if len(lock.Plugins) == 0 {
		return 0, fmt.Errorf("there is nothing to bundle: %s names no plugin", p.LockPath)
	}
	for _, v := range slices.Sorted(maps.Keys(lock.Plugins)) {
		err := p.complete(v, lock.Plugins[v])
		if err != nil {
			return 0, fmt.Errorf("plugin %s can't be bundled: %w. Run auth0-mcp plugin sync first", v, err)
		}
		if _, err := platformsOf(v, lock.Plugins[v], platforms); err != nil {
			return 0, err
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
	for _, name := range slices.Sorted(maps.Keys(lock.Plugins)) {
		wanted, err := platformsOf(name, lock.Plugins[name], platforms)
		if err == nil {
			err = p.addPlugin(ctx, w, name, lock.Plugins[name], wanted)
		}
		if err != nil {
			return 0, fmt.Errorf("plugin %s: %w", name, err)
		}
	}
	return len(lock.Plugins), errors.Join(w.Close(), file.Sync())
}

// platformsOf are the platforms of a plugin that a bundle gets.
func platformsOf(name string, entry catalog.LockEntry, wanted []string) ([]string, error) {
	switch {
	case len(wanted) == 0:
		return []string{catalog.Platform()}, nil
	case slices.Equal(wanted, []string{AllPlatforms}):
		return platforms(entry), nil
	}
	all := slices.Compact(slices.Sorted(slices.Values(wanted)))
	for _, platform := range all {
		if _, ok := entry.Platforms[platform]; !ok {
			return nil, fmt.Errorf("plugin %s is locked for %s, and not for %q: leave that platform out, or bundle all", name,
				strings.Join(platforms(entry), ", "), platform)
		}
	}
	return all, nil
}

// addPlugin adds the files of a plugin for some platforms, and the evidence of who signed it.
func (p *Plugins) addPlugin(ctx context.Context, w *tar.Writer, name string, entry catalog.LockEntry,
	platforms []string) error {
	added := map[string]bool{} // a script is the same on several platforms
	for _, platform := range platforms {
		if added[entry.StoreEntry(platform)] {
			continue
		}
		added[entry.StoreEntry(platform)] = true
		var err error
		if platform == catalog.Platform() {
			err = addEntry(w, entry, platform, filepath.Join(p.Store, entry.StoreEntry(platform)))
		} else {
			err = p.addOther(ctx, w, name, entry, platform)
		}
		if err != nil {
			return err
		}
	}
	kept := evidenceName(entry)
	path := filepath.Join(p.Store, filepath.FromSlash(kept))
	if kept == "" || !exists(path) {
		return nil
	}
	return addFile(w, kept, 0o600, path)
}

// addOther fetches what is pinned for another platform and adds it.
func (p *Plugins) addOther(ctx context.Context, w *tar.Writer, name string, entry catalog.LockEntry,
	platform string) (err error) {
	if entry.Source == "" {
		return fmt.Errorf("the files for %s can't be fetched: the lock file does not know where it came from", platform)
	}
	from, err := p.parse(entry.Source)
	if err != nil {
		return err
	}
	if err := p.open(); err != nil {
		return err
	}
	staged, err := p.stage()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, staged.discard()) }()
	request := source.Request{Source: from, Into: staged.files(), Platform: platform, Pinned: entry.Release,
		Trust: source.Trust{Keys: p.Keys, Require: entry.Key, AllowUnsigned: entry.Key == ""}}
	if from.Versioned() {
		request.Constraint = entry.Version
	}
	if _, err := p.Fetch(ctx, request); err != nil {
		return fmt.Errorf("for %s: %w", platform, err)
	}
	plugin, err := readFor(platform, staged.files())
	if err == nil {
		err = errors.Join(closeTo(plugin), intact(plugin, entry, platform))
	}
	if err == nil && plugin.Name != name {
		err = fmt.Errorf("it is the plugin %s", plugin.Name)
	}
	if err != nil {
		return fmt.Errorf("what %s offers for %s: %w", from, platform, err)
	}
	return addEntry(w, entry, platform, staged.files())
}

// readFor reads a plugin for a platform. It is not checked as one that can run here.
func readFor(platform, dir string) (*catalog.Plugin, error) {
	path := filepath.Join(dir, manifestName)
	if platform == catalog.Platform() {
		return catalog.ReadPlugin(path)
	}
	digest, err := catalog.DigestFile(path)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m, err := catalog.ParseManifest(data)
	if err != nil {
		return nil, err
	}
	system, _, _ := strings.Cut(platform, "/")
	executable := filepath.FromSlash(catalog.ExecutableName(system, m.Executable))
	return &catalog.Plugin{Manifest: m, Dir: dir, ManifestPath: path, ManifestDigest: digest,
		Path: filepath.Join(dir, executable)}, nil
}

// addEntry adds the two files that a plugin has for a platform.
func addEntry(w *tar.Writer, entry catalog.LockEntry, platform, dir string) error {
	plugin, err := readFor(platform, dir)
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
		name := path.Join(entry.StoreEntry(platform), filepath.ToSlash(inside))
		if err := addFile(w, name, file.mode, file.path); err != nil {
			return err
		}
	}
	return nil
}

func addFile(w *tar.Writer, name string, mode int64, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		err = add(w, name, mode, info.Size(), f)
	}
	return errors.Join(err, f.Close())
}

func add(w *tar.Writer, name string, mode, size int64, from io.Reader) error {
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: size,
		Format: tar.FormatPAX}); err != nil {
		return err
	}
	_, err := io.Copy(w, from)
	return err
}
