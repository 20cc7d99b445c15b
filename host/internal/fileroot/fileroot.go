// Package fileroot reads and replaces files below the folders that the user gave to
// plugins' tools. No path leads out of such a folder, and none through a symbolic link.
package fileroot

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Roots are folders by the names of the roots that tools declare. The folders are
// absolute, and need not exist before they are used.
type Roots map[string]string

// rootName is a name as manifests have it.
var rootName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z][a-z0-9-]{0,30}$`)
})

// Parse reads values of the form NAME=DIR. A relative folder must begin with a dot: "~"
// and variables are the shell's to expand, and an MCP client has none.
func Parse(values []string) (Roots, error) {
	roots := Roots{}
	for _, value := range values {
		name, dir, ok := strings.Cut(value, "=")
		switch {
		case !ok || dir == "":
			return nil, fmt.Errorf("%q: want NAME=DIR, such as project=/home/me/app", value)
		case !rootName().MatchString(name):
			return nil, fmt.Errorf("%q: the name of a root is a lower-case letter, then lower-case letters, digits and dashes, "+
				"31 characters at most", value)
		case roots[name] != "":
			return nil, fmt.Errorf("%q: the root %s is given twice", value, name)
		case !filepath.IsAbs(dir) && !strings.HasPrefix(dir, "."):
			return nil, fmt.Errorf("folder %q: want an absolute path, or one that begins with a dot, such as ./app", dir)
		}
		dir, err := filepath.Abs(dir)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", value, err)
		}
		roots[name] = dir
	}
	return roots, nil
}

// Root is an open root.
type Root struct {
	// Folder is where it is, without symbolic links.
	Folder string
	folder *os.Root
}

// Open opens a root. Its errors say what to set.
func (r Roots) Open(name string) (*Root, error) {
	dir := r[name]
	if dir == "" && name == "project" {
		return nil, errors.New("the folder of the user's project is not set: start auth0-mcp with --project-root DIR, or " +
			"set AUTH0_MCP_PROJECT_ROOT")
	}
	if dir == "" {
		return nil, fmt.Errorf("no folder is set for the root %q: start auth0-mcp with --file-root %s=DIR, or set "+
			"AUTH0_MCP_FILE_ROOTS",
			name, name)
	}
	path, err := filepath.EvalSymlinks(dir)
	if err == nil {
		var folder *os.Root
		if folder, err = os.OpenRoot(path); err == nil {
			return &Root{path, folder}, nil
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the folder %s of the root %s does not exist: create it, or change --file-root", dir, name)
	}
	return nil, fmt.Errorf("the folder of the root %s cannot be opened: %w", name, err)
}

// Close closes it.
func (r *Root) Close() { _ = r.folder.Close() }

// Path is where a file of the root is.
func (r *Root) Path(path string) string { return filepath.Join(r.Folder, filepath.FromSlash(path)) }

// Existing is a file that is there.
type Existing struct {
	Content []byte
	// Private says that only its owner can read and write it; never on Windows, where
	// modes do not tell. Executable says that someone can execute it.
	Private, Executable bool
}

// Read reads the file at a path that [pluginv1.CheckFilePath] accepts; nil if there is
// none. What is not a regular file, what is below a symbolic link, and what is larger
// than [pluginv1.MaxBodyBytes] is an error.
func (r *Root) Read(path string) (*Existing, error) {
	folder, name, err := r.parent(path, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = folder.Close() }()
	info, err := folder.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = regular(path, info)
	}
	if err != nil {
		return nil, err
	}
	return readFile(folder, path, name, info)
}

// readFile reads the file that was found.
func readFile(folder *os.Root, path, name string, found fs.FileInfo) (*Existing, error) {
	// Without waiting: a pipe may have taken the file's place.
	f, err := folder.OpenFile(name, os.O_RDONLY|nonBlock, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err == nil && !os.SameFile(found, info) {
		err = fmt.Errorf("%s was replaced while it was opened", path)
	}
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(f, pluginv1.MaxBodyBytes+1))
	if err == nil && len(content) > pluginv1.MaxBodyBytes {
		err = fmt.Errorf("the file that is there is larger than %d bytes, and no such file is replaced",
			pluginv1.MaxBodyBytes)
	}
	if err != nil {
		return nil, err
	}
	return existing(content, info), nil
}

func existing(content []byte, info fs.FileInfo) *Existing {
	return &Existing{content, info.Mode().Perm()&0o077 == 0, info.Mode().Perm()&0o111 != 0}
}

func regular(path string, info fs.FileInfo) error {
	if info.Mode().IsRegular() {
		return nil
	}
	return fmt.Errorf("%s is %s, and only regular files are replaced", path, kind(info))
}

func kind(info fs.FileInfo) string {
	switch {
	case info.IsDir():
		return "a folder"
	case info.Mode()&fs.ModeSymlink != 0:
		return "a symbolic link"
	}
	return "neither a file nor a folder"
}

// Write gives the file at a path that [pluginv1.CheckFilePath] accepts its content, at
// once or not at all, and makes the folders above it. A private file, and a folder that is
// made for one, is for its owner only. The file is never executable. Write returns what
// the file now is. The errors are those of [Root.Read] and of the file system.
func (r *Root) Write(path string, content []byte, private bool) (*Existing, error) {
	filePerm, folderPerm := fs.FileMode(0o644), fs.FileMode(0o755)
	if private {
		filePerm, folderPerm = 0o600, 0o700
	}
	folder, name, err := r.parent(path, folderPerm)
	if err != nil {
		return nil, err
	}
	defer func() { _ = folder.Close() }()
	if info, err := folder.Lstat(name); err == nil {
		if err := regular(path, info); err != nil {
			return nil, err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var written *Existing
	err = atomicfile.ReplaceIn(folder, name, content, filePerm, func(f *os.File) error {
		info, err := f.Stat()
		if err == nil {
			written = existing(content, info)
		}
		return err
	})
	return written, err
}

// parent opens the folder that a file is in, and returns the file's name there. Folders
// that are missing are made with the mode perm; 0: [fs.ErrNotExist].
func (r *Root) parent(path string, perm fs.FileMode) (folder *os.Root, name string, err error) {
	names := strings.Split(path, "/")
	folder, err = r.folder.OpenRoot(".")
	for i, below := range names[:len(names)-1] {
		if err != nil {
			return nil, "", err
		}
		above := folder
		folder, err = enter(above, below, strings.Join(names[:i+1], "/"), perm)
		_ = above.Close()
	}
	return folder, names[len(names)-1], err
}

// enter opens a folder in another one, without following a link. An os.Root would follow
// it as long as it does not lead out: then the file would be elsewhere than the path says.
func enter(above *os.Root, name, path string, perm fs.FileMode) (*os.Root, error) {
	info, err := above.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) && perm != 0 {
		if err = above.Mkdir(name, perm); err == nil || errors.Is(err, fs.ErrExist) {
			info, err = above.Lstat(name)
		}
	}
	if err != nil {
		return nil, err
	}
	if info.Mode().Type() != fs.ModeDir {
		if info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s is a file, not a folder", path)
		}
		return nil, fmt.Errorf("%s is %s, not a folder", path, kind(info))
	}
	folder, err := above.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	opened, err := folder.Stat(".")
	if err == nil && !os.SameFile(info, opened) {
		err = fmt.Errorf("%s was replaced while it was opened", path)
	}
	if err != nil {
		_ = folder.Close()
		return nil, err
	}
	return folder, nil
}
