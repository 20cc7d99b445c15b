package fetch

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

const (
	maxNameBytes = 255
	maxNameDepth = 8
)

// names are those of an archive. Every system must read each of them as the same file, inside the archive's folder.
type names struct {
	// files and folders are by their folded name, files also by that of the folders above.
	files, folders map[string]string
	fold           cases.Caser
}

func newNames() names { return names{map[string]string{}, map[string]string{}, cases.Fold()} }

// add takes the name of the next entry and returns it without the slash that ends a folder's.
func (n names) add(name string, folder bool) (string, error) {
	clean := name
	if folder {
		clean = strings.TrimSuffix(name, "/")
	}
	if err := checkName(clean); err != nil {
		return "", fmt.Errorf("entry %q: %w", name, err)
	}
	folded := n.key(clean)
	if before, ok := n.files[folded]; ok {
		return "", fmt.Errorf("entry %q: %s", name, taken(before, clean))
	}
	if before, ok := n.folders[folded]; ok && (!folder || before != clean) {
		return "", fmt.Errorf("entry %q: %s", name, taken(before, clean))
	}
	for above := path.Dir(clean); above != "."; above = path.Dir(above) {
		if before, ok := n.files[n.key(above)]; ok {
			return "", fmt.Errorf("entry %q: %q is a file", name, before)
		}
		if before, ok := n.folders[n.key(above)]; ok && before != above {
			return "", fmt.Errorf("entry %q: %s", name, taken(before, above))
		}
		n.folders[n.key(above)] = above
	}
	if folder {
		n.folders[folded] = clean
	} else {
		n.files[folded] = clean
	}
	return clean, nil
}

func taken(before, name string) string {
	if before == name {
		return "the name is given twice"
	}
	return fmt.Sprintf("some systems take it for the same file as %q", before)
}

// key is the same for names that a file system may take for one: macOS and Windows ignore case, macOS also how an
// accent is written.
func (n names) key(name string) string { return n.fold.String(norm.NFKC.String(name)) }

func checkName(name string) error {
	switch {
	case name == "" || len(name) > maxNameBytes:
		return fmt.Errorf("want 1 to %d bytes", maxNameBytes)
	case !utf8.ValidString(name):
		return errors.New("it is not UTF-8")
	case strings.HasPrefix(name, "/"):
		return errors.New("it is an absolute path")
	case strings.ContainsAny(name, `\:*?"<>|`):
		return errors.New(`a system treats one of its characters specially, such as \ or : in it`)
	case !norm.NFC.IsNormalString(name):
		return errors.New("it is not in the Unicode normalization form NFC")
	case strings.Count(name, "/") >= maxNameDepth:
		return fmt.Errorf("it is more than %d folders deep", maxNameDepth)
	}
	for _, r := range name {
		if !redact.Drawn(r) {
			return fmt.Errorf("it has the invisible or control character %U", r)
		}
	}
	for part := range strings.SplitSeq(name, "/") {
		switch {
		case part == "..":
			return errors.New("it leads by .. out of the folder")
		case part == "" || part == ".":
			return errors.New("it has an empty part or a dot")
		case strings.HasSuffix(part, ".") || strings.HasSuffix(part, " ") || strings.HasPrefix(part, " "):
			return errors.New("a part begins with a space, or ends with a space or a dot")
		case isDevice(part):
			return fmt.Errorf("%s is a device on Windows", part)
		}
	}
	return nil
}

// isDevice reports whether Windows takes a name for a device, with any ending.
// https://learn.microsoft.com/windows/win32/fileio/naming-a-file
func isDevice(part string) bool {
	base, _, _ := strings.Cut(strings.ToUpper(part), ".")
	base = strings.TrimRight(base, " ")
	switch base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	port, isPort := strings.CutPrefix(base, "COM")
	if !isPort {
		port, isPort = strings.CutPrefix(base, "LPT")
	}
	return isPort && utf8.RuneCountInString(port) == 1 && strings.ContainsAny(port, "0123456789¹²³")
}
