//go:build unix

package fakeplugin

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// fork starts a process that would go on for minutes and holds stdout and stderr,
// and returns its number. how names what it does to get away: "setsid" leaves the
// session, "clean" drops the environment, "orphan" loses its parent (the number is
// then in file).
func (f *fake) fork(how, file string) (pid int, err error) {
	cmd := exec.Command("/bin/sleep", "300") //nolint:noctx // it is meant to outlive everything
	if strings.Contains(how, "orphan") {
		script := `sleep 300 & echo $! > "$0.tmp"; mv "$0.tmp" "$0"`
		cmd = exec.Command("/bin/sh", "-c", script, file) //nolint:noctx,gosec // likewise, and the test names the file
	}
	cmd.Stdout, cmd.Stderr = f.stdout, f.stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: strings.Contains(how, "setsid")}
	if strings.Contains(how, "clean") {
		cmd.Env = []string{"PATH=/usr/bin:/bin"}
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	return cmd.Process.Pid, nil
}

// stop freezes the process, as a debugger would.
func stop() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	hang() // threads that still run when the call returns
}

// alone reports whether no other process holds the lock of this executable, and takes it for the process's life.
func alone() bool {
	path, err := os.Executable()
	if err != nil {
		return false
	}
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	return err == nil && syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB) == nil
}
