package pluginstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
)

// Wanted says which release of a plugin to get.
type Wanted struct {
	// Source is a reference as package source reads it. A path that begins with a dot counts from the folder of the lock
	// file, so that both can be committed together.
	Source string
	// Constraint bounds its version; empty: the newest.
	Constraint string
	// Key is the name of the key that must have signed it; empty: any or none.
	Key string
	// Name is the plugin's name; empty: any.
	Name string
	// AllowUnsigned accepts a release that none of the keys has signed.
	AllowUnsigned bool
	// Pinned is what it must be, to the byte; nil: nothing was agreed to before.
	Pinned *catalog.LockEntry
}

// Candidate is a release that was fetched and checked and is not installed yet. Nothing of it has been run.
type Candidate struct {
	Plugin *catalog.Plugin
	// Entry is what the lock file will say, and Before what it says now; nil if it does not know the plugin.
	Entry  catalog.LockEntry
	Before *catalog.LockEntry
	// Signer is the user's key whose signature was verified just now; zero if none was, whoever a lock file says it was.
	Signer catalog.Signer
	// Yanked is why its author has withdrawn the release; empty if it is not.
	Yanked string
	// Origins are other servers that the source refers to.
	Origins []string

	evidence source.Evidence
	staged   *staging
}

// Discard removes what was fetched, unless it was installed.
func (c *Candidate) Discard() error {
	if c.staged == nil {
		return nil
	}
	staged := c.staged
	c.staged = nil
	return staged.discard()
}

// ChangedError means that a source offers something else under the same name and version than what is locked.
type ChangedError struct{ Name, Version, Source, What string }

func (e *ChangedError) Error() string {
	return fmt.Sprintf("%s %s at %s is not what is locked: another %s. A published release "+
		"was changed, by its author or by an attacker: nothing was installed. Ask the author; a corrected release has a "+
		"new version", e.Name, e.Version,
		e.Source, e.What)
}

// Get fetches a release into the store, checks it and compares it with the lock file. The caller installs it by
// [Plugins.Apply], or discards it.
func (p *Plugins) Get(ctx context.Context, w Wanted) (c *Candidate, err error) {
	if err := p.open(); err != nil {
		return nil, err
	}
	from, err := p.parse(w.Source)
	if err != nil {
		return nil, err
	}
	staged, err := p.stage()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, staged.discard())
		}
	}()
	request := source.Request{Source: from, Constraint: w.Constraint, Into: staged.files(),
		Trust: source.Trust{Keys: p.Keys, Require: w.Key, AllowUnsigned: w.AllowUnsigned && w.Key == ""}}
	if w.Pinned != nil {
		request.Constraint, request.Pinned = w.Pinned.Version, w.Pinned.Release
		request.Trust.AllowUnsigned = w.Key == "" // what is pinned was agreed to, to the byte
	}
	if !from.Versioned() {
		request.Constraint = ""
	}
	if err := p.step("fetch"); err != nil {
		return nil, err
	}
	release, err := p.Fetch(ctx, request)
	if err != nil {
		return nil, err
	}
	plugin, err := checked(staged.files(), release)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	c = &Candidate{Plugin: plugin, Entry: entryOf(w, plugin, release), Yanked: release.Yanked,
		Origins: release.Origins, evidence: release.Evidence, staged: staged}
	c.Signer = c.Entry.Signer
	if w.Name != "" && plugin.Name != w.Name {
		return nil, fmt.Errorf("%s holds the plugin %s, not %s: correct its source", from, plugin.Name, w.Name)
	}
	if !from.Versioned() {
		ok, err := satisfies(plugin.Version, w)
		if err == nil && !ok {
			err = fmt.Errorf("%s holds version %s, which is not within %q", from, plugin.Version, w.Constraint)
		}
		if err != nil {
			return nil, err
		}
	}
	return c, p.compare(c, w.Pinned)
}

func satisfies(version string, w Wanted) (bool, error) {
	if w.Constraint == "" || w.Pinned != nil {
		return true, nil
	}
	return source.Satisfies(version, w.Constraint)
}

// parse reads a reference; see Wanted.Source.
func (p *Plugins) parse(reference string) (source.Source, error) {
	const layout = "oci-layout:"
	path, isLayout := strings.CutPrefix(reference, layout)
	if first := strings.Split(filepath.ToSlash(path), "/")[0]; first == "." || first == ".." {
		folder, err := filepath.Abs(filepath.Dir(p.LockPath))
		if err != nil {
			return source.Source{}, err
		}
		reference = filepath.Join(folder, path)
		if isLayout {
			reference = layout + reference
		}
	}
	return source.Parse(reference)
}

