package atomicfile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gofrs/flock"
)

// LockedError means that another process, or another caller in this one, held a lock for all the time that a caller was
// willing to wait.
type LockedError struct {
	Path   string
	Waited time.Duration // 0 for TryLock
}

func (e *LockedError) Error() string {
	if e.Waited == 0 {
		return fmt.Sprintf("another auth0-mcp holds %s", e.Path)
	}
	return fmt.Sprintf("another auth0-mcp holds %s for more than %v: wait for it, or end it, and try again", e.Path, e.Waited)
}

// A lock is held for about a millisecond as a rule, so the first tries follow each other quickly. Nothing tells when a
// lock becomes free, on any platform that a blocking call could be abandoned on.
const (
	firstPause   = 100 * time.Microsecond
	longestPause = 20 * time.Millisecond
)

// Lock takes the lock at path, making the file if there is none, and waits at most patience for it. It excludes other
// processes and other callers in this one alike. The folder must exist.
//
// The error is a *[LockedError] if patience is over, ctx's cause if ctx ended first, else why the file cannot be locked.
// unlock never fails in a way that anything could be done about, and must be called once. The file stays: if it were
// removed, two processes could hold locks on two files.
func Lock(ctx context.Context, path string, patience time.Duration) (unlock func(), err error) {
	waited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	lock := flock.New(path)
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		if taken, err := lock.TryLock(); err != nil {
			return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), lock.Close())
		} else if taken {
			return func() { _ = lock.Unlock() }, nil
		}
		select {
		case <-time.After(pause):
			continue
		case <-waited.Done():
		}
		err := error(&LockedError{Path: path, Waited: patience})
		if ctx.Err() != nil {
			err = fmt.Errorf("locking %s: %w", path, context.Cause(ctx))
		}
		return nil, errors.Join(err, lock.Close())
	}
}

// TryLock is [Lock] without waiting: a lock that is held is a *[LockedError] at once. The error of unlock says that the
// file could not be closed.
func TryLock(path string) (unlock func() error, err error) {
	lock := flock.New(path)
	taken, err := lock.TryLock()
	switch {
	case err != nil:
		err = fmt.Errorf("locking %s: %w", path, err)
	case !taken:
		err = &LockedError{Path: path}
	default:
		return lock.Unlock, nil
	}
	return nil, errors.Join(err, lock.Close())
}
