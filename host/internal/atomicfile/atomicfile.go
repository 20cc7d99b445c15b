// Package atomicfile replaces files at once or not at all, locks them between processes, finds the folders of the
// user, and tells who can change what is in them.
package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
)

// Replace gives the file at path new contents, or makes it: whoever reads meanwhile,
// and whoever finds it after a power cut, has the old file or the new one. A link at
// path is replaced, not followed.
//
// A new file is readable by its owner only. prepare, if not nil, may change that
// before the file has its name.
func Replace(path string, data []byte, prepare func(*os.File) error) (err error) {
	dir := filepath.Dir(path)
	// Renaming through os.Root is what lets Windows replace a file that is open.
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	// A random name, made with O_EXCL and mode 0600.
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err = errors.Join(fill(f, data, prepare), f.Close()); err != nil {
		return err
	}
	if err = root.Rename(filepath.Base(f.Name()), filepath.Base(path)); err != nil {
		return err
	}
	syncFolder(dir)
	return nil
}

func fill(f *os.File, data []byte, prepare func(*os.File) error) error {
	if _, err := f.Write(data); err != nil {
		return err
	}
	if prepare != nil {
		if err := prepare(f); err != nil {
			return err
		}
	}
	// Before the rename: after a power cut the new name must not lead to an empty
	// file.
	return f.Sync()
}

// syncFolder makes a rename survive a power cut. Windows has no such call, some
// network file systems refuse it, and the rename has been done: a failure here must
// not be reported as if nothing had been written.
func syncFolder(dir string) {
	if f, err := os.Open(dir); err == nil {
		_ = f.Sync()
		_ = f.Close()
	}
}
