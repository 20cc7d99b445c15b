//go:build unix

package clients

import (
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives f to the owner and group in info. It fails where the caller may
// not do that: the client could not write its own file any more.
func keepOwner(f *os.File, info fs.FileInfo) error {
	if info == nil {
		return nil
	}
	now, err := f.Stat()
	if err != nil {
		return err
	}
	was, ok := info.Sys().(*syscall.Stat_t)
	is, known := now.Sys().(*syscall.Stat_t)
	if !ok || !known || was.Uid == is.Uid && was.Gid == is.Gid {
		return nil
	}
	return f.Chown(int(was.Uid), int(was.Gid))
}
