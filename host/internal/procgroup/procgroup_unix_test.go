//go:build unix

package procgroup_test

import (
	"bufio"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/procgroup"
)

// A program has a group of its own, which a terminal's keys for this one do not reach, and ends with what it forked.
func TestOwnGroup(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "sleep 300 & echo ready; wait")
	procgroup.Own(cmd)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out := bufio.NewReader(stdout)
	if line, err := out.ReadString('\n'); strings.TrimSpace(line) != "ready" {
		t.Fatalf("got %q, %v", line, err)
	}
	if group, err := syscall.Getpgid(cmd.Process.Pid); err != nil || group != cmd.Process.Pid || group == syscall.Getpgrp() {
		t.Errorf("it is in the group %d, we in %d, %v", group, syscall.Getpgrp(), err)
	}
	if err := procgroup.Kill(cmd.Process); err != nil {
		t.Error(err)
	}
	if _, err := io.Copy(io.Discard, out); err != nil { // ends when sleep, too, has closed it
		t.Error(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("it ended by itself")
	}
}
