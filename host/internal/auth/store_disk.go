package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

const (
	// lockPatience bounds the wait for a lock file. Who holds one works for a moment
	// only, at most for as long as a keychain and a passphrase take.
	lockPatience = 30 * time.Second
	lockPoll     = 20 * time.Millisecond
)

// LockBusyError means that another process held a lock for too long.
type LockBusyError struct {
	Path string
	Err  error // the context's
}

func (e *LockBusyError) Error() string {
	return fmt.Sprintf("another auth0-mcp holds %s: wait for it, or end it, and run the command again (%v)", e.Path, e.Err)
}

func (e *LockBusyError) Unwrap() error { return e.Err }

// lockFile takes the lock at path, from other processes and other callers in this
// one alike. The file stays: removing it would let two processes hold two locks.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	lock := flock.New(path)
	if _, err := lock.TryLockContext(ctx, lockPoll); err != nil {
		if cause := ctx.Err(); cause != nil && errors.Is(err, cause) {
			return nil, &LockBusyError{Path: path, Err: cause}
		}
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	// Closing the file is what frees the lock; there is nobody to tell of a failure.
	return func() { _ = lock.Unlock() }, nil
}

// privateFolder makes a folder that only its owner can enter. One that is there
// already keeps its mode: it may be shared with other programs.
func privateFolder(dir string) error {
	return os.MkdirAll(dir, 0o700)
}

// TooLargeError means that a file has more bytes than such a file can have.
type TooLargeError struct {
	Limit int64
}

func (e *TooLargeError) Error() string { return fmt.Sprintf("larger than %d bytes", e.Limit) }

var errNotRegular = errors.New("not a regular file")

// readBounded reads a regular file of at most limit bytes. It goes through os.Root,
// as atomicfile.Replace does: that is what lets Windows replace a file that is open.
func readBounded(path string, limit int64) ([]byte, error) {
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	name := filepath.Base(path)
	info, err := root.Lstat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular(): // opening a named pipe would hang
		return nil, errNotRegular
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, &TooLargeError{Limit: limit}
	}
	return data, nil
}