// checked reads what was fetched, and compares it with what the release says of this platform: the program that fetches
// handles what strangers have written, and is not believed.
func checked(dir string, release source.Release) (*catalog.Plugin, error) {
	plugin, err := catalog.ReadPlugin(filepath.Join(dir, manifestName))
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", err, catalog.ErrNotInstalled)
	}
	if err := closeTo(plugin); err != nil {
		return nil, err
	}
	binary, err := catalog.DigestFile(plugin.Path)
	if err != nil {
		return nil, err
	}
	listed := release.Platforms[catalog.Platform()].Binary
	switch {
	case plugin.Name != release.Name || plugin.Version != release.Version:
		return nil, fmt.Errorf("its manifest says %s %s, and its release %s %s", plugin.Name, plugin.Version,
			redact.Line(release.Name), redact.Line(release.Version))
	case plugin.ManifestDigest != release.Manifest:
		return nil, fmt.Errorf("its manifest is not the one of its release (%s, not %s)", plugin.ManifestDigest,
			release.Manifest)
	case binary != listed:
		return nil, fmt.Errorf("its executable is not the one of its release for %s (%s, not %s)", catalog.Platform(),
			binary, listed)
	}
	return plugin, nil
}

func entryOf(w Wanted, plugin *catalog.Plugin, release source.Release) catalog.LockEntry {
	entry := catalog.LockEntry{
		Version: plugin.Version, Source: w.Source, Constraint: w.Constraint, Key: w.Key, Release: release.Digest,
		Manifest: plugin.ManifestDigest, Platforms: map[string]catalog.Pin{}, Tools: catalog.PermissionsOf(plugin.Manifest),
		Signer: catalog.Signer{Name: release.Signer.Name, Kind: release.Signer.Kind, Detail: release.Signer.Detail},
	}
	for platform, files := range release.Platforms {
		entry.Platforms[platform] = catalog.Pin{Archive: files.Archive, Binary: files.Binary}
	}
	return entry
}

// compare takes what the lock file says of a candidate, and refuses one that is not what it is pinned to.
func (p *Plugins) compare(c *Candidate, pinned *catalog.LockEntry) error {
	lock, err := p.Lock()
	if err != nil {
		return err
	}
	if entry, ok := lock.Plugins[c.Plugin.Name]; ok {
		c.Before = &entry
	}
	if pinned == nil {
		return nil
	}
	if what := difference(*pinned, c.Entry); what != "" {
		return &ChangedError{c.Plugin.Name, pinned.Version, pinned.Source, what}
	}
	c.Entry = *pinned
	return nil
}

// difference names what of a release is another than what is locked; "" if nothing is. A folder has this platform
// alone, whatever the lock file knows of others.
func difference(pinned, found catalog.LockEntry) string {
	switch {
	case pinned.Version != found.Version:
		return "version, " + found.Version
	case pinned.Manifest != found.Manifest:
		return "manifest"
	}
	for platform, pin := range found.Platforms {
		locked, ok := pinned.Platforms[platform]
		if !ok {
			return "list of platforms"
		}
		if locked != pin {
			return "binary for " + platform
		}
	}
	if pinned.Release != found.Release {
		return "release document"
	}
	return ""
}

// older is a candidate of what a version before the store has installed, or nil: its files move into the store.
func (p *Plugins) older(name string, entry catalog.LockEntry) (*Candidate, error) {
	dir := filepath.Join(p.Older, entry.OlderFolder(name))
	plugin, err := catalog.ReadPlugin(filepath.Join(dir, manifestName))
	if err != nil || intact(plugin, entry, catalog.Platform()) != nil {
		return nil, nil //nolint:nilnil,nilerr // it has to be fetched then
	}
	staged, err := p.stage()
	if err != nil {
		return nil, err
	}
	if err = os.CopyFS(staged.files(), os.DirFS(dir)); err == nil {
		plugin, err = catalog.ReadPlugin(filepath.Join(staged.files(), manifestName))
	}
	if err == nil {
		err = errors.Join(closeTo(plugin), intact(plugin, entry, catalog.Platform()))
	}
	if err != nil {
		return nil, errors.Join(err, staged.discard())
	}
	return &Candidate{Plugin: plugin, Entry: entry, Before: &entry, staged: staged}, nil
}
