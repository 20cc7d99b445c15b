package pluginv1

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxFilePathBytes bounds the path of a file below its root.
	MaxFilePathBytes = 512
	// MaxFileNameBytes bounds each element of the path: common file systems allow 255
	// bytes, of which the host's temporary file needs some.
	MaxFileNameBytes = 200
)

// CheckFilePath reports whether the path of a file that a plugin writes
// (WriteFileRequest.path) means one and the same file below its root on every system. It
// is relative, with forward slashes, printable, and clean: no element is empty, "." or
// "..". Refused as well are names that Windows gives another meaning (streams, devices,
// short names, trailing dots and spaces), and Git's folder, whose files run commands. The
// error is a *[PathError].
func CheckFilePath(path string) error {
	if problem := filePathProblem(path); problem != "" {
		return &PathError{path, problem}
	}
	return nil
}

func filePathProblem(path string) string {
	switch {
	case path == "":
		return "is empty"
	case len(path) > MaxFilePathBytes:
		return fmt.Sprintf("is longer than %d bytes", MaxFilePathBytes)
	case !utf8.ValidString(path):
		return "is not valid UTF-8"
	case strings.ContainsFunc(path, notDrawn):
		return "holds a control character or an invisible one"
	case strings.ContainsAny(path, `\:<>"|?*`):
		return `holds one of \ : < > " | ? *, which not every system allows in a name`
	case strings.HasPrefix(path, "/"):
		return "is absolute: want one relative to the root"
	}
	for name := range strings.SplitSeq(path, "/") {
		if problem := fileNameProblem(name); problem != "" {
			return problem
		}
	}
	return ""
}

// windowsDevice matches names that Windows takes for devices, also with an extension.
// https://learn.microsoft.com/windows/win32/fileio/naming-a-file
var windowsDevice = lazily(`(?i)^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\.|$)`)

// gitFolder matches the names by which Git's folder can be reached: file systems ignore
// case, and Windows has short names.
var gitFolder = lazily(`(?i)^(\.git|git~[0-9]+)$`)

func fileNameProblem(name string) string {
	switch {
	case name == "":
		return "has an empty element"
	case name == "." || name == "..":
		return fmt.Sprintf("has the element %q", name)
	case len(name) > MaxFileNameBytes:
		return fmt.Sprintf("has an element of more than %d bytes", MaxFileNameBytes)
	case strings.HasPrefix(name, " ") || strings.HasSuffix(name, " ") || strings.HasSuffix(name, "."):
		return "has an element that begins with a space, or ends with a space or a dot"
	case windowsDevice().MatchString(name):
		return fmt.Sprintf("has the element %q, which is a device on Windows", name)
	case gitFolder().MatchString(name):
		return fmt.Sprintf("has the element %q: Git runs what stands there", name)
	}
	return ""
}

// notDrawn reports whether a character is not drawn: a user who reads a path must see
// all of it.
func notDrawn(r rune) bool {
	return !unicode.IsPrint(r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// lazily compiles a pattern when it is first used: a plugin's process may never need it.
func lazily(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
