package pluginstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/release"
)

// Discard discards candidates that were not installed.
func Discard(candidates []*Candidate) error {
	var errs []error
	for _, c := range candidates {
		errs = append(errs, c.Discard())
	}
	return errors.Join(errs...)
}

// ToSync gets what the lock file names and the store does not hold, as it is pinned, and nothing else: from a bundle,
// if it is not nil and has it, or from its source. It fails with a [*DriftError] if plugins.toml declares something
// else.
func (p *Plugins) ToSync(ctx context.Context, from *Bundle) (candidates []*Candidate, err error) {
	lock, err := p.Lock()
	if err != nil {
		return nil, err
	}
	if err := p.drift(lock); err != nil {
		return nil, err
	}
	if err := p.open(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, Discard(candidates))
			candidates = nil
		}
	}()
	for _, name := range slices.Sorted(maps.Keys(lock.Plugins)) {
		entry := lock.Plugins[name]
		if _, ok := entry.Platforms[catalog.Platform()]; !ok {
			return candidates, fmt.Errorf("plugin %s is locked for %s, and this is %s: run auth0-mcp plugin update %s if "+
				"its author has published it for this platform since", name, platforms(entry), catalog.Platform(), name)
		}
		if p.complete(name, entry) == nil {
			continue
		}
		c, err := p.older(name, entry)
		if err == nil && c == nil && from != nil {
			c, err = p.candidate(from, name, entry)
		}
		if err == nil && c == nil {
			if entry.Source == "" {
				return candidates, fmt.Errorf("plugin %s is not on this machine, and the lock file does not know where it "+
					"came from: install it again with auth0-mcp plugin install", name)
			}
			c, err = p.Get(ctx, Wanted{Source: entry.Source, Constraint: entry.Constraint, Key: entry.Key, Name: name,
				Pinned: &entry})
		}
		if err != nil {
			return candidates, fmt.Errorf("plugin %s: %w", name, err)
		}
		candidates = append(candidates, c)
	}
	return candidates, nil
}

func platforms(entry catalog.LockEntry) []string { return slices.Sorted(maps.Keys(entry.Platforms)) }

// ToUpdate gets the newest release of each of names, of all plugins if there are none, within what plugins.toml or the
// lock file says of it. Where plugins.toml exists, names may be of plugins that are not locked yet, and without names
// removed are the plugins that it does not declare. allowUnsigned accepts releases that none of the keys has signed
// also for plugins that are not locked yet, or were signed. Candidates that are what is locked are left out.
func (p *Plugins) ToUpdate(ctx context.Context, names []string, allowUnsigned bool) (candidates []*Candidate,
	removed []string, err error) {
	lock, err := p.Lock()
	if err != nil {
		return nil, nil, err
	}
	declared, hasDeclaration, err := p.Declared()
	if err != nil {
		return nil, nil, err
	}
	if !hasDeclaration {
		declared = map[string]Declared{}
		for name, entry := range lock.Plugins {
			declared[name] = DeclaredBy(entry)
		}
	}
	if len(names) == 0 {
		names = slices.Sorted(maps.Keys(declared))
		for _, name := range slices.Sorted(maps.Keys(lock.Plugins)) {
			if _, ok := declared[name]; !ok {
				removed = append(removed, name)
			}
		}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, Discard(candidates))
			candidates = nil
		}
	}()
	for _, name := range names {
		d, ok := declared[name]
		switch {
		case !ok && hasDeclaration:
			return candidates, nil, fmt.Errorf("plugin %s is not declared in %s: add it there, or run auth0-mcp plugin "+
				"install", name, p.Declaration)
		case !ok:
			return candidates, nil, fmt.Errorf("plugin %s is not installed: run auth0-mcp plugin install", name)
		case d.Source == "":
			return candidates, nil, fmt.Errorf("plugin %s: the lock file does not know where it came from: install it "+
				"again with auth0-mcp plugin install", name)
		}
		entry, locked := lock.Plugins[name]
		unsigned := locked && entry.Source == d.Source && entry.Signer == (catalog.Signer{}) // agreed to before
		c, err := p.Get(ctx, Wanted{Source: d.Source, Constraint: d.Version, Key: d.Key, Name: name,
			AllowUnsigned: allowUnsigned || unsigned})
		if err != nil {
			return candidates, nil, fmt.Errorf("plugin %s: %w", name, err)
		}
		if c.Before != nil && c.Before.Equal(c.Entry) && p.complete(name, c.Entry) == nil {
			if err := c.Discard(); err != nil {
				return candidates, nil, err
			}
			continue
		}
		candidates = append(candidates, c)
	}
	return candidates, removed, nil
}

