package cli

import (
	"errors"

	"golang.org/x/sys/windows"
)

// pipeClosed reports whether a write failed because nobody reads the pipe any more.
func pipeClosed(err error) bool {
	return errors.Is(err, windows.ERROR_BROKEN_PIPE) || errors.Is(err, windows.ERROR_NO_DATA)
}
