//go:build !windows

package cli

import (
	"errors"
	"syscall"
)

// pipeClosed reports whether a write failed because nobody reads the pipe any more.
func pipeClosed(err error) bool { return errors.Is(err, syscall.EPIPE) }
