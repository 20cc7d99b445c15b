package supervisor

import (
	"os/exec"
	"strconv"
	"testing"
)

func alive(pid int) bool { return startTime(pid) != "" }

func markedProcesses(mark string) []member { return marked(mark) }

// startMarked starts a process with a mark in its environment.
func startMarked(t *testing.T, mark string) (pid string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/bin/sleep", "300")
	cmd.Env = []string{mark}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = cmd.Wait() }() // killed by the sweep or by the test's end
	return strconv.Itoa(cmd.Process.Pid)
}
