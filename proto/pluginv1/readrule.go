package pluginv1

import (
	"fmt"
	"path"
	"strings"
)

// maxReadSegments is how deep a [ReadRule] reaches.
const maxReadSegments = 6

// ReadRule is which files of a user's project a tool may read.
type ReadRule struct {
	// Root is the name of the root, such as "project".
	Root string
	// Segments are the elements of the pattern, the folders first. "*" stands for any characters of one element.
	Segments []string
}

// ParseReadRule parses a rule such as "project:src/*.csproj": the name of a root, and a relative pattern with forward
// slashes in which "*" stands for any characters of one element. No element begins with a dot, and "*" stands for no
// such name: env files, keys and settings of other programs are read by no tool.
func ParseReadRule(text string) (ReadRule, error) {
	root, pattern, ok := strings.Cut(text, ":")
	rule := ReadRule{Root: root, Segments: strings.Split(pattern, "/")}
	if !ok || !isRootName(root) {
		return ReadRule{}, fmt.Errorf("read rule %q: want ROOT:PATTERN, such as project:package.json", text)
	}
	if err := CheckFilePath(strings.ReplaceAll(pattern, "*", "x")); err != nil || strings.Contains(pattern, "**") {
		return ReadRule{}, fmt.Errorf("read rule %q: want a relative path, in which * stands for any characters of one "+
			"element", text)
	}
	if len(rule.Segments) > maxReadSegments {
		return ReadRule{}, fmt.Errorf("read rule %q: it has more than %d elements", text, maxReadSegments)
	}
	for _, segment := range rule.Segments {
		if strings.HasPrefix(segment, ".") {
			return ReadRule{}, fmt.Errorf("read rule %q: no file or folder whose name begins with a dot is read", text)
		}
	}
	return rule, nil
}

// MatchName reports whether one element of a rule's pattern stands for a name.
func MatchName(segment, name string) bool {
	if strings.HasPrefix(name, ".") {
		return false
	}
	// What CheckFilePath lets through has no other special character than these.
	matched, err := path.Match(strings.NewReplacer("[", `\[`, "]", `\]`).Replace(segment), name)
	return err == nil && matched
}

// isRootName accepts the names that plugins and roots have.
func isRootName(name string) bool {
	if name == "" || len(name) > 31 || name[0] < 'a' || name[0] > 'z' {
		return false
	}
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