// Consent is what a user agrees to beforehand.
type Consent struct {
	// Replace are the plugins that may be replaced by one of another source.
	Replace []string
	// Downgrade and Widening allow an older version, and permissions that the locked version does not have.
	Downgrade, Widening bool
}

// Refuse says why a candidate must not take the place of what is locked, whoever agrees in general; nil if it may.
// widening is refused only if the user has not seen it.
func (c *Candidate) Refuse(review catalog.Review, consent Consent, seen bool) error {
	if err := review.Check(consent.Replace); err != nil {
		return err
	}
	name, before := c.Plugin.Name, c.Before
	if before == nil {
		return nil
	}
	order := release.CompareVersions(c.Entry.Version, before.Version)
	same := c.Entry.Manifest == before.Manifest && maps.Equal(c.Entry.Platforms, before.Platforms)
	switch {
	case order < 0 && !consent.Downgrade:
		return fmt.Errorf("plugin %s: version %s is older than %s, which is installed: if you want that, pass "+
			"--allow-downgrade (%w)", name, c.Entry.Version, before.Version, catalog.ErrNotInstalled)
	case order == 0 && !same && c.republished():
		return fmt.Errorf("%w. If you trust it all the same, run auth0-mcp plugin remove %s and install it again (%w)",
			&ChangedError{name, before.Version, c.Entry.Source, difference(*before, c.Entry)}, name,
			catalog.ErrNotInstalled)
	case before.Signer != (catalog.Signer{}) && !c.byItsKey() && !sameKey(before.Signer, c.Entry.Signer):
		return fmt.Errorf("plugin %s: the installed version was signed by %s, and this one by %s: if its author has changed "+
			"keys, name the new one with --key or in plugins.toml; or remove the plugin first (%w)", name, signer(before.Signer),
			signer(c.Entry.Signer), catalog.ErrNotInstalled)
	case len(review.Wider) > 0 && !consent.Widening && !seen:
		return fmt.Errorf("plugin %s %s asks for more than version %s, which is installed: see above. To agree to that "+
			"without being asked, pass --allow-widening (%w)", name, c.Entry.Version, before.Version,
			catalog.ErrNotInstalled)
	}
	return nil
}

// republished reports whether the source is one whose releases are meant to stay: a folder is built again and again.
func (c *Candidate) republished() bool {
	return !c.Entry.Release.IsZero() && c.Before.Source == c.Entry.Source
}

// byItsKey reports whether the key that the user requires has signed it.
func (c *Candidate) byItsKey() bool { return c.Entry.Key != "" && c.Entry.Key == c.Signer.Name }

func sameKey(a, b catalog.Signer) bool { return a.Kind == b.Kind && a.Detail == b.Detail }

func signer(s catalog.Signer) string {
	if s == (catalog.Signer{}) {
		return "none of your keys"
	}
	return fmt.Sprintf("%s (%s %s)", s.Name, s.Kind, s.Detail)
}

// check compares what is in the store with the lock file.
func (p *Plugins) check(name string, entry catalog.LockEntry) error {
	place := entry.StoreEntry(catalog.Platform())
	if place == "" {
		return fmt.Errorf("it is locked for %s, and this is %s", platforms(entry), catalog.Platform())
	}
	if err := catalog.CheckStoreEntry(p.Store, place); err != nil {
		return err
	}
	return checkFolder(filepath.Join(p.Store, place), name, entry)
}
