//go:build unix

package audit

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// tightens is whether a file's mode says who can read it.
const tightens = true

// notOurs says who else could write a file or a folder; "" if no one.
func notOurs(info fs.FileInfo) string {
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Sprintf("others can write it (mode %04o)", info.Mode().Perm())
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if ok && int64(stat.Uid) != int64(os.Geteuid()) {
		return fmt.Sprintf("it belongs to user %d, and this is user %d", stat.Uid, os.Geteuid())
	}
	return ""
}

// writable asks the system whether this process may write there, which also knows
// of file systems that are mounted read-only.
func writable(path string) error {
	if err := unix.Access(path, unix.W_OK); err != nil {
		return &fs.PathError{Op: "write", Path: path, Err: err}
	}
	return nil
}
