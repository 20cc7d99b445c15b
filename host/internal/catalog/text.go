package catalog

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

// checkText refuses characters that a reviewer of a plugin cannot see but a model reads: control and format characters,
// variation selectors, private and unassigned code points, and white space other than the plain space. A line feed is
// allowed only where multiline is true.
func checkText(s string, multiline bool) error {
	if isPlainText(s) {
		return nil
	}
	for i, r := range s {
		switch {
		case r == '\n' && multiline:
		case r == utf8.RuneError:
			return fmt.Errorf("holds bytes that are not text, at byte %d", i)
		case !redact.Drawn(r):
			return fmt.Errorf("holds the control or invisible character %U at byte %d", r, i)
		}
	}
	return nil
}

// isPlainText is the quick answer for most texts: Unicode's tables are slow.
func isPlainText(s string) bool {
	return onlyBytes(s, func(c byte) bool { return ' ' <= c && c <= '~' })
}

func isASCIILetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// sortedNames are the names of an object's members.
func sortedNames(object map[string]any) []string {
	// Not slices.Sorted(maps.Keys(…)), which grows the slice several times: this is called for every object of a
	// manifest.
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
