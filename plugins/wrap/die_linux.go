package wrap

import (
	"os/exec"
	"syscall"
)

// dieWithParent lets the kernel kill the server when this process ends, however that happens.
func dieWithParent(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
