// Package pluginstore installs, updates and removes plugins: it gets them from their sources, changes the lock file and
// the store behind it at once or not at all, and checks what is installed against the lock file.
package pluginstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Plugins are those that one lock file vouches for. Its methods may be called from several processes.
type Plugins struct {
	// Store is the folder of the store, which all lock files of the user share.
	Store string
	// Older is the folder that versions before the store installed plugins in.
	Older string
	// LockPath is the lock file, and Declaration the plugins.toml beside it, which need not exist.
	LockPath, Declaration string
	// Keys are those that the user trusts.
	Keys source.Keys
	// Fetch is that of a [source.Fetcher].
	Fetch func(ctx context.Context, r source.Request) (source.Release, error)
	// VerifySignature is that of a [source.Fetcher].
	VerifySignature func(ctx context.Context, e source.Evidence, t source.Trust) (source.Signer, error)
	// Describe runs the executable at a path to describe itself.
	Describe func(ctx context.Context, path string, args []string) (pluginv1.Manifest, error)

	// before is called with the name of each step that changes files, and may fail it: for tests.
	before func(step string) error
}

const (
	// patience bounds the wait for another change, which writes and fetches nothing while it holds the lock.
	patience = 30 * time.Second

	manifestName = "manifest.json"
	// stagingPrefix begins the folders of the store that candidates are in.
	stagingPrefix = ".staged-"
	busyName      = "busy"
	filesName     = "files"
	locksName     = "locks"
)

// ErrChangedMeanwhile means that another process has changed what a candidate was compared with.
var ErrChangedMeanwhile = errors.New("the lock file was changed meanwhile")

// BusyError means that another change of the store is under way.
type BusyError struct{ Path string }

func (e *BusyError) Error() string {
	return fmt.Sprintf("another `auth0-mcp plugin` command holds %s: wait until it ends, then try again", e.Path)
}

// Lock reads the lock file.
func (p *Plugins) Lock() (catalog.Lock, error) { return catalog.ReadLock(p.LockPath) }

func (p *Plugins) step(name string) error {
	if p.before == nil {
		return nil
	}
	return p.before(name)
}

// open makes the store, for this user alone, or checks the one that is there.
func (p *Plugins) open() error {
	if err := p.step("make the store"); err != nil {
		return err
	}
	if err := os.MkdirAll(p.Store, 0o700); err != nil {
		return fmt.Errorf("plugin store: %w", err)
	}
	info, err := os.Lstat(p.Store)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return &catalog.NoFolderError{Path: p.Store, Mode: info.Mode()}
	}
	var writers *atomicfile.WritersError
	if errors.As(atomicfile.CheckWriters(p.Store), &writers) {
		return fmt.Errorf("plugin store: %w", writers)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return os.Chmod(p.Store, 0o700) //nolint:gosec // a folder
	}
	return nil
}

// exclusive keeps two changes from crossing.
func (p *Plugins) exclusive(ctx context.Context) (unlock func(), err error) {
	path := filepath.Join(p.Store, ".lock")
	unlock, err = atomicfile.Lock(ctx, path, patience)
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if _, locked := errors.AsType[*atomicfile.LockedError](err); locked {
		return nil, &BusyError{path}
	}
	return unlock, err
}

// staging is a folder of the store that a candidate is made in. It is locked as long as it is in use, so that what a
// process that was killed has left can be told from it.
type staging struct {
	dir    string
	unlock func() error
}

func (p *Plugins) stage() (*staging, error) {
	if err := p.step("make a staging folder"); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(p.Store, stagingPrefix)
	if err != nil {
		return nil, err
	}
	unlock, err := atomicfile.TryLock(filepath.Join(dir, busyName))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	s := &staging{dir, unlock}
	if err := os.Mkdir(s.files(), 0o700); err != nil {
		return nil, errors.Join(err, s.discard())
	}
	return s, nil
}

func (s *staging) files() string { return filepath.Join(s.dir, filesName) }

func (s *staging) discard() error {
	return errors.Join(s.unlock(), os.RemoveAll(s.dir))
}

// closeTo lets this user alone into the files of a candidate, and refuses what is not a manifest or an executable: no
// digest vouches for anything else.
func closeTo(plugin *catalog.Plugin) error {
	modes := map[string]fs.FileMode{}
	for path, mode := range map[string]fs.FileMode{plugin.ManifestPath: 0o600, plugin.Path: 0o700} {
		inside, err := filepath.Rel(plugin.Dir, path)
		if err != nil {
			return err
		}
		modes[filepath.ToSlash(inside)] = mode
	}
	root, err := os.OpenRoot(plugin.Dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	return fs.WalkDir(root.FS(), ".", func(path string, e fs.DirEntry, err error) error {
		mode, known := modes[path]
		switch {
		case err != nil:
			return err
		case e.IsDir():
			mode = 0o700
		case !e.Type().IsRegular():
			return fmt.Errorf("%s is not a regular file (%s)", redact.Line(path), e.Type())
		case !known:
			return fmt.Errorf("%s is neither the manifest nor the executable: a plugin has no other files", redact.Line(path))
		}
		return root.Chmod(path, mode)
	})
}

// durable makes the files of a candidate survive a power cut: the lock file must not reach the disk before them.
func durable(plugin *catalog.Plugin) error {
	for _, path := range []string{plugin.ManifestPath, plugin.Path} {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
		syncFolder(filepath.Dir(path))
	}
	return nil
}

// syncFolder makes the names in a folder durable where the system can: Windows can't open a folder so, and some network
// file systems refuse it.
func syncFolder(dir string) {
	if f, err := os.Open(dir); err == nil {
		_ = f.Sync()
		_ = f.Close()
	}
}
