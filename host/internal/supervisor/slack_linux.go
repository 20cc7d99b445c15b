package supervisor

import (
	"os/exec"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// timerSlack is how much later than asked for the kernel may wake a plugin's threads. Go's runtime has one that sleeps
// for 20 µs at a time while the program works, and waking it takes a sixth of a plugin's processor time. By the
// kernel's default of 50 µs it is woken some fifteen times in a call.
const timerSlack = 500 * time.Microsecond

// startProgram starts a program with that slack: a process has it from the thread that made it.
func startProgram(cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err == nil && unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(timerSlack), 0, 0, 0) == nil {
		defer func() { _ = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(before), 0, 0, 0) }()
	}
	return cmd.Start()
}
