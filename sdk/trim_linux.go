package sdk

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"syscall"
)

// trimMemory gives back what the start took: the heap's free pages, and the mapping of the program's own file. The
// kernel maps most of the file while the packages initialise. What is used again comes back from the page cache, 64 kB
// at a time.
func trimMemory() {
	debug.FreeOSMemory()
	self, err := os.Executable()
	if err != nil {
		return
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return
	}
	for line := range strings.Lines(string(maps)) {
		var from, to uintptr
		var mode string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &mode); err != nil || !strings.Contains(line, self) {
			continue
		}
		// Only what cannot have been written: its pages are the file's.
		if mode == "r-xp" || mode == "r--p" {
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, from, to-from, syscall.MADV_DONTNEED)
		}
	}
}
