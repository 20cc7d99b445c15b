package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
)

// enter makes the folder, or checks the one that is there.
func (c *chain) enter() error {
	if c.root != nil {
		return nil
	}
	if !filepath.IsAbs(c.folder) {
		return errors.New("its folder is not known: set HOME to your home folder")
	}
	if err := os.MkdirAll(filepath.Dir(c.folder), 0o700); err != nil {
		return err
	}
	if err := os.Mkdir(c.folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := checkFolder(c.folder); err != nil {
		return err
	}
	root, err := os.OpenRoot(c.folder)
	if err != nil {
		return err
	}
	c.root = root
	return nil
}

// checkFolder refuses a folder that is not the user's own, and takes it away from
// others who can look into it.
func checkFolder(folder string) error {
	info, err := os.Lstat(folder)
	if err != nil {
		return err
	}
	if err := inspectFolder(folder, info); err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 && tightens {
		return os.Chmod(folder, 0o700) //nolint:gosec // a folder needs x
	}
	return nil
}

func inspectFolder(folder string, info fs.FileInfo) error {
	if info.Mode()&fs.ModeSymlink != 0 {
		return errors.New(
			"its folder is a symbolic link: remove the link, or point XDG_STATE_HOME to where the log shall be",
		)
	}
	if !info.IsDir() {
		return errors.New("its folder is a file")
	}
	if why := notOurs(info); why != "" {
		return fmt.Errorf("its folder is not safe: %s", why)
	}
	if err := atomicfile.CheckWriters(folder); err != nil {
		return fmt.Errorf("its folder is not safe: %w", err)
	}
	return nil
}

// checkFile refuses a file that is not the user's own.
func checkFile(info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("it is not a regular file (%s)", info.Mode().Type())
	}
	if why := notOurs(info); why != "" {
		return fmt.Errorf("it is not safe: %s", why)
	}
	return nil
}

// syncFolder makes a new name survive a power cut. Windows has no such call, and
// some file systems refuse it.
func (c *chain) syncFolder() {
	if f, err := c.root.Open("."); err == nil {
		_ = f.Sync()
		_ = f.Close()
	}
}
