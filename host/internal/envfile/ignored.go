package envfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
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
	ignored, err := isIgnored(tree, filepath.ToSlash(below))
	if err != nil || ignored {
		return err
	}
	return &NotIgnoredError{Path: filepath.ToSlash(below), Tree: tree}
}

// isIgnored reports whether git ignores a file of a work tree: the file, or a folder above it.
func isIgnored(tree, file string) (bool, error) {
	sources := []ignoreSource{}
	if git, err := os.Lstat(filepath.Join(tree, ".git")); err == nil && git.IsDir() { // else its settings are elsewhere
		exclude, err := readIgnore(tree, ".git/info/exclude", "")
		if err != nil {
			return false, err
		}
		sources = append(sources, exclude)
	}
	names := strings.Split(file, "/")
	for i := range names {
		above := strings.Join(names[:i], "/")
		more, err := readIgnore(tree, path.Join(above, ".gitignore"), above)
		if err != nil {
			return false, err
		}
		sources = append(sources, more)
		// What is in a folder that is ignored is not included again, and no .gitignore is read there.
		if decides(sources, strings.Join(names[:i+1], "/"), i < len(names)-1) {
			return true, nil
		}
	}
	return false, nil
}

// decides is what the last pattern that matches a file or folder says of it. Sources behind others go before them.
func decides(sources []ignoreSource, entry string, isFolder bool) (ignored bool) {
	for _, source := range slices.Backward(sources) {
		within := entry
		if source.below != "" {
			within = strings.TrimPrefix(entry, source.below+"/")
		}
		for _, pattern := range slices.Backward(source.patterns) {
			if pattern.matches(within, isFolder) {
				return !pattern.includes
			}
		}
	}
	return false
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

// ignoreSource are the patterns of one file, which count for what is below a folder; empty: the work tree.
type ignoreSource struct {
	below    string
	patterns []ignorePattern
}

// readIgnore reads a file of patterns; none if there is no such regular file.
func readIgnore(tree, name, below string) (source ignoreSource, err error) {
	source.below = below
	name = filepath.Join(tree, filepath.FromSlash(name))
	info, err := os.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && (!info.Mode().IsRegular() || info.Size() > maxIgnoreBytes) {
		return source, nil
	}
	if err != nil {
		return source, err
	}
	text, err := os.ReadFile(name)
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		if pattern, ok := parseIgnore(strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")); ok {
			source.patterns = append(source.patterns, pattern)
		}
	}
	return source, err
}
