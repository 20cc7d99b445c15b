package trim

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
)

// pages are a part of the address space.
type pages struct{ from, to uintptr }

// program is where the program's own file is mapped and cannot have been written to: what is there is in the file.
var program = sync.OnceValue(func() []pages {
	self, err := os.Executable()
	if err != nil {
		return nil
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return nil
	}
	var found []pages
	for line := range strings.Lines(string(maps)) {
		var p pages
		var mode string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &p.from, &p.to, &mode); err == nil && strings.Contains(line, self) &&
			(mode == "r-xp" || mode == "r--p") {
			found = append(found, p)
		}
	}
	return found
})

func release(mapped []pages) {
	for _, p := range mapped {
		_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, p.from, p.to-p.from, syscall.MADV_DONTNEED) // or it stays mapped
	}
}
