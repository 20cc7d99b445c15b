package atomicfile

import (
	"fmt"
	"strconv"
	"strings"
)

// WritersError says that users other than this one and root can change a file or a
// folder, or replace it by another.
type WritersError struct {
	// Path is the file, folder or symbolic link that they can change: the one that was
	// asked about, or one on the way to it.
	Path string
	// Who says who they are, such as "every user may write to it (mode 0777)".
	Who string
	// Fix is the shell command that takes the right from them.
	Fix string
}

func (e *WritersError) Error() string { return e.Fault() + ". Fix it with: " + e.Fix }

// Fault is the error without the command that fixes it.
func (e *WritersError) Fault() string {
	return fmt.Sprintf("%s can be changed by others: %s", e.Path, e.Who)
}

// shellWord quotes a path for a POSIX shell where that is needed.
func shellWord(path string) string {
	if !strings.ContainsFunc(path, func(r rune) bool {
		return !strings.ContainsRune("/._-+@%:,", r) && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		return path
	}
	if strconv.CanBackquote(path) {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return strconv.Quote(path) // control characters: shown harmlessly, to be typed by hand
}
