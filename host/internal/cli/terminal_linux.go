package cli

import (
	"os"

	"golang.org/x/sys/unix"
)

// discardTyped drops what was typed into a terminal and not read yet.
func discardTyped(terminal *os.File) {
	// A terminal that cannot do it asks all the same.
	_ = unix.IoctlSetInt(int(terminal.Fd()), unix.TCFLSH, unix.TCIFLUSH)
}
