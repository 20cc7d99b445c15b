//go:build unix

package supervisor

import (
	"os"
	"syscall"
)

// ownedByUser reports whether a file is this user's.
func ownedByUser(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid()
}
