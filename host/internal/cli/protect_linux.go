package cli

import "golang.org/x/sys/unix"

// protectProcess keeps other processes of the same user, plugins above all, from
// reading this one's memory and environment. A failure leaves things as they are
// on every other platform.
func protectProcess() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }
