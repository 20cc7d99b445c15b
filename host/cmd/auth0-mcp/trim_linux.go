package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"golang.org/x/sys/unix"
)

// trimMemory gives back what the start or a launch took and waiting does not need: the heap's
// free pages, and what releaseProgram releases.
func trimMemory() {
	debug.FreeOSMemory()
	releaseProgram()
}

// releaseProgram gives back the mapping of the program's own file. The kernel maps most of the
// file while the packages initialise; what is used again comes back from the page
// cache, 64 kB at a time.
func releaseProgram() {
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
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, from, to-from, unix.MADV_DONTNEED)
		}
	}
}
