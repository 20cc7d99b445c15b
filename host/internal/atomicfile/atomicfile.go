// Package atomicfile replaces files at once or not at all, locks them between processes, finds the folders of the
// user, and tells who can change what is in them.
package atomicfile

import (
	"crypto/rand"
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
	// Renaming through os.Root is what lets Windows replace a file that is open.
	folder, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }()
	return ReplaceIn(folder, filepath.Base(path), data, 0o600, prepare)
}

// ReplaceIn is [Replace] for a file in an open folder, name being one element of a path
// and at most 230 bytes. perm is the mode of the new file, from which the umask takes bits.
func ReplaceIn(folder *os.Root, name string, data []byte, perm os.FileMode, prepare func(*os.File) error) (err error) {
	temporary := "." + name + "." + rand.Text()[:12]
	f, err := folder.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, folder.Remove(temporary))
		}
	}()
	if err = errors.Join(fill(f, data, prepare), f.Close()); err != nil {
		return err
	}
	if err = folder.Rename(temporary, name); err != nil {
		return err
	}
	syncFolder(folder)
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
func syncFolder(folder *os.Root) {
	if f, err := folder.Open("."); err == nil {
		_ = f.Sync()
		_ = f.Close()
	}
}
