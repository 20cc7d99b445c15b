package envfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// NotIgnoredError says that a file is in a work tree of git and would be committed.
type NotIgnoredError struct{ Path, Tree string }

func (e *NotIgnoredError) Error() string {
	return fmt.Sprintf("%s would be committed: no .gitignore of the work tree %s names it. Add the line /%s to %s", e.Path,
		e.Tree, e.Path, filepath.Join(e.Tree, ".gitignore"))
}

// maxIgnoreBytes bounds what is read of one .gitignore.
const maxIgnoreBytes = 1 << 20

// CheckIgnored returns a *[NotIgnoredError] if the file at a path, below a folder and with slashes, is in a work tree
// of git that does not ignore it. git is not run: a repository's settings can make it run programs. What the user's
// global settings ignore therefore counts as not ignored, and whether the file is committed already is not known.
func CheckIgnored(folder, file string) error {
	// A work tree can also begin below the folder.
	tree, found := workTree(filepath.Join(folder, filepath.FromSlash(path.Dir(file))))
	if !found {
		return nil
	}
	below, err := filepath.Rel(tree, filepath.Join(folder, filepath.FromSlash(file)))
	if err != nil {
		return err
	}
	below = filepath.ToSlash(below)
	ignored := false
	sources := ignoreFiles(below)
	if git, err := os.Lstat(filepath.Join(tree, ".git")); err != nil || !git.IsDir() {
		sources = sources[1:] // a linked work tree, whose settings are elsewhere
	}
	for _, source := range sources {
		lines, err := readIgnore(filepath.Join(tree, filepath.FromSlash(source)))
		if err != nil {
			return err
		}
		base := path.Dir(source)
		if base == ".git/info" {
			base = "."
		}
		within := below
		if base != "." {
			within = strings.TrimPrefix(below, base+"/")
		}
		for _, line := range lines {
			if matched, negated := matches(line, within); matched {
				ignored = !negated
			}
		}
	}
	if ignored {
		return nil
	}
	return &NotIgnoredError{Path: below, Tree: tree}
}

// workTree is the work tree of git that a folder is in.
func workTree(folder string) (tree string, found bool) {
	for {
		if _, err := os.Lstat(filepath.Join(folder, ".git")); err == nil {
			return folder, true
		}
		above := filepath.Dir(folder)
		if above == folder {
			return "", false
		}
		folder = above
	}
}

// ignoreFiles are the files whose patterns count for a file, the weakest first.
func ignoreFiles(below string) []string {
	files := []string{".git/info/exclude"}
	var nested []string
	for dir := path.Dir(below); ; dir = path.Dir(dir) {
		nested = append(nested, path.Join(dir, ".gitignore"))
		if dir == "." {
			break
		}
	}
	slices.Reverse(nested)
	return append(files, nested...)
}

// readIgnore reads the lines of a .gitignore; none if there is no such regular file.
func readIgnore(name string) ([]string, error) {
	info, err := os.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && (!info.Mode().IsRegular() || info.Size() > maxIgnoreBytes) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(name)
	return strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n"), err
}

// matches reports whether a pattern of a .gitignore matches a file, or a folder above it; negated: it includes it
// again.
// https://git-scm.com/docs/gitignore
func matches(pattern, file string) (matched, negated bool) {
	pattern = strings.TrimRight(pattern, " ")
	if pattern == "" || pattern[0] == '#' {
		return false, false
	}
	if after, ok := strings.CutPrefix(pattern, "!"); ok {
		pattern, negated = after, true
	}
	folderOnly := strings.HasSuffix(pattern, "/")
	pattern = strings.TrimSuffix(pattern, "/")
	anchored := strings.Contains(pattern, "/")
	pattern = strings.TrimPrefix(pattern, "/")
	if !anchored {
		pattern = "**/" + pattern
	}
	form, err := regexp.Compile(expression(pattern))
	if err != nil {
		return false, false
	}
	names := strings.Split(file, "/")
	for i := range names {
		whole := i == len(names)-1
		// A folder that is ignored hides what is in it; one that is included again does not include it.
		if (whole && !folderOnly || !whole && !negated) && form.MatchString(strings.Join(names[:i+1], "/")) {
			return true, negated
		}
	}
	return false, false
}

// expression is a pattern as a regular expression.
func expression(pattern string) string {
	var out strings.Builder
	out.WriteString("^")
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case strings.HasPrefix(pattern[i:], "**/"):
			out.WriteString("(?:.*/)?")
			i += len("**/") - 1
		case strings.HasPrefix(pattern[i:], "/**") && i+len("/**") == len(pattern):
			out.WriteString("/.+")
			i = len(pattern)
		case c == '*':
			out.WriteString("[^/]*")
		case c == '?':
			out.WriteString("[^/]")
		case c == '[':
			end := strings.IndexByte(pattern[i:], ']')
			if end < 0 {
				out.WriteString(`\[`)
				continue
			}
			class := pattern[i+1 : i+end]
			if strings.HasPrefix(class, "!") {
				class = "^" + class[1:]
			}
			out.WriteString("[" + strings.ReplaceAll(class, `\`, `\\`) + "]")
			i += end
		case c == '\\' && i+1 < len(pattern):
			i++
			out.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		default:
			out.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		}
	}
	return out.String() + "$"
}
