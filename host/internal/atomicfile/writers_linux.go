package atomicfile

import (
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// unmappedRoot is the number that files of root have in a user namespace without a
// root, such as bubblewrap's; 0 elsewhere. There root cannot be told from other users
// of the system outside, and what runs inside cannot be one of them. A namespace's numbers are set once.
var unmappedRoot = sync.OnceValue(func() uint32 {
	data, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return 0
	}
	overflow := uint64(65534)
	if data, err := os.ReadFile("/proc/sys/kernel/overflowuid"); err == nil {
		if n, err := strconv.ParseUint(strings.TrimSpace(string(data)), 10, 32); err == nil {
			overflow = n
		}
	}
	return overflowOf(string(data), overflow)
})

// overflowOf is overflow if a uid_map maps neither 0 nor overflow itself, else 0.
// Format: user_namespaces(7), "ID-inside-ns ID-outside-ns length" on each line.
func overflowOf(uidMap string, overflow uint64) uint32 {
	for line := range strings.Lines(uidMap) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			return 0
		}
		first, err := strconv.ParseUint(fields[0], 10, 32)
		if err != nil {
			return 0
		}
		length, err := strconv.ParseUint(fields[2], 10, 33)
		if err != nil || first == 0 || first <= overflow && overflow < first+length {
			return 0
		}
	}
	return uint32(overflow) //nolint:gosec // parsed as 32 bits
}

// hasACL reports whether an access control list adds to a file's mode: acl(5).
func hasACL(path string) bool {
	_, err := unix.Lgetxattr(path, "system.posix_acl_access", nil)
	return err == nil
}
