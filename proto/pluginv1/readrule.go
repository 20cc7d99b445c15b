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
// slashes in which "*" stands for any characters of one element. No element begins with a dot or ends in .env, and "*"
// stands for no such name: env files and other programs' settings are read by no tool.
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
		if !readable(segment) {
			return ReadRule{}, fmt.Errorf("read rule %q: no name is read that begins with a dot, ends in .env, or is a short "+
				"name of Windows", text)
		}
	}
	return rule, nil
}

// MatchName reports whether one element of a rule's pattern stands for a name.
func MatchName(segment, name string) bool {
	if !readable(name) {
		return false
	}
	// What CheckFilePath lets through has no other special character than these.
	matched, err := path.Match(strings.NewReplacer("[", `\[`, "]", `\]`).Replace(segment), name)
	return err == nil && matched
}

// shortName matches the second name that Windows gives to files: ENV~1 is .env.
var shortName = lazily(`~[0-9]`)

// readable reports whether a tool may read what has a name.
func readable(name string) bool {
	// Each start reads rules, and has no need to compile the expressions for most names.
	return !strings.HasPrefix(name, ".") && !IsEnvFile(name) &&
		(!strings.Contains(name, "~") || !shortName().MatchString(name))
}

// CheckReadFolder says why a folder that a plugin names is not read from: an element of its path begins with a dot, or
// is not accepted by [CheckFilePath]. The error is a *[PathError].
func CheckReadFolder(path string) error {
	if err := CheckFilePath(path); err != nil {
		return err
	}
	for name := range strings.SplitSeq(path, "/") {
		if !readable(name) {
			return &PathError{path, fmt.Sprintf("has the element %q: no tool reads what begins with a dot, ends in .env, or "+
				"has a short name of Windows", name)}
		}
	}
	return nil
}

// envFile matches the names of env files in lower case.
var envFile = lazily(`^(\.env|\.dev\.vars)(\..+)?$|^\.flaskenv$|.\.env$`)

// IsEnvFile reports whether a name is one of an env file, such as .env, .env.local or production.env. No tool reads
// such files, and variables are set in no others: shells and package managers act upon some.
func IsEnvFile(name string) bool {
	name = strings.ToLower(name)
	return (strings.Contains(name, ".env") || strings.HasPrefix(name, ".")) && envFile().MatchString(name)
}

// isRootName accepts the names that plugins and roots have.
func isRootName(name string) bool {
	if name == "" || len(name) > 31 || name[0] < 'a' || name[0] > 'z' {
		return false
	}
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
