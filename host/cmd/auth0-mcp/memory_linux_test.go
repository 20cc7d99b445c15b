package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// mapped is how much of its program's file a process has mapped, in kB.
func mapped(t *testing.T, pid int) (total int) {
	t.Helper()
	program, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		t.Fatal(err)
	}
	smaps, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps", pid))
	if err != nil {
		t.Fatal(err)
	}
	own := false
	for line := range strings.Lines(string(smaps)) {
		var size int
		if n, _ := fmt.Sscanf(line, "Rss: %d kB", &size); n == 1 && own {
			total += size
		} else if name, _, _ := strings.Cut(line, " "); strings.Contains(name, "-") { // a range of addresses
			own = strings.HasSuffix(strings.TrimSpace(line), program)
		}
	}
	return total
}

// A host returns memory whenever it has waited, not only after its start and that of a plugin.
func TestAWaitingHostReturnsMemory(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root: a host's memory is not shown to others")
	}
	tenant := newHeldTenant(t)
	tenant.let()
	h := newStation(t, tenant).start()
	const starts = 2
	returned := 0
	for deadline := time.Now().Add(patience); returned <= starts; {
		if time.Now().After(deadline) {
			t.Fatalf("memory was returned %d times, of which %d may be the starts", returned, starts)
		}
		h.send(readCall(fmt.Sprint("r", time.Now().UnixNano())))
		_, _, _ = h.next()
		most := 0
		// A machine that stands still may hide that it happened: then there is another call.
		for until := time.Now().Add(10 * time.Second); time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
			now := mapped(t, h.cmd.Process.Pid)
			if most = max(most, now); now < most {
				returned++
				break
			}
		}
	}
}
