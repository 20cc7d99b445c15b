package console

import (
	"os"

	"golang.org/x/sys/windows"
)

// takesColour lets a Windows console understand ANSI's sequences, and reports whether it does.
func takesColour(file *os.File) bool {
	handle := windows.Handle(file.Fd())
	var mode uint32
	if windows.GetConsoleMode(handle, &mode) != nil {
		return false
	}
	return windows.SetConsoleMode(handle, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
