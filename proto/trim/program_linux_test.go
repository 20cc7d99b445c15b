package trim

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// programResident is how much of the program's own file is mapped, in kB.
func programResident(t *testing.T) int {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	total, own := 0, false
	for line := range strings.Lines(string(maps)) {
		name, value, _ := strings.Cut(line, ":")
		if strings.Contains(name, "-") { // the address range that begins a mapping
			own = strings.Contains(line, self)
		}
		var size int
		if _, err := fmt.Sscanf(value, "%d kB", &size); err == nil && own && name == "Rss" {
			total += size
		}
	}
	return total
}

// What the start has mapped of the program is given back, and the program goes on.
func TestProgramIsReleased(t *testing.T) {
	before := programResident(t)
	Memory()
	if after := programResident(t); before == 0 || after >= before {
		t.Errorf("%d kB of the program are mapped, before %d kB", after, before)
	}
}
