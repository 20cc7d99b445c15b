package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Install puts a plugin that the user has agreed to into their plugin folder. It
// starts nothing itself.
type Install struct {
	Plugin *Plugin
	// Binary is the digest of the executable that the user was shown.
	Binary Digest
	// Folder is the user's plugin folder, LockPath their lock file.
	Folder, LockPath string
	// Describe runs the executable at a path to describe itself.
	Describe func(ctx context.Context, path string, args []string) (pluginv1.Manifest, error)
}

const (
	// installPatience bounds the wait for another install, which copies megabytes.
	installPatience = 30 * time.Second
	// stagingPrefix begins the folders that an install works in. Load skips them.
	stagingPrefix = ".install-"
)

// ErrNotInstalled means that nothing was installed: the user did not agree, or what
// they agreed to is not what is there.
var ErrNotInstalled = errors.New("nothing was installed")

// BusyError means that another install is under way.
type BusyError struct{ Path string }

func (e *BusyError) Error() string {
	return fmt.Sprintf("another `auth0-mcp plugin install` holds %s: wait until it ends, then try again", e.Path)
}

// Do installs the plugin and returns the folder that it is in. It is all or nothing:
// whatever fails or ends it, either what was installed before works, or the new
// plugin does. The folder is named for its content, so that the old and the new one
// stand side by side; the lock file, replaced at once, decides between them.
func (i Install) Do(ctx context.Context) (folder string, err error) {
	for _, dir := range []string{i.Folder, filepath.Dir(i.LockPath)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return "", err
		}
	}
	unlock, err := lockInstalls(ctx, i.LockPath+".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	lock, err := ReadLock(i.LockPath)
	if err != nil {
		return "", err
	}
	staged, err := os.MkdirTemp(i.Folder, stagingPrefix)
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(staged)
	if err := i.stage(ctx, staged); err != nil {
		return "", err
	}
	entry := hereOnly(i.Plugin.Version, i.Binary, i.Plugin.ManifestDigest)
	entry.Tools = PermissionsOf(i.Plugin.Manifest)
	folder = filepath.Join(i.Folder, entry.OlderFolder(i.Plugin.Name))
	if !i.intact(folder) {
		if err := publish(staged, folder); err != nil {
			return "", err
		}
	}
	lock.Plugins[i.Plugin.Name] = entry
	if err := lock.Write(i.LockPath); err != nil {
		return "", err
	}
	i.removeOthers(folder)
	return folder, nil
}

// lockInstalls keeps two installs from crossing.
func lockInstalls(ctx context.Context, path string) (unlock func(), err error) {
	unlock, err = atomicfile.Lock(ctx, path, installPatience)
	var locked *atomicfile.LockedError
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(err, &locked):
		return nil, &BusyError{path}
	}
	return unlock, err
}

// stage copies the plugin to a folder of ours and checks that the copies are what the
// user agreed to, before the executable runs for the first time: the copy runs, not
// what may have replaced the original meanwhile.
func (i Install) stage(ctx context.Context, folder string) error {
	p := i.Plugin
	inside, err := filepath.Rel(p.Dir, p.Path)
	if err != nil {
		return err
	}
	binary := filepath.Join(folder, inside)
	for _, file := range []struct {
		from, to string
		mode     os.FileMode
		shown    Digest
	}{
		{p.Path, binary, 0o700, i.Binary},
		{p.ManifestPath, filepath.Join(folder, manifestName), 0o600, p.ManifestDigest},
	} {
		if err := copyFile(file.from, file.to, file.mode); err != nil {
			return err
		}
		if copied, err := DigestFile(file.to); err != nil || copied != file.shown {
			return fmt.Errorf("%s changed during the installation: try again (%w)", file.from,
				errors.Join(err, ErrNotInstalled))
		}
	}
	described, err := i.Describe(ctx, binary, p.Args)
	if err != nil {
		return err
	}
	if !described.SameDeclaration(p.Manifest) {
		return fmt.Errorf("%s does not describe itself as its manifest does: write the manifest again with `%s "+
			"describe`, and check the difference", p.Path, p.Path)
	}
	return nil
}

// intact reports whether the plugin is in a folder already, as the user agreed to it.
func (i Install) intact(folder string) bool {
	p, err := ReadPlugin(filepath.Join(folder, manifestName))
	if err != nil || p.ManifestDigest != i.Plugin.ManifestDigest {
		return false
	}
	digest, err := DigestFile(p.Path)
	return err == nil && digest == i.Binary
}

// publish gives a staged folder its name, in place of a damaged one.
func publish(staged, folder string) error {
	damaged := staged + ".old"
	if err := ignoreMissing(os.Rename(folder, damaged)); err != nil {
		return err
	}
	defer os.RemoveAll(damaged)
	if err := os.Rename(staged, folder); err != nil {
		return errors.Join(err, ignoreMissing(os.Rename(damaged, folder)))
	}
	syncFolder(filepath.Dir(folder))
	return nil
}

// removeOthers removes the plugin's former folders and what interrupted installs have
// left. What can't be removed, such as a program that runs on Windows, stays: Load
// passes over it, and the next install tries again.
func (i Install) removeOthers(folder string) {
	entries, err := os.ReadDir(i.Folder)
	if err != nil {
		return
	}
	for _, e := range entries {
		path := filepath.Join(i.Folder, e.Name())
		former := e.Name() == i.Plugin.Name || strings.HasPrefix(e.Name(), i.Plugin.Name+"@")
		if e.IsDir() && path != folder && (former || strings.HasPrefix(e.Name(), stagingPrefix)) {
			_ = os.RemoveAll(path)
		}
	}
}

// syncFolder makes a rename durable where the system can: the lock file must not
// reach the disk before the folder that it names. Windows can't open a folder so.
func syncFolder(dir string) {
	if f, err := os.Open(dir); err == nil {
		_ = f.Sync()
		_ = f.Close()
	}
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func copyFile(from, to string, mode os.FileMode) error {
	in, err := openRegular(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}
