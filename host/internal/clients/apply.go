package clients

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
)

const (
	// backupSuffix is added to a file's name for what it was before the last change.
	backupSuffix = ".auth0-mcp.bak"
	// lockWait is how long another auth0-mcp may hold the lock: it needs
	// milliseconds, so that one which holds it longer hangs.
	lockWait = 10 * time.Second
)

// ErrChanged means that a file was changed by another program after the change
// was planned. It was left alone.
var ErrChanged = errors.New("changed by another program meanwhile")

// Apply makes the change: at once or not at all. What the file was is kept in Backup:
// beside it as NAME.auth0-mcp.bak, or in the state folder for a file in a work tree of git,
// readable by its owner only. The file keeps its mode; a
// new one is readable by its owner only. A no-op writes nothing.
//
// It takes ten seconds at most, when another auth0-mcp is changing a client's file.
func (c *Change) Apply(ctx context.Context) error {
	if c.NoOp() {
		return nil
	}
	unlock, err := c.acquire(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	f, err := readFile(c.Path)
	if err != nil {
		return err
	}
	if f.exists != c.Exists || f.target != c.file.target || !bytes.Equal(f.data, c.Before) {
		return fmt.Errorf("%s: %w: run the command again", c.Path, ErrChanged)
	}
	if err := c.checkWritable(f); err != nil {
		return err
	}
	if c.Scope.create {
		if err := os.MkdirAll(filepath.Dir(f.target), 0o700); err != nil {
			return fmt.Errorf("config file %s: %w", c.Path, err)
		}
	}
	if f.exists {
		if err := c.keep(); err != nil {
			return fmt.Errorf("backup of %s: %w; nothing was changed", c.Path, err)
		}
	}
	// A file keeps its owner: root may run us.
	likeBefore := func(n *os.File) error { return errors.Join(keepOwner(n, f.info), n.Chmod(f.mode)) }
	if err := atomicfile.Replace(f.target, c.After, likeBefore); err != nil {
		return fmt.Errorf("config file %s: %w", c.Path, err)
	}
	return nil
}

// keep writes the backup.
func (c *Change) keep() error {
	if err := os.MkdirAll(filepath.Dir(c.Backup), 0o700); err != nil {
		return err
	}
	return atomicfile.Replace(c.Backup, c.Before, nil)
}

// backupPath is where the backup of a file goes: beside it, but out of a work tree of git,
// where it would be committed with the secrets of other servers. There are as many names as
// files, so that the backups of two projects do not replace each other.
func backupPath(p Places, target string) string {
	if !inWorkTree(filepath.Dir(target)) {
		return target + backupSuffix
	}
	sum := sha256.Sum256([]byte(target))
	folder := filepath.Base(filepath.Dir(target))
	if strings.HasPrefix(folder, ".") {
		folder = filepath.Base(filepath.Dir(filepath.Dir(target)))
	}
	return filepath.Join(p.state(), "backups",
		fmt.Sprintf("%s-%s-%s%s", folder, filepath.Base(target), hex.EncodeToString(sum[:4]), backupSuffix))
}

// inWorkTree reports whether a folder is in a work tree of git: .git is a folder, or a file
// in a worktree or a submodule.
func inWorkTree(folder string) bool {
	for {
		if _, err := os.Lstat(filepath.Join(folder, ".git")); err == nil {
			return true
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return false
		}
		folder = parent
	}
}

// acquire keeps other processes of ours away from all clients' files. The lock is
// in our own folder: one beside the file would stay there.
func (c *Change) acquire(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(c.lock), 0o700); err != nil {
		return nil, fmt.Errorf("locking the clients' files: %w", err)
	}
	unlock, err = atomicfile.Lock(ctx, c.lock, lockWait)
	if err != nil {
		return nil, fmt.Errorf("locking the clients' files: %w", err)
	}
	return unlock, nil
}
