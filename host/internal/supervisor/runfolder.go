package supervisor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/gofrs/flock"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// What tells a host's run folder, for those who look for left ones.
const (
	// RunFolderPrefix begins its name.
	RunFolderPrefix = pluginv1.RunFolderPrefix
	// RunFolderLock is the file in it on which a live host holds a lock: a folder whose
	// lock is free was left by a host that was killed.
	RunFolderLock = "lock"
	// RunFolderAge is how old a folder must be to be judged: the host of a younger one
	// may be about to lock it.
	RunFolderAge = time.Minute
)

const (
	// maxTempDir is how long the folder above the run folder may be: a socket's path
	// is limited to 104 bytes on some systems, and go-plugin adds 51 below it at most
	// (a0-N/plugin-dirN/pluginN). A longer one fails without an error.
	maxTempDir = 51
)

// runFolder is where the sockets live: private and short.
type runFolder struct {
	path string
	lock *flock.Flock
	// The folder and its lock file as they were made.
	made, madeLock os.FileInfo
}

// keep reports whether the folder is still there, with a lock file that this process
// holds: cleaners of temporary files remove what is old, and another user may then take
// the name. If only the lock file is gone, it is made again: without it, other hosts
// would take the folder, and the processes of the plugins in it, for left ones.
func (f *runFolder) keep() bool {
	if !f.there() {
		return false
	}
	lock, err := os.Lstat(filepath.Join(f.path, RunFolderLock))
	return err == nil && os.SameFile(lock, f.madeLock) || f.takeLock() == nil
}

func (f *runFolder) takeLock() error {
	if f.lock != nil {
		_ = f.lock.Unlock() // of a file that is gone
	}
	path := filepath.Join(f.path, RunFolderLock)
	f.lock = flock.New(path)
	locked, err := f.lock.TryLock()
	if err == nil && !locked {
		err = errors.New("another process holds it")
	}
	if err != nil {
		return fmt.Errorf("locking %s: %w", path, err)
	}
	f.madeLock, err = os.Lstat(path)
	return err
}

func (f *runFolder) there() bool {
	info, err := os.Lstat(f.path)
	return err == nil && os.SameFile(info, f.made)
}

// runFolderBases are the folders in which run folders are made, the best first.
func runFolderBases() []string {
	var bases []string
	for _, base := range []string{os.TempDir(), os.Getenv("XDG_RUNTIME_DIR"), "/tmp"} {
		if base != "" && (runtime.GOOS == "windows" || len(base) <= maxTempDir) && !slices.Contains(bases, base) {
			bases = append(bases, base)
		}
	}
	return bases
}

// newRunFolder makes one, and removes those of hosts that could not do it themselves.
func newRunFolder() (*runFolder, error) {
	errs := []error{errors.New("no folder for the plugins' sockets")}
	for _, base := range runFolderBases() {
		sweep(base, time.Now().Add(-RunFolderAge))
		f, err := makeRunFolder(base)
		if err == nil {
			return f, nil
		}
		errs = append(errs, err)
	}
	errs = append(errs, fmt.Errorf("set TMPDIR to a writable folder whose path has at most %d characters", maxTempDir))
	return nil, errors.Join(errs...)
}

func makeRunFolder(base string) (*runFolder, error) {
	path, err := os.MkdirTemp(base, RunFolderPrefix)
	if err != nil {
		return nil, err
	}
	f := &runFolder{path: path}
	if f.made, err = os.Lstat(path); err == nil {
		err = f.takeLock()
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(path))
	}
	return f, nil
}

// sweep removes the run folders below base that are older than before and whose
// host is gone, and ends what their plugins forked, which no lifeline reaches. What
// can't be removed, such as another user's, is left.
func sweep(base string, before time.Time) {
	found, err := filepath.Glob(filepath.Join(base, RunFolderPrefix+"*"))
	if err != nil {
		return
	}
	for _, path := range found {
		info, err := os.Lstat(path)
		if err != nil || !info.IsDir() || !ownedByUser(info) || info.ModTime().After(before) {
			continue
		}
		// Only what has our lock file is ours; opening it must not create one.
		if _, err := os.Lstat(filepath.Join(path, RunFolderLock)); err != nil {
			continue
		}
		lock := flock.New(filepath.Join(path, RunFolderLock))
		if free, err := lock.TryLock(); err != nil || !free {
			continue
		}
		_ = lock.Unlock() // before the removal, which Windows refuses for an open file
		endMarked(pluginv1.RunVariable + "=" + path + string(filepath.Separator))
		_ = os.RemoveAll(path)
	}
}

// remove removes the folder, unless the name is another's by now.
func (f *runFolder) remove() error {
	err := f.lock.Unlock()
	if !f.there() {
		return err
	}
	// The files one by one, because os.RemoveAll deletes by handle on Windows, which
	// Wine 8 does not implement.
	entries, _ := os.ReadDir(f.path)
	for _, entry := range entries {
		_ = os.Remove(filepath.Join(f.path, entry.Name()))
	}
	return errors.Join(err, os.RemoveAll(f.path))
}
