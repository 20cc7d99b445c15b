//go:build unix

package atomicfile

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

const (
	// maxLinks bounds the symbolic links on the way to a file, as Linux does.
	maxLinks = 40
	// adminGroup may write to Homebrew's folders and to /Applications on macOS. Its
	// members can become root.
	adminGroup = 80
)

// CheckWriters returns a [*WritersError] if a user other than this one and root can
// change the file or folder at path, or put another in its place: by writing to it, or
// by writing to a folder on the way to it. Symbolic links are followed, and what leads
// to them and to their targets is checked as well.
//
// Accepted are owners that are this user or root; groups that may write if they are
// root's, the private group of this user or, on macOS, admin; and, on the way,
// folders with the sticky bit, such as /tmp, in which users cannot replace each
// other's files. Not checked: access control lists on macOS, and which users a network
// file system or a capability lets write.
//
// A path that leads nowhere is an error that wraps [fs.ErrNotExist].
func CheckWriters(path string) error { return self().checkAll(path) }

// identity is the user of this process, as far as it decides what others can change.
type identity struct {
	uid uint32
	// overflow is the number that stands for root where root has none in this process's
	// user namespace; 0: there is no such number.
	overflow uint32
	// ownGroup reports whether a group is this user's alone.
	ownGroup func(gid uint32) bool
}

func self() identity {
	return identity{uid: number(os.Geteuid()), overflow: unmappedRoot(), ownGroup: isPrivateGroup}
}

// number is an id as the kernel keeps it.
func number(id int) uint32 { return uint32(id) } //nolint:gosec // ids have 32 bits

// isPrivateGroup reports whether a group is the primary group of this user and named
// after them. Primary groups that users share, such as macOS's staff, are not.
func isPrivateGroup(gid uint32) bool {
	me, err := user.Current()
	if err != nil || me.Gid != strconv.FormatUint(uint64(gid), 10) {
		return false
	}
	group, err := user.LookupGroupId(me.Gid)
	return err == nil && group.Name == me.Username || err != nil && me.Gid == me.Uid
}

func (u identity) checkAll(path string) error {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if err := u.checkEntry("/", false); err != nil {
		return err
	}
	here, rest, links := "/", strings.Split(absolute, "/"), 0
	for len(rest) > 0 {
		name := rest[0]
		rest = rest[1:]
		switch name {
		case "", ".":
			continue
		case "..":
			here = filepath.Dir(here) // here holds no links
			continue
		}
		next := filepath.Join(here, name)
		if err := u.checkEntry(next, false); err != nil {
			return err
		}
		target, err := os.Readlink(next)
		if err != nil { // not a link
			here = next
			continue
		}
		if links++; links > maxLinks {
			return &fs.PathError{Op: "open", Path: path, Err: syscall.ELOOP}
		}
		if filepath.IsAbs(target) {
			here = "/"
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	return u.checkEntry(here, true)
}

// checkEntry checks one file, folder or link; last is the one that the path leads to.
func (u identity) checkEntry(path string, last bool) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return &fs.PathError{Op: "stat", Path: path, Err: syscall.ENOTSUP}
	}
	mode := info.Mode()
	if stat.Uid != u.uid && stat.Uid != 0 && (u.overflow == 0 || stat.Uid != u.overflow) {
		chown := "chown "
		if mode&fs.ModeSymlink != 0 {
			chown = "chown -h "
		}
		return &WritersError{Path: path, Who: "it belongs to user " + userName(stat.Uid),
			Fix: chown + userName(u.uid) + " " + shellWord(path)}
	}
	if mode&fs.ModeSymlink != 0 || !last && mode.IsDir() && mode&fs.ModeSticky != 0 {
		return nil // the mode of a link means nothing; a sticky folder keeps entries from others
	}
	foreign := mode.Perm()&0o020 != 0 && !u.trustsGroup(path, stat.Gid)
	switch everyone := mode.Perm()&0o002 != 0; {
	case everyone && foreign:
		return writable(path, mode, "every user", "go-w")
	case everyone:
		return writable(path, mode, "every user", "o-w")
	case foreign:
		return writable(path, mode, "group "+groupName(stat.Gid), "g-w")
	}
	return nil
}

func writable(path string, mode fs.FileMode, who, fix string) error {
	return &WritersError{Path: path, Who: fmt.Sprintf("%s may write to it (mode %04o)", who, mode.Perm()),
		Fix: "chmod " + fix + " " + shellWord(path)}
}

// trustsGroup reports whether the group of a file may write to it. With an access
// control list, the group's bits are the most that the list gives to anyone: then they
// do not mean the group.
func (u identity) trustsGroup(path string, gid uint32) bool {
	if hasACL(path) {
		return false
	}
	return gid == 0 || runtime.GOOS == "darwin" && gid == adminGroup || u.ownGroup(gid)
}

func userName(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if found, err := user.LookupId(id); err == nil {
		return found.Username
	}
	return id
}

func groupName(gid uint32) string {
	id := strconv.FormatUint(uint64(gid), 10)
	if found, err := user.LookupGroupId(id); err == nil {
		return found.Name
	}
	return id
}
