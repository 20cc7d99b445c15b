package atomicfile

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestOverflowOf(t *testing.T) {
	for uidMap, want := range map[string]uint32{
		"         0          0 4294967295\n":  0,     // no namespace
		"      1000       1000          1\n":  65534, // bubblewrap
		"0 1000 1\n1 100000 65536\n":          0,     // a rootless container
		"1000 1000 1\n65534 100000 1\n":       0,     // what the number means is known
		"1000 1000 1\n2000 100000 100000\n":   0,
		"1000 0 1\n1001 100000 64000\n":       65534,
		"1000 0\n":                            0,
		"1000 0 99999999999999999999999999\n": 0,
		"-1 0 1\n":                            0,
	} {
		if got := overflowOf(uidMap, 65534); got != want {
			t.Errorf("%q: %d, want %d", uidMap, got, want)
		}
	}
}

// What has no owner in a user namespace without root counts as root's there.
func TestCheckWritersWithoutRoot(t *testing.T) {
	folder, file := tree(t)
	give(t, folder, other, everybody, 0o755)
	u := player()
	checkAnswer(t, u.checkAll(file), folder, "belongs to user 4002", "chown 4001 ")
	u.overflow = other
	checkAnswer(t, u.checkAll(file), "", "", "")
	give(t, folder, other, everybody, 0o775)
	checkAnswer(t, u.checkAll(file), folder, "group 4003 may write", "chmod g-w ")
}

// With an access control list, the bits of the group stand for whom the list names.
func TestCheckWritersOfAnACL(t *testing.T) {
	_, file := tree(t)
	give(t, file, me, mine, 0o660)
	checkAnswer(t, player().checkAll(file), "", "", "")
	// acl(5), as the kernel stores it: version 2; entries of tag, permissions and id, here
	// the owner, user 4002, the group, the mask and all others.
	list := []byte{2, 0, 0, 0,
		0x01, 0, 6, 0, 0xff, 0xff, 0xff, 0xff,
		0x02, 0, 6, 0, 0xa2, 0x0f, 0, 0,
		0x04, 0, 4, 0, 0xff, 0xff, 0xff, 0xff,
		0x10, 0, 6, 0, 0xff, 0xff, 0xff, 0xff,
		0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}
	if err := unix.Setxattr(file, "system.posix_acl_access", list, 0); err != nil {
		t.Skipf("this file system has no access control lists: %v", err)
	}
	checkAnswer(t, player().checkAll(file), file, "group 4001 may write", "chmod g-w ")
}
