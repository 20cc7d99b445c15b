package pluginstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
)

// Change is what is done to the lock file and the store, at once or not at all.
type Change struct {
	Install []*Candidate
	// Remove are names of plugins.
	Remove []string
	// Declare says that what is installed is added to plugins.toml, where that declares other plugins.
	Declare bool
}

// Apply runs each candidate for the first time, to describe itself, and installs it if it does so as its manifest does.
// Whatever fails or ends it, either all of the change is made or none: the lock file, replaced at once, decides, and
// what it names is in the store before. What no lock file of the user names any more is removed from the store.
func (p *Plugins) Apply(ctx context.Context, change Change) error {
	if err := p.open(); err != nil {
		return err
	}
	for _, c := range change.Install {
		described, err := p.Describe(ctx, c.Plugin.Path, c.Plugin.Args)
		if err != nil {
			return err
		}
		if !described.SameDeclaration(c.Plugin.Manifest) {
			return fmt.Errorf("plugin %s does not describe itself as its manifest does: its author has to write the "+
				"manifest again with `%s describe` (%w)", c.Plugin.Name, c.Plugin.Executable, catalog.ErrNotInstalled)
		}
	}
	unlock, err := p.exclusive(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	lock, err := p.Lock()
	if err != nil {
		return err
	}
	before := lock
	if lock, err = changed(lock, change); err != nil {
		return err
	}
	for _, c := range change.Install {
		if err := errors.Join(p.publish(c), p.keep(c)); err != nil {
			return err
		}
	}
	if err := p.register(); err != nil {
		return err
	}
	undo, err := p.declare(change)
	if err != nil {
		return err
	}
	if err := p.write(before, lock); err != nil {
		return errors.Join(err, undo())
	}
	left := p.collect(change.Remove)
	return p.leftover(left, change.Remove, before)
}

// changed is the lock file after a change. It fails if a candidate was compared with another entry.
func changed(lock catalog.Lock, change Change) (catalog.Lock, error) {
	next := catalog.Lock{Plugins: map[string]catalog.LockEntry{}}
	for name, entry := range lock.Plugins {
		next.Plugins[name] = entry
	}
	owner := map[string]string{}
	for _, c := range change.Install {
		is, ok := lock.Plugins[c.Plugin.Name]
		if ok != (c.Before != nil) || ok && !is.Equal(*c.Before) {
			return lock, fmt.Errorf("plugin %s: %w: try again (%w)", c.Plugin.Name, ErrChangedMeanwhile,
				catalog.ErrNotInstalled)
		}
		next.Plugins[c.Plugin.Name] = c.Entry
		for _, t := range c.Plugin.Tools {
			if first, taken := owner[t.Name]; taken {
				return lock, fmt.Errorf("the plugins %s and %s both have a tool %s: install one of the two (%w)", first,
					c.Plugin.Name, t.Name, catalog.ErrNotInstalled)
			}
			owner[t.Name] = c.Plugin.Name
		}
	}
	for _, name := range change.Remove {
		delete(next.Plugins, name)
	}
	return next, nil
}

// write replaces the lock file if it says something else, so that its time and its place in a repository stay.
func (p *Plugins) write(before, next catalog.Lock) error {
	old, err := os.ReadFile(p.LockPath)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	data, err := next.Encode()
	if err != nil {
		return err
	}
	if string(old) == string(data) || len(before.Plugins)+len(next.Plugins) == 0 && old == nil {
		return nil
	}
	if err := p.step("write the lock file"); err != nil {
		return err
	}
	return next.Write(p.LockPath)
}

// publish gives the files of a candidate their place in the store, in place of damaged ones.
func (p *Plugins) publish(c *Candidate) error {
	place := filepath.Join(p.Store, c.Entry.StoreEntry(catalog.Platform()))
	if err := catalog.CheckStoreEntry(p.Store, filepath.Base(place)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if plugin, err := catalog.ReadPlugin(filepath.Join(place, manifestName)); err == nil &&
		errors.Join(intact(plugin, c.Entry, catalog.Platform()), closeTo(plugin)) == nil {
		return nil
	}
	if err := p.step("make the files durable"); err != nil {
		return err
	}
	if err := durable(c.Plugin); err != nil {
		return err
	}
	if err := p.step("move damaged files away"); err != nil {
		return err
	}
	damaged := filepath.Join(c.staged.dir, "damaged")
	if err := os.Rename(place, damaged); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := p.step("move the files to their place")
	if err == nil {
		err = os.Rename(c.staged.files(), place)
	}
	if err != nil {
		if back := os.Rename(damaged, place); back != nil && !errors.Is(back, fs.ErrNotExist) {
			err = errors.Join(err, back)
		}
		return err
	}
	syncFolder(p.Store)
	return nil
}

// intact refuses files that are not those of an entry of the lock file for a platform.
func intact(plugin *catalog.Plugin, entry catalog.LockEntry, platform string) error {
	binary, err := catalog.DigestFile(plugin.Path)
	locked := entry.Platforms[platform].Binary
	switch {
	case err != nil:
		return err
	case plugin.ManifestDigest != entry.Manifest:
		return fmt.Errorf("%s is not the manifest that is locked (%s now, %s then)", plugin.ManifestPath,
			plugin.ManifestDigest, entry.Manifest)
	case binary != locked:
		return fmt.Errorf("%s is not the executable that is locked (%s now, %s then)", plugin.Path, binary, locked)
	}
	return nil
}

// register notes the lock file in the store, which keeps what it names.
func (p *Plugins) register() error {
	path, err := filepath.Abs(p.LockPath)
	if err != nil {
		return err
	}
	folder := filepath.Join(p.Store, locksName)
	name := filepath.Join(folder, lockName(path))
	if known, err := os.ReadFile(name); err == nil && string(known) == path {
		return nil
	}
	if err := p.step("register the lock file"); err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	return atomicfile.Replace(name, []byte(path), nil)
}

func lockName(path string) string {
	sum := sha256.Sum256([]byte(path))
	return hex.EncodeToString(sum[:])
}
