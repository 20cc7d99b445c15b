package pluginstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
)

// collect removes what no lock file names, and what interrupted commands have left. What can't be removed, such as a
// program that runs on Windows, stays until the next time; nothing is loaded from it. If a lock file can't be read,
// nothing is removed, since it may name anything. It returns why something is still there.
func (p *Plugins) collect(removed []string) error {
	kept, err := p.named()
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(p.Store)
	if err != nil {
		return err
	}
	errs := []error{p.collectReleases(kept)}
	for _, e := range entries {
		path := filepath.Join(p.Store, e.Name())
		garbage := catalog.IsStoreEntry(e.Name()) && !kept[e.Name()]
		if strings.HasPrefix(e.Name(), stagingPrefix) {
			unlock, err := atomicfile.TryLock(filepath.Join(path, busyName))
			if garbage = err == nil; garbage {
				_ = unlock()
			}
		}
		if garbage {
			errs = append(errs, p.removeAll(path))
		}
	}
	return errors.Join(append(errs, p.collectOlder(kept, removed))...)
}

// collectReleases removes release documents that no lock file names.
func (p *Plugins) collectReleases(kept map[string]bool) error {
	entries, err := os.ReadDir(filepath.Join(p.Store, releasesName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, e := range entries {
		if !kept[releasesName+"/"+e.Name()] {
			errs = append(errs, p.removeAll(filepath.Join(p.Store, releasesName, e.Name())))
		}
	}
	return errors.Join(errs...)
}

func (p *Plugins) removeAll(path string) error {
	if err := p.step("remove " + filepath.Base(path)); err != nil {
		return err
	}
	return os.RemoveAll(path)
}

// LeftoverError means that plugins are not trusted any more, and that files of them could not be removed.
type LeftoverError struct {
	Paths []string
	Err   error
}

func (e *LeftoverError) Error() string {
	return fmt.Sprintf("it is not trusted any more, but its files are still there: %s (%v). Nothing is loaded from them; "+
		"remove them yourself", strings.Join(e.Paths, ", "), e.Err)
}

func (e *LeftoverError) Unwrap() error { return e.Err }

// leftover names the files of removed plugins that a failed collection has left.
func (p *Plugins) leftover(failure error, removed []string, before catalog.Lock) error {
	if failure == nil {
		return nil
	}
	kept, _ := p.named() // another lock file may need the files
	var left []string
	for _, name := range removed {
		entry, ok := before.Plugins[name]
		if !ok {
			continue
		}
		stored := ""
		if place := entry.StoreEntry(catalog.Platform()); place != "" && !kept[place] {
			stored = filepath.Join(p.Store, place)
		}
		for _, path := range []string{stored, filepath.Join(p.Older, entry.OlderFolder(name))} {
			if path != "" && exists(path) {
				left = append(left, path)
			}
		}
	}
	if len(left) == 0 {
		return nil
	}
	return &LeftoverError{left, failure}
}

// named are the entries of the store and the release documents that lock files name, for all platforms.
func (p *Plugins) named() (map[string]bool, error) {
	kept := map[string]bool{}
	locks, err := p.locks()
	for _, lock := range locks {
		for _, entry := range lock.Plugins {
			kept[evidenceName(entry)] = true
			for platform := range entry.Platforms {
				kept[entry.StoreEntry(platform)] = true
			}
		}
	}
	return kept, err
}

// HasSource reports whether a lock file of the user names a plugin from that source.
func (p *Plugins) HasSource(source string) (bool, error) {
	locks, err := p.locks()
	for _, lock := range locks {
		for _, entry := range lock.Plugins {
			if entry.Source == source {
				return true, err
			}
		}
	}
	return false, err
}

// locks are the lock files that the store serves. One that is gone is forgotten.
func (p *Plugins) locks() (all []catalog.Lock, err error) {
	folder := filepath.Join(p.Store, locksName)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		note := filepath.Join(folder, e.Name())
		path, err := os.ReadFile(note)
		if err != nil {
			return nil, err
		}
		if lockName(string(path)) != e.Name() {
			continue // a temporary file
		}
		if _, err := os.Stat(string(path)); errors.Is(err, fs.ErrNotExist) {
			_ = os.Remove(note)
			continue
		}
		lock, err := catalog.ReadLock(string(path))
		if err != nil {
			return nil, err
		}
		all = append(all, lock)
	}
	return all, nil
}

// collectOlder removes folders of versions before the store: of plugins that are in the store, and of removed ones.
func (p *Plugins) collectOlder(kept map[string]bool, removed []string) error {
	lock, err := p.Lock()
	if err != nil {
		return err
	}
	gone := map[string]bool{}
	for _, name := range removed {
		gone[name] = true
	}
	for name, entry := range lock.Plugins {
		_, err := os.Stat(filepath.Join(p.Store, entry.StoreEntry(catalog.Platform()), manifestName))
		gone[name] = err == nil && kept[entry.StoreEntry(catalog.Platform())]
	}
	entries, err := os.ReadDir(p.Older)
	if err != nil {
		return err
	}
	var errs []error
	const olderStaging = ".install-"
	for _, e := range entries {
		name, _, _ := strings.Cut(e.Name(), "@")
		if e.IsDir() && (gone[name] || strings.HasPrefix(e.Name(), olderStaging)) {
			errs = append(errs, p.removeAll(filepath.Join(p.Older, e.Name())))
		}
	}
	return errors.Join(errs...)
}
