//go:build unix

// Package procgroup runs programs in process groups of their own. A terminal's Ctrl-C then reaches a program through
// the one that started it alone: it cannot fail of the key before that one knows why. What it forks can be killed with
// it.
package procgroup

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// Own gives a command that has not been started a group of its own. Killing it by its context kills the group.
func Own(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return Kill(cmd.Process) }
}

// Kill ends a process that Own was called for, with what it forked into its group. It must not have been waited for:
// its number could be another's. The error is [os.ErrProcessDone] if there is nothing left of it.
func Kill(p *os.Process) error {
	if err := syscall.Kill(-p.Pid, syscall.SIGKILL); !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return os.ErrProcessDone
}
