package audit

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
)

// fullFiles are the names of the full files, oldest first.
func fullFiles(root *os.Root) ([]string, error) {
	names, err := fs.Glob(root.FS(), fullPattern)
	slices.Sort(names)
	return names, err
}

// rotate renames the file in use and begins the next. If that is not possible it
// goes on with the one that there is: a log that grows is better than none.
func (c *chain) rotate() error {
	full := fmt.Sprintf(fullName, c.last.seq)
	if _, err := c.root.Lstat(full); err == nil {
		return nil // a copy that somebody put there: it must not be written over
	}
	// Its last records may not have been synced, and the new file's first refers to
	// them.
	if err := c.file.flush(c.file.File); err != nil {
		return err
	}
	if failed := c.root.Rename(currentName, full); failed != nil {
		return nil //nolint:nilerr // see above: the log goes on
	}
	last := c.last
	if err := c.begin(); err != nil {
		return err
	}
	c.last = last
	c.prune()
	return nil
}

// prune removes the oldest files beyond those that are kept. One that cannot be
// removed is tried again at the next rotation.
func (c *chain) prune() {
	names, err := fullFiles(c.root)
	if err != nil {
		return
	}
	for _, name := range names[:max(0, len(names)-(c.keep-1))] {
		_ = c.root.Remove(name)
	}
}
