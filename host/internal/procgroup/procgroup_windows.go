// Package procgroup runs programs in process groups of their own. A console's Ctrl-C then reaches a program through the
// one that started it alone: it cannot fail of the key before that one knows why.
package procgroup

import (
	"os"
	"os/exec"
	"syscall"
)

// Own gives a command that has not been started a group of its own.
func Own(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// Kill ends the process alone: a group cannot be killed here.
func Kill(p *os.Process) error { return p.Kill() }
